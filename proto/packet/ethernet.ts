// The Ethernet II header with up to two VLAN tags (IEEE 802.3, 802.1Q, 802.1ad), both directions.
import { type Mac, macFromBytes, macToBytes } from "../bytes/mac.ts";
import { ByteReader } from "../bytes/reader.ts";
import { ByteWriter } from "../bytes/writer.ts";

export const ETH_TYPE = {
  ipv4: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  ipv6: 0x86dd,
  serviceVlan: 0x88a8,
  lldp: 0x88cc,
} as const;

/** Shortest frame on a wire, without the frame check sequence. */
const MIN_FRAME = 60;
const MAX_TAGS = 2;

export interface VlanTag {
  /** The tag protocol identifier: 0x8100 or 0x88a8. */
  readonly tpid: number;
  /** 0..4095; 0 is a priority tag, 4095 is reserved. */
  readonly id: number;
  /** Priority code point, 0..7. */
  readonly priority: number;
  readonly dropEligible: boolean;
}

export interface EthernetHeader {
  readonly destination: Mac;
  readonly source: Mac;
  /** Outermost first. A third tag is left in the payload, and its TPID in `etherType`. */
  readonly vlans: readonly VlanTag[];
  /** The type after the tags; below 0x600 it is an IEEE 802.3 length. */
  readonly etherType: number;
}

/** Reads a header; null when the frame ends inside it. */
export function decodeEthernet(frame: Uint8Array): { header: EthernetHeader; payload: Uint8Array } | null {
  if (frame.length < 14) return null;
  const reader = new ByteReader(frame);
  const destination = macFromBytes(reader.bytes(6, "destination"));
  const source = macFromBytes(reader.bytes(6, "source"));
  const vlans: VlanTag[] = [];
  let etherType = reader.u16("etherType");
  while ((etherType === ETH_TYPE.vlan || etherType === ETH_TYPE.serviceVlan) && vlans.length < MAX_TAGS) {
    if (reader.remaining < 4) return null;
    const tci = reader.u16("tci");
    vlans.push({ tpid: etherType, id: tci & 0xfff, priority: tci >>> 13, dropEligible: (tci & 0x1000) !== 0 });
    etherType = reader.u16("etherType");
  }
  return { header: { destination, source, vlans, etherType }, payload: reader.bytes(reader.remaining, "payload") };
}

/** Writes a frame, padded to the 60 bytes a wire wants. @throws WireError `wire/range` for a value out of its field. */
export function encodeEthernet(header: EthernetHeader, payload: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  writer.bytes(macToBytes(header.destination));
  writer.bytes(macToBytes(header.source));
  for (const tag of header.vlans) {
    writer.u16(tag.tpid);
    // An id past 12 bits would spill into the priority: make the u16 fail instead.
    writer.u16(tag.id > 0xfff ? -1 : tag.priority * 0x2000 + (tag.dropEligible ? 0x1000 : 0) + tag.id, "vlan tag");
  }
  writer.u16(header.etherType);
  writer.bytes(payload);
  if (writer.length < MIN_FRAME) writer.zeros(MIN_FRAME - writer.length);
  return writer.finish();
}
