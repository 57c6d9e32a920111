import { afterEach, describe, expect, it } from "vitest";
import type { Json } from "../../../../proto/ovsdb/json-text.ts";
import { comment } from "../../../../proto/ovsdb/operations.ts";
import { ManualClock } from "../stream/manual-clock.ts";
import { type Answers, type FakeServer, fakeServer, HANDSHAKE, Refusal, vswitchSchema } from "./fake-server.ts";

const ROOT = "aaaaaaaa-0000-4000-8000-000000000001";
const BRIDGE = "bbbbbbbb-0000-4000-8000-000000000002";

let servers: FakeServer[] = [];
afterEach(async () => {
  for (const server of servers) await server.close();
  servers = [];
});

async function serve(...args: Parameters<typeof fakeServer>): Promise<FakeServer> {
  const server = await fakeServer(...args);
  servers.push(server);
  return server;
}

const refuse = (error: string) => (): never => {
  throw new Refusal(error);
};

/** Lets everything that is in a socket arrive. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe("choosing the way to monitor", () => {
  it("asks for monitor_cond_since first, and follows update3", async () => {
    const server = await serve({
      ...HANDSHAKE,
      monitor_cond_since: () => [
        false,
        "11111111-0000-4000-8000-000000000000",
        { Bridge: { [BRIDGE]: { initial: { name: "br0" } } } },
      ],
    });
    const session = await server.probe.ready;
    expect(server.called).toEqual(["list_dbs", "get_schema", "monitor_cond_since"]);
    expect(session.rows.bridges.get(BRIDGE)).toMatchObject({ uuid: BRIDGE, name: "br0", ports: [], datapath_id: null });
    const modify = { Bridge: { [BRIDGE]: { modify: { datapath_id: "00000000000000aa" } } } };
    server.send({ method: "update3", params: ["weft", "22222222-0000-4000-8000-000000000000", modify], id: null });
    await server.probe.until(({ rows }) => rows.bridges.get(BRIDGE)?.datapath_id === "00000000000000aa");
    server.send({
      method: "update3",
      params: ["weft", "22222222-0000-4000-8000-000000000000", { Bridge: { [BRIDGE]: { delete: null } } }],
      id: null,
    });
    await server.probe.until(({ rows }) => rows.bridges.size === 0);
  });

  it.each(["unknown method", "unknown database method"])(
    "falls back to monitor_cond when the server says %j",
    async (error) => {
      const server = await serve({
        ...HANDSHAKE,
        monitor_cond_since: refuse(error),
        monitor_cond: () => ({
          Bridge: {
            [BRIDGE]: {
              initial: {
                name: "br0",
                external_ids: [
                  "map",
                  [
                    ["a", "1"],
                    ["b", "2"],
                  ],
                ],
              },
            },
          },
        }),
      });
      const session = await server.probe.ready;
      expect(server.called.slice(2)).toEqual(["monitor_cond_since", "monitor_cond"]);
      expect(session.diagnostics).toEqual([`the server refused monitor_cond_since (${error}); using monitor_cond`]);
      const diff = [
        "map",
        [
          ["a", "1"],
          ["b", "3"],
          ["c", "4"],
        ],
      ];
      server.send({
        method: "update2",
        params: ["weft", { Bridge: { [BRIDGE]: { modify: { external_ids: diff } } } }],
        id: null,
      });
      await server.probe.until(({ rows }) => rows.bridges.get(BRIDGE)?.external_ids.has("c") === true);
      expect(session.rows.bridges.get(BRIDGE)?.external_ids).toEqual(
        new Map([
          ["b", "3"],
          ["c", "4"],
        ]),
      );
    },
  );

  it("falls back to monitor, of RFC 7047 itself", async () => {
    const row = { name: "br0", protocols: ["set", ["OpenFlow13", "OpenFlow10"]] };
    const server = await serve({
      ...HANDSHAKE,
      monitor_cond_since: refuse("unknown method"),
      monitor_cond: refuse("unknown method"),
      monitor: () => ({ Bridge: { [BRIDGE]: { new: row } } }),
    });
    const session = await server.probe.ready;
    expect(server.called.slice(2)).toEqual(["monitor_cond_since", "monitor_cond", "monitor"]);
    expect(session.rows.bridges.get(BRIDGE)?.protocols).toEqual(["OpenFlow10", "OpenFlow13"]);
    const update = { old: { name: "br0" }, new: { ...row, name: "br1" } };
    server.send({ method: "update", params: ["weft", { Bridge: { [BRIDGE]: update } }], id: null });
    await server.probe.until(({ rows }) => rows.bridges.get(BRIDGE)?.name === "br1");
    server.send({
      method: "update",
      params: ["weft", { Bridge: { [BRIDGE]: { old: { ...row, name: "br1" } } } }],
      id: null,
    });
    await server.probe.until(({ rows }) => rows.bridges.size === 0);
  });

  it("gives up, with the server's words, when no method is left", async () => {
    const server = await serve({ ...HANDSHAKE, monitor_cond_since: refuse("unknown method") });
    const { session, reason } = await server.probe.closed;
    expect(session).toBeUndefined();
    expect(reason).toMatch(/refused to be monitored: monitor: unknown method/);
  });
});

describe("a server with another schema", () => {
  it("is served with empty values for what it lacks, and the lack is told", async () => {
    const schema = vswitchSchema();
    delete schema.tables.Manager;
    delete schema.tables.Interface?.columns.bfd_status;
    const columns = schema.tables.Port?.columns ?? {};
    columns.tag = { type: "string" };
    const server = await serve({
      ...HANDSHAKE,
      get_schema: () => schema as unknown as Json,
      monitor_cond_since: () => [
        false,
        "",
        { Interface: { [BRIDGE]: { initial: { name: "tap0", ofport: 9_007_199_254_740_993n } } } },
      ],
    });
    const session = await server.probe.ready;
    expect(session.diagnostics).toEqual([
      expect.stringMatching(/has column Port.tag with another type/),
      expect.stringMatching(/has no column Interface.bfd_status/),
      expect.stringMatching(/has no table Manager/),
      expect.stringMatching(/Interface.ofport holds 9007199254740993/),
    ]);
    const row = session.rows.interfaces.get(BRIDGE);
    expect(row).toMatchObject({ name: "tap0", ofport: null });
    expect(row?.bfd_status).toEqual(new Map());
    const request = server.received.find(({ method }) => method === "monitor_cond_since");
    expect(JSON.stringify(request)).toMatch(/"Interface":\[\{"columns":\["admin_state",/);
    expect(JSON.stringify(request)).not.toMatch(/"Manager"/);
    expect(JSON.stringify(request)).not.toMatch(/statistics|bfd_status|"tag"/);
  });

  it("needs an Open_vSwitch database", async () => {
    const server = await serve({ ...HANDSHAKE, list_dbs: () => ["OVN_Southbound"] });
    expect((await server.probe.closed).reason).toMatch(/no Open_vSwitch database, only: OVN_Southbound/);
  });

  it.each<[string, Answers]>([
    ["list_dbs", { ...HANDSHAKE, list_dbs: () => ({ a: 1 }) }],
    ["schema", { ...HANDSHAKE, get_schema: () => ({ name: "Open_vSwitch", version: "1", tables: { Bridge: {} } }) }],
    ["monitor_cond_since", { ...HANDSHAKE, monitor_cond_since: () => [true] }],
    [
      "Bridge",
      { ...HANDSHAKE, monitor_cond_since: () => [false, "", { Bridge: { [BRIDGE]: { initial: { name: 7 } } } }] },
    ],
  ])("is closed, not believed, when its %s is nonsense", async (path, answers) => {
    const server = await serve(answers);
    const { reason } = await server.probe.closed;
    expect(reason).toContain(path);
    expect(reason).toContain("tcp:127.0.0.1:");
  });
});

describe("a large database", () => {
  const uuid = (n: number): string => `${n.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
  const interfaces = (count: number, kind: string): Json =>
    Object.fromEntries(
      Array.from({ length: count }, (_, n) => [
        uuid(n),
        { [kind]: { name: `tap${n}`, external_ids: ["map", [["n", `${n}`]]] } },
      ]),
    );

  it("is taken in over several turns, whole before anyone sees it, with later messages in order behind it", async () => {
    const server = await serve({
      ...HANDSHAKE,
      monitor_cond_since: () => [
        false,
        "",
        { Interface: interfaces(7_000, "initial"), Bridge: { [BRIDGE]: { initial: { name: "br0" } } } },
      ],
      transact: () => [{}],
    });
    const session = await server.probe.ready;
    expect(session.rows.interfaces.size).toBe(7_000);
    expect(session.rows.interfaces.get(uuid(6_999))).toMatchObject({
      name: "tap6999",
      external_ids: new Map([["n", "6999"]]),
    });
    expect(session.rows.bridges.size).toBe(1);

    const done = session.transact([comment("behind the updates")]);
    server.send({
      method: "update3",
      params: [
        "weft",
        "",
        { Interface: Object.fromEntries(Array.from({ length: 7_000 }, (_, n) => [uuid(n), { delete: null }])) },
      ],
      id: null,
    });
    server.send({
      method: "update3",
      params: ["weft", "", { Interface: { [uuid(3)]: { insert: { name: "last" } } } }],
      id: null,
    });
    await server.probe.until(({ rows }) => rows.interfaces.size === 1);
    expect(session.rows.interfaces.get(uuid(3))?.name).toBe("last");
    expect(server.probe.changes()).toBe(2);
    await done;
  });

  it("is refused as a whole when a late row of it is wrong", async () => {
    const rows = { ...(interfaces(5_000, "initial") as Record<string, Json>), [BRIDGE]: { initial: { name: 7 } } };
    const server = await serve({ ...HANDSHAKE, monitor_cond_since: () => [false, "", { Interface: rows }] });
    const { session, reason } = await server.probe.closed;
    expect(session).toBeUndefined();
    expect(reason).toMatch(/^tcp:.*Interface\.bbbbbbbb-.*name: must be a string atom, found 7/);
  });
});

describe("liveness", () => {
  it("answers the server's echo with what it sent", async () => {
    const server = await serve(HANDSHAKE);
    await server.probe.ready;
    const answer = server.next(({ id }) => id === "echo");
    server.send({ method: "echo", params: ["x", 9_007_199_254_740_993n], id: "echo" });
    expect(await answer).toEqual({ id: "echo", result: ["x", 9_007_199_254_740_993n], error: null });
  });

  it("probes a silent server after 5 s, and is content with an answer", async () => {
    const clock = new ManualClock();
    const server = await serve({ ...HANDSHAKE, echo: (params) => params }, clock);
    await server.probe.ready;
    for (let i = 1; i <= 4; i++) {
      const probed = server.next(({ method }) => method === "echo");
      clock.advance(5_000);
      await probed;
      await settle();
    }
    expect(server.called.filter((method) => method === "echo")).toHaveLength(4);
  });

  it("drops a server that is silent for 10 s", async () => {
    const clock = new ManualClock();
    const server = await serve({ ...HANDSHAKE, echo: () => undefined }, clock);
    const session = await server.probe.ready;
    const probed = server.next(({ method }) => method === "echo");
    clock.advance(5_000);
    await probed;
    clock.advance(5_000);
    const closed = await server.probe.closed;
    expect(closed).toMatchObject({ session, reason: "the peer was silent for 10000 ms and did not answer an echo" });
    expect(clock.waiting).toBe(0);
  });

  it("gives the handshake 10 s, however lively the peer is otherwise", async () => {
    const clock = new ManualClock();
    const server = await serve({ ...HANDSHAKE, get_schema: () => undefined, echo: (params) => params }, clock);
    await server.next(({ method }) => method === "get_schema");
    for (let i = 0; i < 10; i++) {
      server.send({ method: "echo", params: [], id: i });
      await settle();
      clock.advance(1_000);
    }
    const { session, reason } = await server.probe.closed;
    expect(session).toBeUndefined();
    expect(reason).toBe("no OVSDB handshake within 10000 ms: the peer stopped answering while reading the schema");
  });
});

describe("a peer that misbehaves", () => {
  it("gets an error reply to a method that is not served, and nothing else happens", async () => {
    const server = await serve(HANDSHAKE);
    const session = await server.probe.ready;
    const answer = server.next(({ id }) => id === 77);
    server.send({ method: "steal", params: ["ovs_vswitchd"], id: 77 });
    expect(await answer).toMatchObject({ result: null, error: { error: "unknown method" } });
    server.send({ method: "whatever", params: [], id: null });
    await settle();
    expect(session.rows.openVSwitch).toBeNull();
    expect(server.called).not.toContain("lock");
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ["speaks OpenFlow", Uint8Array.of(4, 0, 0, 8, 0, 0, 0, 1), /offset 0\); .*set-controller at the OpenFlow one/],
    ["speaks HTTP", "GET / HTTP/1.1\r\n", /must be a JSON object or array .*offset 0/],
    ["speaks JSON that is none", '{"id":null,}', /offset 11\); the peer does not speak JSON/],
    ["sends no message", "[]", /must be an object/],
    ["replies to nothing", '{"id":99,"result":{},"error":null}', /request that was not made/],
    ["updates what is not monitored", '{"method":"update2","params":["weft",{}],"id":null}', /not asked for/],
    ["nests too deep", "[".repeat(65), /nesting depth 64/],
  ])("is closed when it %s, with place and remedy", async (_title, bytes, reason) => {
    const server = await serve({ ...HANDSHAKE, list_dbs: () => undefined });
    server.socket.write(bytes);
    const closed = await server.probe.closed;
    expect(closed.reason).toMatch(reason);
    expect(closed.reason).toMatch(/^tcp:127\.0\.0\.1:\d+: /);
  });

  it("is closed when it modifies a row it never told of", async () => {
    const server = await serve(HANDSHAKE);
    await server.probe.ready;
    server.send({
      method: "update3",
      params: ["weft", "", { Open_vSwitch: { [ROOT]: { modify: { next_cfg: 1 } } } }],
      id: null,
    });
    expect((await server.probe.closed).reason).toMatch(/Open_vSwitch\.aaaaaaaa-.*never told of/);
  });

  it("is closed when a message is longer than the limit", async () => {
    const server = await serve({ ...HANDSHAKE, list_dbs: () => undefined }, undefined, { maxMessageBytes: 1000 });
    server.socket.write(`["${"a".repeat(2000)}`);
    expect((await server.probe.closed).reason).toMatch(/longer than 1000 bytes .*larger than the limit/);
  });

  it("fails only the transaction's caller when the reply is nonsense, and closes", async () => {
    const server = await serve({ ...HANDSHAKE, transact: () => [{}, {}, {}] });
    const session = await server.probe.ready;
    await expect(session.transact([comment("x")])).rejects.toMatchObject({ code: "ovsdb/protocol" });
    expect((await server.probe.closed).reason).toMatch(/1 operations, but 3 results/);
  });

  it("is said to have stopped in the middle of a message when it did", async () => {
    const server = await serve(HANDSHAKE);
    await server.probe.ready;
    server.socket.end('{"method":"upd');
    expect((await server.probe.closed).reason).toMatch(/closed the connection in the middle of a message/);
  });

  it("cannot touch prototypes by names of tables, rows or columns", async () => {
    const table = Object.fromEntries([["__proto__", { [BRIDGE]: { initial: {} } }]]) as Json;
    const server = await serve({ ...HANDSHAKE, monitor_cond_since: () => [false, "", table] });
    expect((await server.probe.closed).reason).toMatch(/not monitored: __proto__/);
    expect(({} as Record<string, unknown>)[BRIDGE]).toBeUndefined();
  });
});
