// Captures made by hand: files of either format, and the frames of a TCP connection in them.
import { internetChecksum } from "../../../proto/packet/index.ts";

export interface PcapOptions {
  readonly littleEndian?: boolean;
  readonly nanoseconds?: boolean;
  readonly linkType?: number;
}

/** 2026-01-02 03:04:05.000001 and on, a microsecond for each frame. */
const START_SECONDS = 1_767_323_045;

export function pcap(frames: readonly Uint8Array[], options: PcapOptions = {}): Uint8Array {
  const { littleEndian = true, nanoseconds = false, linkType = 1 } = options;
  const header = new DataView(new ArrayBuffer(24));
  header.setUint32(0, nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, littleEndian);
  header.setUint16(4, 2, littleEndian);
  header.setUint16(6, 4, littleEndian);
  header.setUint32(16, 262_144, littleEndian);
  header.setUint32(20, linkType, littleEndian);
  const parts = frames.flatMap((frame, i) => {
    const record = new DataView(new ArrayBuffer(16));
    record.setUint32(0, START_SECONDS, littleEndian);
    record.setUint32(4, nanoseconds ? (i + 1) * 1000 : i + 1, littleEndian);
    record.setUint32(8, frame.length, littleEndian);
    record.setUint32(12, frame.length, littleEndian);
    return [new Uint8Array(record.buffer), frame];
  });
  return Uint8Array.from(Buffer.concat([new Uint8Array(header.buffer), ...parts]));
}

function block(type: number, body: Uint8Array, littleEndian: boolean): Uint8Array {
  const padded = (body.length + 3) & ~3;
  const bytes = new Uint8Array(padded + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, littleEndian);
  view.setUint32(4, bytes.length, littleEndian);
  bytes.set(body, 8);
  view.setUint32(bytes.length - 4, bytes.length, littleEndian);
  return bytes;
}

export function pcapng(frames: readonly Uint8Array[], options: PcapOptions = {}): Uint8Array {
  const { littleEndian = true, nanoseconds = false, linkType = 1 } = options;
  const section = new DataView(new ArrayBuffer(16));
  section.setUint32(0, 0x1a2b3c4d, littleEndian);
  section.setUint16(4, 1, littleEndian);
  section.setBigInt64(8, -1n, littleEndian);
  const description = new DataView(new ArrayBuffer(nanoseconds ? 20 : 8));
  description.setUint16(0, linkType, littleEndian);
  if (nanoseconds) {
    description.setUint16(8, 9, littleEndian);
    description.setUint16(10, 1, littleEndian);
    description.setUint8(12, 9);
  }
  const ticks = BigInt(START_SECONDS) * (nanoseconds ? 1_000_000_000n : 1_000_000n);
  const packets = frames.map((frame, i) => {
    const head = new DataView(new ArrayBuffer(20));
    const time = ticks + BigInt(nanoseconds ? (i + 1) * 1000 : i + 1);
    head.setUint32(4, Number(time >> 32n), littleEndian);
    head.setUint32(8, Number(time & 0xffffffffn), littleEndian);
    head.setUint32(12, frame.length, littleEndian);
    head.setUint32(16, frame.length, littleEndian);
    return block(6, Buffer.concat([new Uint8Array(head.buffer), frame]), littleEndian);
  });
  const statistics = block(5, new Uint8Array(12), littleEndian);
  return Uint8Array.from(
    Buffer.concat([
      block(0x0a0d0d0a, new Uint8Array(section.buffer), littleEndian),
      block(1, new Uint8Array(description.buffer), littleEndian),
      ...packets,
      statistics,
    ]),
  );
}

export interface SegmentOptions {
  readonly sequence: number;
  readonly syn?: boolean;
  readonly payload?: Uint8Array;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly ipv6?: boolean;
}

/** An IP packet of one TCP segment from 10.0.0.1 or fe80::1 to .2. */
export function ipSegment(options: SegmentOptions): Uint8Array {
  const { sequence, syn = false, payload = new Uint8Array(0), sourcePort = 40_000, destinationPort = 6653 } = options;
  const tcp = new Uint8Array(20 + payload.length);
  const view = new DataView(tcp.buffer);
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  view.setUint32(4, sequence >>> 0);
  view.setUint8(12, 0x50);
  view.setUint8(13, syn ? 0x02 : 0x18);
  view.setUint16(14, 65_535);
  tcp.set(payload, 20);
  if (options.ipv6 === true) {
    const ip = new Uint8Array(40 + tcp.length);
    const head = new DataView(ip.buffer);
    head.setUint32(0, 0x60000000);
    head.setUint16(4, tcp.length);
    ip[6] = 6;
    ip[7] = 64;
    ip.set([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 8);
    ip.set([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], 24);
    ip.set(tcp, 40);
    return ip;
  }
  const ip = new Uint8Array(20 + tcp.length);
  const head = new DataView(ip.buffer);
  ip[0] = 0x45;
  head.setUint16(2, ip.length);
  ip[8] = 64;
  ip[9] = 6;
  ip.set([10, 0, 0, 1, 10, 0, 0, 2], 12);
  head.setUint16(10, internetChecksum(ip.subarray(0, 20)));
  ip.set(tcp, 20);
  return ip;
}

/** `tags` are VLAN ids, outermost first. */
export function ethernet(packet: Uint8Array, tags: readonly number[] = []): Uint8Array {
  const type = (packet[0] as number) >>> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00];
  const addresses = [0x0a, 0, 0, 0, 0, 2, 0x0a, 0, 0, 0, 0, 1];
  return Uint8Array.from([
    ...addresses,
    ...tags.flatMap((tag) => [0x81, 0, tag >>> 8, tag & 0xff]),
    ...type,
    ...packet,
  ]);
}

export function cooked(packet: Uint8Array): Uint8Array {
  const type = (packet[0] as number) >>> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00];
  return Uint8Array.from([0, 0, 0, 1, 0, 6, 0x0a, 0, 0, 0, 0, 1, 0, 0, ...type, ...packet]);
}

export function cooked2(packet: Uint8Array): Uint8Array {
  const type = (packet[0] as number) >>> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00];
  return Uint8Array.from([...type, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 0x0a, 0, 0, 0, 0, 1, 0, 0, ...packet]);
}
