// How the copies of broadcasts are summed up.
import { expect, test } from "vitest";
import { summarize } from "../../../src/lab/broadcast.ts";

test("a guest has each broadcast exactly once only if no copy is missing and none is double", () => {
  const result = summarize(3, [
    ["sender", [0, 0, 0]],
    ["once", [1, 1, 1]],
    ["same-sum", [2, 0, 1]],
    ["twice", [2, 2, 2]],
  ]);
  expect(result.exactlyOnce).toEqual(["once"]);
  expect(result.none).toEqual(["sender"]);
  expect(result.counts.get("same-sum")).toEqual({ copies: [2, 0, 1], total: 3 });
  expect(result.sent).toBe(3);
});
