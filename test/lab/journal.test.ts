// What has happened, told by a controller in a process of its own: a guest moves, a path is cut and heals, a restart by kill -9.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EventView } from "../../src/api/event-views.ts";
import { callControl, snapshotTarget } from "../../src/api/index.ts";
import type { WhereView } from "../../src/api/where-views.ts";
import type { Guest } from "../../src/lab/index.ts";
import type { BuiltProgram } from "../unit/cli/built.ts";
import { builtProgram } from "./controller-under-test.ts";
import { FabricUnderTest } from "./fabric.ts";
import { describeLab } from "./requires.ts";

describeLab("the journal of three hosts", () => {
  let fabric: FabricUnderTest;
  let weft: BuiltProgram;
  let socket: string;
  let guests: readonly Guest[];

  beforeAll(async () => {
    weft = builtProgram();
    fabric = await FabricUnderTest.create({ hosts: 3, child: true, settings: { timeouts: { startHoldSec: 5 } } });
    socket = join(fabric.lab.dir, "controller.sock");
    guests = await Promise.all(
      [1, 2, 3].map((number) => fabric.lab.host(number).addGuest({ name: `j${number}`, ip: `10.0.0.${number}/16` })),
    );
    await fabric.lab.waitUntilAllPing();
    await fabric.settled();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const events = async (...words: readonly string[]): Promise<readonly EventView[]> =>
    JSON.parse(await callControl(socket, "events", ["--json", "--", ...words], 5000));
  const last = async (): Promise<number> => (await events("limit=1")).at(-1)?.seq ?? 0;
  const run = (...args: readonly string[]) => weft.run(["--control", socket, ...args]);

  /** Resolves with the events since then, once all the kinds are among them. */
  async function untilTold(after: number, ...kinds: readonly string[]): Promise<readonly EventView[]> {
    let found: readonly EventView[] = [];
    await fabric.until(async () => {
      found = await events(`after=${after}`);
      return kinds.filter((kind) => !found.some((event) => event.kind === kind));
    }, 20);
    return found;
  }

  test("tells that hosts have joined, and guests are there with their addresses", async () => {
    await fabric.until(async () => {
      const known = (await events()).map(({ message }) => message).join("\n");
      return guests.filter(({ mac, ip }) => !known.includes(mac) || !known.includes(ip)).map(({ name }) => name);
    }, 10);
    const { stdout, code } = await run("events", "--kind", "host");
    expect(code).toBe(0);
    expect(stdout.match(/host\/joined/g)).toHaveLength(3);
  });

  test("tells where a guest is, that it moved, and where it was", async () => {
    const [nomad, , watcher] = guests as [Guest, Guest, Guest];
    const before = await last();
    const twin = await fabric.lab.host(2).addGuest({ name: "twin", ip: "10.0.9.9/16" });
    try {
      await twin.exec(["ip", "link", "set", twin.device, "down"]);
      await twin.exec(["ip", "link", "set", twin.device, "address", nomad.mac]);
      await twin.exec(["ip", "addr", "flush", "dev", twin.device]);
      await twin.exec(["ip", "addr", "add", `${nomad.ip}/16`, "dev", twin.device]);
      await nomad.exec(["ip", "link", "set", nomad.device, "down"]);
      await twin.exec(["ip", "link", "set", twin.device, "up"]);
      await fabric.until(
        async () => ((await twin.ping(watcher.ip, { count: 1 })).received > 0 ? [] : ["no answer"]),
        20,
      );
      const [moved] = (await untilTold(before, "endpoint/moved")).filter(({ kind }) => kind === "endpoint/moved");
      expect(moved?.details).toMatchObject({ mac: nomad.mac, fromPort: nomad.port, port: twin.port });
      const view: WhereView = JSON.parse((await run("where", nomad.ip, "--json")).stdout);
      expect(view.places).toMatchObject([{ mac: nomad.mac, port: twin.port, since: moved?.at, portState: "up" }]);
      const then = new Date(Date.parse(moved?.at ?? "") - 1).toISOString();
      const past: WhereView = JSON.parse((await run("where", nomad.mac, "--at", then, "--json")).stdout);
      expect(past.places).toMatchObject([{ mac: nomad.mac, port: nomad.port }]);
      const nowhere = await run("where", "10.77.0.1");
      expect(nowhere.code).toBe(1);
      expect(nowhere.stderr).toContain('nothing is known of "10.77.0.1"');
    } finally {
      await twin.exec(["ip", "link", "set", twin.device, "down"]);
      await nomad.exec(["ip", "link", "set", nomad.device, "up"]);
      await nomad.ping(watcher.ip, { count: 3 });
    }
  });

  test("tells of a path that is cut both ways and one way, of the relay in its place, and of their end", async () => {
    const { lab } = fabric;
    const before = await last();
    try {
      await lab.cut(1, 2);
      await untilTold(before, "tunnel/down", "relay/in-use");
      await lab.heal(1, 2);
      await untilTold(before, "tunnel/up", "relay/over");
      const between = await last();
      await lab.cut(1, 3, { oneWay: true });
      const told = await untilTold(between, "tunnel/one-way");
      const oneWay = told.find(({ kind }) => kind === "tunnel/one-way");
      expect(oneWay?.message).toMatch(/hears nothing from/);
      expect(oneWay?.severity).toBe("error");
    } finally {
      await lab.healAll();
    }
    await fabric.quiet();
  });

  test("a snapshot answers as the controller did, with no controller", async () => {
    await fabric.until(async () =>
      (await fabric.ask("tunnels"))
        .filter(({ state, reason }) => state !== "up" || reason !== null)
        .map(({ from, to, reason }) => `${from} -> ${to}: ${reason}`),
    );
    await fabric.quiet();
    // Written over nothing: a second try has a name of its own.
    const file = join(fabric.lab.dir, `${performance.now()}-tonight.snapshot`);
    const [, two, three] = guests as [Guest, Guest, Guest];
    const written = await run("snapshot", file);
    expect(written).toMatchObject({ code: 0, stderr: "" });
    expect(written.stdout).toContain("picture");
    const offline = (...args: readonly string[]) => weft.run(["--snapshot", file, ...args]);
    for (const [method = "", ...args] of [
      ["hosts"],
      ["ports"],
      ["networks"],
      ["endpoints", three.ip],
      ["where", three.ip],
    ]) {
      const params = ["--json", "--", ...args];
      expect(await callControl(snapshotTarget(file), method, params)).toBe(await callControl(socket, method, params));
    }
    expect((await offline("hosts")).stderr).toMatch(/^weft: this is snapshot .*tonight\.snapshot of \d{4}-/);
    const trace = await offline("trace", two.ip, three.ip);
    expect(trace.stdout).toMatch(/^delivered: /);
    const live = await offline("trace", two.ip, three.ip, "--live");
    expect(live).toMatchObject({ code: 1, stdout: "" });
  });

  test("top sees what goes by, and asks no switch while nobody looks", async () => {
    const [, two, three] = guests as [Guest, Guest, Guest];
    const ping = two.startPing(three.ip, { intervalSec: 0.02 });
    try {
      await fabric.until(async () => {
        const { stdout } = await run("top", "--once", "--format", "csv");
        const row = stdout.split("\n").find((line) => line.startsWith("port,") && line.includes(two.port));
        return Number(row?.split(",")[6]) > 5 ? [] : [stdout];
      }, 15);
      const { stdout, code } = await run("top", "--once");
      expect(code).toBe(0);
      expect(stdout).toMatch(/^3 of 3 switches/);
    } finally {
      await ping.stop();
    }
  });

  test("after kill -9 the journal goes on where it was, and tells nothing again", async () => {
    const before = await events("limit=1000");
    await fabric.kill();
    await fabric.start();
    await fabric.until(
      async () => ((await fabric.ask("status")).uptimeSec > 8 ? [] : ["too early to tell who is gone"]),
      20,
    );
    const after = await events(`after=${before.at(-1)?.seq}`);
    expect(after.filter(({ kind }) => /^(host|switch|endpoint|address)\//.test(kind))).toEqual([]);
    const started = after.filter(({ kind }) => kind === "controller/started");
    expect(started).toHaveLength(1);
    expect(started[0]?.message).toContain("ended without a word");
    expect((await events("limit=1000")).slice(0, before.length)).toEqual(before);
    expect(readFileSync(`${socket}.journal`, "utf8").split("\n").length).toBeGreaterThan(before.length);
  });
});
