import { describe, expect, it } from "vitest";
import { isInRanges, tryParseIpRange } from "../../../../proto/bytes/ip-range.ts";

const ranges = (...texts: string[]) => texts.flatMap((text) => tryParseIpRange(text) ?? []);

describe("a range of addresses", () => {
  it.each([
    ["192.0.2.0/24", "192.0.2.255", true],
    ["192.0.2.0/24", "192.0.3.0", false],
    ["192.0.2.128/25", "192.0.2.127", false],
    ["192.0.2.128/25", "192.0.2.128", true],
    ["192.0.2.7", "192.0.2.7", true],
    ["192.0.2.7", "192.0.2.8", false],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["::/0", "192.0.2.1", false],
    ["192.0.2.0/24", "::ffff:192.0.2.9", true],
    ["2001:db8::/33", "2001:db8:7fff::1", true],
    ["2001:db8::/33", "2001:db8:8000::1", false],
    ["2001:db8::/64", "not an address", false],
  ])("%s holds %s: %j", (range, address, expected) => {
    expect(isInRanges(address, ranges(range))).toBe(expected);
  });

  it.each([
    "",
    "192.0.2.0/33",
    "192.0.2.1/24",
    "192.0.2.0/-1",
    "192.0.2.0/",
    "192.0.2/24",
    "2001:db8::1/64",
    "::/129",
    "a/24",
    "192.0.2.0/24/8",
    "192.0.2.0/1e1",
  ])("is not %j", (text) => {
    expect(tryParseIpRange(text)).toBeUndefined();
  });
});
