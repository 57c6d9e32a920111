// How often a reconciler may write, by a clock that is turned by hand.
import { describe, expect, it } from "vitest";
import { type Attempt, ReconcileLoop } from "../../../src/reconcile/loop.ts";

class HandClock {
  #now = 0;
  #due: { at: number; run: () => void }[] = [];

  now = (): number => this.#now;

  setTimer = (delayMs: number, run: () => void) => {
    const timer = { at: this.#now + delayMs, run };
    this.#due.push(timer);
    return {
      cancel: () => {
        this.#due = this.#due.filter((one) => one !== timer);
      },
    };
  };

  async turn(ms: number): Promise<void> {
    this.#now += ms;
    const due = this.#due.filter((one) => one.at <= this.#now);
    this.#due = this.#due.filter((one) => one.at > this.#now);
    for (const { run } of due) run();
    // The attempts of one turn are promises that are kept at once.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** @returns attempts made while something changes every millisecond for ten seconds, and whether one is left to do after. */
async function churn(outcome: Attempt): Promise<{ attempts: number; last: number }> {
  const clock = new HandClock();
  let attempts = 0;
  let last = 0;
  const loop = new ReconcileLoop(async () => {
    attempts += 1;
    last = clock.now();
    return outcome;
  }, clock);
  for (let at = 0; at < 10_000; at++) {
    loop.wake();
    await clock.turn(1);
  }
  await clock.turn(1_000);
  await clock.turn(1_000);
  loop.stop();
  return { attempts, last };
}

describe("a reconciler whose facts change all the time", () => {
  it("writes at once, then ten times a second, and once more after the last change", async () => {
    const { attempts, last } = await churn("wrote");
    expect(attempts).toBeGreaterThan(120);
    expect(attempts).toBeLessThan(140);
    expect(last).toBeGreaterThan(10_000);
  });

  it("does not wait with what is only added", async () => {
    expect((await churn("added")).attempts).toBeGreaterThan(9_000);
  });

  it("looks as often as it is asked to where there is nothing to write", async () => {
    expect((await churn("settled")).attempts).toBeGreaterThan(9_000);
  });

  it("tries less and less often what fails", async () => {
    expect((await churn("failed")).attempts).toBeLessThan(8);
  });
});
