import { expect, it } from "vitest";
import { concurrently } from "../../../src/controller/concurrently.ts";

it("After an error nothing more is begun, and what is under way is waited for before the first error is told", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  let release = (): void => undefined;
  const slow = new Promise<void>((resolve) => {
    release = resolve;
  });
  let isOver = false;
  const all = concurrently(2, [1, 2, 3, 4], async (item) => {
    begun.push(item);
    if (item === 1) await slow;
    else throw new Error(`at ${item}`);
    ended.push(item);
  }).finally(() => {
    isOver = true;
  });
  await new Promise(setImmediate);
  expect({ begun, isOver }).toEqual({ begun: [1, 2], isOver: false });
  release();
  await expect(all).rejects.toThrow("at 2");
  expect({ begun, ended }).toEqual({ begun: [1, 2], ended: [1] });
});
