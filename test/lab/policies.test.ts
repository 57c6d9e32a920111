// What networks flood, on real switches: unknown unicast and multicast dropped, ARP and ND not, and a cap on all of it.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { type Frame, rawFrame } from "../../src/trace/index.ts";
import { FabricUnderTest, NO_WORK } from "./fabric.ts";
import { describeLab } from "./requires.ts";
import { framesIn, hexOf, sendFrames } from "./send-frames.ts";

const UNKNOWN = "52:54:00:00:77:77";
const BROADCAST = "ff:ff:ff:ff:ff:ff";
const DNS = "01:00:5e:00:00:fb";
const ETHER_TYPE = 0x88b6;
const STRICT = { unknownUnicast: "drop", multicast: "drop" };

describeLab("the policies of networks", () => {
  let fabric: FabricUnderTest;
  const pair: Record<string, [Guest, Guest]> = {};
  const guestsOf = (network: string): [Guest, Guest] => {
    const found = pair[network];
    if (found === undefined) throw new Error(`no guests in ${network}`);
    return found;
  };

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({
      hosts: 2,
      settings: {
        networks: { vlan10: STRICT, vlan20: { floodKbps: 200 } },
        timeouts: { startHoldSec: 2 },
      },
    });
    const tags: Readonly<Record<string, number | undefined>> = { open: undefined, strict: 10, capped: 20 };
    for (const [network, tag] of Object.entries(tags)) {
      const at = 1 + Object.keys(pair).length;
      const guests = fabric.lab.hosts.map((host) =>
        host.addGuest({
          name: `${network}${host.index}`,
          ip: `10.8.${at}.${host.index}/24`,
          ...(tag === undefined ? {} : { tag }),
        }),
      );
      pair[network] = (await Promise.all(guests)) as [Guest, Guest];
    }
    for (const guests of Object.values(pair)) await fabric.lab.waitUntilAllPing(guests);
    await fabric.settled();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const frameTo = (from: Guest, destination: string, bytes = 60): Frame =>
    rawFrame({ source: from.mac, destination, etherType: ETHER_TYPE, bytes: new Uint8Array(bytes).fill(0xab) });

  async function arriving(network: string, frames: (from: Guest) => readonly Frame[], gapSec?: number) {
    const [from, to] = guestsOf(network);
    const sent = frames(from);
    const capture = await fabric.lab.capture(to, `ether proto ${ETHER_TYPE}`, { direction: "in" });
    await sendFrames(from, sent, gapSec === undefined ? {} : { gapSec });
    const seen = framesIn((await capture.stop()).file);
    return { seen, arrives: sent.map((frame) => seen.some((one) => one.startsWith(hexOf(frame)))) };
  }

  test("let everything pass unless told otherwise", async () => {
    const { arrives } = await arriving("open", (from) => [UNKNOWN, DNS, BROADCAST].map((to) => frameTo(from, to)));
    expect(arrives).toEqual([true, true, true]);
  });

  test("drop unknown unicast and multicast, and neither broadcast nor what is known", async () => {
    const [, far] = guestsOf("strict");
    const { arrives } = await arriving("strict", (from) =>
      [UNKNOWN, DNS, BROADCAST, far.mac].map((to) => frameTo(from, to)),
    );
    expect(arrives).toEqual([false, false, true, true]);
  });

  test("are found as they are by a controller that starts again", async () => {
    await fabric.allHeard();
    await fabric.settled();
    await fabric.stop();
    await fabric.start();
    await fabric.settled();
    expect(await fabric.work()).toEqual(NO_WORK);
    expect((await fabric.ask("hosts")).flatMap((host) => host.problems)).toEqual([]);
  });

  test("leave ARP and ND alone: who has forgotten each other finds each other", async () => {
    const [near, far] = guestsOf("strict");
    for (const [at, guest] of [near, far].entries())
      await guest.exec(["ip", "addr", "add", `fd08::${at + 1}/64`, "dev", guest.device, "nodad"]);
    for (const guest of [near, far]) await guest.exec(["sh", "-c", "ip neigh flush all; ip -6 neigh flush all"]);
    expect((await near.ping(far.ip, { count: 3 })).received).toBe(3);
    expect((await near.ping("fd08::2", { count: 3 })).received).toBeGreaterThanOrEqual(2);
  });

  test("cap what is flooded, and not what is known", async () => {
    const [, far] = guestsOf("capped");
    const many = (to: string) => (from: Guest) => Array.from({ length: 400 }, () => frameTo(from, to, 986));
    const flooded = await arriving("capped", many(BROADCAST), 0.002);
    // 3.2 Mbit against 200 kbit and 200 more each second: far less than half, however slow the machine.
    expect(flooded.seen.length).toBeGreaterThan(0);
    expect(flooded.seen.length).toBeLessThan(200);
    const known = await arriving("capped", many(far.mac), 0.002);
    expect(known.seen.length).toBe(400);
    const open = await arriving("open", many(BROADCAST), 0.002);
    expect(open.seen.length).toBe(400);
  });
});
