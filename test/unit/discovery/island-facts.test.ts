// The numbers of lone switches: kept for those that were here, and not used up by those that only came once.
import { describe, expect, it } from "vitest";
import { type LoneSwitch, rememberedNumbers, switchNumbers } from "../../../src/discovery/island-facts.ts";
import { hostFact, switchFact } from "../model/facts-for-tests.ts";

const lone = (dpid: string): LoneSwitch => ({
  dpid,
  host: hostFact({ id: `dpid:${dpid}` }),
  fact: switchFact({ dpid }),
  listening: [],
  heldNumber: null,
});

describe("numbers of switches that are away", () => {
  const before = new Map([
    ["a", 1],
    ["gone", 2],
  ]);

  it("are not given to others while there are more", () => {
    const numbers = switchNumbers([lone("a"), lone("b")], [], before);
    expect([...numbers]).toEqual([
      ["a", 1],
      ["b", 3],
    ]);
    expect([...rememberedNumbers(before, numbers)]).toEqual([
      ["gone", 2],
      ["a", 1],
      ["b", 3],
    ]);
  });

  it("are not used up by switches that came once, however many: one that stays has its number, and new ones get theirs", () => {
    let numbers: ReadonlyMap<string, number> = new Map();
    for (let at = 0; at < 1200; at++) {
      const here = switchNumbers([lone("a"), lone(`b${at}`)], [3], numbers);
      expect(here.get("a")).toBe(1);
      expect(here.get(`b${at}`)).toBeGreaterThan(1);
      expect(here.get(`b${at}`)).not.toBe(3);
      numbers = rememberedNumbers(numbers, here);
    }
    expect(numbers.size).toBeLessThanOrEqual(510);
  });
});
