// A controller without file descriptors, or with a full disk: who is served, is served on.
import { mkdtempSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, PORTS } from "./fabric.ts";
import { recordMeasured, secondsOf } from "./faults.ts";
import { describeLab } from "./requires.ts";

/** Enough for a controller of two hosts, and some strangers. */
const DESCRIPTORS = 120;
const DISK = "64k";
const RIGHT_AGAIN_SEC = 15;

describeLab("a fabric whose controller is short of something", () => {
  const disk = mkdtempSync(join(tmpdir(), "weft-disk-"));
  const logFile = join(disk, "weft.log");
  let fabric: FabricUnderTest;
  let g1: Guest;
  let g2: Guest;

  beforeAll(async () => {
    const smallDisk = `mount -t tmpfs -o size=${DISK} tmpfs ${disk} && exec "$@"`;
    fabric = await FabricUnderTest.create({
      hosts: 2,
      settings: { timeouts: { startHoldSec: 1 } },
      child: {
        within: ["unshare", "-m", "prlimit", `--nofile=${DESCRIPTORS}`, "sh", "-c", smallDisk, "sh"],
        args: ["--log-file", logFile, "--log-level", "trace"],
      },
    });
    [g1, g2] = (await fabric.populate({ perHost: 1 })) as [Guest, Guest];
    await fabric.allHeard();
    for (const host of fabric.lab.hosts)
      await host.vsctl("add-port", "br-int", "x", "--", "set", "interface", "x", "type=internal");
    await fabric.quiet();
  });

  afterAll(async () => {
    await fabric?.destroy();
    rmSync(disk, { recursive: true, force: true });
  });

  /** A path as the controller sees it. */
  const itsOwn = (path: string): string => `/proc/${fabric.controllerPid}/root${path}`;

  let macs = 0;
  /** Both hosts get an endpoint more: seconds until it is in force. */
  async function isServed(): Promise<number> {
    macs += 1;
    const macOf = (index: number): string => `02:aa:00:0${index}:00:${macs.toString(16).padStart(2, "0")}`;
    for (const host of fabric.lab.hosts) {
      await host.vsctl("set", "interface", "x", `external_ids:attached-mac="${macOf(host.index)}"`);
    }
    return secondsOf(async () => {
      await fabric.until(async () => {
        const all = await Promise.all(fabric.lab.hosts.map((host) => host.ofctl("dump-flows", "br-int")));
        const wanted = fabric.lab.hosts.map((host) => macOf(host.index));
        return all.flatMap((flows, at) => wanted.filter((mac) => !flows.includes(mac)).map((mac) => `${mac} at ${at}`));
      }, RIGHT_AGAIN_SEC);
    });
  }

  test("a full disk costs the log and nothing else", async () => {
    expect(statSync(itsOwn(logFile)).size).toBeGreaterThan(0);
    let secondsUntilRight = Number.NaN;
    const pings = await expectNoLoss([[g1, g2]], async () => {
      try {
        writeFileSync(itsOwn(join(disk, "others")), Buffer.alloc(1024 * 1024));
      } catch (error) {
        expect(error).toMatchObject({ code: "ENOSPC" });
      }
      expect(statfsSync(itsOwn(disk)).bavail).toBe(0);
      for (let at = 0; at < 3; at++) secondsUntilRight = await isServed();
    });
    recordMeasured("shortages", { fault: "disk of the log full", repetitions: 3, pings, secondsUntilRight });
    // With room again it is written on.
    const before = statSync(itsOwn(logFile)).size;
    rmSync(itsOwn(join(disk, "others")));
    await isServed();
    await fabric.until(async () => (statSync(itsOwn(logFile)).size > before ? [] : ["nothing is logged"]));
  });

  test("used up file descriptors turn newcomers away; hosts that are there are served, and one that comes back when there is room", async () => {
    const sockets: Socket[] = [];
    const stranger = (): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = connect(PORTS.openflow, fabric.lab.controllerIp);
        sockets.push(socket);
        socket.once("data", () => resolve(true));
        socket.once("close", () => resolve(false));
        socket.on("error", () => undefined);
      });
    let secondsUntilRight = Number.NaN;
    try {
      const pings = await expectNoLoss([[g1, g2]], async () => {
        let greeted = 0;
        while (await stranger()) greeted += 1;
        expect(greeted).toBeGreaterThan(10);
        expect(greeted).toBeLessThan(DESCRIPTORS);
        secondsUntilRight = await isServed();
        expect((await fabric.ask("hosts")).map((host) => host.state)).toEqual(["up", "up"]);
      });
      recordMeasured("shortages", { fault: "file descriptors used up", repetitions: 1, pings, secondsUntilRight });
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    const host = fabric.lab.host(2);
    await host.vsctl("del-manager");
    await fabric.until(async () => ((await fabric.hostView(2))?.ovsdb === "disconnected" ? [] : ["still connected"]));
    await fabric.join(2);
    await fabric.settled();
  });
});
