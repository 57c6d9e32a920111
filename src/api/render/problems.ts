// What is wrong and what to do about it, below a table.
import type { ProblemView } from "../views.ts";
import { paint, printable, type Style, wrap } from "./style.ts";

export interface LocatedProblem {
  /** The host, port or other thing that has the problem; null for the fabric. */
  readonly where: string | null;
  readonly problem: ProblemView;
}

/** A person reads no more; one fault of a large fabric shows at all of its hosts. */
const PROBLEMS_SHOWN = 32;

/** Nothing if there are none. The same problem at one place is told once. @param elsewhere where all of them are told */
export function problemLines(
  problems: readonly LocatedProblem[],
  style: Style,
  elsewhere = "weft doctor",
): readonly string[] {
  if (problems.length === 0) return [];
  const told = new Set<string>();
  const lines = ["", paint("Problems", "strong", style)];
  for (const { where, problem } of problems) {
    const place = where === null ? "" : `${printable(where)}: `;
    const text = `${place}${printable(problem.message)} (${printable(problem.code)})`;
    if (told.has(text)) continue;
    told.add(text);
    if (told.size > PROBLEMS_SHOWN) continue;
    const width = style.width === null ? null : Math.max(20, style.width - 4);
    wrap(text, width).forEach((part, at) => {
      lines.push(`${at === 0 ? paint("! ", "bad", style) : "  "}${part}`);
    });
    // A remedy is often a command to copy: it is never broken.
    if (problem.remedy !== "") lines.push(`  ${paint(printable(problem.remedy), "warn", style)}`);
  }
  const more = told.size - PROBLEMS_SHOWN;
  return more > 0 ? [...lines, `  ${more} more: ${elsewhere}`] : lines;
}
