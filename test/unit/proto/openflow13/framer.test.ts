// The framer gives the same messages however the stream is cut.
import { describe, expect, it } from "vitest";
import { toHex } from "../../../../proto/bytes/hex.ts";
import { encode, MessageFramer, type OpenFlowMessage } from "../../../../proto/openflow13/index.ts";

const MESSAGES: OpenFlowMessage[] = [
  { kind: "hello", xid: 1, version: 4, elements: [{ kind: "version_bitmap", bitmaps: [0x10] }] },
  { kind: "barrier_request", xid: 2 },
  { kind: "echo_request", xid: 3, data: Uint8Array.of(1, 2, 3, 4, 5) },
  { kind: "barrier_reply", xid: 4 },
];
const PARTS = MESSAGES.map((message) => encode(message));
const STREAM = Uint8Array.from(PARTS.flatMap((part) => [...part]));
const EXPECTED = PARTS.map((part) => toHex(part));

function push(framer: MessageFramer, chunk: Uint8Array, out: string[]): void {
  framer.push(chunk, (buffer, start, end) => out.push(toHex(buffer.subarray(start, end))));
}

describe("MessageFramer", () => {
  it("gives the same messages for every way to cut the stream into three", () => {
    for (let a = 0; a <= STREAM.length; a++) {
      for (let b = a; b <= STREAM.length; b++) {
        const framer = new MessageFramer();
        const out: string[] = [];
        for (const chunk of [STREAM.slice(0, a), STREAM.slice(a, b), STREAM.slice(b)]) push(framer, chunk, out);
        expect(out, `cut at ${a} and ${b}`).toEqual(EXPECTED);
        expect(framer.pendingBytes).toBe(0);
      }
    }
  });

  it("gives the same messages byte by byte", () => {
    const framer = new MessageFramer();
    const out: string[] = [];
    for (const byte of STREAM) push(framer, Uint8Array.of(byte), out);
    expect(out).toEqual(EXPECTED);
  });

  it("keeps a message that was handed out intact when more comes in", () => {
    const framer = new MessageFramer();
    const kept: Uint8Array[] = [];
    const keep = (buffer: Uint8Array, start: number, end: number) => kept.push(buffer.subarray(start, end));
    for (let at = 0; at < STREAM.length; at += 3) framer.push(STREAM.slice(at, at + 3), keep);
    expect(kept.map((bytes) => toHex(bytes))).toEqual(EXPECTED);
  });

  it.each([0, 1, 7])("refuses a message of %i bytes, then everything after it", (length) => {
    for (let cut = 0; cut <= 4; cut++) {
      const bad = Uint8Array.of(4, 2, 0, length, 0, 0, 0, 9);
      const framer = new MessageFramer();
      const out: string[] = [];
      const feed = () => {
        push(framer, PARTS[0] as Uint8Array, out);
        push(framer, bad.slice(0, cut), out);
        push(framer, bad.slice(cut), out);
      };
      expect(feed).toThrowError(expect.objectContaining({ code: "wire/length", field: "header.length" }));
      expect(() => push(framer, PARTS[1] as Uint8Array, out)).toThrow();
      expect(out).toEqual([EXPECTED[0]]);
    }
  });

  it("refuses a message above its cap before it has come whole", () => {
    const framer = new MessageFramer(64);
    const header = Uint8Array.of(4, 2, 0, 65, 0, 0, 0, 1);
    expect(() => push(framer, header, [])).toThrowError(expect.objectContaining({ code: "wire/length" }));
  });

  it("takes the longest message there is", () => {
    const bytes = encode({ kind: "echo_reply", xid: 1, data: new Uint8Array(0xffff - 8).fill(7) });
    const framer = new MessageFramer();
    const out: string[] = [];
    for (let at = 0; at < bytes.length; at += 1000) push(framer, bytes.subarray(at, at + 1000), out);
    expect(out).toEqual([toHex(bytes)]);
  });
});
