// Bytes as hexadecimal text and back, for messages, notes and test vectors.
import { WeftError } from "./errors.ts";

const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** Lower-case hex digits; `separator` goes between bytes. */
export function toHex(bytes: Uint8Array, separator = ""): string {
  let out = "";
  for (let i = 0; i < bytes.length; i++) {
    if (i > 0) out += separator;
    out += PAIRS[bytes[i] as number];
  }
  return out;
}

/** Reads hex digits; white space, colons and dots between bytes are passed over. Throws `hex/invalid`. */
export function fromHex(text: string): Uint8Array {
  const out = new Uint8Array(text.length >> 1);
  let used = 0;
  let high = -1;
  for (let i = 0; i < text.length; i++) {
    const digit = hexDigit(text.charCodeAt(i));
    if (digit >= 0) {
      if (high < 0) high = digit;
      else {
        out[used++] = (high << 4) | digit;
        high = -1;
      }
    } else if (high >= 0 || !isSeparator(text.charCodeAt(i))) {
      throw new WeftError("hex/invalid", `"${text.charAt(i)}" at character ${i} is not part of hexadecimal bytes`, {
        context: { at: i },
      });
    }
  }
  if (high >= 0) throw new WeftError("hex/invalid", "an odd number of hexadecimal digits");
  return out.slice(0, used);
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}

function isSeparator(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 58 || code === 46;
}
