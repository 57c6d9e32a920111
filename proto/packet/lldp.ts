// LLDP data units (IEEE 802.1AB): the three mandatory TLVs by name, all others as they are. Both directions.
import { ByteReader } from "../bytes/reader.ts";
import { ByteWriter } from "../bytes/writer.ts";
import { cut, type Layer, type RawPayload, raw, whole } from "./layer.ts";

/** The group address bridges do not forward: "nearest bridge". */
export const LLDP_NEAREST_BRIDGE = "01:80:c2:00:00:0e";

const TLV = { end: 0, chassisId: 1, portId: 2, ttl: 3 } as const;
/** `organizationallySpecific` is the TLV type that carries an OUI, a subtype and private bytes. */
export const LLDP_TLV = {
  portDescription: 4,
  systemName: 5,
  systemDescription: 6,
  organizationallySpecific: 127,
} as const;
const MAX_TLVS = 256;

export interface LldpId {
  readonly subtype: number;
  readonly bytes: Uint8Array;
}

export interface LldpTlv {
  /** 4..127: 0..3 have their own fields. */
  readonly type: number;
  readonly bytes: Uint8Array;
}

export interface LldpPacket {
  readonly kind: "lldp";
  readonly chassisId: LldpId;
  readonly portId: LldpId;
  /** 0 says: forget me. */
  readonly ttlSec: number;
  readonly tlvs: readonly LldpTlv[];
}

/** A data unit that does not begin with chassis, port and TTL comes back raw; what was whole before a cut is kept. */
export function decodeLldp(bytes: Uint8Array): Layer<LldpPacket | RawPayload> {
  const { value: tlvs, truncated } = decodeTlvs(bytes);
  const [chassis, port, ttl, ...rest] = tlvs;
  const chassisId = idOf(chassis, TLV.chassisId);
  const portId = idOf(port, TLV.portId);
  if (chassisId === null || portId === null || ttl === undefined || ttl.type !== TLV.ttl || ttl.bytes.length < 2) {
    return truncated ? cut(raw(bytes)) : whole(raw(bytes));
  }
  return {
    value: {
      kind: "lldp",
      chassisId,
      portId,
      ttlSec: new ByteReader(ttl.bytes).u16("ttl"),
      tlvs: rest.filter((tlv) => tlv.type > TLV.ttl),
    },
    truncated,
  };
}

function decodeTlvs(bytes: Uint8Array): Layer<readonly LldpTlv[]> {
  const reader = new ByteReader(bytes);
  const tlvs: LldpTlv[] = [];
  while (tlvs.length < MAX_TLVS) {
    if (reader.remaining < 2) return cut(tlvs);
    const header = reader.u16("tlv header");
    const type = header >>> 9;
    const length = header & 0x1ff;
    if (type === TLV.end) return whole(tlvs);
    if (reader.remaining < length) return cut(tlvs);
    tlvs.push({ type, bytes: reader.bytes(length, "tlv value") });
  }
  return whole(tlvs);
}

function idOf(tlv: LldpTlv | undefined, type: number): LldpId | null {
  const subtype = tlv?.bytes[0];
  if (tlv === undefined || tlv.type !== type || subtype === undefined) return null;
  return { subtype, bytes: tlv.bytes.subarray(1) };
}

/** The bytes that follow the Ethernet header, the end TLV included. @throws WireError `wire/range`. */
export function encodeLldp(packet: LldpPacket): Uint8Array {
  const writer = new ByteWriter();
  writeTlv(writer, TLV.chassisId, [Uint8Array.of(packet.chassisId.subtype), packet.chassisId.bytes]);
  writeTlv(writer, TLV.portId, [Uint8Array.of(packet.portId.subtype), packet.portId.bytes]);
  writer.u16((TLV.ttl << 9) | 2);
  writer.u16(packet.ttlSec, "ttl");
  for (const tlv of packet.tlvs) writeTlv(writer, tlv.type, [tlv.bytes]);
  writer.u16(0);
  return writer.finish();
}

function writeTlv(writer: ByteWriter, type: number, parts: readonly Uint8Array[]): void {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  // A length past 9 bits would spill into the type: make the u16 fail instead.
  writer.u16(length > 0x1ff || type > 127 ? -1 : type * 0x200 + length, "tlv header");
  for (const part of parts) writer.bytes(part);
}
