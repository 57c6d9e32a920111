// A controller in this process, real ovsdb-servers, and lines between them that a test can freeze.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pino from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { HostView } from "../../../src/api/views.ts";
import { parseConfig, type WeftConfig } from "../../../src/config/index.ts";
import { type RunningController, startController } from "../../../src/controller/start.ts";
import { type RealServer, startServer } from "../southbound/ovsdb/real-server.ts";

let scratch: string;
let servers: RealServer[];
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "weft-admission-"));
  servers = await Promise.all([startServer(), startServer()]);
  for (const server of servers) server.vsctl("init");
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.remove()));
  rmSync(scratch, { recursive: true, force: true });
});

function configWith(settings: object): WeftConfig {
  const parsed = parseConfig(
    JSON.stringify({
      listen: { ovsdb: ["ptcp:0:127.0.0.1"], openflow: ["ptcp:0:127.0.0.1"] },
      timeouts: { startHoldSec: 0, probeSec: 30 },
      ...settings,
    }),
    "test",
  );
  if (parsed.config === undefined) throw new Error(JSON.stringify(parsed.errors));
  return parsed.config;
}

async function start(settings: object): Promise<RunningController> {
  const config = configWith(settings);
  const controller = await startController({ config, logger: pino({ level: "silent" }), version: "0" });
  cleanups.push(() => controller.stop());
  return controller;
}

/** What a manager row does: a connection of the server's to the controller. */
class Line {
  readonly #ends: readonly [Socket, Socket];

  constructor(server: RealServer, controller: RunningController) {
    const port = Number(/ovsdb ptcp:(\d+)/.exec(controller.listeners.join())?.[1]);
    this.#ends = [connect(server.socket), connect(port, "127.0.0.1")];
    const [near, far] = this.#ends;
    near.pipe(far).pipe(near);
    for (const end of this.#ends) {
      end.on("error", () => undefined);
      end.on("close", () => this.end());
    }
    cleanups.push(() => this.end());
  }

  /** Nothing arrives any more, and neither end is told. */
  freeze(): void {
    for (const end of this.#ends) end.unpipe().pause();
  }

  end(): void {
    for (const end of this.#ends) end.destroy();
  }
}

async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`not within 15 s: ${what}`);
    await sleep(20);
  }
}

const at = (index: number): RealServer => servers[index] as RealServer;
const setIds = (server: RealServer, ids: Record<string, string>): void => {
  server.vsctl("clear", "open_vswitch", ".", "external_ids");
  server.vsctl(
    "set",
    "open_vswitch",
    ".",
    ...Object.entries(ids).map(([key, value]) => `external_ids:${key}=${value}`),
  );
};
const idsOf = (server: RealServer): string => server.vsctl("get", "open_vswitch", ".", "external_ids");
const hostsOf = (controller: RunningController, id: string): readonly HostView[] =>
  controller.queries.hosts().filter((host) => host.id === id);
const has = (controller: RunningController, id: string, code: string): boolean =>
  hostsOf(controller, id).some((host) => host.problems.some((problem) => problem.code === code));

describe("with admit: approve", () => {
  it("a host waits, and nothing is written to it, until it is approved; a later controller knows it again", async () => {
    const secretFile = join(scratch, "approvals.key");
    setIds(at(0), { "system-id": "a", "weft-tunnel-ip": "192.0.2.1" });
    const controller = await start({ admit: "approve", admission: { secretFile } });
    expect(statSync(secretFile).mode & 0o777).toBe(0o600);
    new Line(at(0), controller);
    const view = await until("a waits", () => hostsOf(controller, "a")[0]);
    expect(view).toMatchObject({ state: "waiting", index: null, tunnelIp: null, bridge: null });
    expect(view.problems).toMatchObject([{ code: "admission/waiting", remedy: "weft hosts approve a" }]);
    expect(controller.queries.topology().hosts).toEqual([]);
    expect(() => controller.queries.approveHost("b")).toThrow('no host "b" waits to be approved; waiting: a');
    expect(idsOf(at(0))).not.toContain("weft-fabric");

    controller.queries.approveHost("a");
    await until("a is written to", () => idsOf(at(0)).includes("weft-approval"));
    expect(hostsOf(controller, "a")).toMatchObject([{ index: 1, state: "joining" }]);
    await controller.stop();

    const next = await start({ admit: "approve", admission: { secretFile } });
    new Line(at(0), next);
    expect(await until("a is back", () => hostsOf(next, "a")[0])).toMatchObject({ index: 1 });

    // Under another secret it is not worth anything.
    await next.stop();
    const other = await start({ admit: "approve", admission: { secretFile: join(scratch, "other.key") } });
    new Line(at(0), other);
    expect(await until("a waits again", () => hostsOf(other, "a")[0])).toMatchObject({ state: "waiting" });
    expect(idsOf(at(0))).toContain("weft-index");
  });

  it("nobody is approved while two say that they are it", async () => {
    for (const server of servers) setIds(server, { "system-id": "twin" });
    const controller = await start({ admit: "approve", admission: { secretFile: join(scratch, "twins.key") } });
    for (const server of servers) new Line(server, controller);
    await until("both wait", () => hostsOf(controller, "twin").length === 2);
    expect(() => controller.queries.approveHost("twin")).toThrow(
      /twin is connected from tcp:127\.0\.0\.1:\d+ and tcp:/,
    );
  });

  it("a host keeps its tunnel IP until the new one is approved too", async () => {
    setIds(at(0), { "system-id": "mover", "weft-tunnel-ip": "192.0.2.1" });
    const controller = await start({ admit: "approve", admission: { secretFile: join(scratch, "mover.key") } });
    new Line(at(0), controller);
    await until("it waits", () => hostsOf(controller, "mover")[0]);
    controller.queries.approveHost("mover");
    await until("it is in", () => hostsOf(controller, "mover")[0]?.tunnelIp === "192.0.2.1");
    at(0).vsctl("set", "open_vswitch", ".", "external_ids:weft-tunnel-ip=192.0.2.9");
    await until("it is told", () => has(controller, "mover", "host/tunnel-ip-pinned"));
    expect(hostsOf(controller, "mover")[0]?.tunnelIp).toBe("192.0.2.1");
    controller.queries.approveHost("mover");
    await until("it has moved", () => hostsOf(controller, "mover")[0]?.tunnelIp === "192.0.2.9");
    expect(has(controller, "mover", "host/tunnel-ip-pinned")).toBe(false);
  });

  it("a host that is named in weft.yaml needs no approval", async () => {
    setIds(at(0), { "system-id": "named" });
    const controller = await start({ admit: "known", hosts: { named: {} } });
    new Line(at(0), controller);
    await until("it is in", () => hostsOf(controller, "named")[0]?.index === 1);
    setIds(at(1), { "system-id": "unnamed" });
    new Line(at(1), controller);
    const view = await until("the other waits", () => hostsOf(controller, "unnamed")[0]);
    expect(view.problems[0]?.remedy).toContain("under hosts");
    expect(() => controller.queries.approveHost("unnamed")).toThrow(/admitted by weft\.yaml alone/);
    expect(idsOf(at(1))).not.toContain("weft-");
  });

  it("a host is admitted when a reload names it, and waits again when one does not", async () => {
    setIds(at(0), { "system-id": "later" });
    const controller = await start({ admit: "known" });
    new Line(at(0), controller);
    await until("it waits", () => hostsOf(controller, "later")[0]?.state === "waiting");
    controller.reconfigure(configWith({ admit: "known", hosts: { later: {} } }));
    await until("it is in", () => idsOf(at(0)).includes("weft-index"));
    controller.reconfigure(configWith({ admit: "known" }));
    const view = await until("it waits again", () =>
      hostsOf(controller, "later").find((host) => host.state === "waiting"),
    );
    expect(view.problems.map((problem) => problem.code)).toContain("admission/waiting");
    expect(idsOf(at(0))).toContain("weft-index");
  });
});

describe("a second connection of one host", () => {
  it("waits while the first answers, and is told of; and takes over when the first has ended", async () => {
    setIds(at(0), { "system-id": "double" });
    const controller = await start({});
    const first = new Line(at(0), controller);
    await until("it is in", () => hostsOf(controller, "double")[0]?.index === 1);
    new Line(at(0), controller);
    await until("it is told", () => has(controller, "double", "host/connected-twice"));
    first.end();
    await until("the second is used", () => {
      const [host] = hostsOf(controller, "double");
      return host?.ovsdb === "connected" && host.problems.every((problem) => problem.code !== "host/connected-twice");
    });
  });

  it("takes over when the first does not answer any more", async () => {
    setIds(at(0), { "system-id": "frozen", "weft-tunnel-ip": "192.0.2.3" });
    const controller = await start({});
    const first = new Line(at(0), controller);
    await until("it is in", () => hostsOf(controller, "frozen")[0]?.index === 1);
    first.freeze();
    new Line(at(0), controller);
    // What is written now can be read by the second connection alone.
    at(0).vsctl("set", "open_vswitch", ".", "external_ids:weft-tunnel-ip=192.0.2.4");
    await until("the second is used", () => hostsOf(controller, "frozen")[0]?.tunnelIp === "192.0.2.4");
    expect(hostsOf(controller, "frozen")).toHaveLength(1);
  });
});

describe("a host that calls itself by the name of another", () => {
  it("gets no order that was meant for that one: the ids are to be said", async () => {
    setIds(at(0), { "system-id": "one", hostname: "same", "weft-tunnel-ip": "192.0.2.1" });
    setIds(at(1), { "system-id": "two", hostname: "same", "weft-tunnel-ip": "192.0.2.2" });
    const controller = await start({});
    new Line(at(0), controller);
    await until("the first is in", () => hostsOf(controller, "one")[0]?.index === 1);
    new Line(at(1), controller);
    await until("the second is in", () => hostsOf(controller, "two")[0]?.index === 2);
    await expect(controller.queries.flows("same")).rejects.toThrow(
      'more than one host is called "same": say which by its id: one (index 1), two (index 2)',
    );
    expect(() => controller.queries.releaseHost("same")).toThrow(/more than one host/);
    expect(await controller.queries.flows("two")).toMatchObject({ host: "two" });
    expect(await controller.queries.flows("1")).toMatchObject({ host: "one" });
    // A name that is another's index is no better.
    at(0).vsctl("set", "open_vswitch", ".", "external_ids:hostname=2");
    await until("it has its new name", () => hostsOf(controller, "one")[0]?.name === "2");
    await expect(controller.queries.flows("2")).rejects.toThrow(/more than one host/);
  });
});

describe("an address that may not connect", () => {
  it("is cut off, counted and told of; no host is known of it", async () => {
    setIds(at(0), { "system-id": "outside" });
    const controller = await start({ admission: { allow: ["192.0.2.0/24"] } });
    const line = new Line(at(0), controller);
    const told = await until("it is told", () =>
      controller.queries.status().problems.find((problem) => problem.code === "admission/refused"),
    );
    expect(told.message).toMatch(/127\.0\.0\.1 was turned away.*admission\.allow/);
    expect(controller.queries.status().counters.refusedPeers).toBeGreaterThan(0);
    expect(controller.queries.hosts()).toEqual([]);
    line.end();
  });
});
