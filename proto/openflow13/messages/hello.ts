// HELLO (OpenFlow 1.3.5, section 7.5.1) and its version bitmap.
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

export type HelloElement =
  /** Bit n of the first word is version n, of the second n + 32, and so on. */
  | { readonly kind: "version_bitmap"; readonly bitmaps: readonly number[] }
  | { readonly kind: "unknown"; readonly type: number; readonly bytes: Uint8Array };

export interface Hello {
  readonly kind: "hello";
  readonly xid: number;
  /** The header's version: the highest that the sender speaks. */
  readonly version: number;
  readonly elements: readonly HelloElement[];
}

const OFPHET_VERSIONBITMAP = 1;

export function decodeHello(r: ByteReader, xid: number, version: number): Hello {
  const elements: HelloElement[] = [];
  while (r.remaining > 0) {
    const type = r.u16("hello.element.type");
    const length = r.u16("hello.element.length");
    if (length < 4) throw r.fail("wire/length", `element length ${length}`, "hello.element.length", r.offset - 2);
    const body = r.sub(length - 4, "hello.element.length");
    r.skip((8 - (length & 7)) & 7, "hello.element.pad");
    if (type === OFPHET_VERSIONBITMAP) {
      const bitmaps: number[] = [];
      while (body.remaining > 0) bitmaps.push(body.u32("hello.bitmaps"));
      elements.push({ kind: "version_bitmap", bitmaps });
    } else {
      elements.push({ kind: "unknown", type, bytes: body.bytes(body.remaining, "hello.element") });
    }
  }
  return { kind: "hello", xid, version, elements };
}

export function encodeHello(w: ByteWriter, hello: Hello): void {
  for (const element of hello.elements) {
    const start = w.length;
    w.u16(element.kind === "version_bitmap" ? OFPHET_VERSIONBITMAP : element.type, "hello.element.type");
    w.u16(0);
    if (element.kind === "version_bitmap") for (const word of element.bitmaps) w.u32(word, "hello.bitmaps");
    else w.bytes(element.bytes);
    w.patchU16(start + 2, w.length - start, "hello.element.length");
    w.align(8, start);
  }
}

/**
 * The version that both speak (section 6.3.1): the highest common bit when both sent a bitmap, else the smaller of the
 * header's versions. Undefined when there is none.
 */
export function negotiateVersion(ours: Hello, theirs: Hello): number | undefined {
  const a = bitmapOf(ours);
  const b = bitmapOf(theirs);
  if (a === undefined || b === undefined) {
    const version = Math.min(ours.version, theirs.version);
    const spoken = (bitmap: readonly number[] | undefined) =>
      bitmap === undefined || (((bitmap[version >>> 5] ?? 0) >>> (version & 31)) & 1) === 1;
    return spoken(a) && spoken(b) ? version : undefined;
  }
  for (let word = Math.min(a.length, b.length) - 1; word >= 0; word--) {
    const common = (a[word] as number) & (b[word] as number);
    if (common !== 0) return word * 32 + 31 - Math.clz32(common);
  }
  return undefined;
}

function bitmapOf(hello: Hello): readonly number[] | undefined {
  for (const element of hello.elements) if (element.kind === "version_bitmap") return element.bitmaps;
  return undefined;
}
