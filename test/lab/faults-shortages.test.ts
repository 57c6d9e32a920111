// A controller without file descriptors, or with a full disk: who is served, is served on.
import { mkdtempSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, PORTS, pairsOf } from "./fabric.ts";
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

describeLab("a fabric whose controller may not write its state", () => {
  const state = mkdtempSync(join(tmpdir(), "weft-state-"));
  const logFile = join(tmpdir(), `weft-state-${process.pid}.log`);
  /** While it is there, a controller that starts finds its directory read-only. */
  const mark = `${state}.read-only`;
  let fabric: FabricUnderTest;
  let guests: Guest[];

  beforeAll(async () => {
    const mounted = `mount --bind ${state} ${state} && { test ! -e ${mark} || mount -o remount,bind,ro ${state}; } && exec "$@"`;
    fabric = await FabricUnderTest.create({
      hosts: 2,
      // Otherwise BFD's pace follows from how many hosts the lab has at each start.
      quickBfd: true,
      settings: {
        timeouts: { startHoldSec: 1 },
        admit: "approve",
        admission: { secretFile: join(state, "approvals.key") },
        journal: { file: join(state, "journal.jsonl") },
      },
      child: {
        within: ["unshare", "-m", "sh", "-c", mounted, "sh"],
        args: ["--log-file", logFile, "--log-level", "info"],
      },
    });
  });

  afterAll(async () => {
    await fabric?.destroy();
    for (const path of [state, mark, logFile]) rmSync(path, { recursive: true, force: true });
  });

  const idOf = (number: number): string => `${fabric.lab.name}-h${number}`;

  async function approve(number: number): Promise<void> {
    await fabric.until(async () => ((await fabric.hostView(number))?.state === "waiting" ? [] : ["it does not wait"]));
    await fabric.controller.approve(idOf(number));
  }

  test("it says so once and plainly, knows whom it has approved, approves others, and serves on", async () => {
    for (const number of [1, 2]) await approve(number);
    guests = await fabric.populate({ perHost: 1 });
    await fabric.allHeard();
    await fabric.quiet();
    const journal = readFileSync(join(state, "journal.jsonl"), "utf8");
    expect(journal).not.toBe("");
    await fabric.stop();
    const atStop = readFileSync(join(state, "journal.jsonl"), "utf8");

    writeFileSync(mark, "");
    let secondsUntilRight = Number.NaN;
    const pings = await expectNoLoss(pairsOf(guests), async () => {
      secondsUntilRight = await secondsOf(async () => {
        await fabric.start();
        await fabric.settled({ timeoutSec: RIGHT_AGAIN_SEC });
      });
      expect(await fabric.work()).toEqual(NO_WORK);
      const told = async () => (await fabric.ask("status")).problems.find(({ code }) => code === "controller/journal");
      await fabric.until(async () => ((await told()) ? [] : ["nothing is told of the journal"]));
      expect((await told())?.message).toContain("read-only");
      expect((await told())?.remedy).toContain("journal.file");
      // What changes is served, and a host that comes new is approved.
      const late = await fabric.lab.addHost();
      await fabric.join(late);
      await approve(3);
      await fabric.lab.populate({ hosts: [late], perHost: 1 });
      await fabric.lab.waitUntilAllPing();
      await fabric.settled();
    });
    expect(readFileSync(join(state, "journal.jsonl"), "utf8")).toBe(atStop);
    const lines = readFileSync(logFile, "utf8").split("\n");
    expect(lines.filter((line) => line.includes("journal") && line.includes("read-only")).length).toBe(1);
    recordMeasured("shortages", { fault: "state directory read-only", repetitions: 1, pings, secondsUntilRight });

    // Writable again, it is written, and all three are known.
    await fabric.stop();
    rmSync(mark);
    await fabric.start();
    await fabric.settled();
    expect(await fabric.work()).toEqual(NO_WORK);
    await fabric.until(async () =>
      readFileSync(join(state, "journal.jsonl"), "utf8").length > atStop.length ? [] : ["nothing is written"],
    );
  });
});
