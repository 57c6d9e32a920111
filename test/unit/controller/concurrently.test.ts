import { describe, expect, it } from "vitest";
import { concurrently } from "../../../src/controller/concurrently.ts";

describe("work on many things", () => {
  it("is done a few at a time, and over when all of it is", async () => {
    let running = 0;
    let most = 0;
    const done: number[] = [];
    await concurrently(2, [1, 2, 3, 4, 5], async (one) => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running -= 1;
      done.push(one);
    });
    expect([most, done.sort()]).toEqual([2, [1, 2, 3, 4, 5]]);
  });

  it("that fails begins nothing more, and is told when what was under way is over", async () => {
    const begun: number[] = [];
    const over: number[] = [];
    const work = concurrently(2, [1, 2, 3, 4, 5], async (one) => {
      begun.push(one);
      if (one === 1) throw new Error("one");
      await new Promise((resolve) => setTimeout(resolve, 5));
      over.push(one);
    });
    await expect(work).rejects.toThrow("one");
    expect([begun, over]).toEqual([[1, 2], [2]]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(begun).toEqual([1, 2]);
  });
});
