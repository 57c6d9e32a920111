import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { byUuid, del, insert, mutate, select, update, wait } from "../../../../proto/ovsdb/operations.ts";
import { namedUuid, ovsMap, ovsSet, uuidRef } from "../../../../proto/ovsdb/values.ts";
import {
  type ActiveMethod,
  type PassiveMethod,
  parseConnectionMethod,
} from "../../../../src/southbound/connection-method.ts";
import type { OvsdbSession } from "../../../../src/southbound/ovsdb/index.ts";
import { dial, listen } from "../../../../src/southbound/stream/index.ts";
import { deferred } from "../stream/deferred.ts";
import { type RealServer, startServer } from "./real-server.ts";
import { probeSession, type SessionProbe } from "./session-probe.ts";

let server: RealServer;
let cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startServer(undefined, { args: ["--remote=db:Open_vSwitch,Open_vSwitch,manager_options"] });
  server.vsctl("init");
});
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});
afterAll(() => server.remove());

async function connect(): Promise<{ probe: SessionProbe; session: OvsdbSession }> {
  const probed = deferred<SessionProbe>();
  const dialer = dial(parseConnectionMethod(`unix:${server.socket}`) as ActiveMethod, {
    onStream: (stream) => probed.resolve(probeSession(stream)),
  });
  cleanups.push(() => dialer.close("the test is over"));
  const probe = await probed.promise;
  return { probe, session: await probe.ready };
}

const rootUuid = (session: OvsdbSession): string => session.rows.openVSwitch?.uuid ?? "";

/** Inserts a bridge with its local port, as ovs-vsctl does. */
function bridgeOperations(root: string, name: string) {
  return [
    insert("Interface", { name, type: "internal" }, "iface"),
    insert("Port", { name, interfaces: namedUuid("iface") }, "port"),
    insert(
      "Bridge",
      {
        name,
        ports: ovsSet([namedUuid("port")]),
        fail_mode: "secure",
        other_config: ovsMap({ "disable-in-band": "true" }),
      },
      "bridge",
    ),
    mutate("Open_vSwitch", byUuid(root), [["bridges", "insert", ovsSet([namedUuid("bridge")])]]),
  ];
}

describe("a session with a real ovsdb-server", () => {
  it("reads the database whole and follows what others change", async () => {
    server.vsctl("add-br", "br-a", "--", "set", "Open_vSwitch", ".", "external_ids:system-id=host-1");
    const { probe, session } = await connect();
    expect(session).toMatchObject({ transport: "unix", diagnostics: [] });
    expect(session.remoteAddress).toBeUndefined();
    expect(session.rows.openVSwitch?.external_ids).toEqual(new Map([["system-id", "host-1"]]));
    const [bridge] = session.rows.bridges.values();
    expect(bridge).toMatchObject({ name: "br-a", fail_mode: null, protocols: [], stp_enable: false, controller: [] });
    expect(Object.isFrozen(bridge)).toBe(true);

    const before = session.rows;
    server.vsctl(
      "add-port",
      "br-a",
      "tap0",
      "tag=10",
      "--",
      "set",
      "Interface",
      "tap0",
      "type=internal",
      "options:a=1",
      "options:b=2",
    );
    await probe.until(({ rows }) => rows.ports.size === 2);
    expect(session.rows).not.toBe(before);
    expect(before.ports.size).toBe(1);
    const port = [...session.rows.ports.values()].find(({ name }) => name === "tap0");
    expect(port).toMatchObject({ tag: 10, trunks: [], vlan_mode: null, protected: false });
    const iface = session.rows.interfaces.get(port?.interfaces[0] ?? "");
    expect(iface).toMatchObject({ name: "tap0", type: "internal", ofport: null, mtu: null, admin_state: null });
    expect(iface?.options).toEqual(
      new Map([
        ["a", "1"],
        ["b", "2"],
      ]),
    );
    const untouched = [...before.ports.values()][0];
    expect(session.rows.ports.get(untouched?.uuid ?? "")).toBe(untouched);

    server.vsctl(
      "--",
      "remove",
      "Interface",
      "tap0",
      "options",
      "a",
      "--",
      "set",
      "Interface",
      "tap0",
      "options:b=3",
      "options:c=4",
    );
    await probe.until(({ rows }) => rows.interfaces.get(iface?.uuid ?? "")?.options.has("c") === true);
    expect(session.rows.interfaces.get(iface?.uuid ?? "")?.options).toEqual(
      new Map([
        ["b", "3"],
        ["c", "4"],
      ]),
    );

    server.vsctl("set", "Port", "tap0", "trunks=1,2,3", "--", "clear", "Port", "tap0", "tag");
    await probe.until(({ rows }) => rows.ports.get(port?.uuid ?? "")?.tag === null);
    server.vsctl("remove", "Port", "tap0", "trunks", "2", "--", "add", "Port", "tap0", "trunks", "7");
    await probe.until(({ rows }) => rows.ports.get(port?.uuid ?? "")?.trunks.includes(7) === true);
    expect(session.rows.ports.get(port?.uuid ?? "")?.trunks).toEqual([1, 3, 7]);

    server.vsctl("del-port", "tap0");
    await probe.until(({ rows }) => rows.ports.size === 1 && rows.interfaces.size === 1);
    server.vsctl("del-br", "br-a");
    await probe.until(({ rows }) => rows.bridges.size === 0 && rows.interfaces.size === 0);
  });

  it("shows what a transaction did by the time it resolves", async () => {
    const { session, probe } = await connect();
    const results = await session.transact(bridgeOperations(rootUuid(session), "br-b"));
    expect(results.map(({ op }) => op)).toEqual(["insert", "insert", "insert", "mutate"]);
    const inserted = results[2];
    const uuid = inserted?.op === "insert" ? inserted.uuid : "";
    expect(session.rows.bridges.get(uuid)).toMatchObject({ name: "br-b", fail_mode: "secure" });
    expect(session.rows.openVSwitch?.bridges).toEqual([uuid]);
    expect(probe.changes()).toBe(1);
    const selected = await session.transact([select("Bridge", byUuid(uuid), ["name", "other_config"])]);
    expect(selected).toEqual([
      {
        op: "select",
        rows: [
          new Map<string, unknown>([
            ["name", ["br-b"]],
            ["other_config", new Map([["disable-in-band", "true"]])],
          ]),
        ],
      },
    ]);
    await session.transact([mutate("Open_vSwitch", byUuid(rootUuid(session)), [["bridges", "delete", uuidRef(uuid)]])]);
    expect(session.rows.bridges.size).toBe(0);
  });

  it("names the operation that failed and its table, and changes nothing", async () => {
    const { session } = await connect();
    const root = rootUuid(session);
    const failing = [
      ...bridgeOperations(root, "br-c"),
      wait("Open_vSwitch", byUuid(root), ["ovs_version"], "==", [{ ovs_version: "9.9" }], 0),
    ];
    await expect(session.transact(failing)).rejects.toMatchObject({
      code: "ovsdb/timed-out",
      retryable: true,
      operationIndex: 4,
      table: "Open_vSwitch",
    });
    expect(session.rows.bridges.size).toBe(0);
  });

  it("finds the error that comes after all operations, at the commit", async () => {
    const { session } = await connect();
    await session.transact(bridgeOperations(rootUuid(session), "br-d"));
    const twin = bridgeOperations(rootUuid(session), "br-d");
    await expect(session.transact(twin)).rejects.toMatchObject({
      code: "ovsdb/constraint-violation",
      operationIndex: null,
      message: expect.stringMatching(/^the transaction's commit failed: constraint violation: .*br-d/),
    });
    const dangling = [update("Open_vSwitch", [], { manager_options: uuidRef("11111111-2222-3333-4444-555555555555") })];
    await expect(session.transact(dangling)).rejects.toMatchObject({
      code: "ovsdb/referential-integrity-violation",
      operationIndex: null,
    });
    const [bridge] = session.rows.bridges.keys();
    await session.transact([mutate("Open_vSwitch", [], [["bridges", "delete", uuidRef(bridge ?? "")]])]);
  });

  it("refuses what the schema forbids before it is sent", async () => {
    const { session } = await connect();
    const attempts = [
      [insert("Brigde", { name: "x" }), "ovsdb/unknown-table"],
      [insert("Bridge", { nmae: "x" }), "ovsdb/unknown-column"],
      [insert("Port", { name: "p", tag: 4096 }), "ovsdb/constraint-violation"],
      [insert("Bridge", { name: 7 }), "ovsdb/wrong-type"],
      [update("Bridge", [], { name: "y" }), "ovsdb/constraint-violation"],
    ] as const;
    for (const [operation, code] of attempts) {
      await expect(session.transact([operation])).rejects.toMatchObject({
        code,
        path: expect.stringContaining("operation 0"),
      });
    }
  });

  it("keeps keys such as __proto__ and integers above 2^53 exact", async () => {
    const { session } = await connect();
    const keys = ["__proto__", "constructor", "toString", "hasOwnProperty", "ü€𝄞", 'quo"te\\n\n'];
    const entries = keys.map((key) => [key, `value of ${key}`] as const);
    await session.transact([
      update("Open_vSwitch", [], {
        external_ids: ovsMap(entries),
        next_cfg: 9_007_199_254_740_993n,
        cur_cfg: -9_223_372_036_854_775_808n,
      }),
    ]);
    expect(session.rows.openVSwitch?.external_ids).toEqual(new Map(entries));
    expect(session.rows.openVSwitch?.next_cfg).toBe(9_007_199_254_740_993n);
    expect(session.rows.openVSwitch?.cur_cfg).toBe(-9_223_372_036_854_775_808n);
    expect(server.vsctl("get", "Open_vSwitch", ".", "next_cfg")).toBe("9007199254740993");
    expect(server.vsctl("get", "Open_vSwitch", ".", "external_ids:__proto__")).toBe('"value of __proto__"');
    await session.transact([
      mutate(
        "Open_vSwitch",
        [],
        [
          ["external_ids", "delete", ovsSet(["__proto__"])],
          ["next_cfg", "+=", 1],
        ],
      ),
    ]);
    expect(session.rows.openVSwitch?.external_ids.has("__proto__")).toBe(false);
    expect(session.rows.openVSwitch?.next_cfg).toBe(9_007_199_254_740_994n);
    await session.transact([update("Open_vSwitch", [], { next_cfg: 0, cur_cfg: 0, external_ids: ovsMap([]) })]);
  });

  it("fails what is under way when the server dies, and comes back on a new connection", async () => {
    const sessions: SessionProbe[] = [];
    const appeared = [deferred<SessionProbe>(), deferred<SessionProbe>()];
    const dialer = dial(
      parseConnectionMethod(`unix:${server.socket}`) as ActiveMethod,
      {
        onStream: (stream) => {
          const probe = probeSession(stream);
          sessions.push(probe);
          appeared[sessions.length - 1]?.resolve(probe);
        },
      },
      { backoff: { minMs: 50, maxMs: 100 } },
    );
    cleanups.push(() => dialer.close("the test is over"));
    const first = await (await appeared[0]!.promise).ready;
    const stuck = first.transact([wait("Open_vSwitch", [], ["ovs_version"], "==", [{ ovs_version: "never" }], 60_000)]);
    const failed = expect(stuck).rejects.toMatchObject({ code: "ovsdb/closed", retryable: true });
    await server.stop();
    await failed;
    const closed = await sessions[0]!.closed;
    expect(closed).toMatchObject({ session: first, label: first.label });
    await expect(first.transact([del("Bridge", [])])).rejects.toMatchObject({ code: "ovsdb/closed" });
    await server.start();
    const second = await (await appeared[1]!.promise).ready;
    expect(second.label).not.toBe(first.label);
    expect(rootUuid(second)).toBe(rootUuid(first));
  });

  it("says so when the database is not there", async () => {
    const other = await startServer("/usr/share/openvswitch/local-config.ovsschema");
    cleanups.push(() => other.remove());
    const probed = deferred<SessionProbe>();
    const dialer = dial(parseConnectionMethod(`unix:${other.socket}`) as ActiveMethod, {
      onStream: (stream) => probed.resolve(probeSession(stream)),
    });
    cleanups.push(() => dialer.close("the test is over"));
    const { session, reason } = await (await probed.promise).closed;
    expect(session).toBeUndefined();
    expect(reason).toMatch(/no Open_vSwitch database, only: .*Local_Config/);
  });
});

describe("a host that was given set-manager", () => {
  it("joins by itself, and shows the addresses both ends have", async () => {
    const probed = deferred<SessionProbe>();
    const listener = await listen(parseConnectionMethod("ptcp:0:127.0.0.1") as PassiveMethod, (stream) =>
      probed.resolve(probeSession(stream)),
    );
    cleanups.push(() => listener.close());
    const port = (listener.method as { port: number }).port;
    server.vsctl("set-manager", `tcp:127.0.0.1:${port}`);
    cleanups.push(() => server.vsctl("del-manager"));
    const probe = await probed.promise;
    const session = await probe.ready;
    expect(session).toMatchObject({ transport: "tcp", remoteAddress: "127.0.0.1", localAddress: "127.0.0.1" });
    expect([...session.rows.managers.values()]).toMatchObject([{ target: `tcp:127.0.0.1:${port}` }]);
    await probe.until(({ rows }) => [...rows.managers.values()].some(({ is_connected }) => is_connected));
    session.close("the test is over");
    expect((await probe.closed).reason).toBe("the test is over");
  });
});
