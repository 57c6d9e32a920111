// Cuts bytes that hold several messages in a row at their headers' lengths, as far as these can be trusted.
import { WireError } from "../../../proto/bytes/errors.ts";

const HEADER = 8;

export interface MessageSlice {
  readonly bytes: Uint8Array;
  /** From the first byte of the input. */
  readonly offset: number;
  /** What is left is no whole message; the bytes are all of the rest. */
  readonly error?: WireError;
}

export function* splitMessages(bytes: Uint8Array): Generator<MessageSlice> {
  for (let at = 0; at < bytes.length; ) {
    const left = bytes.length - at;
    const length = left < HEADER ? 0 : ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    if (left >= HEADER && length >= HEADER && length <= left) {
      yield { bytes: bytes.subarray(at, at + length), offset: at };
      at += length;
      continue;
    }
    const [code, why] =
      left < HEADER
        ? ["wire/short", `${left} bytes are no header`]
        : length < HEADER
          ? ["wire/length", `a message of ${length} bytes is shorter than its header`]
          : ["wire/short", `the header says ${length} bytes, ${left} are there`];
    const error = new WireError(code as string, why as string, { offset: 2, field: "header.length" });
    yield { bytes: bytes.subarray(at), offset: at, error };
    return;
  }
}
