// A controller that is killed at any moment while ports come, go and change their network: what it finds is what it makes right.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK } from "./fabric.ts";
import { heldBy, randomOf, recordMeasured, SEED, scale, secondsOf, testMs } from "./faults.ts";
import { describeLab } from "./requires.ts";

/** What is promised for a controller that is back. */
const RIGHT_AGAIN_SEC = 15;
const KILLS = scale(2, 50);
const SLOTS = 5;
const TAGS = [null, 7, 8] as const;
/** Somebody on host 1 in each network with a tag. */
const anchorOf = (tag: number): string => `02:ac:00:00:00:0${tag}`;
/** By which a guest that is plugged in anew is the one that it was. */
const GUEST_OFPORT = 77;

interface Plugged {
  readonly mac: string;
  readonly tag: (typeof TAGS)[number];
}

describeLab(`a fabric whose ports come and go while its controller is killed (seed ${SEED})`, () => {
  const random = randomOf(SEED);
  const pick = (below: number): number => Math.floor(random() * below);
  /** What is there now, by the port's name: on host 3 alone, so that nobody else's switch takes a port in. */
  const plugged = new Map<string, Plugged>();
  let fabric: FabricUnderTest;
  let g1: Guest;
  let g2: Guest;
  let g3: Guest;
  let isIn = true;
  let macs = 0;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, child: true, settings: { timeouts: { startHoldSec: 1 } } });
    [g1, g2, g3] = (await fabric.populate({ perHost: 1 })) as [Guest, Guest, Guest];
    await guestOut();
    await guestIn();
    // Somebody else in each network, so that others hold flows of what comes.
    for (const tag of [7, 8]) {
      const declared = `external_ids:attached-mac="${anchorOf(tag)}"`;
      const internal = ["--", "set", "interface", `a${tag}`, "type=internal", declared];
      await fabric.lab.host(1).vsctl("add-port", "br-int", `a${tag}`, `tag=${tag}`, ...internal);
    }
    await fabric.lab.waitUntilAllPing();
    await fabric.allHeard();
    await fabric.settled();
    await fabric.quiet();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const vsctl = (...command: readonly string[]) => fabric.lab.host(3).vsctl(...command);

  async function guestIn(): Promise<void> {
    await vsctl("add-port", "br-int", g3.port, "--", "set", "interface", g3.port, `ofport_request=${GUEST_OFPORT}`);
    isIn = true;
  }

  async function guestOut(): Promise<void> {
    await vsctl("del-port", "br-int", g3.port);
    isIn = false;
  }

  const tagged = (tag: Plugged["tag"]): string => (tag === null ? "tag=[]" : `tag=${tag}`);

  /** A port comes, goes, or is in another network from now on. */
  async function change(): Promise<void> {
    if (pick(4) === 0) return isIn ? guestOut() : guestIn();
    const name = `x${pick(SLOTS)}`;
    const there = plugged.get(name);
    const tag = TAGS[pick(TAGS.length)] ?? null;
    if (there === undefined) {
      macs += 1;
      const mac = `02:ab:00:00:0${name.slice(1)}:${(macs & 0xff).toString(16).padStart(2, "0")}`;
      const columns = ["type=internal", `external_ids:attached-mac="${mac}"`];
      await vsctl("add-port", "br-int", name, tagged(tag), "--", "set", "interface", name, ...columns);
      plugged.set(name, { mac, tag });
    } else if (pick(2) === 0) {
      await vsctl("set", "port", name, tagged(tag));
      plugged.set(name, { ...there, tag });
    } else {
      await vsctl("del-port", "br-int", name);
      plugged.delete(name);
    }
  }

  async function churn(times: number): Promise<void> {
    for (let at = 0; at < times; at++) {
      await change();
      await sleep(random() * 60);
    }
  }

  /** What is not as the ports that are there now say. */
  async function wrong(): Promise<readonly string[]> {
    const networkOf = ({ tag }: Plugged): string => (tag === null ? "default" : `vlan${tag}`);
    const [endpoints, ...dumps] = await Promise.all([
      fabric.ask("endpoints"),
      ...fabric.lab.hosts.map((host) => host.ofctl("--no-stats", "dump-flows", "br-int")),
    ]);
    const wanted = [...plugged].map(([name, one]) => `${one.mac} at ${name} in ${networkOf(one)}`).sort();
    const known = endpoints
      .filter(({ mac }) => mac.startsWith("02:ab:"))
      .map(({ mac, port, network }) => `${mac} at ${port} in ${network}`)
      .sort();
    const found: string[] = [];
    if (wanted.join() !== known.join()) found.push(`known: ${known.join()} and not ${wanted.join()}`);
    const there = new Set([...plugged.values()].map(({ mac }) => mac));
    for (const [at, dump] of dumps.entries()) {
      const held = new Set(dump.match(/02:ab:00:00:\w\w:\w\w/g));
      for (const mac of held) if (!there.has(mac)) found.push(`h${at + 1} still has flows of ${mac}`);
      // On host 2 the networks with a tag have nobody.
      for (const { mac, tag } of plugged.values())
        if (!held.has(mac) && (at !== 1 || tag === null)) found.push(`h${at + 1} has no flow of ${mac}`);
    }
    if (!isIn && (await fabric.endpoint(g3)) !== undefined) found.push(`${g3.name} is known, and gone`);
    return found;
  }

  async function mustBeRight(): Promise<void> {
    await fabric.settled({ guests: [g1, g2], timeoutSec: RIGHT_AGAIN_SEC });
    await fabric.until(wrong, RIGHT_AGAIN_SEC);
    if (isIn) expect((await g1.ping(g3.ip, { count: 3, intervalSec: 0.1 })).received).toBeGreaterThan(0);
    for (const { mac, tag } of plugged.values()) {
      const from = tag === null ? g1.mac : anchorOf(tag);
      expect((await fabric.controller.trace({ from, to: mac })).verdict).toBe("delivered");
    }
    for (const { deviations } of await fabric.ask("drift")) expect(deviations).toEqual([]);
  }

  test(
    `killed ${KILLS} times, it is right within 15 s of its return each time; who is not concerned loses no ping`,
    async () => {
      const before = await heldBy(fabric.lab.hosts);
      let slowest = 0;
      const pings = await expectNoLoss([[g1, g2]], async () => {
        for (let at = 0; at < KILLS; at++) {
          const changing = churn(8);
          await sleep(random() * 700);
          await fabric.kill();
          await sleep(random() * 300);
          await Promise.all([fabric.start(), changing.then(() => churn(3))]);
          slowest = Math.max(slowest, await secondsOf(mustBeRight));
        }
        for (const name of [...plugged.keys()]) await vsctl("del-port", "br-int", name);
        plugged.clear();
        if (!isIn) await guestIn();
        await fabric.lab.waitUntilAllPing();
        await fabric.allHeard();
        await fabric.until(wrong);
        await fabric.settled();
      });
      await fabric.quiet();
      expect(await heldBy(fabric.lab.hosts)).toEqual(before);
      await fabric.stop();
      await fabric.start();
      await fabric.settled();
      expect(await fabric.work()).toEqual(NO_WORK);
      recordMeasured("ports", {
        fault: "controller killed at random points while ports come, go and change their network",
        repetitions: KILLS,
        pings,
        secondsUntilRight: slowest,
      });
    },
    testMs(120, 1800),
  );
});
