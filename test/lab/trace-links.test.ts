// Traces and checks where switches without OVSDB are joined by cables.
import { afterAll, beforeAll, expect, test } from "vitest";
import { FabricUnderTest } from "./fabric.ts";
import { PlainTopology, ring } from "./plain-topology.ts";
import { describeLab } from "./requires.ts";

describeLab("the path of a frame over plain links", () => {
  let fabric: FabricUnderTest;
  let topology: PlainTopology;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 1, join: false });
    topology = new PlainTopology(fabric, fabric.lab.host(1), {
      ...{ name: "r", switches: 4, edges: ring(4), cable: "patch", subnet: 1 },
    });
    await topology.build();
    await fabric.until(() => topology.unfinished());
    await fabric.allHeard(topology.guests);
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  test("is told, is tried by a probe that no guest gets, and is checked cable by cable", async () => {
    const [from, , to] = topology.guests;
    if (from === undefined || to === undefined) throw new Error("the ring has four guests");
    // Until every switch knows where the guests are, frames are for many.
    await fabric.until(async () => {
      const { hops } = await fabric.controller.trace({ from: from.ip, to: to.ip });
      return hops.length === 3 ? [] : [`it comes by ${hops.length} switches`];
    });
    const view = await fabric.controller.trace({ from: from.ip, to: to.ip });
    expect({ verdict: view.verdict, hops: view.hops.length }).toEqual({ verdict: "delivered", hops: 3 });
    expect(view.deliveries.map(({ port }) => port)).toEqual([to.port]);
    const all = await fabric.controller.trace({ from: from.ip, to: "broadcast" });
    expect({ verdict: all.verdict, ports: all.deliveries.length }).toEqual({ verdict: "flooded", ports: 3 });
    const capture = await fabric.lab.capture(to, "udp portrange 20000-60000 or ether dst 0a:57:45:46:54:02");
    const live = await fabric.controller.trace({ from: from.ip, to: to.ip, live: true });
    expect({ verdict: live.verdict, seen: live.hops.every(({ seenUs }) => seenUs !== null) }).toEqual({
      verdict: "delivered",
      seen: true,
    });
    // A flood would get out by groups that nothing catches: it is not tried.
    await expect(
      fabric.controller.trace({ from: from.ip, to: "broadcast", live: true, protocol: "udp" }),
    ).rejects.toMatchObject({ code: "trace/no-probe" });
    const { ok, paths, problems } = await fabric.controller.check({ hosts: [] });
    expect({ ok, problems }).toEqual({ ok: true, problems: [] });
    expect(paths.map(({ kind }) => kind)).toEqual(Array.from({ length: 8 }, () => "link"));
    expect((await capture.stop()).packets).toBe(0);
  });
});
