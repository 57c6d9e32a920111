// What each of two things adds: value = constant + perX * x + perY * y, by least squares.

export interface PlanePoint {
  readonly x: number;
  readonly y: number;
  readonly value: number;
}

export interface Plane {
  readonly constant: number;
  readonly perX: number;
  readonly perY: number;
}

/** Solves a small system of linear equations by elimination with pivots; undefined where it has no one solution. */
function solve(rows: readonly (readonly number[])[]): readonly number[] | undefined {
  const left = rows.map((row) => [...row]);
  const size = left.length;
  for (let at = 0; at < size; at++) {
    const best = left.slice(at).reduce((top, row) => (Math.abs(row[at] ?? 0) > Math.abs(top[at] ?? 0) ? row : top));
    const pivot = best[at] ?? 0;
    if (Math.abs(pivot) < 1e-9) return undefined;
    left.splice(left.indexOf(best), 1);
    left.splice(at, 0, best);
    for (const row of left) {
      if (row === best) continue;
      const factor = (row[at] ?? 0) / pivot;
      for (let column = at; column <= size; column++) row[column] = (row[column] ?? 0) - factor * (best[column] ?? 0);
    }
  }
  return left.map((row, at) => (row[size] ?? 0) / (row[at] ?? 1));
}

/** Undefined where the points lie on one line. */
export function fitPlane(points: readonly PlanePoint[]): Plane | undefined {
  const sums = [0, 1, 2].map((row) =>
    [0, 1, 2, 3].map((column) =>
      points.reduce((sum, { x, y, value }) => {
        const terms = [1, x, y, value];
        return sum + (terms[row] ?? 0) * (terms[column] ?? 0);
      }, 0),
    ),
  );
  const found = solve(sums);
  if (found === undefined) return undefined;
  const [constant = 0, perX = 0, perY = 0] = found;
  return { constant, perX, perY };
}

/** Of a straight line through the points; undefined of fewer than two. */
export function slopeOf(points: readonly { readonly x: number; readonly value: number }[]): number | undefined {
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const mean = points.reduce((sum, { value }) => sum + value, 0) / points.length;
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  if (points.length < 2 || spread === 0) return undefined;
  return points.reduce((sum, { x, value }) => sum + (x - meanX) * (value - mean), 0) / spread;
}
