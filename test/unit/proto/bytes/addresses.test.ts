// MAC and IP addresses, UUIDs and hexadecimal text: canonical out, tolerant in, nothing wrong accepted.
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../../proto/bytes/hex.ts";
import {
  ipv4FromBytes,
  ipv4FromNumber,
  ipv4ToBytes,
  ipv4ToNumber,
  ipv6FromBigInt,
  ipv6ToBigInt,
  parseIp,
  tryParseIp,
  unmapIpv4,
} from "../../../../proto/bytes/ip.ts";
import {
  bigIntToMac,
  isMulticastMac,
  macFromBytes,
  macToBigInt,
  macToBytes,
  parseMac,
  tryParseMac,
} from "../../../../proto/bytes/mac.ts";
import { isUuid, parseUuid, uuidFromRandom } from "../../../../proto/bytes/uuid.ts";

describe("MAC addresses", () => {
  it("become canonical from the forms people write", () => {
    expect(parseMac("0A-00-00-00-00-01")).toBe("0a:00:00:00:00:01");
    expect(parseMac(" a:0:0:0:0:1 ")).toBe("0a:00:00:00:00:01");
  });

  it.each(["", "0a:00:00:00:00", "0a:00:00:00:00:01:02", "0a:00-00:00:00:01", "0g:00:00:00:00:01", "0a0000000001"])(
    "are not %j",
    (text) => {
      expect(tryParseMac(text)).toBeUndefined();
      expect(() => parseMac(text)).toThrowError(/is not an Ethernet address/);
    },
  );

  it("go to integers and bytes and back", () => {
    expect(macToBigInt("0a:00:00:00:00:01")).toBe(0x0a0000000001n);
    expect(macToBigInt("ff:ff:ff:ff:ff:ff")).toBe(0xffffffffffffn);
    expect(macToBigInt(" A-b-0-0-0-1")).toBe(0x0a0b00000001n);
    for (const wrong of ["0a:00:00:00:00:0g", "0a:00:00-00:00:01", "0a:00:00:00:00:0\u0131"]) {
      expect(() => macToBigInt(wrong)).toThrow();
    }
    expect(bigIntToMac(0xffffffffffffn)).toBe("ff:ff:ff:ff:ff:ff");
    expect(macFromBytes(macToBytes("01:02:03:04:05:06"))).toBe("01:02:03:04:05:06");
    expect(() => bigIntToMac(1n << 48n)).toThrow();
    expect(() => macFromBytes(new Uint8Array(5))).toThrow();
  });

  it("are multicast by their group bit", () => {
    expect([isMulticastMac("ff:ff:ff:ff:ff:ff"), isMulticastMac("33:33:00:00:00:01")]).toEqual([true, true]);
    expect(isMulticastMac("0a:00:00:00:00:01")).toBe(false);
  });
});

describe("IP addresses", () => {
  it("become canonical", () => {
    expect(parseIp("2001:DB8:0:0:0:0:0:1")).toBe("2001:db8::1");
    expect(parseIp("10.0.0.1")).toBe("10.0.0.1");
    expect(unmapIpv4("::ffff:10.0.0.1")).toBe("10.0.0.1");
    expect(unmapIpv4("::fffe:0:1")).toBe("::fffe:0:1");
    expect(unmapIpv4("fe80::1")).toBe("fe80::1");
  });

  it.each(["", "10.0.0", "10.0.0.256", "10.0.0.1.", "10.0.0.0x1", "1", ":::", "fe80::1%eth0", "a.b.c.d"])(
    "are not %j",
    (text) => {
      expect(tryParseIp(text)).toBeUndefined();
    },
  );

  it("go to integers and bytes and back", () => {
    expect(ipv4ToNumber("255.255.255.254")).toBe(0xfffffffe);
    expect(ipv4FromNumber(0x0a000001)).toBe("10.0.0.1");
    expect(ipv4FromBytes(ipv4ToBytes("192.168.3.4"))).toBe("192.168.3.4");
    expect(ipv6FromBigInt(ipv6ToBigInt("fe80::aabb:1"))).toBe("fe80::aabb:1");
    expect(() => ipv6FromBigInt(1n << 128n)).toThrow();
  });
});

describe("hexadecimal text and UUIDs", () => {
  it("reads bytes with any of the usual separators", () => {
    expect(fromHex("0a:0B 0c\n0d.0e0f")).toEqual(Uint8Array.of(10, 11, 12, 13, 14, 15));
    expect(toHex(Uint8Array.of(1, 0xff), ".")).toBe("01.ff");
    expect(() => fromHex("0")).toThrow(/odd number/);
    expect(() => fromHex("0 a")).toThrow(/not part/);
    expect(() => fromHex("zz")).toThrow(/not part/);
  });

  it("keeps UUIDs in lower case and makes version 4", () => {
    expect(parseUuid("ABCDEF00-0000-4000-8000-000000000001")).toBe("abcdef00-0000-4000-8000-000000000001");
    expect(uuidFromRandom(new Uint8Array(16).fill(0xff))).toBe("ffffffff-ffff-4fff-bfff-ffffffffffff");
    expect(isUuid("abcdef00")).toBe(false);
  });
});
