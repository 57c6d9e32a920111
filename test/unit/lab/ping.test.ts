// What ping says, and which echoes are lost for certain.
import { describe, expect, test } from "vitest";
import { countAnswers, parsePingSummary } from "../../../src/lab/ping.ts";

describe("the summary of ping", () => {
  test("is read with its round-trip times", () => {
    const text = `--- 10.0.0.2 ping statistics ---
5 packets transmitted, 5 received, 0% packet loss, time 4004ms
rtt min/avg/max/mdev = 0.045/0.061/0.080/0.012 ms
`;
    expect(parsePingSummary(text)).toEqual({
      sent: 5,
      received: 5,
      duplicates: 0,
      lossPercent: 0,
      rttMs: { min: 0.045, avg: 0.061, max: 0.08 },
    });
  });

  test("is read when there were duplicates, and when there were errors", () => {
    const duplicates = "3 packets transmitted, 3 received, +6 duplicates, 0% packet loss, time 2003ms";
    expect(parsePingSummary(duplicates)).toMatchObject({ sent: 3, received: 3, duplicates: 6 });
    const errors = "4 packets transmitted, 1 received, +3 errors, 75% packet loss, time 3063ms";
    expect(parsePingSummary(errors)).toMatchObject({ sent: 4, received: 1, duplicates: 0, lossPercent: 75 });
  });

  test("has no times when nothing came back", () => {
    expect(parsePingSummary("2 packets transmitted, 0 received, 100% packet loss, time 1001ms")).toEqual({
      sent: 2,
      received: 0,
      duplicates: 0,
      lossPercent: 100,
    });
  });

  test("is absent from what is none", () => {
    expect(parsePingSummary("ping: connect: Network is unreachable")).toBeUndefined();
  });
});

describe("the count of a continuous ping", () => {
  const all = (count: number, ...missing: number[]) =>
    new Set(Array.from({ length: count }, (_, at) => at + 1).filter((sequence) => !missing.includes(sequence)));

  test("names what was lost and how long the path was away", () => {
    expect(countAnswers(1000, all(1000, 10, 500, 501, 502), 1, 0.01)).toEqual({
      sent: 1000,
      received: 996,
      lost: 4,
      lossPercent: 0.4,
      duplicates: 1,
      missing: [10, 500, 501, 502],
      longestGapSec: 0.03,
    });
  });

  test("leaves out echoes at the end that could not have been answered yet, and only those", () => {
    // 0.25 s of 0.1 s each: the last three.
    const result = countAnswers(100, all(100, 97, 98, 99, 100), 0, 0.1);
    expect(result).toMatchObject({ sent: 97, received: 96, lost: 1, missing: [97] });
  });

  test("of a ping that sent nothing is nothing", () => {
    expect(countAnswers(0, new Set(), 0, 0.01)).toMatchObject({ sent: 0, lost: 0, lossPercent: 0 });
  });
});
