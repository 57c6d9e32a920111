import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex } from "../../../proto/bytes/hex.ts";
import { decodeFrame } from "../../../proto/packet/index.ts";
import { describeFrame, frameFromBytes, frameToBytes, ipv6Frame } from "../../../src/trace/index.ts";
import { frames } from "../../lab/random-frames.ts";

const pools = { macs: ["02:00:00:00:00:01", "02:00:00:00:00:02"], vlans: [0, 10] };

describe("a frame", () => {
  it("comes back from its bytes as the same bytes", () => {
    fc.assert(
      fc.property(frames(pools), (frame) => {
        const bytes = frameToBytes(frame);
        expect(frameToBytes(frameFromBytes(bytes))).toEqual(bytes);
      }),
    );
  });

  it("is to the model what it is to the packet library", () => {
    fc.assert(
      fc.property(frames(pools), (frame) => {
        const bytes = frameToBytes(frame);
        const other = decodeFrame(bytes);
        const own = frameFromBytes(bytes);
        if (other.kind !== "ethernet") throw new Error("a runt");
        expect(other.ethernet).toEqual({
          source: own.source,
          destination: own.destination,
          vlans: own.vlans,
          etherType: own.etherType,
        });
        const { payload } = own;
        expect(other.payload.kind).toBe(payload.kind);
        if (payload.kind === "arp") expect(other.payload).toEqual(payload);
        if (payload.kind === "ipv4" || payload.kind === "ipv6") {
          const { source, destination, protocol } = payload;
          expect(other.payload).toMatchObject({ source, destination, protocol });
        }
      }),
    );
  });

  it("never makes its reader fail, but for bytes that end inside the header", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 22, maxLength: 120 }),
        fc.constantFrom(0x0800, 0x0806, 0x86dd),
        (bytes, type) => {
          bytes[12] = type >> 8;
          bytes[13] = type & 0xff;
          expect(frameFromBytes(bytes).etherType).toBe(type);
        },
      ),
    );
    expect(() => frameFromBytes(fromHex("ffffffffffff020000000001"))).toThrow(
      expect.objectContaining({ code: "trace/runt" }),
    );
  });

  it("looks past IPv6 extension headers, and not into fragments", () => {
    const solicitation = "3a000502000001008700ffff00000000fe800000000000000000000000000009";
    const header = "33330000000102000000000186dd6000000000";
    const addresses = "fe800000000000000000000000000001ff020000000000000000000000000001";
    const hopByHop = frameFromBytes(fromHex(`${header}2000ff${addresses}${solicitation}`));
    expect(hopByHop.payload).toMatchObject({
      kind: "ipv6",
      protocol: 58,
      transport: { kind: "nd", type: 135, target: "fe80::9" },
    });
    const later = frameFromBytes(fromHex(`${header}202cff${addresses}3a0005a000000001${"55".repeat(24)}`));
    expect(later.payload).toMatchObject({ kind: "ipv6", protocol: 58, transport: { kind: "raw" } });
  });

  it("reads as a person would say it", () => {
    const base = { source: "02:00:00:00:00:01", destination: "33:33:00:00:00:01" };
    const transport = {
      kind: "nd",
      type: 135,
      flags: 0,
      target: "fe80::9",
      sourceMac: null,
      targetMac: null,
      otherOptions: new Uint8Array(0),
    } as const;
    expect(describeFrame(ipv6Frame({ ...base, ip: { source: "fe80::1", destination: "ff02::1", transport } }))).toBe(
      "02:00:00:00:00:01 > 33:33:00:00:00:01, IPv6 fe80::1 > ff02::1, who has fe80::9",
    );
  });
});
