// How cost grows with size: cost = constant * size^exponent, by least squares on the logarithms of both.

export interface Point {
  readonly size: number;
  readonly cost: number;
}

export interface PowerLaw {
  /** 0: the size does not matter. 1: twice as much costs twice as much. 2: four times. */
  readonly exponent: number;
  /** The cost at size 1, in the unit of the cost. */
  readonly constant: number;
  /** How much of the costs' variation the law explains: 1 is all of it. Of costs that do not vary it is 1. */
  readonly r2: number;
}

/** Undefined where there are fewer than two sizes. Points that have no logarithm are left out. */
export function fitPowerLaw(points: readonly Point[]): PowerLaw | undefined {
  const usable = points.filter(({ size, cost }) => size > 0 && cost > 0 && Number.isFinite(size * cost));
  if (new Set(usable.map(({ size }) => size)).size < 2) return undefined;
  const logs = usable.map(({ size, cost }) => ({ x: Math.log(size), y: Math.log(cost) }));
  const meanX = logs.reduce((sum, { x }) => sum + x, 0) / logs.length;
  const meanY = logs.reduce((sum, { y }) => sum + y, 0) / logs.length;
  let [xx, xy, yy] = [0, 0, 0];
  for (const { x, y } of logs) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
    yy += (y - meanY) ** 2;
  }
  const exponent = xy / xx;
  const residue = logs.reduce((sum, { x, y }) => sum + (y - meanY - exponent * (x - meanX)) ** 2, 0);
  return { exponent, constant: Math.exp(meanY - exponent * meanX), r2: yy === 0 ? 1 : 1 - residue / yy };
}

/** "size^0.97, 12.3 ms at 1 (r2 0.998)". */
export function describePowerLaw(law: PowerLaw | undefined, cost: string): string {
  if (law === undefined) return "too few sizes to tell";
  const constant = Number(law.constant.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 });
  return `size^${law.exponent.toFixed(2)}, ${constant} ${cost} at 1 (r2 ${law.r2.toFixed(3)})`;
}
