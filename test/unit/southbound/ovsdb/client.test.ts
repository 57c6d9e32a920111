import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isUuid } from "../../../../proto/ovsdb/atom.ts";
import type { Json, JsonObject } from "../../../../proto/ovsdb/json-text.ts";
import { MONITOR_METHODS } from "../../../../proto/ovsdb/monitor.ts";
import { decodeTransactionReply, type OperationResult } from "../../../../proto/ovsdb/operation-result.ts";
import {
  abort,
  assertLock,
  comment,
  commit,
  del,
  insert,
  mutate,
  type Operation,
  select,
  update,
  wait,
} from "../../../../proto/ovsdb/operations.ts";
import { applyUpdates, emptyReplica, monitoredColumns, type Replica } from "../../../../proto/ovsdb/replica.ts";
import {
  echo,
  getSchema,
  getServerId,
  listDatabases,
  lock,
  monitor,
  monitorCancel,
  monitorConditionChange,
  type RpcCall,
  setDbChangeAware,
  steal,
  transact,
  unlock,
} from "../../../../proto/ovsdb/rpc-call.ts";
import type { RpcNotification } from "../../../../proto/ovsdb/rpc-notification.ts";
import { type DatabaseSchema, parseSchema } from "../../../../proto/ovsdb/schema.ts";
import { namedUuid, ovsMap, ovsSet, uuidRef } from "../../../../proto/ovsdb/values.ts";
import { type ActiveMethod, parseConnectionMethod } from "../../../../src/southbound/connection-method.ts";
import { type OvsdbClient, openOvsdbClient } from "../../../../src/southbound/ovsdb/index.ts";
import { dial } from "../../../../src/southbound/stream/index.ts";
import { deferred } from "../stream/deferred.ts";
import { type RealServer, startServer } from "./real-server.ts";

const SCHEMA_FILE = new URL("every-type.ovsschema", import.meta.url).pathname;
const STRANGER = "11111111-2222-4333-8444-555555555555";

let server: RealServer;
let cleanups: (() => unknown)[] = [];
let client: OvsdbClient;
let schema: DatabaseSchema;
/** The same tables without any constraint: what is checked against it reaches the server whatever it holds. */
let laxSchema: DatabaseSchema;

function withoutConstraints(json: JsonObject): JsonObject {
  const strip = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== "object" || value === null) return value;
    const kept = Object.entries(value as JsonObject).filter(
      ([key]) => !/^(enum|(min|max)(Integer|Real|Length)|mutable)$/.test(key),
    );
    return Object.fromEntries(
      kept.map(([key, item]) => [key, key === "min" ? 0 : key === "max" && item !== 1 ? "unlimited" : strip(item)]),
    );
  };
  return strip(json) as JsonObject;
}

async function open(
  onNotification?: (notification: RpcNotification) => void,
  at: RealServer = server,
): Promise<OvsdbClient> {
  const opened = deferred<OvsdbClient>();
  const dialer = dial(parseConnectionMethod(`unix:${at.socket}`) as ActiveMethod, {
    onStream: (stream) =>
      opened.resolve(openOvsdbClient(stream, onNotification === undefined ? {} : { onNotification })),
  });
  cleanups.push(() => dialer.close("the test is over"));
  return opened.promise;
}

beforeAll(async () => {
  server = await startServer(SCHEMA_FILE);
  laxSchema = parseSchema(withoutConstraints(JSON.parse(readFileSync(SCHEMA_FILE, "utf8"))));
});
beforeEach(async () => {
  client = await open();
  schema = await client.call(getSchema("Every"));
});
afterEach(async () => {
  await client.call(transact(schema, [del("Thing", []), del("Few", [])]));
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});
afterAll(() => server.remove());

const run = (...operations: Operation[]) => client.call(transact(schema, operations));
/** Sends what the schema forbids. */
const force = (...operations: Operation[]) => client.call(transact(laxSchema, operations));

const THING = { pair: 1, text: ovsSet([]) };

describe("the methods of an ovsdb-server", () => {
  it("list databases, and give the schema with every constraint", async () => {
    expect(await client.call(listDatabases())).toEqual(expect.arrayContaining(["Every", "_Server"]));
    expect(schema).toMatchObject({ name: "Every", version: "1.2.3", cksum: "12345 678" });
    expect([...schema.tables.keys()].sort()).toEqual(["Few", "Leaf", "Thing"]);
    const thing = schema.tables.get("Thing");
    expect(thing).toMatchObject({ isRoot: true, indexes: [["name"]], maxRows: Number.POSITIVE_INFINITY });
    expect(schema.tables.get("Few")?.maxRows).toBe(2);
    expect(thing?.columns.get("small")?.type).toMatchObject({
      key: { type: "integer", minInteger: -5, maxInteger: 5 },
      min: 1,
      max: 1,
      value: null,
    });
    expect(thing?.columns.get("real")?.type.key).toMatchObject({ minReal: -1.5, maxReal: 1.5 });
    expect(thing?.columns.get("text")?.type).toMatchObject({ key: { minLength: 2, maxLength: 4 }, min: 0, max: 1 });
    expect(thing?.columns.get("color")?.type.key.enum).toEqual(expect.arrayContaining(["red", "green"]));
    expect(thing?.columns.get("levels")?.type).toMatchObject({
      key: { minInteger: 0 },
      value: { type: "real" },
      max: 2,
    });
    expect(thing?.columns.get("friends")?.type.key).toMatchObject({ refTable: "Leaf", refType: "weak" });
    expect(thing?.columns.get("fixed")).toMatchObject({ mutable: false, ephemeral: false });
    expect(thing?.columns.get("seen")).toMatchObject({ mutable: true, ephemeral: true });
    await expect(client.call(getSchema("None"))).rejects.toMatchObject({
      code: "ovsdb/unknown-database",
      method: "get_schema",
    });
  });

  it("echo, give the server's id, and take note of a client that knows databases change", async () => {
    expect(await client.call(echo(["a", 2n ** 60n, null]))).toEqual(["a", 2n ** 60n, null]);
    const id = await client.call(getServerId());
    expect(isUuid(id)).toBe(true);
    expect(await client.call(getServerId())).toBe(id);
    expect(await client.call(setDbChangeAware(true))).toBeUndefined();
  });

  it("hand locks from owner to owner, and tell both", async () => {
    const toldFirst: RpcNotification[] = [];
    const toldSecond: RpcNotification[] = [];
    const first = await open((notification) => toldFirst.push(notification));
    const second = await open((notification) => toldSecond.push(notification));
    expect(await first.call(lock("weft_test"))).toBe(true);
    expect(await second.call(lock("weft_test"))).toBe(false);
    await expect(second.call(transact(schema, [assertLock("weft_test")]))).rejects.toMatchObject({
      code: "ovsdb/not-owner",
      operation: { op: "assert" },
    });
    expect(await first.call(transact(schema, [assertLock("weft_test")]))).toEqual([{ op: "assert" }]);
    await first.call(unlock("weft_test"));
    await second.call(echo([]));
    expect(toldSecond).toEqual([{ kind: "locked", lock: "weft_test" }]);
    expect(await first.call(steal("weft_test"))).toBe(true);
    await second.call(echo([]));
    expect(toldSecond[1]).toEqual({ kind: "stolen", lock: "weft_test" });
    expect(toldFirst).toEqual([]);
  });

  it("cancel a transaction that waits", async () => {
    const call = client.start(transact(schema, [wait("Thing", [], ["name"], "!=", [], 60_000)]));
    call.cancel();
    await expect(call.result).rejects.toMatchObject({ code: "ovsdb/canceled", method: "transact" });
  });

  it("refuse a method that they do not have", async () => {
    const call = { method: "no_such_method", params: [], decode: () => undefined };
    await expect(client.call(call)).rejects.toMatchObject({ code: "ovsdb/unknown-method" });
  });
});

describe("the operations of a transaction", () => {
  it("store and give back values of every type exactly", async () => {
    const row = {
      name: "all",
      big: 2n ** 63n - 1n,
      small: -5,
      real: 0.1,
      flag: true,
      text: "𝄞é",
      color: "green",
      maybe: -(2n ** 63n),
      integers: ovsSet([3, 2n ** 53n + 1n, -1]),
      reals: ovsSet([1, 2.5, -1e300]),
      strings: ovsSet(["", "set", "map", "uuid", 'quo"te\\', "\u0001\u007f"]),
      pair: ovsSet([3, 1]),
      labels: ovsMap([
        ["__proto__", "x"],
        ["", "empty"],
      ]),
      levels: ovsMap([
        [2n ** 53n + 1n, 0.5],
        [0, -0],
      ]),
      leaves: namedUuid("leaf"),
      byname: ovsMap([["it", namedUuid("leaf")]]),
      any: uuidRef(STRANGER),
      fixed: "for ever",
      seen: true,
    } as const;
    const results = await run(
      insert("Leaf", { name: "l" }, "leaf"),
      insert("Thing", row, "thing"),
      select("Thing", [["name", "==", "all"]]),
    );
    const [leaf, thing, selected] = results;
    if (leaf?.op !== "insert" || thing?.op !== "insert" || selected?.op !== "select") throw new Error("wrong results");
    const [found] = selected.rows;
    const { _version, ...rest } = Object.fromEntries(found ?? []) as Record<string, unknown>;
    expect(_version).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    expect(rest).toEqual({
      _uuid: [thing.uuid],
      name: ["all"],
      big: [2n ** 63n - 1n],
      small: [-5],
      real: [0.1],
      flag: [true],
      text: ["𝄞é"],
      color: ["green"],
      maybe: [-(2n ** 63n)],
      integers: [-1, 3, 2n ** 53n + 1n],
      reals: [-1e300, 1, 2.5],
      strings: ["", "\u0001\u007f", "map", 'quo"te\\', "set", "uuid"],
      pair: [1, 3],
      labels: new Map([
        ["__proto__", "x"],
        ["", "empty"],
      ]),
      levels: new Map<unknown, unknown>([
        [0, 0],
        [2n ** 53n + 1n, 0.5],
      ]),
      leaves: [leaf.uuid],
      friends: [],
      byname: new Map([["it", leaf.uuid]]),
      any: [STRANGER],
      fixed: ["for ever"],
      seen: [true],
    });
  });

  it("compare with every function", async () => {
    await run(
      insert("Thing", { ...THING, name: "a", big: 1, strings: ovsSet(["x", "y"]), labels: ovsMap({ k: "v" }) }),
      insert("Thing", { ...THING, name: "b", big: 2, strings: ovsSet(["x"]) }),
      insert("Thing", { ...THING, name: "c", big: 3 }),
    );
    const names = async (...where: Parameters<typeof select>[1]): Promise<unknown[]> => {
      const [result] = await run(select("Thing", where, ["name"]));
      return result?.op === "select" ? result.rows.map((row) => (row.get("name") as string[])[0]).sort() : [];
    };
    expect(await names(["big", "<", 2])).toEqual(["a"]);
    expect(await names(["big", "<=", 2])).toEqual(["a", "b"]);
    expect(await names(["big", ">", 2])).toEqual(["c"]);
    expect(await names(["big", ">=", 2], ["big", "!=", 3])).toEqual(["b"]);
    expect(await names(["strings", "includes", "x"])).toEqual(["a", "b"]);
    expect(await names(["strings", "includes", ovsSet(["x", "y"])])).toEqual(["a"]);
    expect(await names(["strings", "excludes", "y"])).toEqual(["b", "c"]);
    expect(await names(["labels", "includes", ovsMap({ k: "v" })])).toEqual(["a"]);
    expect(await names(["strings", "==", ovsSet([])])).toEqual(["c"]);
    expect(await names(["pair", "excludes", ovsSet([])])).toEqual(["a", "b", "c"]);
    expect(await names(true)).toEqual(["a", "b", "c"]);
    expect(await names(false)).toEqual([]);
  });

  it("mutate with every mutator", async () => {
    const where = [["name", "==", "m"]] as const;
    await run(
      insert("Thing", {
        ...THING,
        name: "m",
        big: 7,
        real: 1,
        maybe: 5,
        integers: ovsSet([1, 2]),
        labels: ovsMap({ a: "1", b: "2" }),
      }),
    );
    const results = await run(
      mutate("Thing", where, [
        ["big", "+=", 2n ** 60n],
        ["big", "-=", 1],
        ["big", "%=", 1000],
        ["big", "*=", 3],
        ["big", "/=", 2],
      ]),
      mutate("Thing", where, [
        ["real", "*=", 1.25],
        ["real", "+=", 0.25],
        ["integers", "+=", 10],
      ]),
      mutate("Thing", where, [
        ["integers", "insert", ovsSet([12, 20])],
        ["integers", "delete", 11],
        ["labels", "insert", ovsMap({ a: "kept", c: "3" })],
        ["labels", "delete", ovsMap({ a: "other" })],
        ["labels", "delete", ovsSet(["b"])],
        ["maybe", "delete", 5],
      ]),
      select("Thing", where, ["big", "real", "integers", "labels", "maybe"]),
    );
    expect(results.slice(0, 3)).toEqual([
      { op: "mutate", count: 1 },
      { op: "mutate", count: 1 },
      { op: "mutate", count: 1 },
    ]);
    const big = Number((((2n ** 60n + 6n) % 1000n) * 3n) / 2n);
    expect(results[3]).toEqual({
      op: "select",
      rows: [
        new Map<string, unknown>([
          ["big", [big]],
          ["real", [1.5]],
          ["integers", [12, 20]],
          [
            "labels",
            new Map([
              ["a", "1"],
              ["c", "3"],
            ]),
          ],
          ["maybe", []],
        ]),
      ],
    });
  });

  it("count rows, comment, commit durably, and abort", async () => {
    const results = await run(
      insert("Few", { n: 1 }),
      update("Few", [], { n: 2 }),
      wait("Few", [], ["n"], "==", [{ n: 2 }], 0),
      del("Few", []),
      comment("weft: a test"),
      commit(true),
    );
    expect(results.map(({ op }) => op)).toEqual(["insert", "update", "wait", "delete", "comment", "commit"]);
    expect(results[1]).toEqual({ op: "update", count: 1 });
    await expect(run(insert("Few", { n: 1 }), abort(), insert("Few", { n: 2 }))).rejects.toMatchObject({
      code: "ovsdb/aborted",
      operationIndex: 1,
      operation: { op: "abort" },
    });
    expect(await run(select("Few", []))).toEqual([{ op: "select", rows: [] }]);
  });

  it("take a UUID that the client chose, once", async () => {
    const chosen: Operation = { op: "insert", table: "Few", row: { n: 1 }, uuid: STRANGER };
    expect(await run(chosen)).toEqual([{ op: "insert", uuid: STRANGER }]);
    await expect(run(chosen)).rejects.toMatchObject({ code: "ovsdb/duplicate-uuid" });
  });
});

/** Sends these very operations, and reads the reply as if the given ones had been sent. */
function raw(operations: readonly Json[], meant: readonly Operation[] = []): RpcCall<readonly OperationResult[]> {
  return {
    method: "transact",
    params: ["Every", ...operations],
    decode: (result) => decodeTransactionReply(schema, meant, result),
  };
}

describe("what the schema forbids", () => {
  const first = insert("Thing", { ...THING, name: "x" });
  const violation = "ovsdb/constraint-violation";
  const syntax = "ovsdb/syntax-error";

  it.each<[what: string, there: string, operations: readonly Operation[]]>([
    ["a set that is too small", syntax, [insert("Thing", { pair: ovsSet([]) })]],
    ["a set that is too large", syntax, [insert("Thing", { ...THING, reals: ovsSet([1, 2, 3, 4]) })]],
    [
      "a map that is too large",
      syntax,
      [
        insert("Thing", {
          ...THING,
          levels: ovsMap([
            [0, 0],
            [1, 1],
            [2, 2],
          ]),
        }),
      ],
    ],
    ["an integer out of range", violation, [insert("Thing", { ...THING, small: 6 })]],
    ["a key out of range", violation, [insert("Thing", { ...THING, levels: ovsMap([[-1, 0]]) })]],
    ["a real out of range", violation, [insert("Thing", { ...THING, real: 1.6 })]],
    ["a string that is too short", violation, [insert("Thing", { ...THING, text: "𝄞" })]],
    ["a string that is too long", violation, [insert("Thing", { ...THING, text: "12345" })]],
    ["a value outside of its enum", violation, [insert("Thing", { ...THING, color: "blue" })]],
    ["an update of an immutable column", violation, [first, update("Thing", [], { fixed: "y" })]],
    ["an inserted element outside of its enum", violation, [first, mutate("Thing", [], [["color", "insert", "blue"]])]],
    ["a deleted element outside of its enum", violation, [first, mutate("Thing", [], [["color", "delete", "blue"]])]],
    ["a comparison with what is out of range", violation, [first, del("Thing", [["small", "<", 100]])]],
    [
      "a comparison with a set that is too large",
      syntax,
      [first, del("Thing", [["reals", "==", ovsSet([1, 2, 3, 4])]])],
    ],
    [
      "an inclusion of a set that is too large",
      syntax,
      [first, del("Thing", [["reals", "includes", ovsSet([1, 2, 3, 4])]])],
    ],
  ])("is refused here as it would be there: %s", async (_what, there, operations) => {
    const operationIndex = operations.length - 1;
    const path = expect.stringContaining(`operation ${operationIndex} (`);
    expect(() => transact(schema, operations)).toThrow(expect.objectContaining({ code: violation, path }));
    await expect(force(...operations)).rejects.toMatchObject({ code: there, operationIndex, table: "Thing" });
  });

  const thing = { op: "insert", table: "Thing", row: { pair: 1 } };
  const mutateThing = (...mutation: Json[]): Json => ({
    op: "mutate",
    table: "Thing",
    where: [],
    mutations: [mutation],
  });
  const insertJson = (table: string, row: JsonObject, uuidName?: string): Json => ({
    op: "insert",
    table,
    row,
    ...(uuidName === undefined ? {} : { "uuid-name": uuidName }),
  });
  const wrongType = "ovsdb/wrong-type";
  const domain = "ovsdb/domain-error";
  const twice = "ovsdb/duplicate-uuid-name";

  it.each<[what: string, here: string, there: string, operations: readonly Operation[], json: readonly Json[]]>([
    [
      "a division by zero",
      domain,
      domain,
      [first, mutate("Thing", [], [["big", "/=", 0]])],
      [thing, mutateThing("big", "/=", 0)],
    ],
    [
      "a remainder by zero",
      domain,
      domain,
      [first, mutate("Thing", [], [["big", "%=", 0n]])],
      [thing, mutateThing("big", "%=", 0)],
    ],
    [
      "a name given to two rows",
      twice,
      twice,
      [insert("Few", {}, "r"), insert("Few", {}, "r")],
      [insertJson("Few", {}, "r"), insertJson("Few", {}, "r")],
    ],
    ["a table that is not there", "ovsdb/unknown-table", syntax, [insert("None", {})], [insertJson("None", {})]],
    [
      "a column that is not there",
      "ovsdb/unknown-column",
      "ovsdb/unknown-column",
      [insert("Few", { m: 1 })],
      [insertJson("Few", { m: 1 })],
    ],
    ["a value of another type", wrongType, syntax, [insert("Few", { n: "1" })], [insertJson("Few", { n: "1" })]],
    [
      "a key that occurs twice",
      violation,
      "ovsdb/ovsdb-error",
      [
        insert("Thing", {
          ...THING,
          labels: ovsMap([
            ["a", "1"],
            ["a", "2"],
          ]),
        }),
      ],
      [
        insertJson("Thing", {
          labels: [
            "map",
            [
              ["a", "1"],
              ["a", "2"],
            ],
          ],
        }),
      ],
    ],
    [
      "an element that occurs twice",
      violation,
      "ovsdb/ovsdb-error",
      [insert("Thing", { pair: ovsSet([1, 1]) })],
      [insertJson("Thing", { pair: ["set", [1, 1]] })],
    ],
    [
      "an order of what has none",
      wrongType,
      syntax,
      [del("Thing", [["name", "<", "a"]])],
      [{ op: "delete", table: "Thing", where: [["name", "<", "a"]] }],
    ],
    [
      "a mutator that does not suit",
      wrongType,
      syntax,
      [mutate("Thing", [], [["name", "+=", "a"]])],
      [mutateThing("name", "+=", "a")],
    ],
    [
      "a remainder of a real",
      wrongType,
      syntax,
      [mutate("Thing", [], [["real", "%=", 2]])],
      [mutateThing("real", "%=", 2)],
    ],
    [
      "an insert into a scalar",
      wrongType,
      syntax,
      [mutate("Thing", [], [["big", "insert", 1]])],
      [mutateThing("big", "insert", 1)],
    ],
    ["a bad row name", wrongType, syntax, [insert("Few", {}, "not a name")], [insertJson("Few", {}, "not a name")]],
  ])("is refused on both sides: %s", async (_what, here, there, operations, json) => {
    expect(() => transact(schema, operations)).toThrow(expect.objectContaining({ code: here }));
    const operationIndex = operations.length - 1;
    await expect(client.call(raw(json, operations))).rejects.toMatchObject({ code: there, operationIndex });
  });

  it("is refused here, although the server would quietly leave it out: a column that the server sets", () => {
    const operations = [insert("Few", { _uuid: uuidRef(STRANGER) })];
    expect(() => transact(schema, operations)).toThrow(expect.objectContaining({ code: violation }));
  });
});

describe("what only the server can refuse", () => {
  it.each<[what: string, code: string, operations: readonly Operation[], index: number | null]>([
    [
      "a reference to nothing",
      "ovsdb/referential-integrity-violation",
      [insert("Thing", { ...THING, leaves: uuidRef(STRANGER) })],
      null,
    ],
    [
      "the deletion of what is referred to",
      "ovsdb/referential-integrity-violation",
      [insert("Leaf", {}, "l"), insert("Thing", { ...THING, leaves: namedUuid("l") }), del("Leaf", [])],
      null,
    ],
    [
      "more rows than the table may have",
      "ovsdb/constraint-violation",
      [insert("Few", { n: 1 }), insert("Few", { n: 2 }), insert("Few", { n: 3 })],
      null,
    ],
    [
      "the same index twice",
      "ovsdb/constraint-violation",
      [insert("Thing", { ...THING, name: "n" }), insert("Thing", { ...THING, name: "n" })],
      null,
    ],
    [
      "an overflow",
      "ovsdb/range-error",
      [insert("Thing", { ...THING, big: 2n ** 63n - 1n }), mutate("Thing", [], [["big", "+=", 1]])],
      1,
    ],
    [
      "the result of a mutation out of its range",
      "ovsdb/constraint-violation",
      [insert("Thing", { ...THING, small: 5 }), mutate("Thing", [], [["small", "+=", 1]])],
      1,
    ],
    [
      "a set that a mutation makes too large",
      "ovsdb/constraint-violation",
      [insert("Thing", { ...THING, reals: ovsSet([1, 2, 3]) }), mutate("Thing", [], [["reals", "insert", 4]])],
      1,
    ],
    ["a wait in vain", "ovsdb/timed-out", [wait("Few", [], ["n"], "==", [{ n: 1 }], 0)], 0],
    ["a lock that another owns", "ovsdb/not-owner", [assertLock("nobody")], 0],
    ["an abort", "ovsdb/aborted", [abort()], 0],
  ])("is told with the operation that failed: %s", async (_what, code, operations, operationIndex) => {
    const failed = expect(run(comment("before"), ...operations)).rejects;
    await failed.toMatchObject({
      name: "OvsdbTransactionError",
      code,
      operationIndex: operationIndex === null ? null : operationIndex + 1,
    });
    expect(await run(select("Thing", []), select("Few", []), select("Leaf", []))).toEqual(
      Array(3).fill({ op: "select", rows: [] }),
    );
  });

  it("is told for the whole request, too", async () => {
    const elsewhere: RpcCall<unknown> = { method: "transact", params: ["None"], decode: (result) => result };
    await expect(client.call(elsewhere)).rejects.toMatchObject({
      name: "OvsdbRequestError",
      code: "ovsdb/unknown-database",
    });
    await expect(client.call(monitorCancel("none"))).rejects.toMatchObject({ code: "ovsdb/unknown-monitor" });
    const tables = new Map([["Few", { columns: ["n"] }]]);
    await client.call(monitor("monitor", schema, "twice", tables));
    await expect(client.call(monitor("monitor_cond", schema, "twice", tables))).rejects.toMatchObject({
      code: "ovsdb/syntax-error",
      serverError: { details: "duplicate monitor ID" },
    });
    await expect(client.call(raw(["not an operation"]))).rejects.toMatchObject({
      code: "ovsdb/syntax-error",
    });
  });

  it("is told as an I/O error, which may pass, when the disk is full", async () => {
    const full = await startServer(SCHEMA_FILE, { fileSizeLimit: 16 * 1024 });
    cleanups.push(() => full.remove());
    const other = await open(undefined, full);
    const big = insert("Thing", { ...THING, name: "x".repeat(20_000) });
    await expect(other.call(transact(schema, [big]))).rejects.toMatchObject({
      code: "ovsdb/io-error",
      retryable: true,
      operationIndex: null,
    });
  });
});

describe("monitoring", () => {
  const columns = [
    ...(parseSchema(JSON.parse(readFileSync(SCHEMA_FILE, "utf8")))
      .tables.get("Thing")
      ?.columns.keys() ?? []),
  ].filter((name) => !name.startsWith("_"));
  const tables = new Map([
    ["Thing", { columns }],
    ["Leaf", { columns: ["name"] }],
    ["Few", { columns: ["n"] }],
  ]);

  it("gives the same rows by each of the three methods, whatever happens to them", async () => {
    const monitored = monitoredColumns(schema, tables);
    const replicas = new Map<string, Replica>();
    const watcher = await open((notification) => {
      if (notification.kind !== "update") throw new Error("unexpected");
      const id = String(notification.monitorId);
      replicas.set(id, applyUpdates(monitored, replicas.get(id)!, notification).replica);
    });
    await run(
      insert("Leaf", { name: "l" }, "l"),
      insert("Thing", { ...THING, name: "before", leaves: namedUuid("l"), integers: ovsSet([1, 2, 3]) }),
    );
    for (const method of MONITOR_METHODS) {
      const initial = await watcher.call(monitor(method, schema, method, tables));
      replicas.set(method, applyUpdates(monitored, emptyReplica(monitored), initial).replica);
    }
    const steps: Operation[][] = [
      [
        insert("Few", { n: 1 }),
        insert("Thing", { ...THING, name: "a", labels: ovsMap({ __proto__x: "1", y: "2" }), text: "ab" }),
      ],
      [
        mutate(
          "Thing",
          [],
          [
            ["integers", "insert", ovsSet([3, 4])],
            ["labels", "delete", ovsSet(["y"])],
          ],
        ),
      ],
      [
        mutate(
          "Thing",
          [["name", "==", "a"]],
          [
            ["labels", "insert", ovsMap({ z: "3" })],
            ["integers", "delete", 4],
          ],
        ),
      ],
      [
        update("Thing", [["name", "==", "a"]], {
          labels: ovsMap({ __proto__x: "changed" }),
          text: ovsSet([]),
          big: 2n ** 60n,
          maybe: 5,
        }),
      ],
      [update("Thing", [["name", "==", "before"]], { leaves: ovsSet([]), integers: ovsSet([2, 9]), color: "red" })],
      [
        update("Thing", [["name", "==", "a"]], {
          maybe: 6,
          color: "green",
          levels: ovsMap([
            [1, 0.5],
            [2, 1],
          ]),
        }),
      ],
      [
        mutate(
          "Thing",
          [["name", "==", "a"]],
          [
            ["levels", "insert", ovsMap([[3, 1]])],
            ["levels", "delete", 1],
            ["maybe", "delete", 6],
          ],
        ),
      ].slice(1),
      [del("Thing", [["name", "==", "before"]]), del("Few", [])],
    ];
    for (const operations of steps) {
      await run(...operations);
      await watcher.call(echo([]));
      const [result, few, leaves] = await run(
        select("Thing", [], ["_uuid", ...columns]),
        select("Few", [], ["_uuid", "n"]),
        select("Leaf", [], ["_uuid", "name"]),
      );
      const truth = new Map(
        (
          [
            ["Thing", result],
            ["Leaf", leaves],
            ["Few", few],
          ] as const
        ).map(([table, found]) => {
          const rows = found?.op === "select" ? found.rows : [];
          return [
            table,
            new Map(
              rows.map((row) => {
                const { _uuid, ...rest } = Object.fromEntries(row) as Record<string, unknown>;
                return [(_uuid as string[])[0], rest] as const;
              }),
            ),
          ] as const;
        }),
      );
      for (const method of MONITOR_METHODS) {
        const plain = new Map(
          [...replicas.get(method)!].map(([table, rows]) => [
            table,
            new Map([...rows].map(([uuid, row]) => [uuid, Object.fromEntries(row)])),
          ]),
        );
        expect(plain).toEqual(truth);
      }
    }
  });

  it("follows conditions, their change, and their end", async () => {
    const told: RpcNotification[] = [];
    const watcher = await open((notification) => told.push(notification));
    await run(insert("Few", { n: 1 }), insert("Few", { n: 2 }));
    const few = (n: number) => new Map([["Few", { columns: ["n"], where: [["n", "==", n]] as const }]]);
    const initial = await watcher.call(monitor("monitor_cond", schema, ["few", 1], few(1)));
    expect(Object.values((initial.updates as JsonObject).Few ?? {})).toEqual([{ initial: { n: 1 } }]);
    await watcher.call(monitorConditionChange(schema, ["few", 1], ["few", 2], new Map([["Few", [["n", "==", 2]]]])));
    await watcher.call(echo([]));
    expect(told).toMatchObject([{ kind: "update", version: 2, monitorId: ["few", 2] }]);
    const kinds = Object.values(((told[0] as { updates: JsonObject }).updates.Few ?? {}) as JsonObject).map(
      (row) => Object.keys(row as JsonObject)[0],
    );
    expect(kinds.sort()).toEqual(["delete", "insert"]);
    await watcher.call(monitorCancel(["few", 2]));
    await run(update("Few", [], { n: 3 }));
    await watcher.call(echo([]));
    expect(told).toHaveLength(1);
  });

  it("leaves out the kinds of change that were not selected", async () => {
    const told: RpcNotification[] = [];
    const watcher = await open((notification) => told.push(notification));
    await run(insert("Few", { n: 1 }));
    const request = new Map([["Few", { columns: ["n"], select: { initial: false, insert: false } }]]);
    const initial = await watcher.call(monitor("monitor", schema, "selected", request));
    expect(initial.updates).toEqual({});
    await run(insert("Few", { n: 2 }));
    await run(update("Few", [["n", "==", 2]], { n: 5 }));
    await watcher.call(echo([]));
    expect(told).toHaveLength(1);
  });
});
