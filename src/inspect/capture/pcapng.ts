// The newer capture format: blocks, sections, and interfaces with clocks of their own (draft-ietf-opsawg-pcapng).
import { captureError, MAX_FRAME_BYTES } from "./capture-error.ts";
import type { CapturedFrame } from "./captured-frame.ts";

const BLOCK = { SECTION: 0x0a0d0d0a, INTERFACE: 1, PACKET: 2, SIMPLE: 3, ENHANCED: 6 } as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const OPTION = { END: 0, TIME_RESOLUTION: 9, TIME_OFFSET: 14 } as const;
const BLOCK_OVERHEAD = 12;
const MAX_INTERFACES = 65_536;

interface CaptureInterface {
  readonly linkType: number;
  readonly snapLength: number;
  readonly ticksPerSecond: bigint;
  readonly offsetSeconds: bigint;
}

export function isPcapng(file: Uint8Array): boolean {
  return file.length >= 4 && file[0] === 0x0a && file[1] === 0x0d && file[2] === 0x0d && file[3] === 0x0a;
}

/** Frames share the file's memory. @throws WireError `capture/invalid`, after the frames before the fault */
export function* readPcapng(file: Uint8Array): Generator<CapturedFrame> {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  let littleEndian = true;
  let interfaces: CaptureInterface[] = [];
  let number = 0;
  for (let at = 0; at < file.length; ) {
    if (file.length - at < BLOCK_OVERHEAD) throw captureError("the file ends in a block's header", at, "block");
    const type = view.getUint32(at, littleEndian);
    if (type === BLOCK.SECTION) {
      littleEndian = sectionOrder(view, at);
      interfaces = [];
    } else if (at === 0) throw captureError("no capture file begins like this", 0, "magic");
    const length = view.getUint32(at + 4, littleEndian);
    if (length < BLOCK_OVERHEAD || length % 4 !== 0 || length > file.length - at) {
      throw captureError(`a block of ${length} bytes, with ${file.length - at} left`, at + 4, "block_total_length");
    }
    if (view.getUint32(at + length - 4, littleEndian) !== length) {
      throw captureError("a block's two lengths differ", at + length - 4, "block_total_length");
    }
    const body = new BlockBody(view, at + 8, at + length - 4, littleEndian);
    if (type === BLOCK.INTERFACE) {
      if (interfaces.length >= MAX_INTERFACES) throw captureError("too many interfaces", at, "interface");
      interfaces.push(readInterface(body));
    } else if (type === BLOCK.ENHANCED || type === BLOCK.PACKET || type === BLOCK.SIMPLE) {
      number += 1;
      yield readPacket(file, body, type, interfaces, number);
    }
    at += length;
  }
}

/** A section's own magic says in which order all its numbers stand; its type reads the same in both. */
function sectionOrder(view: DataView, at: number): boolean {
  for (const littleEndian of [true, false]) {
    if (view.getUint32(at + 8, littleEndian) === BYTE_ORDER_MAGIC) return littleEndian;
  }
  throw captureError("a section's byte order is neither of the two", at + 8, "byte_order_magic");
}

/** Numbers of one block, in its section's byte order, and nothing beyond its end. */
class BlockBody {
  at: number;
  readonly end: number;
  private readonly view: DataView;
  private readonly littleEndian: boolean;

  constructor(view: DataView, start: number, end: number, littleEndian: boolean) {
    this.view = view;
    this.at = start;
    this.end = end;
    this.littleEndian = littleEndian;
  }

  u16(field: string): number {
    return this.view.getUint16(this.take(2, field), this.littleEndian);
  }

  u32(field: string): number {
    return this.view.getUint32(this.take(4, field), this.littleEndian);
  }

  take(n: number, field: string): number {
    const { at } = this;
    if (at + n > this.end) throw captureError("the block is too short", at, field);
    this.at = at + n;
    return at;
  }

  u8At(at: number): number {
    return this.view.getUint8(at);
  }

  i64At(at: number): bigint {
    return this.view.getBigInt64(at, this.littleEndian);
  }
}

function readInterface(body: BlockBody): CaptureInterface {
  const linkType = body.u16("linktype");
  body.u16("reserved");
  const snapLength = body.u32("snaplen");
  let ticksPerSecond = 1_000_000n;
  let offsetSeconds = 0n;
  while (body.end - body.at >= 4) {
    const code = body.u16("option_code");
    const length = body.u16("option_length");
    if (code === OPTION.END) break;
    const at = body.take(Math.min((length + 3) & ~3, Math.max(length, body.end - body.at)), "option_value");
    if (code === OPTION.TIME_RESOLUTION && length === 1) {
      const resolution = body.u8At(at);
      const exponent = BigInt(Math.min(resolution & 0x7f, 63));
      ticksPerSecond = (resolution & 0x80) === 0 ? 10n ** exponent : 2n ** exponent;
    } else if (code === OPTION.TIME_OFFSET && length === 8) offsetSeconds = body.i64At(at);
  }
  return { linkType, snapLength, ticksPerSecond, offsetSeconds };
}

function readPacket(
  file: Uint8Array,
  body: BlockBody,
  type: number,
  interfaces: readonly CaptureInterface[],
  number: number,
): CapturedFrame {
  const simple = type === BLOCK.SIMPLE;
  let index = 0;
  if (type === BLOCK.ENHANCED) index = body.u32("interface_id");
  else if (type === BLOCK.PACKET) {
    index = body.u16("interface_id");
    body.u16("drops_count");
  }
  const from = interfaces[index];
  if (from === undefined) throw captureError(`frame ${number} is of interface ${index}`, body.at, "interface_id");
  const ticks = simple ? undefined : (BigInt(body.u32("timestamp")) << 32n) | BigInt(body.u32("timestamp"));
  let length = simple ? 0 : body.u32("captured_len");
  const original = body.u32("original_len");
  if (simple) length = Math.min(original, from.snapLength === 0 ? original : from.snapLength, body.end - body.at);
  if (length > MAX_FRAME_BYTES) {
    throw captureError(`frame ${number} has ${length} bytes, more than any capture holds`, body.at, "captured_len");
  }
  const offset = body.take(length, "packet_data");
  const bytes = file.subarray(offset, offset + length);
  if (ticks === undefined) return { number, linkType: from.linkType, bytes, offset };
  const timeNs = from.offsetSeconds * 1_000_000_000n + (ticks * 1_000_000_000n) / from.ticksPerSecond;
  return { number, timeNs, linkType: from.linkType, bytes, offset };
}
