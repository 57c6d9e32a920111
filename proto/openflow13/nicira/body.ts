// What the bodies of Nicira actions have in common: fixed lengths and trailing padding.
import type { ByteReader } from "../../bytes/reader.ts";

/** `wanted` bytes after the subtype, which makes ten more for the whole action. */
export function expectBody(r: ByteReader, wanted: number, name: string): void {
  if (r.remaining !== wanted) {
    throw r.fail("wire/length", `${name} is ${wanted + 10} bytes long, not ${r.remaining + 10}`, "action.len");
  }
}

/** True when what is left is the padding to the next 8 bytes and nothing more. */
export function endsInPadding(r: ByteReader): boolean {
  return r.remaining < 8;
}

/** ofs_nbits: the offset in the upper ten bits, the number of bits minus one in the lower six. */
export function unpackBits(packed: number): { readonly ofs: number; readonly nBits: number } {
  return { ofs: packed >>> 6, nBits: (packed & 0x3f) + 1 };
}

export function packBits(ofs: number, nBits: number): number {
  return (ofs << 6) | (nBits - 1);
}
