import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipv4FromNumber, ipv6FromBigInt } from "../../../../proto/bytes/ip.ts";
import { bigIntToMac } from "../../../../proto/bytes/mac.ts";
import {
  decodeFrame,
  type EthernetHeader,
  encodeArp,
  encodeEthernet,
  encodeIpv6,
  encodeLldp,
  encodeNeighborAdvertisement,
  type Frame,
} from "../../../../proto/packet/index.ts";
import { ALL_FRAMES } from "./vectors.ts";

const mac = fc.bigInt({ min: 0n, max: 0xffffffffffffn }).map(bigIntToMac);
const ipv4 = fc.nat({ max: 0xffffffff }).map(ipv4FromNumber);
const ipv6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map(ipv6FromBigInt);
const vlan = fc.record({
  tpid: fc.constantFrom(0x8100, 0x88a8),
  id: fc.nat({ max: 4095 }),
  priority: fc.nat({ max: 7 }),
  dropEligible: fc.boolean(),
});
const header = (etherType: number) =>
  fc.record({
    destination: mac,
    source: mac,
    vlans: fc.array(vlan, { maxLength: 2 }),
    etherType: fc.constant(etherType),
  });

function expectFrame(frame: Frame, ethernet: EthernetHeader, payload: unknown): void {
  expect(frame).toEqual({ kind: "ethernet", ethernet, payload, truncated: false });
}

/** Asks for every property, so that a lazy or throwing one would show. */
function walk(value: unknown): void {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  for (const inner of Object.values(value)) walk(inner);
}

describe("decodeFrame, for any bytes", () => {
  it("never throws", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => walk(decodeFrame(bytes))));
  });

  it("never throws on a real frame with bytes changed and its end cut off", () => {
    const change = fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(ALL_FRAMES)),
        fc.array(change, { maxLength: 8 }),
        fc.nat({ max: 400 }),
        (frame, changes, end) => {
          const bytes = frame.slice(0, end);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          walk(decodeFrame(bytes));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each(Object.entries(ALL_FRAMES))("says truncated for every cut of %s that loses what it announced", (_, frame) => {
    expect(decodeFrame(frame).truncated).toBe(false);
    for (let end = 0; end < frame.length; end++) expect(decodeFrame(frame.subarray(0, end)).truncated).toBe(true);
  });
});

describe("round trips", () => {
  it("ARP", () => {
    const arp = fc.record({
      kind: fc.constant("arp" as const),
      operation: fc.nat({ max: 0xffff }),
      senderMac: mac,
      senderIp: ipv4,
      targetMac: mac,
      targetIp: ipv4,
    });
    fc.assert(
      fc.property(header(0x0806), arp, (ethernet, packet) =>
        expectFrame(decodeFrame(encodeEthernet(ethernet, encodeArp(packet))), ethernet, packet),
      ),
    );
  });

  it("neighbour advertisements", () => {
    const optionalMac = fc.option(mac);
    const advertisement = fc.record({
      kind: fc.constant("neighbor_advertisement" as const),
      router: fc.boolean(),
      solicited: fc.boolean(),
      override: fc.boolean(),
      target: ipv6,
      options: fc.record({
        sourceMac: optionalMac,
        targetMac: optionalMac,
        mtu: fc.constant(null),
        prefixes: fc.constant([]),
      }),
    });
    fc.assert(
      fc.property(header(0x86dd), ipv6, ipv6, advertisement, (ethernet, source, destination, payload) => {
        const icmp = encodeNeighborAdvertisement(source, destination, payload);
        const packet = { kind: "ipv6", source, destination, hopLimit: 255, protocol: 58, fragment: false, payload };
        const bytes = encodeEthernet(ethernet, encodeIpv6({ source, destination, hopLimit: 255, protocol: 58 }, icmp));
        expectFrame(decodeFrame(bytes), ethernet, packet);
      }),
    );
  });

  it("LLDP", () => {
    const id = fc.record({ subtype: fc.nat({ max: 255 }), bytes: fc.uint8Array({ maxLength: 510 }) });
    const tlv = fc.record({ type: fc.integer({ min: 4, max: 127 }), bytes: fc.uint8Array({ maxLength: 511 }) });
    const lldp = fc.record({
      kind: fc.constant("lldp" as const),
      chassisId: id,
      portId: id,
      ttlSec: fc.nat({ max: 0xffff }),
      tlvs: fc.array(tlv, { maxLength: 6 }),
    });
    fc.assert(
      fc.property(header(0x88cc), lldp, (ethernet, packet) =>
        expectFrame(decodeFrame(encodeEthernet(ethernet, encodeLldp(packet))), ethernet, packet),
      ),
    );
  });
});
