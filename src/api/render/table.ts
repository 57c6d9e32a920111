// Aligned columns under a header, and what becomes of them where the terminal is too narrow.
import { pad, paint, printable, type Style, shorten, type Tone, widthOf } from "./style.ts";

export type Cell = string | number | null;

export interface Column<Row> {
  readonly title: string;
  value(row: Row): Cell;
  readonly align?: "right";
  tone?(row: Row): Tone | undefined;
  /** May be shortened down to this many characters; other columns are always shown in full. */
  readonly shrinkTo?: number;
}

const GAP = 2;

/** Lines without their newlines. A row that can't be made to fit becomes a record of one field per line. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: Style,
): readonly string[] {
  const cells = rows.map((row) => columns.map((column) => cellText(column.value(row))));
  const widths = columns.map((column, at) =>
    cells.reduce((widest, line) => Math.max(widest, widthOf(line[at] ?? "")), widthOf(column.title)),
  );
  const fitted = fitWidths(columns, widths, style.width);
  if (fitted === null) return recordLines(columns, rows, cells, style);
  const header = columns.map((column) => column.title);
  return [
    paint(
      line(columns, fitted, header, () => undefined, style),
      "strong",
      style,
    ),
    ...rows.map((row, at) => line(columns, fitted, cells[at] ?? [], (column) => column.tone?.(row), style)),
  ];
}

function cellText(value: Cell): string {
  const text = value === null ? "" : printable(String(value));
  return text === "" ? "-" : text;
}

function line<Row>(
  columns: readonly Column<Row>[],
  widths: readonly number[],
  cells: readonly string[],
  tone: (column: Column<Row>) => Tone | undefined,
  style: Style,
): string {
  return columns
    .map((column, at) => {
      const width = widths[at] ?? 0;
      const text = shorten(cells[at] ?? "", width);
      // The last column is not padded: no line ends in spaces.
      const last = at === columns.length - 1 && column.align !== "right";
      const padded = last ? text : pad(text, width, column.align);
      const shown = tone(column) ?? (text === "-" ? "dim" : undefined);
      return padded.replace(text, () => paint(text, shown, style));
    })
    .join(" ".repeat(GAP))
    .trimEnd();
}

/** Widths that make a line fit, taken from the widest columns that may shrink; null if there are none. */
function fitWidths<Row>(
  columns: readonly Column<Row>[],
  widths: readonly number[],
  available: number | null,
): readonly number[] | null {
  const fitted = [...widths];
  const total = () => fitted.reduce((sum, width) => sum + width, GAP * (fitted.length - 1));
  while (available !== null && total() > available) {
    let widest = -1;
    for (const [at, column] of columns.entries()) {
      const least = Math.max(column.shrinkTo ?? Number.POSITIVE_INFINITY, widthOf(column.title));
      if ((fitted[at] ?? 0) > least && (fitted[at] ?? 0) > (fitted[widest] ?? 0)) widest = at;
    }
    if (widest < 0) return null;
    fitted[widest] = (fitted[widest] ?? 0) - 1;
  }
  return fitted;
}

function recordLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  cells: readonly (readonly string[])[],
  style: Style,
): readonly string[] {
  const titles = Math.max(...columns.map((column) => widthOf(column.title)));
  return rows.flatMap((row, index) => {
    const fields = columns.map((column, at) => {
      const title = paint(pad(column.title, titles), "strong", style);
      return `${title}  ${paint(cells[index]?.[at] ?? "", column.tone?.(row), style)}`;
    });
    return index === 0 ? fields : ["", ...fields];
  });
}
