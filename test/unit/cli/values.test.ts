import { describe, expect, it } from "vitest";
import { addressAndPort, collect, wholeNumber } from "../../../src/cli/values.ts";

describe("wholeNumber", () => {
  const read = wholeNumber("a number of hosts", 1, 64);

  it.each([
    ["1", 1],
    ["64", 64],
    ["007", 7],
  ])("takes %j", (text, value) => {
    expect(read(text)).toBe(value);
  });

  it.each(["0", "65", "-1", "1.5", "1e1", "", " 3", "0x10", "99999999999999999999"])("refuses %j", (text) => {
    expect(() => read(text)).toThrow("expected a number of hosts, a whole number from 1 to 64.");
  });
});

describe("addressAndPort", () => {
  it("takes IPv4, and IPv6 in brackets", () => {
    expect(addressAndPort("192.0.2.1:6640")).toEqual({ address: "192.0.2.1", port: 6640 });
    expect(addressAndPort("[2001:db8::1]:1")).toEqual({ address: "[2001:db8::1]", port: 1 });
  });

  it.each(["192.0.2.1", "::1:6640", "192.0.2.1:0", "192.0.2.1:65536", "host; rm -rf /:6640", ""])(
    "refuses %j",
    (text) => {
      expect(() => addressAndPort(text)).toThrow(/expected ADDRESS:PORT/);
    },
  );
});

it("collect gathers what a repeated option says, in order", () => {
  expect(collect("b", collect("a", undefined))).toEqual(["a", "b"]);
});
