import { describe, expect, it } from "vitest";
import type { TopologyView } from "../../../src/api/views.ts";
import { NOTHING, narrate } from "../../../src/cli/demo/narrate.ts";
import { pingTable } from "../../../src/cli/demo/ping-table.ts";
import type { PingMatrix } from "../../../src/lab/index.ts";
import { ENDPOINTS, HOSTS, host, tunnel } from "../api/fake-queries.ts";

const fabric = (changes: Partial<TopologyView>): TopologyView => ({ ...NOTHING, ...changes });

describe("narrate", () => {
  it("tells of a host once when its bridge is there, and once when its switch speaks", () => {
    const waiting = fabric({ hosts: [host(1, { dpid: null, openflow: "disconnected", state: "joining" })] });
    const joined = fabric({ hosts: [host(1, { openflow: "disconnected" })] });
    const up = fabric({ hosts: [host(1)] });
    expect(narrate(NOTHING, waiting)).toEqual([]);
    expect(narrate(waiting, joined)).toEqual([
      "host1 joined: bridge br-int created, index 1, tunnel address 10.200.0.11",
    ]);
    expect(narrate(joined, up)).toEqual(["host1 speaks OpenFlow 1.3, datapath 0000000000000001"]);
    expect(narrate(up, up)).toEqual([]);
  });

  it("tells of the tunnels that came up on each host in one line, and not of those that are pending", () => {
    const hosts = [host(1), host(2), host(3)];
    const before = fabric({ hosts, tunnels: [tunnel("host1", "host2", { state: "pending" })] });
    const now = fabric({
      hosts,
      tunnels: [
        tunnel("host1", "host2"),
        tunnel("host1", "host3"),
        tunnel("host2", "host1"),
        tunnel("host3", "host1", { state: "down" }),
      ],
    });
    expect(narrate(before, now)).toEqual([
      "host1 has tunnels: geneve2 to host2, geneve3 to host3",
      "host2 has a tunnel: geneve1 to host1",
    ]);
  });

  it("tells of guests that were heard, and of problems with what to do", () => {
    const news = narrate(fabric({ hosts: [host(1), host(2)] }), fabric({ hosts: HOSTS, endpoints: ENDPOINTS }));
    expect(news).toContain(
      "host3: OVN owns this host: external_ids:ovn-remote is set. ovs-vsctl remove Open_vSwitch . external_ids ovn-remote",
    );
    expect(news).toContain("host1 has heard guests: 02:00:00:00:01:01 on tap0, 02:00:00:00:01:02");
  });
});

describe("pingTable", () => {
  const pair = (from: string, to: string, avg: number | null) => ({
    from,
    to,
    ok: avg !== null,
    result: {
      sent: 1,
      received: avg === null ? 0 : 1,
      duplicates: 0,
      lossPercent: avg === null ? 100 : 0,
      ...(avg === null ? {} : { rttMs: { min: avg, avg, max: avg } }),
    },
  });
  const pairs = [pair("g1a", "g2a", 0.412), pair("g2a", "g1a", null)];
  const matrix: PingMatrix = { guests: ["g1a", "g2a"], pairs, failed: pairs.filter((one) => !one.ok), ok: false };

  it("shows milliseconds, and a cross where no answer came", () => {
    expect(
      pingTable(matrix, { color: false, width: null }),
    ).toBe(`Pings in ms, from the row to the column: 1 of 2 pairs answer
       g1a   g2a
  g1a    ·  0.41
  g2a    ✗     ·
`);
  });

  it("lists only what failed where the terminal is too narrow", () => {
    expect(
      pingTable(matrix, { color: false, width: 12 }),
    ).toBe(`Pings in ms, from the row to the column: 1 of 2 pairs answer
  g2a -> g1a  ✗
`);
  });
});
