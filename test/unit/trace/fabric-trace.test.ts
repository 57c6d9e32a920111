import { describe, expect, it } from "vitest";
import { type Action, type Bucket, type Instruction, OFPG, OFPP } from "../../../proto/openflow13/index.ts";
import {
  rawFrame,
  renderTrace,
  type SwitchModel,
  switchModel,
  type TraceFlow,
  type TraceGroup,
  type TunnelEnd,
  traceFrame,
  world,
} from "../../../src/trace/index.ts";

const GUEST = 1;
const apply = (...actions: readonly Action[]): Instruction => ({ kind: "apply_actions", actions });
const out = (port: number): Action => ({ kind: "output", port, maxLen: 0 });
const key = (value: bigint): Action => ({ kind: "set_field", field: { field: "tunnel_id", value } });
const bucket = (actions: readonly Action[], watchPort: number = OFPP.ANY): Bucket => ({
  weight: 0,
  watchPort,
  watchGroup: OFPG.ANY,
  actions,
});
const from = (port: number, ...actions: readonly Action[]): TraceFlow => ({
  tableId: 0,
  priority: 1,
  match: [{ field: "in_port", value: port }],
  instructions: [apply(...actions)],
  cookie: BigInt(port),
});

function model(
  flows: readonly TraceFlow[],
  groups: readonly TraceGroup[] = [],
  dead: readonly number[] = [],
): SwitchModel {
  return switchModel({
    flows,
    groups,
    ports: new Map([GUEST, 2, 11, 12].map((port) => [port, { live: !dead.includes(port) }])),
  });
}

const tunnel = (
  host: string,
  port: number,
  peerHost: string,
  peerPort: number | null,
  fields: Partial<TunnelEnd> = {},
): TunnelEnd => ({
  host,
  port,
  peerHost,
  peerPort,
  up: true,
  ...fields,
});

const FRAME = rawFrame({ source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02", etherType: 0x88b5 });

describe("a frame in a fabric", () => {
  const failover: TraceGroup = { groupId: 5, type: "ff", buckets: [bucket([out(11)], 11), bucket([out(12)])] };
  const a = [from(GUEST, key(10n), { kind: "group", groupId: 5 }, out(2))];
  const b = [from(21, out(GUEST))];
  const there = switchModel({ flows: b, groups: [], ports: new Map([[GUEST, { live: true }]]) });

  it("crosses a tunnel with its key and is delivered, and is told so to people", () => {
    const within = world(
      new Map([
        ["a", model(a, [failover])],
        ["b", there],
      ]),
      [tunnel("a", 11, "b", 21)],
    );
    const trace = traceFrame(within, "a", GUEST, FRAME);
    expect(trace).toMatchObject({
      circulates: false,
      ambiguous: false,
      maxCrossings: 1,
      tunnelCrossings: 1,
      drops: [],
    });
    expect(trace.deliveries.map(({ host, port, crossings }) => ({ host, port, crossings }))).toEqual([
      { host: "b", port: GUEST, crossings: 1 },
      { host: "a", port: 2, crossings: 0 },
    ]);
    const names = {
      host: (id: string) => `host ${id}`,
      port: (id: string, port: number) => (id === "b" && port === GUEST ? "tap1" : undefined),
      table: (id: number) => (id === 0 ? "CLASSIFY" : undefined),
      group: (id: number) => (id === 5 ? "HOST(2)" : undefined),
    };
    expect(renderTrace(trace, names)).toBe(`host a, in by port 1: 02:00:00:00:00:01 > 02:00:00:00:00:02, type 0x88b5
  table 0 CLASSIFY: cookie 0x1, priority 1, in_port=1: set_field:0xa->tun_id,group:5,output:2
  set_field:0xa->tun_id
  group 5 HOST(2), type ff
    bucket 1 of 2
      by tunnel port 11, key 10, to host b
        host b, in by port 21 key 10: 02:00:00:00:00:01 > 02:00:00:00:00:02, type 0x88b5
          table 0 CLASSIFY: cookie 0x15, priority 1, in_port=21: output:1
          delivered at port 1 (tap1): 02:00:00:00:00:01 > 02:00:00:00:00:02, type 0x88b5
  delivered at port 2: 02:00:00:00:00:01 > 02:00:00:00:00:02, type 0x88b5
delivered: host b port 1 (tap1), host a port 2
`);
  });

  it("leaves a flow-based tunnel for the address it has, is known by the one it comes from, and else is lost", () => {
    const to = (value: number): Action => ({ kind: "set_field", field: { field: "nx_tun_ipv4_dst", value } });
    const [near, far] = [0x0a00_0001, 0x0a00_0002];
    const match = [
      { field: "in_port", value: 21 },
      { field: "nx_tun_ipv4_src", value: near },
    ] as const;
    const instructions = [{ kind: "apply_actions", actions: [out(GUEST)] }] as const;
    const known = { tableId: 0, priority: 2, cookie: 1n, match, instructions };
    const end = (source: string) => tunnel("a", 11, "b", 21, { toward: "10.0.0.2", source });
    const trace = (address: number, source: string) =>
      traceFrame(
        world(
          new Map([
            ["a", model([from(GUEST, to(address), out(11))], [])],
            ["b", switchModel({ flows: [known], groups: [], ports: new Map([[GUEST, { live: true }]]) })],
          ]),
          [end(source)],
        ),
        "a",
        GUEST,
        FRAME,
      );
    expect(trace(far, "10.0.0.1").deliveries).toMatchObject([{ host: "b", port: GUEST }]);
    expect(trace(far, "10.0.0.3").drops).toMatchObject([{ host: "b", reason: "no-flow" }]);
    expect(trace(0x0a00_0009, "10.0.0.1").drops).toMatchObject([{ host: "a", reason: "tunnel-down" }]);
  });

  it("goes by what the switch believes of its tunnels, and is lost in one that is down", () => {
    const down = [tunnel("a", 11, "b", 21, { up: false }), tunnel("a", 12, "b", 21)];
    const trusting = traceFrame(
      world(
        new Map([
          ["a", model(a, [failover])],
          ["b", there],
        ]),
        down,
      ),
      "a",
      GUEST,
      FRAME,
    );
    expect(trusting.deliveries.map(({ host }) => host)).toEqual(["a"]);
    expect(trusting.drops).toEqual([{ host: "a", reason: "tunnel-down", port: 11 }]);
    expect(renderTrace(trusting)).toContain("lost: a: the tunnel is down");
    const knowing = traceFrame(
      world(
        new Map([
          ["a", model(a, [failover], [11])],
          ["b", there],
        ]),
        down,
      ),
      "a",
      GUEST,
      FRAME,
    );
    expect(knowing.deliveries.map(({ host }) => host)).toEqual(["b", "a"]);
  });

  it("is lost where the far end has no port for the tunnel, or is not known", () => {
    const lost = (ends: readonly TunnelEnd[]): readonly string[] =>
      traceFrame(
        world(
          new Map([
            ["a", model(a, [failover])],
            ["b", there],
          ]),
          ends,
        ),
        "a",
        GUEST,
        FRAME,
      ).drops.map(({ reason }) => reason);
    expect(lost([tunnel("a", 11, "b", null)])).toEqual(["no-tunnel-port"]);
    expect(lost([tunnel("a", 11, "nobody", 1)])).toEqual(["no-switch"]);
  });

  it("has the tunnel's own key where the tunnel has one", () => {
    const keyed = [{ ...from(21, out(GUEST)), match: [{ field: "tunnel_id", value: 77n }] } satisfies TraceFlow];
    const far = switchModel({ flows: keyed, groups: [], ports: new Map([[GUEST, { live: true }]]) });
    const within = world(
      new Map([
        ["a", model(a, [failover])],
        ["b", far],
      ]),
      [tunnel("a", 11, "b", 21, { key: 77n })],
    );
    expect(traceFrame(within, "a", GUEST, FRAME).deliveries.map(({ host }) => host)).toEqual(["b", "a"]);
  });

  it("that comes round again is said to circulate, in a ring and where copies breed copies", () => {
    const ring = model([from(GUEST, out(11)), from(11, out(12)), from(12, out(11))]);
    const ends = [
      tunnel("a", 11, "b", 12),
      tunnel("b", 11, "a", 12),
      tunnel("a", 12, "b", 11),
      tunnel("b", 12, "a", 11),
    ];
    const trace = traceFrame(
      world(
        new Map([
          ["a", ring],
          ["b", ring],
        ]),
        ends,
      ),
      "a",
      GUEST,
      FRAME,
    );
    expect(trace.circulates).toBe(true);
    expect(trace.maxCrossings).toBe(16);
    expect(renderTrace(trace)).toContain("warning: the frame circulates");
    const breeding = model([
      from(GUEST, out(11)),
      from(12, out(11), { kind: "output", port: OFPP.IN_PORT, maxLen: 0 }),
      from(11, out(12), { kind: "output", port: OFPP.IN_PORT, maxLen: 0 }),
    ]);
    const many = traceFrame(
      world(
        new Map([
          ["a", breeding],
          ["b", breeding],
        ]),
        ends,
      ),
      "a",
      GUEST,
      FRAME,
      { maxHops: 500 },
    );
    expect(many.circulates).toBe(true);
    expect(many.tunnelCrossings).toBeLessThan(2000);
  });

  it("can't start at a switch that is not there", () => {
    expect(() => traceFrame(world(new Map(), []), "a", 1, FRAME)).toThrow(
      expect.objectContaining({ code: "trace/unknown" }),
    );
  });
});
