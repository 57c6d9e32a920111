// Generic rows -> the typed rows of vswitch-rows.ts, whatever version of the schema the server has.
import type { Atom, AtomicType } from "./atom.ts";
import { type Datum, isMapDatum } from "./datum.ts";
import type { MonitorTable, MonitorTables } from "./monitor.ts";
import type { DatumRow } from "./operation-result.ts";
import { draftOf, type Replica, type RowChange, type UpdateDraft } from "./replica.ts";
import type { ColumnType, DatabaseSchema } from "./schema.ts";
import {
  type ColumnShape,
  type ColumnTable,
  type OpenVSwitchRow,
  VSWITCH_COLUMNS,
  type VswitchRows,
  type VswitchTable,
} from "./vswitch-rows.ts";

interface ShapeRule {
  readonly key: AtomicType;
  /** Whether the column may have more than one element. */
  readonly many: boolean;
  readonly map?: boolean;
}

const SHAPE_RULES: Readonly<Record<ColumnShape, ShapeRule>> = {
  string: { key: "string", many: false },
  boolean: { key: "boolean", many: false },
  integer: { key: "integer", many: false },
  "optional string": { key: "string", many: false },
  "optional boolean": { key: "boolean", many: false },
  "optional number": { key: "integer", many: false },
  strings: { key: "string", many: true },
  numbers: { key: "integer", many: true },
  refs: { key: "uuid", many: true },
  map: { key: "string", many: true, map: true },
};

function fits(shape: ColumnShape, type: ColumnType): boolean {
  const rule = SHAPE_RULES[shape];
  if (type.key.type !== rule.key) return false;
  if (rule.map === true) return type.value?.type === "string";
  return type.value === null && (rule.many || type.max === 1);
}

/** Tells something about a host's data that Weft has to make do without. */
export type Diagnose = (text: string) => void;

const TABLES = Object.entries(VSWITCH_COLUMNS) as readonly (readonly [VswitchTable, ColumnTable])[];

/** What to monitor of a server with this schema; what it lacks, or has with another type, is diagnosed and left out. */
export function planVswitchMonitor(schema: DatabaseSchema, diagnose: Diagnose): MonitorTables {
  const plan = new Map<string, MonitorTable>();
  for (const [name, wanted] of TABLES) {
    const table = schema.tables.get(name);
    if (table === undefined) {
      diagnose(`schema ${schema.version} has no table ${name}; it is taken as empty`);
      continue;
    }
    const columns: string[] = [];
    for (const [column, shape] of Object.entries(wanted)) {
      const found = table.columns.get(column);
      if (found === undefined) {
        diagnose(`schema ${schema.version} has no column ${name}.${column}; it is taken as empty`);
      } else if (!fits(shape, found.type)) {
        diagnose(`schema ${schema.version} has column ${name}.${column} with another type; it is taken as empty`);
      } else {
        columns.push(column);
      }
    }
    plan.set(name, { columns });
  }
  return plan;
}

function safeNumbers(atoms: readonly Atom[], path: string, diagnose: Diagnose): readonly number[] {
  return atoms.filter((atom) => {
    if (typeof atom === "number") return true;
    diagnose(`${path} holds ${atom}, which is beyond any value it can mean; it is taken as empty`);
    return false;
  }) as readonly number[];
}

const NO_ATOMS: readonly Atom[] = Object.freeze([]);
const NO_PAIRS: ReadonlyMap<string, string> = new Map();

function shapeValue(shape: ColumnShape, datum: Datum | undefined, path: string, diagnose: Diagnose): unknown {
  if (shape === "map") return datum !== undefined && isMapDatum(datum) ? datum : NO_PAIRS;
  const atoms = datum === undefined || isMapDatum(datum) ? NO_ATOMS : datum;
  switch (shape) {
    case "string":
      return atoms[0] ?? "";
    case "boolean":
      return atoms[0] ?? false;
    case "integer":
      return atoms[0] ?? 0;
    case "optional string":
    case "optional boolean":
      return atoms[0] ?? null;
    case "optional number":
      return safeNumbers(atoms, path, diagnose)[0] ?? null;
    case "numbers":
      return Object.freeze(safeNumbers(atoms, path, diagnose));
    case "strings":
    case "refs":
      return atoms;
  }
}

interface Typed {
  readonly uuid: string;
}

interface ShapedColumn {
  readonly name: string;
  readonly shape: ColumnShape;
  readonly path: string;
}

const SHAPED_COLUMNS: ReadonlyMap<string, readonly ShapedColumn[]> = new Map(
  TABLES.map(([table, columns]) => [
    table,
    Object.entries(columns).map(([name, shape]) => ({ name, shape, path: `${table}.${name}` })),
  ]),
);

/** Assigns the columns always in the same order: rows of a table are then of one hidden class, and cheap. */
function typedRow(table: VswitchTable, uuid: string, row: DatumRow, diagnose: Diagnose): Typed {
  const typed: Record<string, unknown> & { uuid: string } = { uuid };
  for (const { name, shape, path } of SHAPED_COLUMNS.get(table) ?? []) {
    typed[name] = shapeValue(shape, row.get(name), path, diagnose);
  }
  return Object.freeze(typed);
}

/** Where each table's rows stand in a snapshot. */
const SNAPSHOT_KEYS = {
  Bridge: "bridges",
  Port: "ports",
  Interface: "interfaces",
  Controller: "controllers",
  Manager: "managers",
} as const satisfies Partial<Record<VswitchTable, keyof VswitchRows>>;

function isSnapshotTable(table: string): table is keyof typeof SNAPSHOT_KEYS {
  return Object.hasOwn(SNAPSHOT_KEYS, table);
}

/** The table has one row; were there more, the choice must not depend on their order. */
function rootRow(replica: Replica, diagnose: Diagnose): OpenVSwitchRow | null {
  const rows = [...(replica.get("Open_vSwitch") ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  const [first] = rows;
  return first === undefined ? null : (typedRow("Open_vSwitch", ...first, diagnose) as OpenVSwitchRow);
}

/**
 * The next snapshot: rows that changed are made anew, all others are those of `snapshot`.
 * @param replica as it is after the changes
 * @param draft as for `applyUpdates`: `snapshot`, if it is a slice's, is then no longer valid
 */
export function nextVswitchRows(
  snapshot: VswitchRows,
  replica: Replica,
  changes: readonly RowChange[],
  diagnose: Diagnose,
  draft?: UpdateDraft,
): VswitchRows {
  const next: { -readonly [Key in keyof VswitchRows]: unknown } = { ...snapshot };
  const copies = new Map<keyof VswitchRows, Map<string, Typed>>();
  for (const { table, uuid, after } of changes) {
    if (!isSnapshotTable(table)) {
      if (table === "Open_vSwitch") next.openVSwitch = rootRow(replica, diagnose);
      continue;
    }
    const key = SNAPSHOT_KEYS[table];
    const copy = copies.get(key) ?? draftOf<Typed>(snapshot[key], draft);
    copies.set(key, copy);
    if (after === undefined) copy.delete(uuid);
    else copy.set(uuid, typedRow(table, uuid, after, diagnose));
  }
  for (const [key, copy] of copies) next[key] = copy;
  return Object.freeze(next) as VswitchRows;
}
