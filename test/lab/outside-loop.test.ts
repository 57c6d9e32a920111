// Two hosts' ports that meet in a segment outside of the fabric: found by probes, one is cut off, and only while it lasts.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest, Host, Segment } from "../../src/lab/index.ts";
import { arpFrame } from "../../src/trace/index.ts";
import { FabricUnderTest, NO_WORK, pairsOf } from "./fabric.ts";
import { describeLab } from "./requires.ts";
import { framesIn, sendFrames } from "./send-frames.ts";

const probeSec = 1;
const SECOND = "loop2";
const BROADCAST = "ff:ff:ff:ff:ff:ff";
/** As many as a storm has in the twinkling of an eye, and three guests that talk do not. */
const CALM = 200;

describeLab("a segment outside that two hosts' ports are in", () => {
  let fabric: FabricUnderTest;
  let h1: Host;
  let h2: Host;
  let segment: Segment;
  let near: Guest;
  let far: Guest;
  let outside: Guest;

  beforeAll(async () => {
    const settings = { loops: { probeSec }, timeouts: { startHoldSec: 2 } };
    fabric = await FabricUnderTest.create({ hosts: 2, settings, join: false });
    [h1, h2] = fabric.lab.hosts as [Host, Host];
    // Indexes follow the order of joining, and they decide which port is cut off.
    await fabric.join(1);
    await fabric.until(async () => ((await fabric.hostView(1))?.index === 1 ? [] : ["h1 has no index"]));
    await fabric.join(2);
    near = await h1.addGuest({ name: "near", ip: "10.7.0.1/16" });
    far = await h2.addGuest({ name: "far", ip: "10.7.0.2/16" });
    segment = await h1.addSegment({ name: "segment" });
    outside = await segment.addGuest({ name: "outside", ip: "10.7.0.3/16" });
    // The way into the segment from the second host; not yet a member of its bridge.
    const inSegment = ["ip", "-n", segment.namespace];
    await h2.exec([
      "ip",
      "link",
      "add",
      SECOND,
      "mtu",
      "1442",
      "type",
      "veth",
      "peer",
      "name",
      "up2",
      "netns",
      segment.namespace,
    ]);
    await h2.exec(["sh", "-c", `ethtool -K ${SECOND} tx off > /dev/null; ip link set ${SECOND} up`]);
    await h1.exec([...inSegment, "link", "set", "up2", "mtu", "1442", "up"]);
    await h2.vsctl("add-port", "br-int", SECOND);
    await fabric.lab.waitUntilAllPing([near, far, outside]);
    await fabric.settled();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const segmentLink = (...args: string[]) => h1.exec(["ip", "-n", segment.namespace, "link", "set", "up2", ...args]);

  async function blocked(): Promise<readonly string[]> {
    return (await fabric.ask("ports")).filter((port) => port.blocked).map((port) => port.name);
  }

  const untilBlocked = (wanted: readonly string[]) =>
    fabric.until(async () => {
      const now = await blocked();
      return now.join() === wanted.join() ? [] : [`blocked are [${now.join()}], not [${wanted.join()}]`];
    }, 60);

  async function broadcastsIn(seconds: number): Promise<number> {
    const capture = await fabric.lab.capture(near, "ether broadcast or ether multicast", { direction: "in" });
    await sleep(seconds * 1000);
    return (await capture.stop()).packets;
  }

  async function storms(): Promise<void> {
    const shout = arpFrame({
      source: far.mac,
      destination: BROADCAST,
      operation: 1,
      senderIp: far.ip,
      targetIp: "10.7.9.9",
    });
    await sendFrames(far, [shout, shout, shout]);
  }

  test("is quiet while there is no loop: probes are sent, nothing comes of them", async () => {
    const capture = await fabric.lab.capture(outside, "ether proto 0x88b5", { direction: "in" });
    await sleep(3 * probeSec * 1000);
    expect((await capture.stop()).packets).toBeGreaterThan(0);
    expect(await blocked()).toEqual([]);
  });

  test("makes a storm that ends when the loop is found: one port is cut off, both are named", async () => {
    await segmentLink("master", "br0");
    await storms();
    await untilBlocked([SECOND]);
    // Nobody is taken to be where the storm has carried their frames: who speaks first need not be who was lost.
    await fabric.lab.waitUntilAllPing([near, far, outside]);
    await fabric.settled();
    const problems = (await fabric.ask("ports")).flatMap((port) =>
      port.problems.filter(({ code }) => code === "port/outside-loop").map(({ message }) => `${port.name}: ${message}`),
    );
    const [one, two] = [
      `port ${segment.port} of host ${fabric.lab.name}-h1`,
      `port ${SECOND} of host ${fabric.lab.name}-h2`,
    ];
    expect(problems.sort()).toEqual(
      [
        `${SECOND}: ${two} meets ${one} outside of the fabric, which is a loop: it is blocked`,
        `${segment.port}: ${one} meets ${two} outside of the fabric, which is a loop: the other one is blocked`,
      ].sort(),
    );
    await storms();
    expect(await broadcastsIn(1)).toBeLessThan(CALM);
  });

  test("stays cut off while the loop lasts, and the guests go on talking, each hears a broadcast once", async () => {
    await fabric.lab.waitUntilAllPing([near, far, outside]);
    await sleep(5 * probeSec * 1000);
    expect(await blocked()).toEqual([SECOND]);
    for (const [from, to] of pairsOf([near, far, outside])) {
      const { received, duplicates } = await from.ping(to.ip, { count: 5 });
      expect({ received, duplicates }).toEqual({ received: 5, duplicates: 0 });
    }
  });

  test("stays cut off over a restart of the controller, which writes nothing", async () => {
    await fabric.allHeard([near, far]);
    await fabric.settled();
    await fabric.stop();
    await fabric.start();
    await fabric.settled();
    expect(await blocked()).toEqual([SECOND]);
    await sleep(5 * probeSec * 1000);
    expect(await blocked()).toEqual([SECOND]);
    expect(await fabric.work()).toEqual(NO_WORK);
    const named = (await fabric.ask("ports")).filter((port) =>
      port.problems.some(({ code }) => code === "port/outside-loop"),
    );
    expect(named.map((port) => port.name).sort()).toEqual([SECOND, segment.port].sort());
  });

  test("is whole again by itself when the loop is gone", async () => {
    await segmentLink("nomaster");
    await untilBlocked([]);
    await fabric.lab.waitUntilAllPing([near, far, outside]);
    // A MAC that was heard in two places by turns is a duplicate until one of them has been silent for a while.
    await fabric.until(async () =>
      (await fabric.ask("hosts")).flatMap((host) => host.problems.map(({ message }) => message)),
    );
    expect(await broadcastsIn(1)).toBeLessThan(CALM);
  });

  test("is not made up by a guest: neither forged nor old probes do anything", async () => {
    const capture = await fabric.lab.capture(near, "ether proto 0x88b5", { direction: "in" });
    await sleep(2 * probeSec * 1000);
    const own = framesIn((await capture.stop()).file).map((hex) => Buffer.from(hex, "hex"));
    expect(own.length).toBeGreaterThan(0);
    const [genuine = Buffer.alloc(0)] = own;
    // Old by now; and with its sequence, its port, its seal changed.
    await sleep(4 * probeSec * 1000);
    const seal = genuine.length - 32;
    const changed = [seal - 1, seal - 12, seal, genuine.length - 1].map((at) => {
      const copy = Buffer.from(genuine);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return copy;
    });
    const cut = [genuine.subarray(0, 60), genuine.subarray(0, 20)];
    const before = (await fabric.ask("status")).counters.packetIns ?? 0;
    for (const from of [far, outside]) await sendFrames(from, [genuine, ...changed, ...cut]);
    await sleep(2 * probeSec * 1000);
    expect(await blocked()).toEqual([]);
    // They did come in.
    expect((await fabric.ask("status")).counters.packetIns ?? 0).toBeGreaterThan(before);
    expect((await near.ping(far.ip, { count: 3 })).received).toBe(3);
  });

  test("leaves nothing to write to a controller that starts when all is well", async () => {
    await fabric.allHeard();
    await fabric.settled();
    await fabric.stop();
    await fabric.start();
    await fabric.settled();
    await sleep(4 * probeSec * 1000);
    expect(await fabric.work()).toEqual(NO_WORK);
  });
});
