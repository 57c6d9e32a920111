// The session against a real ovs-vswitchd: handshake, bundles, errors, packet-ins, reconnects.
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { fromHex } from "../../../../proto/bytes/hex.ts";
import {
  canonicalFlow,
  canonicalGroup,
  canonicalMeter,
  type FlowMod,
  type GroupMod,
  type MeterMod,
  OFP_NO_BUFFER,
  OFPG,
  OFPMF,
  OFPP,
  type PacketIn,
} from "../../../../proto/openflow13/index.ts";
import {
  type ApplicableMessage,
  type OpenFlowSession,
  type SessionError,
  serveOpenFlow,
} from "../../../../src/southbound/openflow/index.ts";
import { type Listener, listen, systemClock } from "../../../../src/southbound/stream/index.ts";
import { RealSwitch } from "./real-switch.ts";

function flow(fields: Partial<FlowMod>): Omit<FlowMod, "xid"> {
  return {
    kind: "flow_mod",
    cookie: 0x77656674n << 32n,
    cookieMask: 0n,
    tableId: 0,
    command: "add",
    idleTimeoutSec: 0,
    hardTimeoutSec: 0,
    priority: 100,
    bufferId: OFP_NO_BUFFER,
    outPort: OFPP.ANY,
    outGroup: OFPG.ANY,
    flags: 0,
    match: [],
    instructions: [],
    ...fields,
  };
}

function group(groupId: number, buckets: GroupMod["buckets"], type: GroupMod["type"] = "all"): Omit<GroupMod, "xid"> {
  return { kind: "group_mod", command: "add", type, groupId, buckets };
}

function bucket(port: number): GroupMod["buckets"][number] {
  return { weight: 0, watchPort: OFPP.ANY, watchGroup: OFPG.ANY, actions: [{ kind: "output", port, maxLen: 0 }] };
}

const CLEAR: ApplicableMessage[] = [
  flow({ command: "delete", tableId: 0xff }),
  { kind: "group_mod", command: "delete", type: "all", groupId: OFPG.ALL, buckets: [] },
];

/** Who has 10.0.0.2? Tell 10.0.0.1. */
const ARP_FRAME = `ffffffffffff0a0000000001080600010800060400010a00000000010a0000010000000000000a000002${"00".repeat(18)}`;

describe("an OpenFlow session with Open vSwitch", () => {
  let sw: RealSwitch;
  let listener: Listener;
  let session: OpenFlowSession;
  const errors: SessionError[] = [];
  const packetIns: PacketIn[] = [];
  const closed: string[] = [];
  let onSession: (session: OpenFlowSession) => void = () => undefined;
  const portEvents: string[] = [];

  function nextSession(): Promise<OpenFlowSession> {
    return new Promise((resolve) => {
      onSession = resolve;
    });
  }

  async function until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error("it did not come");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  beforeAll(async () => {
    sw = await RealSwitch.start();
    const handlers = {
      onReady: (ready: OpenFlowSession) => onSession(ready),
      onPacketIn: (_: OpenFlowSession, packetIn: PacketIn) => {
        packetIns.push({ ...packetIn, data: packetIn.data.slice() });
      },
      onFlowRemoved: () => undefined,
      onPortStatus: (_: OpenFlowSession, status: { reason: string; port: { name: string } }) => {
        portEvents.push(`${status.reason} ${status.port.name}`);
      },
      onError: (_: OpenFlowSession | undefined, error: SessionError) => {
        errors.push(error);
      },
      onClosed: (_: OpenFlowSession | undefined, reason: string) => {
        closed.push(reason);
      },
    };
    const path = join(sw.directory, "controller.sock");
    listener = await listen({ kind: "punix", path }, (stream) => serveOpenFlow(stream, handlers, systemClock));
    const first = nextSession();
    await sw.vsctl("set-controller", "br0", `unix:${path}`, "--", "set", "controller", "br0", "max_backoff=1000");
    session = await first;
  });

  afterEach(async () => {
    errors.length = 0;
    packetIns.length = 0;
    const cleared = await session.apply(CLEAR);
    expect(cleared.ok).toBe(true);
  });

  afterAll(async () => {
    session?.close("the test is over");
    await listener?.close();
    await sw?.stop();
  });

  it("knows after the handshake who the switch is, its ports and its meters", () => {
    expect(session.desc.mfr).toBe("Nicira, Inc.");
    expect([...session.ports.values()].map((port) => port.name).sort()).toEqual(["br0", "p1", "p2"]);
    expect(session.ports.get(1)?.name).toBe("p1");
    expect(session.ports.get(OFPP.LOCAL)?.name).toBe("br0");
    expect(session.datapathId).toBeGreaterThan(0n);
    expect(session.meters.maxMeter).toBeGreaterThan(0);
  });

  it("reads back canonically the flows, groups and meters that one apply wrote", async () => {
    const meter: Omit<MeterMod, "xid"> = {
      kind: "meter_mod",
      command: "add",
      flags: OFPMF.PKTPS | OFPMF.BURST,
      meterId: 5,
      bands: [{ kind: "drop", rate: 50, burstSize: 10 }],
    };
    const groups = [
      group(
        0x10001,
        [
          { ...bucket(1), watchPort: 1 },
          { ...bucket(2), watchPort: 2 },
        ],
        "ff",
      ),
      group(0x20001, [bucket(1), { ...bucket(1), actions: [{ kind: "group", groupId: 0x10001 }] }]),
    ];
    const flows = [
      flow({
        tableId: 10,
        match: [
          { field: "eth_dst", value: 0x0a0000000001n, mask: 0xffffffffffffn },
          { field: "in_port", value: 1 },
          { field: "metadata", value: 0x5n, mask: 0xffffffn },
          { field: "nx_reg3", value: 0x17, mask: 0xff },
          { field: "vlan_vid", value: 0x1005, mask: 0x1fff },
        ],
        instructions: [
          { kind: "goto_table", tableId: 20 },
          { kind: "write_metadata", metadata: 0x7n, mask: 0xffn },
          {
            kind: "apply_actions",
            actions: [
              { kind: "nx_note", note: Uint8Array.of(1, 2, 3) },
              { kind: "nx_reg_move", nBits: 24, srcOfs: 0, dstOfs: 0, src: "tunnel_id", dst: "metadata" },
              { kind: "nx_reg_load", ofs: 4, nBits: 8, dst: "nx_reg1", value: 5n },
              { kind: "set_field", field: { field: "nx_reg2", value: 7 } },
              { kind: "set_field", field: { field: "tunnel_id", value: 0x800005n } },
              { kind: "nx_controller2", maxLen: 128, meterId: 5 },
              { kind: "pop_vlan" },
              { kind: "output", port: OFPP.IN_PORT, maxLen: 0 },
              { kind: "group", groupId: 0x20001 },
            ],
          },
        ],
        idleTimeoutSec: 300,
        flags: 1,
      }),
      flow({
        priority: 7,
        match: [
          { field: "eth_type", value: 0x0806 },
          { field: "arp_spa", value: 0x0a000001 },
          { field: "arp_op", value: 1 },
        ],
        instructions: [{ kind: "apply_actions", actions: [] }],
      }),
    ];
    expect(await session.apply([...flows.slice(1), meter, ...groups, ...flows.slice(0, 1)])).toEqual({
      ok: true,
      bundled: true,
    });
    const readFlows = await session.readFlows();
    expect(readFlows.map(canonicalFlow).sort()).toEqual(flows.map(canonicalFlow).sort());
    const readGroups = await session.readGroups();
    expect(readGroups.map((g) => `${g.groupId} ${canonicalGroup(g.type, g.buckets)}`).sort()).toEqual(
      groups.map((g) => `${g.groupId} ${canonicalGroup(g.type, g.buckets)}`).sort(),
    );
    const readMeters = await session.readMeters();
    expect(readMeters.map((m) => `${m.meterId} ${canonicalMeter(m.flags, m.bands)}`)).toEqual([
      `5 ${canonicalMeter(meter.flags, meter.bands)}`,
    ]);
    expect(errors).toEqual([]);
    await session.apply(CLEAR);
    expect(await session.apply([{ ...meter, command: "delete", bands: [] }])).toEqual({ ok: true, bundled: false });
  });

  it("changes nothing when one message of a bundle is refused, and names that message", async () => {
    const good = flow({ priority: 1 });
    const bad = flow({
      priority: 2,
      instructions: [{ kind: "apply_actions", actions: [{ kind: "output", port: OFPP.ANY, maxLen: 0 }] }],
    });
    const result = await session.apply([good, bad]);
    expect(result).toMatchObject({ ok: false, bundled: true, errors: [{ message: bad }] });
    if (!result.ok) expect(result.errors[0]?.error.context).toMatchObject({ errorCode: "OFPBAC_BAD_OUT_PORT" });
    expect(await session.readFlows()).toEqual([]);
  });

  it("changes nothing when a message fails only at the commit, and names that message", async () => {
    const good = flow({ priority: 1 });
    const bad = group(7, [{ ...bucket(1), actions: [{ kind: "group", groupId: 7 }] }]);
    const twice = group(8, [bucket(1)]);
    const result = await session.apply([good, twice, twice, bad]);
    expect(result).toMatchObject({ ok: false, bundled: true, errors: [{ message: twice }] });
    if (!result.ok) expect(result.errors[0]?.error.context).toMatchObject({ errorCode: "OFPGMFC_GROUP_EXISTS" });
    expect(await session.readFlows()).toEqual([]);
    expect(await session.readGroups()).toEqual([]);
  });

  it("names the meter that was refused, and does not go on to the flows", async () => {
    const meter: Omit<MeterMod, "xid"> = { kind: "meter_mod", command: "modify", flags: 2, meterId: 99, bands: [] };
    const result = await session.apply([flow({}), meter]);
    expect(result).toMatchObject({ ok: false, bundled: false, errors: [{ message: meter }] });
    expect(await session.readFlows()).toEqual([]);
  });

  it("gets a copy of a frame by controller2, and sends one by packet-out", async () => {
    await session.apply([
      flow({
        cookie: 0x1234n,
        instructions: [{ kind: "apply_actions", actions: [{ kind: "nx_controller2", maxLen: 0xffff }] }],
      }),
    ]);
    const frame = fromHex(ARP_FRAME);
    await sw.receive("p1", ARP_FRAME);
    await until(() => packetIns.length === 1);
    expect(packetIns[0]).toMatchObject({ cookie: 0x1234n, reason: 1, tableId: 0 });
    expect(packetIns[0]?.match).toEqual([{ field: "in_port", value: 1 }]);
    expect(packetIns[0]?.data.slice(0, frame.length)).toEqual(frame);

    session.packetOut({ inPort: 2, actions: [{ kind: "output", port: OFPP.TABLE, maxLen: 0 }], data: frame });
    await until(() => packetIns.length === 2);
    expect(packetIns[1]?.match).toEqual([{ field: "in_port", value: 2 }]);
  });

  it("reports an error about a message that was only sent together with that message", async () => {
    const bad = flow({
      instructions: [{ kind: "apply_actions", actions: [{ kind: "group", groupId: 4711 }] }],
    });
    session.send([flow({ priority: 3 }), bad]);
    await session.barrier();
    expect(errors).toHaveLength(1);
    expect(errors[0]?.cause).toBe(bad);
    expect(errors[0]?.error.context).toMatchObject({ peer: session.label, errorCode: "OFPBAC_BAD_OUT_GROUP" });
  });

  it("keeps its list of ports in step with the switch", async () => {
    portEvents.length = 0;
    await sw.vsctl(..."add-port br0 p3 -- set interface p3 type=dummy ofport_request=3".split(" "));
    await until(() => session.ports.has(3));
    expect(session.ports.get(3)?.name).toBe("p3");
    await sw.vsctl("del-port", "br0", "p3");
    await until(() => !session.ports.has(3));
    expect(portEvents).toContain("delete p3");
  });

  it("writes and reads back 20,000 flows in one bundle, more than fits the socket at once", async () => {
    const flows = Array.from({ length: 20_000 }, (_, i) =>
      flow({
        match: [{ field: "eth_dst", value: BigInt(i) }],
        instructions: [{ kind: "apply_actions", actions: [{ kind: "output", port: 1, maxLen: 0 }] }],
      }),
    );
    expect(await session.apply(flows)).toEqual({ ok: true, bundled: true });
    const read = await session.readFlows();
    expect(new Set(read.map(canonicalFlow))).toEqual(new Set(flows.map(canonicalFlow)));
  });

  it("gets a new session when the switch restarts, and the old one's promises reject", async () => {
    closed.length = 0;
    await session.apply([flow({})]);
    const again = nextSession();
    const reading = session.barrier().then(() => session.readFlows());
    await reading;
    await sw.killVswitchd();
    await until(() => closed.length === 1);
    await expect(session.barrier()).rejects.toMatchObject({ code: "openflow/closed" });
    await sw.startVswitchd();
    const old = session;
    session = await again;
    expect(session.datapathId).toBe(old.datapathId);
    expect(await session.readFlows()).toEqual([]);
  });
});
