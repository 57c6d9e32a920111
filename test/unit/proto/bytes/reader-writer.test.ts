// The reader and writer hold to their bounds, and agree with each other.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WireError } from "../../../../proto/bytes/errors.ts";
import { ByteReader } from "../../../../proto/bytes/reader.ts";
import { ByteWriter } from "../../../../proto/bytes/writer.ts";

function caught(act: () => unknown): WireError {
  try {
    act();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("ByteReader", () => {
  it("reads big-endian integers of every width", () => {
    const r = new ByteReader(Uint8Array.of(1, 2, 3, 4, 5, 6, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 9));
    expect([r.u8("a"), r.u16("b"), r.u24("c"), r.u32("d"), r.u64("e")]).toEqual([1, 0x0203, 0x040506, 0xffffffff, 9n]);
    r.expectEnd("end");
  });

  it("refuses to read past its end, and says where and what", () => {
    const r = new ByteReader(Uint8Array.of(0, 0, 0, 0, 0), 1, 4, 1);
    r.u8("first");
    const error = caught(() => r.u32("port"));
    expect(error).toMatchObject({ code: "wire/short", offset: 1, field: "port" });
    expect(error.context).toMatchObject({ offset: 1, field: "port" });
    expect(r.u16("second")).toBe(0);
  });

  it("gives offsets within the message from a reader of a part of it", () => {
    const r = new ByteReader(Uint8Array.of(9, 9, 1, 2, 3, 4), 2);
    r.u8("a");
    const part = r.sub(2, "part");
    part.u16("b");
    expect(caught(() => part.u8("c")).offset).toBe(3);
    expect(r.u8("d")).toBe(4);
    expect(caught(() => r.sub(1, "e")).code).toBe("wire/short");
  });

  it("refuses negative lengths and what is left over", () => {
    const r = new ByteReader(new Uint8Array(4));
    expect(caught(() => r.skip(-1, "pad")).code).toBe("wire/short");
    expect(caught(() => r.bytes(-1, "data")).code).toBe("wire/short");
    expect(caught(() => r.expectEnd("body"))).toMatchObject({ code: "wire/trailing", offset: 0 });
  });

  it("gives plain byte arrays even where the message came as a Buffer", () => {
    const bytes = new ByteReader(Buffer.from([1, 2, 3])).bytes(2, "data");
    expect(Buffer.isBuffer(bytes)).toBe(false);
    expect(bytes).toEqual(Uint8Array.of(1, 2));
  });

  it("takes text up to its first NUL", () => {
    const r = new ByteReader(Uint8Array.of(0x70, 0x31, 0, 0x78, 0x61, 0x62));
    expect([r.text(4, "name"), r.text(2, "name")]).toEqual(["p1", "ab"]);
  });
});

describe("text", () => {
  it("survives even where it is no UTF-8", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 16 }), (bytes) => {
        const text = new ByteReader(bytes).text(bytes.length, "name");
        const w = new ByteWriter();
        w.text(text, bytes.length);
        const nul = bytes.indexOf(0);
        const kept = nul < 0 ? bytes : bytes.map((byte, i) => (i < nul ? byte : 0));
        expect(w.finish()).toEqual(kept);
      }),
    );
    expect(new ByteReader(new TextEncoder().encode("é1")).text(3, "name")).toBe("é1");
  });
});

describe("ByteWriter", () => {
  it("refuses values that do not fit, and leaves nothing of them behind", () => {
    const w = new ByteWriter(1);
    for (const act of [
      () => w.u8(256, "a"),
      () => w.u8(-1, "a"),
      () => w.u16(0x10000, "a"),
      () => w.u16(1.5, "a"),
      () => w.u24(0x1000000, "a"),
      () => w.u32(2 ** 32, "a"),
      () => w.u32(Number.NaN, "a"),
      () => w.u64(-1n, "a"),
      () => w.u64(1n << 64n, "a"),
      () => w.big(1n << 48n, 6, "a"),
      () => w.big(-1n, 6, "a"),
      () => w.big(1n << 128n, 16, "a"),
      () => w.text("abcd", 3, "a"),
    ]) {
      expect(caught(act)).toMatchObject({ code: "wire/range", field: "a", offset: 0 });
    }
    expect(w.finish()).toEqual(new Uint8Array(0));
  });

  it("pads from the start of the structure that is padded", () => {
    const w = new ByteWriter();
    w.u8(1);
    w.u16(2);
    w.align(8, 1);
    expect(w.length).toBe(9);
    w.align(8, 1);
    w.patchU16(1, 0xabcd);
    expect(w.finish()).toEqual(Uint8Array.of(1, 0xab, 0xcd, 0, 0, 0, 0, 0, 0));
    expect(w.length).toBe(0);
  });

  it("never touches again what it has handed out", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 30 }), (chunks) => {
        const w = new ByteWriter(32);
        const out = chunks.map((chunk, i) => {
          if (i % 3 === 2) {
            w.bytes(chunk);
            w.reset();
          }
          w.u16(0);
          w.bytes(chunk);
          w.patchU16(0, chunk.length);
          return w.finish();
        });
        expect(out).toEqual(chunks.map((chunk) => Uint8Array.of(0, chunk.length, ...chunk)));
      }),
    );
  });

  it("writes what the reader reads, for integers of any width", () => {
    const widths = fc.integer({ min: 1, max: 124 });
    fc.assert(
      fc.property(widths, fc.bigInt({ min: 0n, max: (1n << 992n) - 1n }), (width, any) => {
        const value = BigInt.asUintN(width * 8, any);
        const w = new ByteWriter(2);
        w.u8(7);
        w.big(value, width);
        const r = new ByteReader(w.finish(), 1);
        expect(r.big(width, "value")).toBe(value);
        r.expectEnd("value");
      }),
    );
  });
});
