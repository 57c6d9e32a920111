// Locked ports on real switches: what a guest sends in another's name arrives nowhere, by no way.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { arpFrame, type Frame } from "../../src/trace/index.ts";
import { GUARD_CASES, OTHER, OWN } from "../unit/pipeline/guard-frames.ts";
import { FabricUnderTest, NO_WORK } from "./fabric.ts";
import { describeLab } from "./requires.ts";
import { framesIn, hexOf, sendFrames } from "./send-frames.ts";

const cidr = (ip: string): string => `${ip}/16`;

describeLab("a locked port", () => {
  let fabric: FabricUnderTest;
  let locked: Guest;
  let near: Guest;
  let far: Guest;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 2, settings: { timeouts: { startHoldSec: 2 } } });
    const [h1, h2] = fabric.lab.hosts;
    if (h1 === undefined || h2 === undefined) throw new Error("no hosts");
    locked = await h1.addGuest({
      name: "locked",
      mac: OWN.mac,
      ip: cidr(OWN.ip),
      attachedMac: true,
      interfaceColumns: {
        "external_ids:weft-locked": "true",
        "external_ids:weft-ips": JSON.stringify(`${OWN.ip},${OWN.ip6}`),
      },
    });
    near = await h1.addGuest({ name: "near", ip: "10.9.1.1/16" });
    far = await h2.addGuest({ name: "far", ip: "10.9.1.2/16" });
    await fabric.lab.waitUntilAllPing([locked, near, far]);
    await fabric.settled();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  /** Which of the frames reach the guest. */
  async function reaching(frames: readonly Frame[], from: Guest, to: readonly Guest[]): Promise<readonly boolean[][]> {
    const captures = await Promise.all(to.map((guest) => fabric.lab.capture(guest, "", { direction: "in" })));
    await sendFrames(from, frames);
    return Promise.all(
      captures.map(async (capture) => {
        const seen = framesIn((await capture.stop()).file);
        return frames.map((frame) => seen.some((one) => one.startsWith(hexOf(frame))));
      }),
    );
  }

  async function expectGuarded(key: "mac" | "ips"): Promise<void> {
    const frames = GUARD_CASES.map((one) => one.frame);
    const arrivals = await reaching(frames, locked, [near, far]);
    for (const here of arrivals) {
      expect(GUARD_CASES.map(({ what }, at) => ({ what, arrives: here[at] }))).toEqual(
        GUARD_CASES.map(({ what, passes }) => ({ what, arrives: passes[key] })),
      );
    }
  }

  test("lets pass what is said in its own name, by IPv4, ARP and ND, and nothing else", async () => {
    await expectGuarded("ips");
    // And none of it was learned.
    const endpoints = await fabric.ask("endpoints");
    expect(endpoints.filter(({ mac }) => mac === OTHER.mac)).toEqual([]);
    const own = endpoints.find(({ mac }) => mac === OWN.mac);
    expect(own?.ips.filter((ip) => ![OWN.ip, OWN.ip6, OWN.linkLocal].includes(ip))).toEqual([]);
  });

  test("lets no reflection of its MAC in by a tunnel", async () => {
    const said = (source: string): Frame =>
      arpFrame({ source, destination: "ff:ff:ff:ff:ff:ff", operation: 2, senderIp: OWN.ip, targetIp: OWN.ip });
    const [atNear = []] = await reaching([said(OWN.mac), said(far.mac)], far, [near]);
    expect(atNear).toEqual([false, true]);
    expect(await fabric.endpoint(OWN.mac)).toMatchObject({ port: locked.port, origin: "declared" });
    expect((await far.ping(OWN.ip, { count: 3 })).received).toBe(3);
  });

  test("keeps its addresses: nobody at an unlocked port gets one by announcing it, and who tries is named", async () => {
    const forged = arpFrame({
      ...{ source: far.mac, destination: "ff:ff:ff:ff:ff:ff", operation: 1 },
      ...{ senderIp: OWN.ip, targetIp: OWN.ip },
    });
    await fabric.until(async () => {
      await sendFrames(far, [forged, forged]);
      const problems = (await fabric.ask("hosts")).flatMap((host) => host.problems);
      return problems.some(({ code, message }) => code === "endpoint/duplicate-ip" && message.includes(far.mac))
        ? []
        : ["who announces it is not named"];
    });
    expect((await fabric.endpoint(OWN.mac))?.ips).toContain(OWN.ip);
    expect((await fabric.endpoint(far.mac))?.ips).not.toContain(OWN.ip);
    // From now on what it says of that address reaches nobody; who asks for it is answered with the one it is declared for.
    const [atNear = []] = await reaching([forged], far, [near]);
    expect(atNear).toEqual([false]);
    const answers = await fabric.lab.host(2).ofctl("dump-flows", "br-int");
    expect(answers).toContain(`arp_tpa=${OWN.ip}`);
    expect(
      answers
        .split("\n")
        .filter((flow) => flow.includes(`arp_tpa=${OWN.ip}`))
        .join("\n"),
    ).not.toContain(far.mac);
    expect((await far.ping(OWN.ip, { count: 3 })).received).toBe(3);
  });

  test("is found as it is by a controller that starts again", async () => {
    await fabric.lab.waitUntilAllPing([locked, near, far]);
    await fabric.settled();
    await fabric.stop();
    await fabric.start();
    await fabric.settled();
    expect(await fabric.work()).toEqual(NO_WORK);
  });

  test("without addresses is locked to its MAC alone", async () => {
    const host = fabric.lab.host(1);
    await host.vsctl("remove", "interface", locked.port, "external_ids", "weft-ips");
    await fabric.until(async () => {
      const flows = await host.ofctl("dump-flows", "br-int", "table=5");
      return flows.includes(`nw_src=${OWN.ip}`) ? ["the old lock is still there"] : [];
    });
    await fabric.settled();
    await expectGuarded("mac");
  });

  test("that is unlocked lets everything pass", async () => {
    const host = fabric.lab.host(1);
    await host.vsctl("remove", "interface", locked.port, "external_ids", "weft-locked");
    await fabric.until(async () => {
      const flows = await host.ofctl("dump-flows", "br-int", "table=5");
      return flows.includes("table=5") ? ["the lock is still there"] : [];
    });
    const [atFar = []] = await reaching(
      GUARD_CASES.map((one) => one.frame),
      locked,
      [far],
    );
    expect(atFar.every((arrives) => arrives)).toBe(true);
  });
});
