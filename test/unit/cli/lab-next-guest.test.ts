import { describe, expect, it } from "vitest";
import { nextGuest } from "../../../src/cli/lab-next-guest.ts";

const guests = [
  { name: "g2a", ip: "10.0.2.1" },
  { name: "g2b", ip: "10.0.2.2" },
];

describe("a guest that is added to a real host", () => {
  it("has the next name and address of its host", () => {
    expect(nextGuest(guests, 2, {})).toEqual({ name: "g2c", ip: "10.0.2.3/16" });
    expect(nextGuest(guests, 1, {})).toEqual({ name: "g1a", ip: "10.0.1.1/16" });
  });

  it("has an address that nobody has, also where it is given a name", () => {
    expect(nextGuest(guests, 2, { name: "web" })).toEqual({ name: "web", ip: "10.0.2.3/16" });
  });

  it("has a name that nobody has, also where it is given an address", () => {
    expect(nextGuest(guests, 2, { ip: "10.0.0.7" })).toEqual({ name: "g2c", ip: "10.0.0.7/16" });
    // Others hold the host's addresses: that takes no name.
    expect(nextGuest([{ name: "web", ip: "10.0.2.1" }], 2, { ip: "10.0.0.7" }).name).toBe("g2a");
  });

  it("keeps a prefix length that is given", () => {
    expect(nextGuest(guests, 2, { ip: "10.0.0.7/8" }).ip).toBe("10.0.0.7/8");
  });

  it("finds a place beyond the alphabet, and says when there is none", () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, at) => nextGuestName(at)).map((name, at) => ({ name, ip: `10.0.2.${at + 1}` }));
    const nextGuestName = (at: number) => (at < 26 ? `g2${String.fromCharCode(97 + at)}` : `g2z${at}`);
    expect(nextGuest(many(30), 2, {})).toEqual({ name: "g2z30", ip: "10.0.2.31/16" });
    expect(() => nextGuest(many(254), 2, {})).toThrow("h2 has no room for another guest");
  });
});
