// The probe that a port sends to find out whether it meets another one outside of the fabric: both directions.
import { WireError } from "../../proto/bytes/errors.ts";
import { bigIntToMac, type Mac } from "../../proto/bytes/mac.ts";
import { ByteReader } from "../../proto/bytes/reader.ts";
import { ByteWriter } from "../../proto/bytes/writer.ts";
import { decodeEthernet, ETH_TYPE, encodeEthernet } from "../../proto/packet/index.ts";
import type { HostId, Vni } from "../model/facts.ts";
import { PROBE_DESTINATION, PROBE_ETHER_TYPE } from "../model/probe-address.ts";
import { sameBytes } from "./same-bytes.ts";

/** Which port said it, and when. */
export interface Probe {
  readonly fabricId: string;
  readonly hostId: HostId;
  readonly ofport: number;
  readonly vni: Vni;
  readonly sequence: number;
}

/** HMAC-SHA256 under a key that only this controller has. */
export type Seal = (bytes: Uint8Array) => Uint8Array;

const MAGIC = 0x57454654;
const VERSION = 1;
const SEAL_BYTES = 32;

function textOf(writer: ByteWriter, text: string): void {
  const bytes = new TextEncoder().encode(text);
  writer.u16(bytes.length, "length");
  writer.bytes(bytes);
}

function payloadOf(probe: Probe, seal: Seal): Uint8Array {
  const writer = new ByteWriter();
  writer.u32(MAGIC);
  writer.u8(VERSION);
  textOf(writer, probe.fabricId);
  textOf(writer, probe.hostId);
  writer.u32(probe.ofport, "ofport");
  writer.u32(probe.vni, "vni");
  writer.u32(probe.sequence, "sequence");
  const said = writer.finish();
  const whole = new ByteWriter();
  whole.bytes(said);
  whole.bytes(seal(said));
  return whole.finish();
}

/** A station's own for each port: a switch outside would otherwise see one station at many places. */
function sourceOf(probe: Probe, seal: Seal): Mac {
  const digest = seal(new TextEncoder().encode(`${probe.hostId}/${probe.ofport}`));
  const low = new ByteReader(digest).bytes(5, "digest").reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return bigIntToMac((0x0an << 40n) | low);
}

/** @param tag null for none. */
export function probeFrame(probe: Probe, tag: number | null, seal: Seal): Uint8Array {
  const vlans = tag === null ? [] : [{ tpid: ETH_TYPE.vlan, id: tag, priority: 0, dropEligible: false }];
  const header = { destination: PROBE_DESTINATION, source: sourceOf(probe, seal), vlans, etherType: PROBE_ETHER_TYPE };
  return encodeEthernet(header, payloadOf(probe, seal));
}

export interface ReceivedProbe extends Probe {
  /** The tag it arrived with; 0 for none, or for a mere priority. */
  readonly vlan: number;
}

/** null for what this controller has not sealed. */
export function readProbe(frame: Uint8Array, seal: Seal): ReceivedProbe | null {
  const decoded = decodeEthernet(frame);
  if (decoded === null || decoded.header.etherType !== PROBE_ETHER_TYPE || decoded.header.vlans.length > 1) return null;
  try {
    const reader = new ByteReader(decoded.payload);
    if (reader.u32("magic") !== MAGIC || reader.u8("version") !== VERSION) return null;
    const fabricId = reader.text(reader.u16("length"), "fabric");
    const hostId = reader.text(reader.u16("length"), "host");
    const [ofport, vni, sequence] = [reader.u32("ofport"), reader.u32("vni"), reader.u32("sequence")];
    const said = decoded.payload.subarray(0, decoded.payload.length - reader.remaining);
    if (!sameBytes(reader.bytes(SEAL_BYTES, "seal"), seal(said))) return null;
    return { fabricId, hostId, ofport, vni, sequence, vlan: decoded.header.vlans[0]?.id ?? 0 };
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
