// Many jobs, some at a time.
import { expect, test } from "vitest";
import { mapLimited } from "../../../src/lab/limited.ts";

const tick = () => new Promise((resolve) => setImmediate(resolve));

test("results are in order and no more jobs run at once than allowed", async () => {
  let running = 0;
  let most = 0;
  const results = await mapLimited([5, 1, 4, 2, 3], 2, async (item, index) => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < item; turn++) await tick();
    running--;
    return `${index}:${item}`;
  });
  expect(results).toEqual(["0:5", "1:1", "2:4", "3:2", "4:3"]);
  expect(most).toBe(2);
});

test("after a failure no further job is begun", async () => {
  const begun: number[] = [];
  const job = async (item: number) => {
    begun.push(item);
    await tick();
    if (item === 1) throw new Error("one");
  };
  await expect(mapLimited([1, 2, 3, 4], 1, job)).rejects.toThrow("one");
  await tick();
  expect(begun).toEqual([1]);
});

test("nothing to do is done at once", async () => {
  expect(await mapLimited([], 4, async () => 1)).toEqual([]);
});
