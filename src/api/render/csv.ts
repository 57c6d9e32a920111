// Comma-separated values (RFC 4180), with field names for a header and newlines as Unix has them.
import type { Cell } from "./table.ts";

export interface CsvField<Row> {
  readonly name: string;
  value(row: Row): Cell;
}

/** Nothing is shown as nothing, not as `-`. */
export function renderCsv<Row>(fields: readonly CsvField<Row>[], rows: readonly Row[]): string {
  const lines = [
    fields.map((field) => field.name),
    ...rows.map((row) => fields.map((field) => String(field.value(row) ?? ""))),
  ];
  return lines.map((cells) => `${cells.map(quote).join(",")}\n`).join("");
}

function quote(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
