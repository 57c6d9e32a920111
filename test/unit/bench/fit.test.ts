// How cost grows: laws that are known beforehand are found again.
import { describe, expect, it } from "vitest";
import { describePowerLaw, fitPowerLaw } from "../../../bench/harness/fit.ts";

describe("a power law", () => {
  it("is found where the costs follow one", () => {
    const points = [1, 4, 16, 64, 256].map((size) => ({ size, cost: 3 * size ** 1.5 }));
    const law = fitPowerLaw(points);
    expect(law?.exponent).toBeCloseTo(1.5, 10);
    expect(law?.constant).toBeCloseTo(3, 10);
    expect(law?.r2).toBeCloseTo(1, 10);
  });

  it("has exponent 0 where the size does not matter", () => {
    const law = fitPowerLaw([1, 10, 100].map((size) => ({ size, cost: 7 })));
    expect(law?.exponent).toBeCloseTo(0, 10);
    expect(law).toMatchObject({ r2: 1 });
  });

  it("says how badly it fits", () => {
    const law = fitPowerLaw([
      { size: 1, cost: 10 },
      { size: 10, cost: 1 },
      { size: 100, cost: 10 },
    ]);
    expect(law?.r2).toBeCloseTo(0, 10);
  });

  it("needs two sizes, and costs that have a logarithm", () => {
    expect(fitPowerLaw([{ size: 4, cost: 2 }])).toBeUndefined();
    const twice = [
      { size: 4, cost: 2 },
      { size: 4, cost: 3 },
    ];
    expect(fitPowerLaw(twice)).toBeUndefined();
    expect(fitPowerLaw([...twice, { size: 8, cost: 0 }, { size: 9, cost: Number.NaN }])).toBeUndefined();
    expect(describePowerLaw(undefined, "ms")).toBe("too few sizes to tell");
  });

  it("is told in one line", () => {
    const law = fitPowerLaw([1, 10].map((size) => ({ size, cost: 1234 * size })));
    expect(describePowerLaw(law, "ms")).toBe("size^1.00, 1,230 ms at 1 (r2 1.000)");
  });
});
