// The database of a simulated host against a real ovsdb-server with the same schema: the same transactions, the same answers, the same rows.
import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { JsonFramer } from "../../proto/ovsdb/json-framer.ts";
import { isJsonArray, isJsonObject, type Json, type JsonObject, jsonText } from "../../proto/ovsdb/json-text.ts";
import { Database } from "../../src/sim/database/database.ts";
import { VSWITCH_SCHEMA_TEXT } from "../../src/sim/database/vswitch-schema.ts";
import { type RealServer, startServer } from "../unit/southbound/ovsdb/real-server.ts";
import { scaled, TIMEOUT } from "./runs.ts";

const RUNS = scaled(60);
const NAMES = ["br0", "br1", "p0", "p1", "p2"];

let server: RealServer;
let socket: Socket;
let waiting: ((reply: JsonObject) => void) | null = null;

beforeAll(async () => {
  const schema = join(tmpdir(), `weft-sim-${process.pid}.ovsschema`);
  writeFileSync(schema, VSWITCH_SCHEMA_TEXT);
  server = await startServer(schema);
  socket = connect(server.socket);
  const framer = new JsonFramer((message) => waiting?.(message as JsonObject));
  socket.on("data", (bytes) => framer.push(bytes));
});

afterAll(async () => {
  socket?.destroy();
  await server?.remove();
});

function askReal(operations: readonly Json[]): Promise<readonly Json[]> {
  return new Promise((resolve) => {
    waiting = ({ result }) => resolve(result as readonly Json[]);
    socket.write(jsonText({ id: 1, method: "transact", params: ["Open_vSwitch", ...operations] }));
  });
}

/** UUIDs are each server's own, and what an error says of itself beside its name. */
function comparable(results: readonly Json[]): string {
  const seen = new Map<string, string>();
  const walk = (json: Json): Json => {
    if (isJsonArray(json)) {
      if (json[0] === "uuid" && typeof json[1] === "string") {
        if (!seen.has(json[1])) seen.set(json[1], `row ${seen.size}`);
        return ["uuid", seen.get(json[1]) ?? ""];
      }
      if (json[0] === "set" && isJsonArray(json[1])) return ["set", json[1].map(walk).sort(byText)];
      if (json[0] === "map" && isJsonArray(json[1])) return ["map", json[1].map(walk).sort(byText)];
      return json.map(walk);
    }
    if (!isJsonObject(json)) return json;
    const entries = Object.entries(json).filter(([name]) => name !== "details" && name !== "syntax");
    const sorted = entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]): [string, Json] => {
        const inside = walk(value);
        return [name, name === "rows" && isJsonArray(inside) ? [...inside].sort(byText) : inside];
      });
    return Object.fromEntries(sorted);
  };
  return results.map((result) => jsonText(walk(result))).join("\n");
}

function byText(a: Json, b: Json): number {
  const [left, right] = [jsonText(a), jsonText(b)];
  return left < right ? -1 : Number(left > right);
}

/** What both hold, in an order that does not depend on UUIDs: rows by their names, references by the names they lead to. */
const STATE: readonly Json[] = ["Open_vSwitch", "Bridge", "Port", "Interface"].map((table) => ({
  op: "select",
  table,
  where: [],
}));

function stateOf(results: readonly Json[]): string {
  const names = new Map<string, string>();
  for (const result of results) {
    const rows = isJsonObject(result) && isJsonArray(result.rows) ? result.rows : [];
    for (const row of rows) {
      if (!isJsonObject(row) || !isJsonArray(row._uuid)) continue;
      names.set(String(row._uuid[1]), typeof row.name === "string" ? row.name : "root");
    }
  }
  const text = results.map((result) => {
    const rows = isJsonObject(result) && isJsonArray(result.rows) ? result.rows : [];
    return rows
      .map((row) => {
        const columns = Object.entries(row as JsonObject).filter(([name]) => name !== "_version");
        const shown = columns.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, named(value, names)]);
        return jsonText(shown as Json);
      })
      .sort()
      .join("\n");
  });
  return text.join("\n\n");
}

function named(json: Json, names: ReadonlyMap<string, string>): Json {
  if (!isJsonArray(json)) return json;
  if (json[0] === "uuid") return names.get(String(json[1])) ?? "nobody";
  if ((json[0] === "set" || json[0] === "map") && isJsonArray(json[1]))
    return [json[0], json[1].map((item) => named(item, names)).sort(byText)];
  return json.map((item) => named(item, names));
}

const name = fc.constantFrom(...NAMES);
const where = name.map((wanted): Json => [["name", "==", wanted]]);
const text = fc.constantFrom("", "a", "b", "weft");
const externalIds = fc
  .dictionary(fc.constantFrom("k1", "k2", "k3"), text, { maxKeys: 3 })
  .map((ids): Json => ["map", Object.entries(ids)]);

const addBridge = name.map((bridge): readonly Json[] => [
  { op: "insert", table: "Interface", row: { name: bridge, type: "internal" }, "uuid-name": "i" },
  { op: "insert", table: "Port", row: { name: bridge, interfaces: ["named-uuid", "i"] }, "uuid-name": "p" },
  { op: "insert", table: "Bridge", row: { name: bridge, ports: ["named-uuid", "p"] }, "uuid-name": "b" },
  { op: "mutate", table: "Open_vSwitch", where: [], mutations: [["bridges", "insert", ["named-uuid", "b"]]] },
]);
const addPort = fc
  .tuple(where, name, fc.option(fc.integer({ min: -1, max: 4097 })))
  .map(([bridge, port, tag]): readonly Json[] => [
    { op: "insert", table: "Interface", row: { name: port }, "uuid-name": "i" },
    {
      op: "insert",
      table: "Port",
      row: { name: port, interfaces: ["named-uuid", "i"], ...(tag === null ? {} : { tag }) },
      "uuid-name": "p",
    },
    { op: "mutate", table: "Bridge", where: bridge, mutations: [["ports", "insert", ["named-uuid", "p"]]] },
  ]);
const table = fc.constantFrom("Bridge", "Port", "Interface");
const setIds = fc
  .tuple(table, where, externalIds)
  .map(([of, which, ids]): readonly Json[] => [{ op: "update", table: of, where: which, row: { external_ids: ids } }]);
const mutateIds = fc
  .tuple(table, where, fc.constantFrom("insert", "delete"), externalIds)
  .map(([of, which, mutator, ids]): readonly Json[] => [
    { op: "mutate", table: of, where: which, mutations: [["external_ids", mutator, ids]] },
  ]);
const dropKeys = fc
  .tuple(table, where)
  .map(([of, which]): readonly Json[] => [
    { op: "mutate", table: of, where: which, mutations: [["external_ids", "delete", ["set", ["k1", "k9"]]]] },
  ]);
const emptyPorts = where.map((which): readonly Json[] => [
  { op: "update", table: "Bridge", where: which, row: { ports: ["set", []] } },
]);
const dropBridges = fc.constant<readonly Json[]>([
  { op: "update", table: "Open_vSwitch", where: [], row: { bridges: ["set", []] } },
]);
const deleteRow = fc
  .tuple(table, where)
  .map(([of, which]): readonly Json[] => [{ op: "delete", table: of, where: which }]);
const rename = fc
  .tuple(where, name)
  .map(([which, to]): readonly Json[] => [{ op: "update", table: "Port", where: which, row: { name: to } }]);
const failMode = fc
  .tuple(where, fc.constantFrom("secure", "standalone", "loose"))
  .map(([which, mode]): readonly Json[] => [{ op: "update", table: "Bridge", where: which, row: { fail_mode: mode } }]);
const count = fc
  .constantFrom("+=", "-=", "*=")
  .map((mutator): readonly Json[] => [
    { op: "mutate", table: "Open_vSwitch", where: [], mutations: [["next_cfg", mutator, 3]] },
  ]);
const find = fc
  .tuple(table, fc.constantFrom("includes", "excludes", "==", "!="), externalIds)
  .map(([of, test, ids]): readonly Json[] => [
    { op: "select", table: of, where: [["external_ids", test, ids]], columns: ["external_ids"] },
  ]);
const wrong = fc.constantFrom<readonly Json[]>(
  [{ op: "select", table: "Nothing", where: [] }],
  [{ op: "update", table: "Bridge", where: [], row: { nothing: 1 } }],
  [{ op: "insert", table: "Port", row: { name: "lonely" } }],
  [{ op: "abort" }],
  [{ op: "assert", lock: "mine" }],
);

const step = fc.oneof(
  { arbitrary: addBridge, weight: 3 },
  { arbitrary: addPort, weight: 5 },
  ...[setIds, mutateIds, dropKeys, emptyPorts, dropBridges, deleteRow, rename, failMode, count, find, wrong].map(
    (arbitrary) => ({ arbitrary, weight: 1 }),
  ),
);
/** Sometimes two of them at once: then the first may be undone by what the second breaks. */
const transaction = fc.oneof(
  step,
  fc.tuple(step, count).map((parts) => parts.flat()),
);

it(`answers ${RUNS} random runs of transactions as a real ovsdb-server does`, TIMEOUT, async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(transaction, { minLength: 5, maxLength: 25 }), async (transactions) => {
      const clear: Json = { op: "delete", table: "Open_vSwitch", where: [] };
      const root: Json = { op: "insert", table: "Open_vSwitch", row: {} };
      await askReal([clear]);
      await askReal([root]);
      const database = new Database();
      database.write(root);
      for (const operations of transactions) {
        const real = await askReal(operations);
        let simulated: readonly Json[] = [];
        database.transact(operations, (results) => {
          simulated = results;
        });
        if (comparable(real).includes('"error"')) refused += 1;
        expect(comparable(simulated), jsonText(operations as Json)).toBe(comparable(real));
        let state: readonly Json[] = [];
        database.transact(STATE, (results) => {
          state = results;
        });
        expect(stateOf(state), jsonText(operations as Json)).toBe(stateOf(await askReal(STATE)));
      }
    }),
    { numRuns: RUNS },
  );
  expect(refused).toBeGreaterThan(RUNS / 2);
});
