// Quantiles: exact ones of few values, and those of very many that are kept in bins.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Latencies } from "../../../bench/harness/latencies.ts";
import { median, quantile, spreadOf } from "../../../bench/harness/statistics.ts";

describe("a quantile", () => {
  it("is one of the values, or lies between two", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.99)).toBeCloseTo(49.6, 10);
    expect(quantile([5], 0.99)).toBe(5);
    expect(median([])).toBeNaN();
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, lowest: 1, highest: 3 });
  });
});

describe("latencies in bins", () => {
  it("have the quantiles of the values themselves, but for a part in fifty", () => {
    const ms = fc.double({ min: 1e-5, max: 1e5, noNaN: true });
    fc.assert(
      fc.property(fc.array(ms, { minLength: 1, maxLength: 300 }), fc.constantFrom(0.5, 0.9, 0.99, 1), (values, q) => {
        const latencies = new Latencies();
        for (const value of values) latencies.add(value);
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(values.length * q)) - 1] ?? 0;
        expect(Math.abs(latencies.quantile(q) - exact)).toBeLessThanOrEqual(exact / 50 + 1e-6);
        expect(latencies.count).toBe(values.length);
      }),
    );
  });

  it("keep the longest as it is, and take what is out of their range", () => {
    const latencies = new Latencies();
    for (const ms of [-1, 0, 1e9]) latencies.add(ms);
    expect(latencies.summary()).toMatchObject({ count: 3, p50Ms: 0, maxMs: 1e9 });
    expect(new Latencies().quantile(0.5)).toBeNaN();
  });
});
