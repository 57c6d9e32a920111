import { describe, expect, it } from "vitest";
import { TunnelRetirement } from "../../../src/controller/tunnel-retirement.ts";

describe("a tunnel that is out of use", () => {
  function retirement() {
    let now = 0;
    const timers = { now: () => now, setTimer: () => ({ cancel: () => undefined }) };
    const kept = new TunnelRetirement(timers, () => undefined);
    return { kept, at: (ms: number) => (now = ms) };
  }

  it("stays for a while, and is another story after a long time", () => {
    const { kept, at } = retirement();
    expect(kept.keep("a b gre")).toBe(true);
    at(1999);
    expect(kept.keep("a b gre")).toBe(true);
    at(2000);
    expect(kept.keep("a b gre")).toBe(false);
    at(61_000);
    expect(kept.keep("a b gre")).toBe(true);
    at(63_000);
    expect(kept.keep("a b gre")).toBe(false);
  });

  it("is not kept in mind for ever", () => {
    const { kept, at } = retirement();
    for (let n = 0; n < 10_000; n++) {
      at(n * 1000);
      kept.keep(`tunnel ${n}`);
    }
    expect(kept.size).toBeLessThan(100);
  });
});
