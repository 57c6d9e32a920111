// Damages bytes where parsers are weak: lengths, counts, types, the ends of structures, and parts of other messages.
import type { Random } from "./random.ts";

const BYTES = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 0x7f, 0x80, 0xfe, 0xff];
const WORDS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 0x7fff, 0x8000, 0xfff8, 0xffff];
const LONG_WORDS = [0, 1, 8, 0x7fffffff, 0x80000000, 0xffffff00, 0xfffffffd, 0xffffffff, 0x2320, 0x4f4e4600];
const MAX_BYTES = 0xffff;

/** Where a 16-bit number could be the length of the structure it stands in: it ends within the bytes. */
function lengthFields(bytes: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 2; at + 2 <= bytes.length; at += 1) {
    const value = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    if (value >= 4 && at - 2 + value <= bytes.length) found.push(at);
  }
  return found;
}

function set16(bytes: Uint8Array, at: number, value: number): void {
  if (at + 2 > bytes.length) return;
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length - Math.min(remove, bytes.length - at) + insert.length);
  out.set(bytes.subarray(0, at));
  out.set(insert, at);
  out.set(bytes.subarray(at + Math.min(remove, bytes.length - at)), at + insert.length);
  return out;
}

function mutateOnce(bytes: Uint8Array, random: Random, corpus: readonly Uint8Array[]): Uint8Array {
  const at = random.below(bytes.length);
  const even = at & ~1;
  switch (random.below(12)) {
    case 0:
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return bytes;
    case 1:
      bytes[at] = random.pick(BYTES);
      return bytes;
    case 2:
      set16(bytes, even, random.pick(WORDS));
      return bytes;
    case 3: {
      const value = random.pick(LONG_WORDS);
      set16(bytes, at & ~3, value >>> 16);
      set16(bytes, (at & ~3) + 2, value & 0xffff);
      return bytes;
    }
    case 4: {
      // A length a little off, with what it measures left as it is.
      const fields = lengthFields(bytes);
      if (fields.length === 0) return bytes;
      const field = random.pick(fields);
      const value = ((bytes[field] as number) << 8) | (bytes[field + 1] as number);
      set16(bytes, field, (value + random.pick([-8, -4, -1, 1, 4, 8])) & 0xffff);
      return bytes;
    }
    case 5: {
      // A length that is right again after bytes came or went at its structure's end.
      const fields = lengthFields(bytes);
      if (fields.length === 0) return bytes;
      const field = random.pick(fields);
      const value = ((bytes[field] as number) << 8) | (bytes[field + 1] as number);
      const end = field - 2 + value;
      const size = random.pick([1, 4, 8, 16]);
      if (random.oneIn(2)) {
        set16(bytes, field, (value + size) & 0xffff);
        return splice(bytes, end, 0, new Uint8Array(size).fill(random.pick(BYTES)));
      }
      set16(bytes, field, Math.max(0, value - size));
      return splice(bytes, Math.max(0, end - size), size, new Uint8Array(0));
    }
    case 6:
      return bytes.slice(0, at);
    case 7:
      return splice(bytes, at, random.pick([1, 2, 4, 8, 16]), new Uint8Array(0));
    case 8: {
      const from = random.below(bytes.length) & ~3;
      const part = bytes.slice(from, from + random.pick([4, 8, 16, 32, 64]));
      let repeated = part;
      // Many copies now and then: what takes quadratic time shows itself.
      if (random.oneIn(50))
        repeated = Uint8Array.from({ length: part.length * 200 }, (_, i) => part[i % part.length] as number);
      return splice(bytes, at & ~3, 0, repeated);
    }
    case 9: {
      const other = random.pick(corpus);
      const from = random.below(other.length) & ~3;
      return splice(
        bytes,
        at & ~3,
        random.pick([0, 4, 8, 16]),
        other.subarray(from, from + random.pick([4, 8, 16, 40])),
      );
    }
    case 10: {
      const other = random.pick(corpus);
      const cut = random.below(Math.min(bytes.length, other.length)) & ~3;
      return Uint8Array.from([...bytes.subarray(0, cut), ...other.subarray(cut)]);
    }
    default: {
      const size = random.pick([1, 2, 4, 8]);
      const from = random.below(Math.max(1, bytes.length - size));
      const part = bytes.slice(from, from + size);
      bytes.copyWithin(from, at, at + size);
      bytes.set(part.subarray(0, bytes.length - at), at);
      return bytes;
    }
  }
}

/** One to six changes to a copy of one of the corpus. `fixLength` mends an OpenFlow header, so that the damage is met inside. */
export function mutateBytes(random: Random, corpus: readonly Uint8Array[], fixLength: boolean): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(random.pick(corpus));
  for (let changes = 1 + random.below(6); changes > 0 && bytes.length > 0; changes--) {
    bytes = mutateOnce(bytes, random, corpus);
  }
  if (bytes.length > MAX_BYTES) bytes = bytes.slice(0, MAX_BYTES);
  if (fixLength && bytes.length >= 8 && !random.oneIn(8)) {
    bytes[0] = 4;
    set16(bytes, 2, bytes.length);
  }
  return bytes;
}
