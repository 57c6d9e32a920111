// A server's answer as JSON: integers exact, and the words that people see beside it in tables.
import { type Json, jsonText } from "../../../proto/ovsdb/index.ts";
import { datumText, rowJson } from "./row-values.ts";
import type { OvsdbOutput, RowEvent } from "./run-command.ts";

/** One document; a line for each event. Ends with a newline. */
export function outputJson(output: OvsdbOutput): string {
  switch (output.kind) {
    case "names":
      return `${indented([...output.names])}\n`;
    case "json":
      return `${indented(output.json)}\n`;
    case "tables":
      return `${indented(Object.fromEntries(output.tables.map(({ table, columns, rows }) => [table, rows.map((row) => rowJson(columns, row))])))}\n`;
    case "events":
      return output.events.map((event) => `${jsonText(eventJson(event))}\n`).join("");
  }
}

function eventJson({ table, uuid, action, columns, before, after }: RowEvent): Json {
  return {
    table,
    row: uuid,
    action,
    ...(action === "modify" || action === "delete"
      ? { old: before === undefined ? null : rowJson(columns, before) }
      : {}),
    ...(after === undefined ? {} : { new: rowJson(columns, after) }),
  };
}

/** JSON.stringify would round integers of 64 bits. */
function indented(json: Json, margin = ""): string {
  if (typeof json !== "object" || json === null) return jsonText(json);
  const inner = `${margin}  `;
  if (Array.isArray(json)) {
    if (json.every((item) => typeof item !== "object" || item === null)) return jsonText(json);
    return `[\n${json.map((item) => inner + indented(item, inner)).join(",\n")}\n${margin}]`;
  }
  const members = Object.entries(json);
  if (members.length === 0) return "{}";
  return `{\n${members.map(([key, value]) => `${inner}${jsonText(key)}: ${indented(value, inner)}`).join(",\n")}\n${margin}}`;
}

/** Lines of a table: a header, and cells as text. */
export interface TextTable {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function outputTables(output: OvsdbOutput & { readonly kind: "tables" | "events" }): readonly TextTable[] {
  if (output.kind === "tables") {
    return output.tables.map(({ table, columns, rows }) => ({
      title: `${table} table`,
      header: columns.map(({ name }) => name),
      rows: rows.map((row) => columns.map(({ name, type }) => datumText(type, row.get(name) ?? []))),
    }));
  }
  const [first] = output.events;
  if (first === undefined) return [];
  const rows = output.events.flatMap((event) => {
    const cells = (action: string, row: RowEvent["before"]): readonly string[] => [
      event.uuid,
      action,
      ...event.columns.map(({ name, type }) => datumText(type, row?.get(name) ?? [])),
    ];
    if (event.action !== "modify") return [cells(event.action, event.after ?? event.before)];
    return [cells("old", event.before), cells("new", event.after)];
  });
  return [{ title: "", header: ["row", "action", ...first.columns.map(({ name }) => name)], rows }];
}
