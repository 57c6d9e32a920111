// NXT_PACKET_IN2 and NXT_RESUME: packet-ins as properties, with userdata and a continuation (Open vSwitch 2.6 on).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import { decodeOxm, encodeOxm, type Match, type OxmTlv } from "../oxm.ts";

/** Absent fields are not on the wire. */
export interface NxPacketIn2 {
  readonly kind: "nx_packet_in2" | "nx_resume";
  readonly xid: number;
  readonly packet?: Uint8Array;
  /** Length of the packet on the switch, if `packet` is only its start. */
  readonly fullLen?: number;
  readonly bufferId?: number;
  readonly tableId?: number;
  readonly cookie?: bigint;
  /** OFPR value. */
  readonly reason?: number;
  readonly metadata?: Match;
  readonly userdata?: Uint8Array;
  /** Opaque to controllers: sent back unchanged in nx_resume. */
  readonly continuation?: Uint8Array;
}

const NXPINT = {
  PACKET: 0,
  FULL_LEN: 1,
  BUFFER_ID: 2,
  TABLE_ID: 3,
  COOKIE: 4,
  REASON: 5,
  METADATA: 6,
  USERDATA: 7,
  CONTINUATION: 8,
} as const;

/** As Open vSwitch writes them. */
const ORDER: readonly number[] = [0, 1, 2, 3, 4, 5, 6, NXPINT.CONTINUATION, NXPINT.USERDATA];

type Writable = { -readonly [K in keyof NxPacketIn2]: NxPacketIn2[K] };

function fixed(r: ByteReader, length: number): void {
  if (r.remaining !== length) {
    throw r.fail("wire/length", `${length + 4} bytes, not ${r.remaining + 4}`, "packet_in2.property.length");
  }
}

/** Open vSwitch writes a byte without padding, and also reads it with the padding of other properties: false for that. */
function isBareByte(r: ByteReader): boolean {
  if (r.remaining === 4) return false;
  fixed(r, 1);
  return true;
}

/** False for a type that is not known, and for a layout that would not be written back the same. */
function decodeProperty(r: ByteReader, type: number, m: Writable): boolean {
  switch (type) {
    case NXPINT.PACKET:
      m.packet = r.bytes(r.remaining, "packet_in2.packet");
      return true;
    case NXPINT.FULL_LEN:
      fixed(r, 4);
      m.fullLen = r.u32("packet_in2.full_len");
      return true;
    case NXPINT.BUFFER_ID:
      fixed(r, 4);
      m.bufferId = r.u32("packet_in2.buffer_id");
      return true;
    case NXPINT.TABLE_ID:
      if (!isBareByte(r)) return false;
      m.tableId = r.u8("packet_in2.table_id");
      return true;
    case NXPINT.COOKIE:
      fixed(r, 12);
      r.skip(4, "packet_in2.pad");
      m.cookie = r.u64("packet_in2.cookie");
      return true;
    case NXPINT.REASON:
      if (!isBareByte(r)) return false;
      m.reason = r.u8("packet_in2.reason");
      return true;
    case NXPINT.METADATA: {
      const metadata: OxmTlv[] = [];
      while (r.remaining > 0) metadata.push(decodeOxm(r));
      m.metadata = metadata;
      return true;
    }
    case NXPINT.USERDATA:
      m.userdata = r.bytes(r.remaining, "packet_in2.userdata");
      return true;
    case NXPINT.CONTINUATION:
      m.continuation = r.bytes(r.remaining, "packet_in2.continuation");
      return true;
    default:
      return false;
  }
}

/** Undefined if properties are unknown, repeated or out of order: then the caller keeps the bytes. */
export function decodePacketIn2(r: ByteReader, xid: number, kind: NxPacketIn2["kind"]): NxPacketIn2 | undefined {
  const m: Writable = { kind, xid };
  let last = -1;
  while (r.remaining > 0) {
    const type = r.u16("packet_in2.property.type");
    const length = r.u16("packet_in2.property.length");
    if (length < 4)
      throw r.fail("wire/length", `property length ${length}`, "packet_in2.property.length", r.offset - 2);
    const body = r.sub(length - 4, "packet_in2.property.length");
    r.skip((8 - (length & 7)) & 7, "packet_in2.property.pad");
    const rank = ORDER.indexOf(type);
    if (rank <= last || !decodeProperty(body, type, m)) return undefined;
    last = rank;
  }
  return m;
}

function property(w: ByteWriter, type: number, write: () => void): void {
  const start = w.length;
  w.u16(type);
  w.u16(0);
  write();
  w.patchU16(start + 2, w.length - start, "packet_in2.property.length");
  w.align(8, start);
}

function u32Property(w: ByteWriter, type: number, value: number | undefined, field: string): void {
  if (value !== undefined) property(w, type, () => w.u32(value, field));
}

function u8Property(w: ByteWriter, type: number, value: number | undefined, field: string): void {
  if (value !== undefined) property(w, type, () => w.u8(value, field));
}

function bytesProperty(w: ByteWriter, type: number, value: Uint8Array | undefined): void {
  if (value !== undefined) property(w, type, () => w.bytes(value));
}

export function encodePacketIn2(w: ByteWriter, m: NxPacketIn2): void {
  const { cookie, metadata } = m;
  bytesProperty(w, NXPINT.PACKET, m.packet);
  u32Property(w, NXPINT.FULL_LEN, m.fullLen, "packet_in2.full_len");
  u32Property(w, NXPINT.BUFFER_ID, m.bufferId, "packet_in2.buffer_id");
  u8Property(w, NXPINT.TABLE_ID, m.tableId, "packet_in2.table_id");
  if (cookie !== undefined) {
    property(w, NXPINT.COOKIE, () => {
      w.zeros(4);
      w.u64(cookie, "packet_in2.cookie");
    });
  }
  u8Property(w, NXPINT.REASON, m.reason, "packet_in2.reason");
  if (metadata !== undefined) {
    property(w, NXPINT.METADATA, () => {
      for (const tlv of metadata) encodeOxm(w, tlv);
    });
  }
  bytesProperty(w, NXPINT.CONTINUATION, m.continuation);
  bytesProperty(w, NXPINT.USERDATA, m.userdata);
}
