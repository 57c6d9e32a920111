// Long work in slices: others have their turns, and those who share the slices go on one after the other.
import { expect, it } from "vitest";
import { inSlices } from "../../../src/api/in-slices.ts";

it("lets others have a turn once a slice is used up, and not before", async () => {
  let nowMs = 0;
  let turns = 0;
  const rest = inSlices(() => nowMs);
  const other = (): void => {
    turns += 1;
    if (turns < 100) setImmediate(other);
  };
  setImmediate(other);
  for (let step = 0; step < 10; step++) {
    nowMs += 1;
    await rest();
  }
  expect(turns).toBe(0);
  for (let step = 0; step < 10; step++) {
    nowMs += 20;
    await rest();
  }
  expect(turns).toBeGreaterThanOrEqual(9);
});

it("does not let all who waited go on in one turn", async () => {
  let nowMs = 0;
  let turn = 0;
  const other = (): void => {
    turn += 1;
    if (turn < 100) setImmediate(other);
  };
  const rest = inSlices(() => nowMs);
  const seen: number[] = [];
  const work = async (): Promise<void> => {
    await rest();
    nowMs += 20;
    seen.push(turn);
  };
  setImmediate(other);
  await Promise.all(Array.from({ length: 8 }, work));
  expect(new Set(seen).size).toBeGreaterThanOrEqual(7);
});
