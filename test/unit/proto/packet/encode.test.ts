import { describe, expect, it } from "vitest";
import {
  decodeArp,
  decodeFrame,
  decodeLldp,
  encodeArp,
  encodeEthernet,
  encodeIpv6,
  encodeLldp,
  encodeNeighborAdvertisement,
  internetChecksum,
} from "../../../../proto/packet/index.ts";
import * as vectors from "./vectors.ts";

describe("encoders, against frames Linux sent", () => {
  it("write the same ARP packet", () => {
    const body = vectors.ARP_REPLY_FRAME.subarray(14);
    const arp = decodeArp(body).value;
    if (arp.kind !== "arp") throw new Error("not ARP");
    expect(encodeArp(arp)).toEqual(body);
  });

  it("write the same neighbour advertisement, checksum included", () => {
    const frame = decodeFrame(vectors.NA_FRAME);
    if (frame.kind !== "ethernet" || frame.payload.kind !== "ipv6") throw new Error("not IPv6");
    const packet = frame.payload;
    if (packet.payload.kind !== "neighbor_advertisement") throw new Error("not an advertisement");
    const icmp = encodeNeighborAdvertisement(packet.source, packet.destination, packet.payload);
    expect(encodeEthernet(frame.ethernet, encodeIpv6(packet, icmp))).toEqual(vectors.NA_FRAME);
  });

  it("write the same LLDP data unit", () => {
    const body = vectors.LLDP_FRAME.subarray(14);
    const lldp = decodeLldp(body).value;
    if (lldp.kind !== "lldp") throw new Error("not LLDP");
    expect(encodeLldp(lldp)).toEqual(body);
  });

  it("refuse an LLDP value longer than its length field", () => {
    const id = { subtype: 7, bytes: new Uint8Array(511) };
    expect(() => encodeLldp({ kind: "lldp", chassisId: id, portId: id, ttlSec: 1, tlvs: [] })).toThrow(/does not fit/);
  });
});

describe("internetChecksum", () => {
  it("pads an odd byte with zero and folds the carry", () => {
    // RFC 1071, section 3, with a byte more.
    expect(internetChecksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(0x220d);
    expect(internetChecksum(Uint8Array.of(0xff, 0xff, 0x01))).toBe(0xfeff);
  });
});
