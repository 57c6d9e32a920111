// What is wrong with a capture file, with the place.
import { WireError } from "../../../proto/bytes/errors.ts";

/** `offset` counts from the file's first byte. */
export function captureError(why: string, offset: number, field: string): WireError {
  return new WireError("capture/invalid", why, { offset, field });
}

/** Bytes of one captured frame at most: libpcap's own limit. */
export const MAX_FRAME_BYTES = 262_144;
