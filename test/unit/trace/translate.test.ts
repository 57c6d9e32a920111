import { describe, expect, it } from "vitest";
import type { Action, Bucket, Instruction } from "../../../proto/openflow13/index.ts";
import { OFPG, OFPP, OXM_FIELDS } from "../../../proto/openflow13/index.ts";
import { fieldNames } from "../../../src/trace/fields.ts";
import {
  arpFrame,
  type Frame,
  rawFrame,
  type SwitchModel,
  switchModel,
  type TraceFlow,
  type TraceGroup,
  translate,
  vlanTag,
} from "../../../src/trace/index.ts";

const apply = (...actions: readonly Action[]): Instruction => ({ kind: "apply_actions", actions });
const goto = (tableId: number): Instruction => ({ kind: "goto_table", tableId });
const out = (port: number): Action => ({ kind: "output", port, maxLen: 0 });
const toGroup = (groupId: number): Action => ({ kind: "group", groupId });
const bucket = (actions: readonly Action[], fields: Partial<Bucket> = {}): Bucket => ({
  weight: 0,
  watchPort: OFPP.ANY,
  watchGroup: OFPG.ANY,
  ...fields,
  actions,
});

function flow(tableId: number, instructions: readonly Instruction[], fields: Partial<TraceFlow> = {}): TraceFlow {
  return { tableId, priority: 1, match: [], instructions, ...fields };
}

function model(
  flows: readonly TraceFlow[],
  groups: readonly TraceGroup[] = [],
  dead: readonly number[] = [],
  vlanLimit = 1,
): SwitchModel {
  const ports = new Map([1, 2, 3, 4].map((port) => [port, { live: !dead.includes(port) }]));
  return switchModel({ flows, groups, ports, vlanLimit });
}

const FRAME = rawFrame({ source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02", etherType: 0x88b5 });

/** `port [tags] ...` of each output. */
function outputs(of: SwitchModel, frame: Frame = FRAME, inPort = 1): readonly string[] {
  return translate(of, { frame, inPort }).outputs.map((one) =>
    [one.port, ...one.frame.vlans.map((tag) => tag.id)].join(" "),
  );
}

describe("a switch without flows", () => {
  it("drops, and says that no flow matched", () => {
    const { steps, outputs: none } = translate(model([]), { frame: FRAME, inPort: 1 });
    expect(none).toEqual([]);
    expect(steps).toEqual([
      { kind: "table", tableId: 0, flow: null, rivals: [] },
      { kind: "drop", reason: "no-flow" },
    ]);
  });
});

describe("tables", () => {
  it("take the flow of the highest priority, and name others of the same", () => {
    const low = flow(0, [apply(out(2))]);
    const one = flow(0, [apply(out(3))], { priority: 9, match: [{ field: "in_port", value: 1 }] });
    const same = flow(0, [], { priority: 9, match: [{ field: "eth_type", value: 0x88b5 }] });
    const [step] = translate(model([low, one, same]), { frame: FRAME, inPort: 1 }).steps;
    expect(step).toEqual({ kind: "table", tableId: 0, flow: one, rivals: [same] });
  });

  it("match what masks leave", () => {
    const groupBit = 0x0100_0000_0000n;
    const multicast = flow(0, [apply(out(2))], { match: [{ field: "eth_dst", value: groupBit, mask: groupBit }] });
    expect(outputs(model([multicast]))).toEqual([]);
    expect(outputs(model([multicast]), { ...FRAME, destination: "01:00:5e:00:00:01" })).toEqual(["2"]);
  });

  it("tell no tag from a tag of VLAN 0, and match that there is one", () => {
    const untagged = flow(0, [apply(out(2))], { match: [{ field: "vlan_vid", value: 0 }] });
    const priority = flow(0, [apply(out(3))], { match: [{ field: "vlan_vid", value: 0x1000 }] });
    const any = flow(0, [apply(out(4))], { priority: 0, match: [{ field: "vlan_vid", value: 0x1000, mask: 0x1000 }] });
    const all = model([untagged, priority, any]);
    expect(outputs(all)).toEqual(["2"]);
    expect(outputs(all, { ...FRAME, vlans: [vlanTag(0, { priority: 3 })] })).toEqual(["3 0"]);
    expect(outputs(all, { ...FRAME, vlans: [vlanTag(7)] })).toEqual(["4 7"]);
  });

  it("pass metadata and registers on, and what is written of them", () => {
    const first = flow(0, [
      apply({ kind: "nx_reg_move", nBits: 24, srcOfs: 0, dstOfs: 0, src: "tunnel_id", dst: "metadata" }),
      { kind: "write_metadata", metadata: 0x1_0000_0000n, mask: 0x1_0000_0000n },
      goto(5),
    ]);
    const second = flow(5, [apply(out(2))], { match: [{ field: "metadata", value: 0x1_0000_000an }] });
    const { outputs: sent } = translate(model([first, second]), { frame: FRAME, inPort: 1, tunnelId: 10n });
    expect(sent.map((one) => one.port)).toEqual([2]);
  });

  it("execute the action set at the end: one of each kind, and a group rather than an output", () => {
    const writes = (actions: readonly Action[]): Instruction => ({ kind: "write_actions", actions });
    const only: TraceGroup = { groupId: 7, type: "indirect", buckets: [bucket([out(4)])] };
    const tag: Action = { kind: "set_field", field: { field: "vlan_vid", value: 0x1005 } };
    const push: Action = { kind: "push_vlan", etherType: 0x8100 };
    expect(outputs(model([flow(0, [writes([out(2), tag, push]), goto(1)]), flow(1, [writes([out(3)])])]))).toEqual([
      "3 5",
    ]);
    expect(outputs(model([flow(0, [writes([toGroup(7), out(2)])])], [only]))).toEqual(["4"]);
    expect(outputs(model([flow(0, [writes([out(2)]), goto(1)]), flow(1, [{ kind: "clear_actions" }])]))).toEqual([]);
    // Without an output nothing of it is executed.
    expect(outputs(model([flow(0, [writes([push])])]))).toEqual([]);
  });
});

describe("output", () => {
  it("to the port the frame came from is suppressed, unless it is said to be meant", () => {
    expect(outputs(model([flow(0, [apply(out(1), out(2))])]))).toEqual(["2"]);
    expect(outputs(model([flow(0, [apply(out(OFPP.IN_PORT))])]))).toEqual(["1"]);
  });

  it("to a port that is not there goes nowhere", () => {
    expect(translate(model([flow(0, [apply(out(9))])]), { frame: FRAME, inPort: 1 }).steps.at(-1)).toEqual({
      kind: "drop",
      reason: "no-port",
      port: 9,
    });
  });

  it("to the controller is a copy that carries what a packet-in says", () => {
    const copy: Action = { kind: "nx_controller2", maxLen: 192, meterId: 3 };
    const punt = flow(0, [apply(copy), goto(1)], { cookie: 5n });
    const { copies } = translate(model([punt, flow(1, [apply(out(2))])]), { frame: FRAME, inPort: 1, tunnelId: 8n });
    expect(copies).toEqual([
      {
        kind: "controller",
        reason: 1,
        frame: FRAME,
        inPort: 1,
        tunnelId: 8n,
        metadata: 0n,
        tableId: 0,
        cookie: 5n,
        maxLen: 192,
        meterId: 3,
      },
    ]);
  });
});

describe("groups", () => {
  const push: Action = { kind: "push_vlan", etherType: 0x8100 };
  const tag = (vlan: number): Action => ({ kind: "set_field", field: { field: "vlan_vid", value: 0x1000 | vlan } });

  it("of type all work on a copy in each bucket", () => {
    const all: TraceGroup = { groupId: 1, type: "all", buckets: [bucket([push, tag(10), out(2)]), bucket([out(3)])] };
    expect(outputs(model([flow(0, [apply(toGroup(1), out(4))])], [all]))).toEqual(["2 10", "3", "4"]);
  });

  it("of fast failover take the first bucket that is live, by port or by group", () => {
    const always: TraceGroup = { groupId: 9, type: "indirect", buckets: [bucket([])] };
    const failover: TraceGroup = {
      groupId: 1,
      type: "ff",
      buckets: [
        bucket([out(2)], { watchPort: 2 }),
        bucket([out(3)], { watchPort: 3 }),
        bucket([out(4)], { watchGroup: 9 }),
      ],
    };
    const groups = [always, failover];
    const flows = [flow(0, [apply(toGroup(1))])];
    expect(outputs(model(flows, groups))).toEqual(["2"]);
    expect(outputs(model(flows, groups, [2]))).toEqual(["3"]);
    expect(outputs(model(flows, groups, [2, 3]))).toEqual(["4"]);
    expect(outputs(model(flows, [failover], [2, 3]))).toEqual([]);
  });

  it("of type select take one live bucket, or every one that could be taken", () => {
    const select: TraceGroup = {
      groupId: 1,
      type: "select",
      buckets: [bucket([out(2)], { watchPort: 2 }), bucket([out(3)]), bucket([out(4)])],
    };
    const asked = model([flow(0, [apply(toGroup(1))])], [select], [2]);
    const ports = (mode: "first" | "all"): number[] =>
      translate(asked, { frame: FRAME, inPort: 1 }, mode).outputs.map((one) => one.port);
    expect(ports("first")).toEqual([3]);
    expect(ports("all")).toEqual([3, 4]);
  });

  it("that are missing end the list of actions", () => {
    expect(outputs(model([flow(0, [apply(out(2), toGroup(8), out(3)), goto(1)]), flow(1, [apply(out(4))])]))).toEqual([
      "2",
    ]);
  });

  it("in a ring make the switch give up, and drop what it had sent before", () => {
    const ring: readonly TraceGroup[] = [1, 2].map((groupId) => ({
      groupId,
      type: "all",
      buckets: [bucket([toGroup(3 - groupId)])],
    }));
    const { outputs: sent, error } = translate(model([flow(0, [apply(out(2), toGroup(1))])], ring), {
      frame: FRAME,
      inPort: 1,
    });
    expect([sent, error]).toEqual([[], "too-deep"]);
  });
});

describe("resubmitting", () => {
  const resubmit = (table: number, inPort = 0xfff8): Action => ({ kind: "nx_resubmit_table", inPort, table });

  it("looks the other port's flow up, and still suppresses output to the port the frame came from", () => {
    const other = flow(2, [apply(out(1), out(2))], { match: [{ field: "in_port", value: 2 }] });
    expect(outputs(model([flow(0, [apply(resubmit(2, 2))]), other]))).toEqual(["2"]);
  });

  it("comes back, and keeps what was rewritten", () => {
    const inner = flow(2, [apply({ kind: "push_vlan", etherType: 0x8100 })]);
    expect(outputs(model([flow(0, [apply(resubmit(2), out(2))]), inner]))).toEqual(["2 0"]);
  });
});

describe("tags", () => {
  const pop: Action = { kind: "pop_vlan" };
  const double = { ...FRAME, vlans: [vlanTag(10), vlanTag(20)] };

  it("beyond vlan-limit are not seen, not even when the outer one is gone", () => {
    const flows = [
      flow(0, [apply(pop), goto(1)]),
      flow(1, [apply(out(2))], {
        match: [
          { field: "vlan_vid", value: 0 },
          { field: "eth_type", value: 0x8100 },
        ],
      }),
      flow(1, [apply(out(3))], { priority: 2, match: [{ field: "vlan_vid", value: 0x1014 }] }),
    ];
    expect(outputs(model(flows), double)).toEqual(["2 20"]);
    expect(outputs(model(flows, [], [], 2), double)).toEqual(["3 20"]);
  });

  it("hide what is behind them", () => {
    const arp = flow(0, [apply(out(2))], {
      match: [
        { field: "eth_type", value: 0x0806 },
        { field: "arp_op", value: 1 },
      ],
    });
    const { source, destination } = FRAME;
    const request = arpFrame({ source, destination, operation: 1, senderIp: "10.0.0.1", targetIp: "10.0.0.2" });
    expect(outputs(model([arp]), request)).toEqual(["2"]);
    expect(outputs(model([arp]), { ...request, vlans: [vlanTag(10)] })).toEqual(["2 10"]);
    expect(outputs(model([arp]), { ...request, vlans: [vlanTag(10), vlanTag(20)] })).toEqual([]);
  });

  it("keep their drop eligibility until they are rewritten", () => {
    const tagged = { ...FRAME, vlans: [vlanTag(10, { dropEligible: true })] };
    const rewriting = flow(0, [apply(out(2), { kind: "set_field", field: { field: "vlan_pcp", value: 5 } }, out(3))]);
    const sent = translate(model([rewriting]), { frame: tagged, inPort: 1 }).outputs.map((one) => one.frame.vlans[0]);
    expect(sent).toEqual([vlanTag(10, { dropEligible: true }), vlanTag(10, { priority: 5 })]);
  });
});

describe("an ARP answer made in the switch", () => {
  it("is the request turned round", () => {
    const move = (
      src: "eth_src" | "arp_sha" | "arp_spa",
      dst: "eth_dst" | "arp_tha" | "arp_tpa",
      nBits: number,
    ): Action => ({
      kind: "nx_reg_move",
      nBits,
      srcOfs: 0,
      dstOfs: 0,
      src,
      dst,
    });
    const set = (field: "eth_src" | "arp_op" | "arp_sha" | "arp_spa", value: number | bigint): Action => ({
      kind: "set_field",
      field: { field, value },
    });
    const mac = 0x0200_0000_0009n;
    const answer = flow(
      0,
      [
        apply(
          ...[move("eth_src", "eth_dst", 48), set("eth_src", mac), set("arp_op", 2), move("arp_sha", "arp_tha", 48)],
          ...[move("arp_spa", "arp_tpa", 32), set("arp_sha", mac), set("arp_spa", 0x0a000009), out(OFPP.IN_PORT)],
        ),
      ],
      {
        match: [
          { field: "eth_type", value: 0x0806 },
          { field: "arp_tpa", value: 0x0a000009 },
        ],
      },
    );
    const request = arpFrame({
      source: "02:00:00:00:00:01",
      destination: "ff:ff:ff:ff:ff:ff",
      operation: 1,
      senderIp: "10.0.0.1",
      targetIp: "10.0.0.9",
    });
    const [sent] = translate(model([answer]), { frame: request, inPort: 1 }).outputs;
    expect(sent).toMatchObject({
      port: 1,
      frame: arpFrame({
        source: "02:00:00:00:00:09",
        destination: "02:00:00:00:00:01",
        operation: 2,
        senderIp: "10.0.0.9",
        targetMac: "02:00:00:00:00:01",
        targetIp: "10.0.0.1",
      }),
    });
  });
});

describe("what the model does not know", () => {
  it.each<readonly [string, readonly Action[]]>([
    ["an action", [{ kind: "set_queue", queueId: 1 }]],
    ["an experimenter's action", [{ kind: "experimenter", experimenter: 1, bytes: new Uint8Array(4) }]],
    ["a field that is set", [{ kind: "set_field", field: { field: "nx_ct_mark", value: 1 } }]],
    ["a field that can't be set", [{ kind: "set_field", field: { field: "eth_type", value: 0x0800 } }]],
    ["NORMAL", [out(OFPP.NORMAL)]],
    ["a paused copy", [{ kind: "nx_controller2", pause: true }]],
  ])("is an error, never skipped: %s", (_what, actions) => {
    const asked = model([flow(0, [apply(...actions)])]);
    expect(() => translate(asked, { frame: FRAME, inPort: 1 })).toThrow(
      expect.objectContaining({ code: "trace/unsupported" }),
    );
  });

  it("is an error in a match, when the model is made", () => {
    expect(() => model([flow(0, [], { match: [{ field: "nx_ct_zone", value: 1 }] })])).toThrow(
      /does not know the field nx_ct_zone/,
    );
  });

  it("is not what its own table of fields names: each is a name that Open vSwitch has", () => {
    const known = new Set(OXM_FIELDS.map((field) => field.ovsName));
    expect(fieldNames().filter((name) => !known.has(name))).toEqual([]);
  });
});
