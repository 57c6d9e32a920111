// Which addresses a lab takes.
import { describe, expect, test } from "vitest";
import {
  capacityOf,
  controllerIpOf,
  formatSubnet,
  hostIpOf,
  inMethod,
  ipv6Of,
  overlaps,
  parseSubnet,
  splitCidr,
  subnetCandidates,
} from "../../../src/lab/subnet.ts";

describe("a subnet", () => {
  test("loses the bits beyond its prefix, and a bare address is a subnet of one", () => {
    expect(formatSubnet(parseSubnet("172.31.7.99/24"))).toBe("172.31.7.0/24");
    expect(formatSubnet(parseSubnet("10.1.2.3"))).toBe("10.1.2.3/32");
    expect(formatSubnet(parseSubnet("255.255.255.255/0"))).toBe("0.0.0.0/0");
  });

  test.each(["", "10.0.0", "10.0.0.256/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "::1/64", "10.0.0.-1/8"])(
    "is refused when it is %j",
    (text) => {
      expect(() => parseSubnet(text)).toThrow(expect.objectContaining({ code: "lab/subnet" }));
    },
  );

  test("has the hosts from its first address and the controller at its last", () => {
    const subnet = parseSubnet("172.31.7.0/24");
    expect([hostIpOf(subnet, 1), hostIpOf(subnet, 253), controllerIpOf(subnet)]).toEqual([
      "172.31.7.1",
      "172.31.7.253",
      "172.31.7.254",
    ]);
    expect(hostIpOf(parseSubnet("10.1.0.0/16"), 300)).toBe("10.1.1.44");
  });

  test("of IPv6 has the same numbers, and is another one for another lab", () => {
    const subnet = parseSubnet("172.31.7.0/24");
    expect([1, 253].map((index) => ipv6Of(subnet, hostIpOf(subnet, index)))).toEqual([
      "fd57:ac1f:700::1",
      "fd57:ac1f:700::fd",
    ]);
    const wide = parseSubnet("10.1.0.0/16");
    expect(ipv6Of(wide, controllerIpOf(wide))).toBe("fd57:a01:0::fffe");
    expect([inMethod("fd57:ac1f:700::1"), inMethod("172.31.7.1")]).toEqual(["[fd57:ac1f:700::1]", "172.31.7.1"]);
  });

  test("refuses a host that would take the controller's address or none at all", () => {
    const subnet = parseSubnet("172.31.7.0/24");
    expect(capacityOf(subnet)).toBe(253);
    for (const index of [0, 254, 1.5, -1]) expect(() => hostIpOf(subnet, index)).toThrow(/no room/);
    expect(capacityOf(parseSubnet("10.0.0.0/31"))).toBe(0);
  });

  test.each([
    ["172.31.0.0/16", "172.31.7.0/24", true],
    ["172.31.7.0/24", "172.31.7.254/32", true],
    ["172.31.7.0/24", "172.31.8.0/24", false],
    ["0.0.0.0/0", "10.0.0.0/8", true],
    ["10.0.0.0/25", "10.0.0.128/25", false],
  ])("%s and %s overlap: %s", (a, b, expected) => {
    expect(overlaps(parseSubnet(a), parseSubnet(b))).toBe(expected);
    expect(overlaps(parseSubnet(b), parseSubnet(a))).toBe(expected);
  });
});

test("a lab's candidates are all distinct, the same every time, and begin elsewhere for another lab", () => {
  const texts = subnetCandidates("t1").map(formatSubnet);
  expect(new Set(texts).size).toBe(254);
  expect(subnetCandidates("t1").map(formatSubnet)).toEqual(texts);
  expect(formatSubnet(subnetCandidates("t2")[0]!)).not.toBe(texts[0]);
});

test("a guest's address has /24 unless it says otherwise, and nonsense is refused", () => {
  expect(splitCidr("10.0.0.1")).toEqual({ ip: "10.0.0.1", prefixLength: 24 });
  expect(splitCidr("10.0.0.1/16")).toEqual({ ip: "10.0.0.1", prefixLength: 16 });
  for (const text of ["10.0.0", "10.0.0.1/40", "fe80::1", "10.0.0.1/x"])
    expect(() => splitCidr(text)).toThrow(/no IPv4/);
});
