// An island of lone switches that is cabled to a host of the fabric: one segment with it; and a second cable is no loop.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { FabricUnderTest } from "./fabric.ts";
import { PlainTopology } from "./plain-topology.ts";
import { describeLab } from "./requires.ts";

describeLab("an island cabled to the fabric", () => {
  let fabric: FabricUnderTest;
  let island: PlainTopology;
  let guests: readonly Guest[];

  /** A veth from a lone switch to a joined host's bridge. */
  const plug = async (lone: number, hostNumber: number): Promise<string> => {
    const [outer, joined] = [fabric.lab.host(3), fabric.lab.host(hostNumber)];
    const [near, far] = [`up${hostNumber}`, `down${hostNumber}`];
    await outer.exec(["ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", joined.namespace]);
    await joined.exec(["ip", "link", "set", far, "up"]);
    await joined.vsctl("add-port", "br-int", far);
    await outer.exec(["ip", "link", "set", near, "up"]);
    await outer.vsctl("add-port", island.bridge(lone), near);
    return near;
  };

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, join: false, settings: { loops: { probeSec: 1 } } });
    await fabric.join(1, 2);
    island = new PlainTopology(fabric, fabric.lab.host(3), {
      name: "i",
      switches: 2,
      edges: [[1, 2]],
      cable: "veth",
      subnet: 4,
    });
    await island.build();
    await Promise.all(
      [1, 2].map((number) => fabric.lab.host(number).addGuest({ name: `f${number}`, ip: `10.9.4.10${number}/24` })),
    );
    guests = fabric.lab.guests;
    await fabric.until(() => island.unfinished());
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  test("guests of both ping each other through the cable, and a broadcast arrives once", async () => {
    await plug(1, 1);
    await fabric.lab.waitUntilAllPing(guests);
    const from = fabric.lab.guest("ig2");
    const counted = await fabric.lab.countBroadcast(from, { count: 20 });
    expect(counted.exactlyOnce).toHaveLength(3);
  });

  test("a second cable to another host is blocked, and named; one broadcast is one broadcast", async () => {
    const port = await plug(2, 2);
    await fabric.until(async () => {
      const found = (await fabric.ask("ports")).filter((one) => one.blocked);
      return found.length === 1 ? [] : [`${found.length} ports are blocked`];
    });
    const blocked = (await fabric.ask("ports")).find((one) => one.blocked);
    expect([port, "up1"]).toContain(blocked?.name);
    expect(blocked?.problems.map((problem) => problem.code)).toContain("port/outside-loop");
    await fabric.lab.waitUntilAllPing(guests);
    const counted = await fabric.lab.countBroadcast(fabric.lab.guest("f1"), { count: 20 });
    expect(counted.exactlyOnce).toHaveLength(3);
  });
});
