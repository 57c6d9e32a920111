import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WeftError } from "../../proto/bytes/errors.ts";
import type { Atom } from "../../proto/ovsdb/atom.ts";
import { applyDatumDiff, type Datum, equalData, isMapDatum } from "../../proto/ovsdb/datum.ts";
import type { Json, JsonObject } from "../../proto/ovsdb/json-text.ts";
import { decodeMonitorReply, MONITOR_METHODS } from "../../proto/ovsdb/monitor.ts";
import { decodeTransactionReply } from "../../proto/ovsdb/operation-result.ts";
import { insert, select } from "../../proto/ovsdb/operations.ts";
import {
  applyUpdates,
  emptyReplica,
  monitoredColumns,
  sliceUpdates,
  type UpdateDraft,
} from "../../proto/ovsdb/replica.ts";
import { decodeNotification } from "../../proto/ovsdb/rpc-notification.ts";
import { RpcPeer } from "../../proto/ovsdb/rpc-peer.ts";
import { parseColumnType, parseSchema } from "../../proto/ovsdb/schema.ts";
import { nextVswitchRows, planVswitchMonitor } from "../../proto/ovsdb/vswitch-replica.ts";
import { EMPTY_VSWITCH_ROWS } from "../../proto/ovsdb/vswitch-rows.ts";

const SCHEMA = JSON.parse(readFileSync("/usr/share/openvswitch/vswitch.ovsschema", "utf8")) as JsonObject;
const schema = parseSchema(SCHEMA);
const tables = planVswitchMonitor(schema, () => undefined);
const columns = monitoredColumns(schema, tables);

const letters = fc.constantFrom("a", "b", "c", "__proto__", "constructor");

describe("differences", () => {
  const setType = parseColumnType({ key: "string", min: 0, max: "unlimited" }, "set");
  const mapType = parseColumnType({ key: "string", value: "string", min: 0, max: "unlimited" }, "map");
  const set = fc.uniqueArray(letters).map((atoms): Datum => atoms.sort());
  const map = fc.array(fc.tuple(letters, letters)).map((entries): Datum => new Map<Atom, Atom>(entries));

  it("of sets turn the old into the new, and the new into the old", () => {
    fc.assert(
      fc.property(set, set, (before, after) => {
        const [old, next] = [before as Atom[], after as Atom[]];
        const diff = [...old.filter((atom) => !next.includes(atom)), ...next.filter((atom) => !old.includes(atom))];
        expect(applyDatumDiff(setType, before, diff)).toEqual(after);
        expect(applyDatumDiff(setType, after, diff)).toEqual(before);
      }),
    );
  });

  it("of maps turn the old into the new", () => {
    fc.assert(
      fc.property(map, map, (before, after) => {
        if (!isMapDatum(before) || !isMapDatum(after)) throw new Error("not a map");
        const removed = [...before].filter(([key]) => !after.has(key));
        const changed = [...after].filter(([key, value]) => before.get(key) !== value);
        const copy = new Map(before);
        const result = applyDatumDiff(mapType, before, new Map([...removed, ...changed]));
        expect(equalData(result, after)).toBe(true);
        expect(before).toEqual(copy);
      }),
    );
  });
});

/** JSON that looks like OVSDB until it does not. */
const uuid = fc.constantFrom(
  "11111111-2222-4333-8444-555555555555",
  "aaaaaaaa-2222-4333-8444-555555555555",
  "not-a-uuid",
);
const { value } = fc.letrec<{ value: Json; list: Json; object: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom<Json>(
      null,
      true,
      0,
      -1,
      1.5,
      2n ** 60n,
      "",
      "set",
      "map",
      "uuid",
      "named-uuid",
      "string",
      "integer",
      "unlimited",
    ),
    uuid,
    tie("list"),
    tie("object"),
  ),
  list: fc.oneof(
    fc.array(tie("value"), { maxLength: 4 }),
    fc.tuple(fc.constantFrom("set", "map", "uuid"), tie("value")) as fc.Arbitrary<Json>,
  ),
  object: fc
    .array(
      fc.tuple(
        fc.oneof(
          fc.constantFrom(
            "new",
            "old",
            "initial",
            "insert",
            "modify",
            "delete",
            "name",
            "tag",
            "external_ids",
            "ports",
            "__proto__",
          ),
          fc.constantFrom(
            "tables",
            "columns",
            "type",
            "key",
            "value",
            "min",
            "max",
            "enum",
            "refTable",
            "rows",
            "count",
            "error",
          ),
          fc.constantFrom("Bridge", "Port", "Open_vSwitch", "constructor"),
          uuid,
        ),
        tie("value"),
      ),
      { maxLength: 4 },
    )
    .map((entries): Json => Object.fromEntries(entries)),
}));
const rowUpdate = fc.oneof(
  value,
  fc
    .tuple(fc.constantFrom("initial", "insert", "modify", "delete", "new", "old"), value)
    .map(([kind, row]): Json => ({ [kind]: row })),
);
const tableUpdates = fc.oneof(
  value,
  fc
    .array(fc.tuple(fc.constantFrom("Bridge", "Port", "Interface", "Open_vSwitch", "__proto__"), uuid, rowUpdate), {
      maxLength: 4,
    })
    .map((rows): Json => Object.fromEntries(rows.map(([table, id, update]) => [table, { [id]: update }]))),
);

/** Runs it; anything thrown that is not one of ours is a crash. */
function survives(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof WeftError) return false;
    throw error;
  }
}

describe("an update that is divided", () => {
  const ids = fc.constantFrom(...["1", "2", "3", "4"].map((digit) => `${digit.repeat(8)}-2222-4333-8444-555555555555`));
  const names = fc.record({ name: fc.constantFrom("x", "y") });
  const row = fc.oneof(
    names.map((content): Json => ({ insert: content })),
    fc.constant<Json>({ delete: null }),
  );
  const rows = fc.dictionary(ids, row).map((content): Json => content);
  const whole = fc.dictionary(fc.constantFrom("Bridge", "Port", "Interface"), rows);

  it("does the same in any number of slices", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(whole, fc.boolean()), { maxLength: 4 }),
        fc.integer({ min: 1, max: 5 }),
        (all, size) => {
          let [atOnce, sliced] = [emptyReplica(columns), emptyReplica(columns)];
          let drafted = emptyReplica(columns);
          let [rows, draftedRows] = [EMPTY_VSWITCH_ROWS, EMPTY_VSWITCH_ROWS];
          for (const [updates, incremental] of all) {
            const raw = { version: 2, updates, incremental } as const;
            atOnce = applyUpdates(columns, atOnce, raw).replica;
            for (const slice of sliceUpdates(raw, size)) {
              const next = applyUpdates(columns, sliced, slice);
              sliced = next.replica;
              rows = nextVswitchRows(rows, sliced, next.changes, () => undefined);
            }
            const [old, before] = [drafted, structuredClone(drafted)];
            const draft: UpdateDraft = new Set();
            for (const slice of sliceUpdates(raw, size)) {
              const next = applyUpdates(columns, drafted, slice, draft);
              drafted = next.replica;
              draftedRows = nextVswitchRows(draftedRows, drafted, next.changes, () => undefined, draft);
            }
            expect(old).toEqual(before);
          }
          expect(sliced).toEqual(atOnce);
          expect(drafted).toEqual(atOnce);
          expect(draftedRows).toEqual(rows);
        },
      ),
    );
  });
});

describe("whatever JSON a peer sends", () => {
  it("as table updates is applied or refused, and leaves the old rows whole", () => {
    let applied = 0;
    fc.assert(
      fc.property(fc.array(tableUpdates, { maxLength: 4 }), fc.constantFrom<1 | 2>(1, 2), (updates, version) => {
        let replica = emptyReplica(columns);
        let rows = EMPTY_VSWITCH_ROWS;
        for (const one of updates) {
          const before = structuredClone(rows);
          const held = rows;
          const taken = survives(() => {
            const next = applyUpdates(columns, replica, { version, updates: one, incremental: true });
            rows = nextVswitchRows(rows, next.replica, next.changes, () => undefined);
            replica = next.replica;
          });
          if (taken) applied += 1;
          expect(held).toEqual(before);
          expect(Object.getPrototypeOf(rows.bridges)).toBe(Map.prototype);
        }
      }),
      { numRuns: 1000 },
    );
    expect(applied).toBeGreaterThan(100);
  });

  it("as a message, a schema, a reply or a notification is read or refused", () => {
    fc.assert(
      fc.property(
        value,
        fc.constantFrom(...MONITOR_METHODS),
        fc.constantFrom("update", "update2", "update3", "locked", "echo"),
        (json, method, notification) => {
          survives(() => parseSchema(json));
          survives(() => parseSchema({ ...SCHEMA, tables: json }));
          survives(() => parseColumnType(json, "type"));
          survives(() => decodeMonitorReply(method, json));
          survives(() => decodeNotification(notification, Array.isArray(json) ? json : [json]));
          survives(() => decodeTransactionReply(schema, [insert("Bridge", {}), select("Bridge", [])], json));
          const peer = new RpcPeer({ send: () => undefined, onNotification: () => undefined });
          peer.request({ method: "x", params: [], decode: (result) => result }, () => undefined);
          survives(() => peer.receive(json));
          survives(() => peer.receive({ id: 1, result: json, error: null }));
          survives(() => peer.receive({ id: json, method: "echo", params: [json] }));
        },
      ),
      { numRuns: 1000 },
    );
    expect(({} as Record<string, unknown>).name).toBeUndefined();
  });
});
