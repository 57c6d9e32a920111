// What weft top draws: as much as there is room for.
import { type HostNames, paint, type RateSort, type RatesView, ratesLines } from "../../api/index.ts";

/** Keys by which it is sorted otherwise. */
export const NEXT_SORT: ReadonlyMap<string, RateSort> = new Map([
  ["r", "rate"],
  ["i", "rx"],
  ["o", "tx"],
  ["p", "packets"],
  ["d", "drops"],
  ["n", "name"],
]);

export interface Screen {
  readonly sort: RateSort;
  readonly color: boolean;
  readonly width: number;
  readonly height: number;
}

export function topLines(
  shown: { readonly view: RatesView; readonly names: HostNames } | null,
  { sort, color, width, height }: Screen,
): readonly string[] {
  const style = { color, width };
  const time = shown === null ? "" : `${shown.view.at.slice(11, 19)}Z  `;
  const keys = `by ${sort}  keys: r i o p d n, q quits`;
  const title = width < 50 ? `weft top  q quits` : `weft top  ${time}${keys}`;
  const head = [paint(title.slice(0, width), "strong", style)];
  if (shown === null) return [...head, "", "the switches are asked for their counters ..."];
  const { view, names } = shown;
  return [...head, ...ratesLines(view, style, { sort, height: height - head.length, names })].slice(0, height);
}
