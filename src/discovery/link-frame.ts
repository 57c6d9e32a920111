// The LLDP frame by which a port tells which it is, so that the one at the other end of its cable is known: both directions.
import { WireError } from "../../proto/bytes/errors.ts";
import type { Mac } from "../../proto/bytes/mac.ts";
import { ByteReader } from "../../proto/bytes/reader.ts";
import { ByteWriter } from "../../proto/bytes/writer.ts";
import {
  decodeEthernet,
  decodeLldp,
  encodeEthernet,
  encodeLldp,
  LLDP_NEAREST_BRIDGE,
  LLDP_TLV,
  type LldpPacket,
} from "../../proto/packet/index.ts";
import { LLDP_ETHER_TYPE } from "../model/link-address.ts";
import type { LinkEnd } from "../model/plain-links.ts";
import type { Seal } from "./loop-probe.ts";
import { sameBytes } from "./same-bytes.ts";

export interface LinkFrame extends LinkEnd {
  readonly sequence: number;
}

/** IEEE 802.1AB, tables 8-2 and 8-3: locally assigned, for chassis and for ports. */
const LOCALLY_ASSIGNED = 7;
/** A locally administered OUI: nobody's. */
const OUI = Uint8Array.of(0x02, 0x57, 0x46);
const SEALED = 1;
const SEAL_BYTES = 32;

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** What the seal is over. */
function said({ dpid, ofport, sequence }: LinkFrame): Uint8Array {
  return text(`link ${dpid} ${ofport} ${sequence}`);
}

/** @param source the port's own address; others tell bridges by it. */
export function linkFrame(frame: LinkFrame, source: Mac, ttlSec: number, seal: Seal): Uint8Array {
  const writer = new ByteWriter();
  writer.bytes(OUI);
  writer.u8(SEALED);
  writer.u32(frame.sequence, "sequence");
  writer.bytes(seal(said(frame)));
  const packet: LldpPacket = {
    kind: "lldp",
    chassisId: { subtype: LOCALLY_ASSIGNED, bytes: text(frame.dpid) },
    portId: { subtype: LOCALLY_ASSIGNED, bytes: text(String(frame.ofport)) },
    ttlSec,
    tlvs: [{ type: LLDP_TLV.organizationallySpecific, bytes: writer.finish() }],
  };
  const header = { destination: LLDP_NEAREST_BRIDGE, source, vlans: [], etherType: LLDP_ETHER_TYPE };
  return encodeEthernet(header, encodeLldp(packet));
}

/** null for what this controller has not sealed: other bridges' LLDP, a guest's, a forgery. */
export function readLinkFrame(bytes: Uint8Array, seal: Seal): LinkFrame | null {
  const decoded = decodeEthernet(bytes);
  if (decoded === null || decoded.header.etherType !== LLDP_ETHER_TYPE || decoded.header.vlans.length > 0) return null;
  const { value: packet } = decodeLldp(decoded.payload);
  if (packet.kind !== "lldp" || packet.chassisId.subtype !== LOCALLY_ASSIGNED) return null;
  const dpid = new TextDecoder().decode(packet.chassisId.bytes);
  const port = new TextDecoder().decode(packet.portId.bytes);
  if (!/^[0-9a-f]{16}$/.test(dpid) || !/^[1-9]\d{0,9}$/.test(port)) return null;
  for (const tlv of packet.tlvs) {
    if (tlv.type !== LLDP_TLV.organizationallySpecific) continue;
    try {
      const reader = new ByteReader(tlv.bytes);
      if (!sameBytes(reader.bytes(OUI.length, "oui"), OUI) || reader.u8("subtype") !== SEALED) continue;
      const frame: LinkFrame = { dpid, ofport: Number(port), sequence: reader.u32("sequence") };
      if (sameBytes(reader.bytes(SEAL_BYTES, "seal"), seal(said(frame)))) return frame;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
  }
  return null;
}
