// What an open loop sends when: by its clock alone, however late it is asked.
import { describe, expect, it } from "vitest";
import { OpenLoopClock } from "../../../bench/harness/open-loop.ts";

describe("an open loop's clock", () => {
  it("has each request due at its own time, whoever is late", () => {
    const clock = new OpenLoopClock(1000, 100, 1);
    expect(clock.take(999)).toEqual([0, 0]);
    expect(clock.take(1000)).toEqual([0, 1]);
    expect(clock.take(1009.9)).toEqual([1, 1]);
    // Held up for 300 ms: all of them at once, each with the time at which it should have been sent.
    expect(clock.take(1310)).toEqual([1, 32]);
    expect([clock.dueAtMs(1), clock.dueAtMs(31)]).toEqual([1010, 1310]);
  });

  it("ends with the last one, however late it is", () => {
    const clock = new OpenLoopClock(0, 1000, 0.5);
    expect(clock.total).toBe(500);
    expect(clock.isOver).toBe(false);
    expect(clock.take(10_000)).toEqual([0, 500]);
    expect(clock.isOver).toBe(true);
    expect(clock.take(20_000)).toEqual([500, 500]);
  });
});
