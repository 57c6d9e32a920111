import { describe, expect, it } from "vitest";
import { fitPlane, slopeOf } from "../../../bench/harness/linear-fit.ts";

describe("a plane through points", () => {
  it("gives back what each of two things adds", () => {
    const points = [10, 100, 1000].flatMap((x) =>
      [0, 500, 90_000].map((y) => ({ x, y, value: 80 + 0.3 * x + 0.012 * y })),
    );
    const plane = fitPlane(points);
    expect(plane?.constant).toBeCloseTo(80, 6);
    expect(plane?.perX).toBeCloseTo(0.3, 8);
    expect(plane?.perY).toBeCloseTo(0.012, 10);
  });

  it("is not told of points on one line, which many planes go through", () => {
    expect(fitPlane([1, 2, 3].map((x) => ({ x, y: 2 * x, value: x })))).toBeUndefined();
    expect(fitPlane([])).toBeUndefined();
  });
});

describe("a line through points", () => {
  it("has their slope, or none where there is one point", () => {
    expect(slopeOf([0, 1, 2, 3].map((x) => ({ x, value: 7 - 2 * x })))).toBeCloseTo(-2, 10);
    expect(slopeOf([{ x: 1, value: 1 }])).toBeUndefined();
  });
});
