// Answers that are kept: made once for many, for so long, and so many bytes.
import { describe, expect, it } from "vitest";
import { AnswerCache } from "../../../../src/api/http/answer-cache.ts";

const MEGABYTES = 1024 * 1024;

function cache() {
  const clock = { ms: 0 };
  const answers = new AnswerCache(() => clock.ms);
  /** @param ms that it takes to make the answer. */
  const get = (key: string, ms: number, bytes = 0) =>
    answers.get(key, () => {
      clock.ms += ms;
      return `${key}${clock.ms}${"x".repeat(bytes)}`;
    });
  return { clock, answers, get };
}

describe("an answer", () => {
  it("is given again for ten times as long as it took to make, and then made anew", async () => {
    const { clock, get } = cache();
    const first = await get("a", 10);
    clock.ms += 99;
    expect((await get("a", 10)).etag).toBe(first.etag);
    clock.ms += 1;
    expect((await get("a", 10)).etag).not.toBe(first.etag);
  });

  it("is made once for all who ask while it is being made", async () => {
    const { answers } = cache();
    let made = 0;
    const make = async () => {
      made += 1;
      await Promise.resolve();
    };
    await Promise.all([answers.get("a", make), answers.get("a", make), answers.get("a", make)]);
    expect(made).toBe(1);
  });

  it("that is over is not kept", async () => {
    const { clock, answers, get } = cache();
    await get("large", 10, MEGABYTES);
    clock.ms += 200;
    await get("small", 10);
    expect(answers.bytes).toBeLessThan(100);
  });

  it("gives way to later ones where there are too many bytes of them, but is kept where it alone has too many", async () => {
    const { answers, get } = cache();
    for (const key of ["a", "b", "c", "d"]) await get(key, 1_000, 30 * MEGABYTES);
    expect(answers.bytes).toBeGreaterThan(50 * MEGABYTES);
    expect(answers.bytes).toBeLessThan(70 * MEGABYTES);
    const { etag } = await get("e", 1_000, 80 * MEGABYTES);
    expect((await get("e", 1_000)).etag).toBe(etag);
  });
});
