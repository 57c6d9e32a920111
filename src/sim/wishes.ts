// Whether a change of an Interface row asks for something, or only tells what has become of it.
import type { Row, RowEdit } from "./database/rows.ts";
import { map, number, text } from "./ovs-rows.ts";

/** The columns by which an administrator or a controller asks for something. */
function wishes(row: Row): string {
  const columns = ["options", "bfd"].map((column) => [...map("Interface", row, column)]);
  const rest = [
    text("Interface", row, "type"),
    text("Interface", row, "mac"),
    number("Interface", row, "ofport_request"),
  ];
  return JSON.stringify([columns, rest]);
}

/** What the host itself has written asks for nothing. */
export function isAsked(edit: RowEdit | undefined, row: Row): boolean {
  return edit?.before === undefined || wishes(edit.before) !== wishes(row);
}
