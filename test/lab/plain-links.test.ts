// Switches without OVSDB, cabled to each other with loops and all: one network, whatever is cut, and no frame twice.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest, Host } from "../../src/lab/index.ts";
import { rawFrame, vlanTag } from "../../src/trace/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK } from "./fabric.ts";
import { cableEnd, fullMesh, PlainTopology, ring, torus } from "./plain-topology.ts";
import { describeLab } from "./requires.ts";
import { framesIn, hexOf, sendFrames } from "./send-frames.ts";

const VLAN = 77;
const PRIORITY = 5;

describeLab("switches joined by plain links", () => {
  let fabric: FabricUnderTest;
  let host: Host;
  let topologies: readonly PlainTopology[];
  const named = (name: string): PlainTopology => {
    const found = topologies.find((one) => one.spec.name === name);
    if (found === undefined) throw new Error(`no topology ${name}`);
    return found;
  };
  const whole = (): Promise<void> =>
    fabric.until(async () => (await Promise.all(topologies.map((one) => one.unfinished()))).flat());

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 1, join: false });
    host = fabric.lab.host(1);
    topologies = [
      new PlainTopology(fabric, host, { name: "r", switches: 4, edges: ring(4), cable: "patch", subnet: 1 }),
      new PlainTopology(fabric, host, { name: "m", switches: 5, edges: fullMesh(5), cable: "veth", subnet: 2 }),
      new PlainTopology(fabric, host, { name: "t", switches: 9, edges: torus(3, 3), cable: "veth", subnet: 3 }),
    ];
    for (const topology of topologies) await topology.build();
    await whole();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  for (const [name, title] of [
    ["r", "a ring of four"],
    ["m", "a full mesh of five"],
    ["t", "a torus of three by three"],
  ] as const) {
    test(`${title}: every guest pings every other in the first round`, async () => {
      expect(await fabric.lab.pingMatrix(named(name).guests)).toMatchObject({ failed: [] });
    });

    test(`${title}: a broadcast arrives exactly once at every other guest, and in no other island`, async () => {
      const [from, ...others] = named(name).guests as [Guest, ...Guest[]];
      const counted = await fabric.lab.countBroadcast(from, { count: 50 });
      expect(counted.exactlyOnce).toEqual(others.map((guest) => guest.name));
      expect(counted.none).toHaveLength(fabric.lab.guests.length - others.length);
    });
  }

  test("endpoints are shown at their own switch, and links with both their ends", async () => {
    const torus = named("t");
    const view = await fabric.ask("topology");
    for (const at of [1, 5, 9]) {
      const { mac, ip, port } = torus.guest(at);
      expect(view.endpoints.find((one) => one.mac === mac)).toMatchObject({ ips: [ip], host: torus.hostId(at), port });
    }
    expect(view.links).toContainEqual({
      from: torus.hostId(1),
      fromPort: "t1to2",
      to: torus.hostId(2),
      toPort: "t2to1",
      state: "up",
      reason: null,
    });
  });

  test("frames keep their VLAN and its priority across links, to everybody and to one", async () => {
    const [from, to] = [named("t").guest(1), named("t").guest(9)];
    const frames = ["ff:ff:ff:ff:ff:ff", to.mac].flatMap((destination) =>
      [[], [VLAN], [VLAN, 5], [0]].map((ids) => {
        const vlans = ids.map((id) => vlanTag(id, { priority: PRIORITY }));
        return rawFrame({ source: from.mac, destination, vlans, etherType: 0x88b6, bytes: new Uint8Array(64) });
      }),
    );
    const capture = await fabric.lab.capture(to, "", { direction: "in" });
    await sendFrames(from, frames);
    const { file } = await capture.stop();
    const seen = framesIn(file);
    for (const frame of frames) expect(seen.filter((one) => one === hexOf(frame))).toHaveLength(1);
  });

  test("what a port says of itself, given back by a guest at another port, makes no link and leaves both as they are", async () => {
    const torus = named("t");
    const [from, to] = [torus.guest(1), torus.guest(5)];
    const before = await fabric.ask("topology");
    const capture = await fabric.lab.capture(from, "ether proto 0x88cc", { direction: "in" });
    await fabric.until(async () =>
      (await capture.read()).packets >= 1 ? [] : ["nothing is said at the guest's port"],
    );
    const said = framesIn((await capture.stop()).file).map((hex) => Uint8Array.from(Buffer.from(hex, "hex")));
    const heard = await fabric.lab.capture(torus.guest(2), "ether proto 0x88cc", { direction: "in" });
    await sendFrames(to, said);
    await fabric.lab.waitUntilAllPing([from, to]);
    const { file } = await heard.stop();
    // LLDP goes nowhere, whoever sends it.
    for (const one of framesIn(file)) expect(said.map(hexOf)).not.toContain(one);
    expect((await fabric.ask("topology")).links).toEqual(before.links);
  });

  test("a restart of the controller loses no ping and writes nothing", async () => {
    const [mesh, torus] = [named("m"), named("t")];
    await fabric.allHeard();
    await fabric.quiet();
    await expectNoLoss(
      [
        [mesh.guest(1), mesh.guest(5)],
        [torus.guest(1), torus.guest(9)],
      ],
      async () => {
        await fabric.stop();
        await fabric.start();
        await whole();
        await fabric.quiet();
      },
    );
    expect(await fabric.work()).toEqual(NO_WORK);
  });

  test("a cable that is pulled is routed round, and used again when it is back", async () => {
    const mesh = named("m");
    const [a, b] = [mesh.guest(1), mesh.guest(2)];
    await host.exec(["ip", "link", "set", cableEnd(mesh.spec, 1, 2), "down"]);
    await fabric.until(() => mesh.unfinished(9));
    await fabric.lab.waitUntilAllPing(mesh.guests);
    const ping = a.startPing(b.ip);
    await ping.waitForReply();
    await host.exec(["ip", "link", "set", cableEnd(mesh.spec, 1, 2), "up"]);
    await fabric.until(() => mesh.unfinished());
    await ping.waitForReplies(ping.received + 20);
    const { duplicates, longestGapSec } = await ping.stop();
    expect(duplicates).toBe(0);
    expect(longestGapSec).toBeLessThan(2);
    await fabric.quiet();
    const counted = await fabric.lab.countBroadcast(a, { count: 20, at: mesh.guests });
    expect(counted.exactlyOnce).toHaveLength(4);
  });

  test("a cable that silently passes nothing any more is found out, and routed round", async () => {
    const torus = named("t");
    for (const [bridge, port] of [
      [torus.bridge(1), cableEnd(torus.spec, 1, 2)],
      [torus.bridge(2), cableEnd(torus.spec, 2, 1)],
    ])
      await host.ofctl("add-flow", bridge ?? "", `table=0,priority=65000,in_port=${port},actions=drop`);
    await fabric.until(() => torus.unfinished(17));
    await fabric.lab.waitUntilAllPing(torus.guests);
    const link = (await fabric.ask("topology")).links.find((one) => one.fromPort === "t1to2");
    expect(link).toMatchObject({ state: "down", reason: expect.stringContaining("hears nothing") });
  });

  test("a switch that dies is routed round", async () => {
    const mesh = named("m");
    await host.vsctl("del-br", mesh.bridge(3));
    await fabric.until(async () => {
      const view = await fabric.ask("topology");
      const links = view.links.filter((link) => link.fromPort.startsWith("m") && link.state === "up");
      return links.length === 6 ? [] : [`${links.length} links are up`];
    });
    const others = mesh.guests.filter((guest) => guest.name !== "mg3");
    await fabric.lab.waitUntilAllPing(others);
  });
});
