// The classic capture format: microseconds or nanoseconds, in either byte order (draft-ietf-opsawg-pcap).
import { captureError, MAX_FRAME_BYTES } from "./capture-error.ts";
import type { CapturedFrame } from "./captured-frame.ts";

const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;

interface Kind {
  readonly littleEndian: boolean;
  readonly nsPerTick: bigint;
}

function kindOf(file: Uint8Array): Kind | undefined {
  if (file.length < 4) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  for (const littleEndian of [true, false]) {
    const magic = view.getUint32(0, littleEndian);
    if (magic === MICROSECONDS) return { littleEndian, nsPerTick: 1000n };
    if (magic === NANOSECONDS) return { littleEndian, nsPerTick: 1n };
  }
  return undefined;
}

export function isPcap(file: Uint8Array): boolean {
  return kindOf(file) !== undefined;
}

/** Frames share the file's memory. @throws WireError `capture/invalid`, after the frames before the fault */
export function* readPcap(file: Uint8Array): Generator<CapturedFrame> {
  const kind = kindOf(file);
  if (kind === undefined) throw captureError("no capture file begins like this", 0, "magic");
  if (file.length < FILE_HEADER) throw captureError("the file ends in its header", file.length, "header");
  const { littleEndian, nsPerTick } = kind;
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  // The upper bits say whether frames end in a check sequence.
  const linkType = view.getUint32(20, littleEndian) & 0xffff;
  let number = 0;
  for (let at = FILE_HEADER; at < file.length; ) {
    number += 1;
    const left = file.length - at;
    if (left < RECORD_HEADER) throw captureError(`frame ${number} is cut off in its header`, at, "record");
    const seconds = BigInt(view.getUint32(at, littleEndian));
    const ticks = BigInt(view.getUint32(at + 4, littleEndian));
    const length = view.getUint32(at + 8, littleEndian);
    if (length > MAX_FRAME_BYTES) {
      throw captureError(`frame ${number} has ${length} bytes, more than any capture holds`, at + 8, "incl_len");
    }
    const offset = at + RECORD_HEADER;
    if (offset + length > file.length) {
      throw captureError(`frame ${number} is cut off: ${file.length - offset} of ${length} bytes`, offset, "data");
    }
    yield {
      number,
      timeNs: seconds * 1_000_000_000n + ticks * nsPerTick,
      linkType,
      bytes: file.subarray(offset, offset + length),
      offset,
    };
    at = offset + length;
  }
}
