import { describe, expect, it } from "vitest";
import { nearest } from "../../../src/config/index.ts";
import { editDistance } from "../../../src/config/nearest.ts";

describe("editDistance", () => {
  it.each([
    ["", "", 0],
    ["gre", "", 3],
    ["gre", "gre", 0],
    ["gre", "grre", 1],
    ["brigde", "bridge", 1],
    ["kitten", "sitting", 3],
  ])("from %j to %j is %d", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

describe("nearest", () => {
  it("finds a slip of the fingers, and another spelling of the same words", () => {
    expect(nearest("tunel", ["tunnel", "listen"])).toBe("tunnel");
    expect(nearest("probe-sec", ["startHoldSec", "probeSec"])).toBe("probeSec");
  });

  it("finds nothing for a word that is like none", () => {
    expect(nearest("firewall", ["tunnel", "listen"])).toBeUndefined();
    expect(nearest("x".repeat(1_000_000), ["tunnel"])).toBeUndefined();
  });
});
