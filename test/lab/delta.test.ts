// DELTA's checks that need real switches: one that stops without a word, one whose way is cut, one whose datapath id another claims.
import { afterAll, beforeAll, expect, test } from "vitest";
import { WireSwitch } from "../unit/delta/wire-switch.ts";
import { FabricUnderTest, NO_WORK, PORTS } from "./fabric.ts";
import { describeLab } from "./requires.ts";

describeLab("real switches that fall silent or are impersonated", () => {
  let fabric: FabricUnderTest;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, settings: { timeouts: { startHoldSec: 2 } } });
    await fabric.lab.populate({ perHost: 1 });
    await fabric.lab.waitUntilAllPing();
    await fabric.settled();
  });

  afterAll(async () => {
    for (const host of fabric?.lab.hosts ?? []) {
      try {
        host.vswitchd.resume();
        host.ovsdb.resume();
      } catch {
        // It is not paused, or not there.
      }
    }
    await fabric?.destroy();
  });

  test("are noticed within 15 s by both protocols, stopped or cut off, and served again when they are back", async () => {
    const [h1, h2, h3] = fabric.lab.hosts;
    if (h1 === undefined || h2 === undefined || h3 === undefined) throw new Error("no hosts");
    // The whole of the host's network stands with its userspace switch; the second host's database alone; the third's way.
    h1.vswitchd.pause();
    h2.ovsdb.pause();
    await h3.hold(PORTS.openflow);
    const stopped = performance.now();
    await fabric.until(async () => {
      const [one, two, three] = await Promise.all([h1, h2, h3].map((host) => fabric.hostView(host)));
      return [
        ...(one?.openflow === "connected" ? ["h1's switch is thought to be there"] : []),
        ...(one?.ovsdb === "connected" ? ["h1's database is thought to be there"] : []),
        ...(two?.ovsdb === "connected" ? ["h2's database is thought to be there"] : []),
        ...(three?.openflow === "connected" ? ["h3's switch is thought to be there"] : []),
      ];
    }, 15);
    expect(performance.now() - stopped).toBeLessThan(15_000);
    // Nobody else was taken for gone.
    expect(await fabric.hostView(h2)).toMatchObject({ openflow: "connected" });
    expect(await fabric.hostView(h3)).toMatchObject({ ovsdb: "connected" });
    h1.vswitchd.resume();
    h2.ovsdb.resume();
    await h3.release(PORTS.openflow);
    await fabric.settled({ timeoutSec: 40 });
    await fabric.lab.waitUntilAllPing();
  });

  test("keep service when another connection claims their datapath id, and nothing is written to either", async () => {
    const view = await fabric.hostView(1);
    const before = await fabric.work();
    const impostor = await WireSwitch.connect(
      new URL(`tcp://${fabric.lab.controllerIp}:${PORTS.openflow}`),
      BigInt(`0x${view?.dpid}`),
    );
    await fabric.until(async () =>
      impostor.received.some((m) => m.kind === "features_request") ? [] : ["the impostor is not greeted"],
    );
    impostor.packetIn(1, 4095n, new Uint8Array(60).fill(2));
    await impostor.isHeard();
    await fabric.quiet();
    expect(await fabric.work()).toEqual(before);
    expect(impostor.received.filter((m) => m.kind === "flow_mod" || m.kind === "bundle_control")).toEqual([]);
    expect(await fabric.hostView(1)).toMatchObject({ state: "up", openflow: "connected" });
    await fabric.lab.waitUntilAllPing();
    impostor.socket.destroy();
  });

  test("are found as they are by a controller that starts again", async () => {
    await fabric.settled();
    await fabric.stop();
    await fabric.start();
    await fabric.settled();
    expect(await fabric.work()).toEqual(NO_WORK);
  });
});
