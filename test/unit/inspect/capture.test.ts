import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WireError } from "../../../proto/bytes/errors.ts";
import { toHex } from "../../../proto/bytes/hex.ts";
import { encode, type OpenFlowMessage } from "../../../proto/openflow13/index.ts";
import { type CaptureItem, readCapture } from "../../../src/inspect/capture/read-capture.ts";
import { decodeInput } from "../../../src/inspect/index.ts";
import { cooked, cooked2, ethernet, ipSegment, type PcapOptions, pcap, pcapng } from "./write-pcap.ts";

const MESSAGES: readonly OpenFlowMessage[] = [
  { kind: "hello", xid: 1, version: 4, elements: [{ kind: "version_bitmap", bitmaps: [0x10] }] },
  { kind: "features_request", xid: 2 },
  { kind: "echo_request", xid: 3, data: Uint8Array.from({ length: 200 }, (_, i) => i) },
  { kind: "role_request", xid: 4, role: "master", generationId: 5n },
  { kind: "barrier_request", xid: 6 },
];
const PARTS = MESSAGES.map((message) => encode(message));
const STREAM = Uint8Array.from(Buffer.concat(PARTS));
const FIRST = 0xffffffe0;

interface Piece {
  readonly from: number;
  readonly to: number;
}

function frames(pieces: readonly Piece[], syn = true): Uint8Array[] {
  const packets = pieces.map(({ from, to }) =>
    ipSegment({ sequence: FIRST + 1 + from, payload: STREAM.subarray(from, to) }),
  );
  return (syn ? [ipSegment({ sequence: FIRST, syn: true }), ...packets] : packets).map((packet) => ethernet(packet));
}

function whole(items: Iterable<CaptureItem>): string[] {
  return [...items].flatMap((item) => {
    if ("problem" in item) return [`problem: ${item.problem}`];
    return [item.piece.kind === "message" ? toHex(item.piece.bytes) : item.piece.why];
  });
}

const ALL = PARTS.map((part) => toHex(part));
const EVEN: readonly Piece[] = [0, 50, 100, 150, 200, 250].map((from) => ({
  from,
  to: Math.min(from + 50, STREAM.length),
}));

describe("a capture", () => {
  const forms: readonly (readonly [string, (frames: readonly Uint8Array[], options: PcapOptions) => Uint8Array])[] = [
    ["pcap", pcap],
    ["pcapng", pcapng],
  ];
  const variants = forms.flatMap(([name, write]) =>
    [true, false].flatMap((littleEndian) =>
      [true, false].map((nanoseconds) => ({ name, write, littleEndian, nanoseconds })),
    ),
  );
  it.each(variants)("in $name is read, little endian $littleEndian, nanoseconds $nanoseconds", (variant) => {
    const file = variant.write(frames(EVEN), variant);
    expect(whole(readCapture(file))).toEqual(ALL);
    const [first] = [...decodeInput(file, { name: "x", form: "json", pretty: false })];
    expect(JSON.parse(first?.text ?? "")).toMatchObject({
      frame: 2,
      time: expect.stringMatching(/^2026-01-02T03:04:05\.000002(000)?Z$/),
      src: "10.0.0.1:40000",
      dst: "10.0.0.2:6653",
      message: { kind: "hello", xid: 1 },
    });
  });

  it.each([
    ["VLAN tags", 1, (packet: Uint8Array) => ethernet(packet, [5, 7])],
    ["Linux cooked frames", 113, cooked],
    ["Linux cooked frames of version 2", 276, cooked2],
    ["bare IP packets", 101, (packet: Uint8Array) => packet],
  ] as const)("with %s is read, IPv4 and IPv6", (_, linkType, wrap) => {
    for (const ipv6 of [false, true]) {
      const packet = ipSegment({ sequence: 5, payload: STREAM, ipv6 });
      expect(whole(readCapture(pcap([wrap(packet)], { linkType })))).toEqual(ALL);
    }
  });

  it("shows what is on the ports that are asked for and on no other", () => {
    const file = pcap([ethernet(ipSegment({ sequence: 1, payload: STREAM, destinationPort: 7000 }))]);
    expect(whole(readCapture(file))).toEqual([]);
    expect(whole(readCapture(file, [7000]))).toEqual(ALL);
  });

  it("that is cut anywhere gives what is whole before the cut, and says where it ends", () => {
    const file = pcap(frames(EVEN));
    for (let end = 25; end < file.length; end += 3) {
      const items: string[] = [];
      let failure: unknown;
      try {
        for (const item of readCapture(file.subarray(0, end))) items.push(...whole([item]));
      } catch (error) {
        failure = error;
      }
      const messages = items.filter((text) => ALL.includes(text));
      expect(messages).toEqual(ALL.slice(0, messages.length));
      if (failure !== undefined) expect(failure).toBeInstanceOf(WireError);
    }
  });
});

describe("a stream in a capture", () => {
  it("is put together from segments of any size, out of order, repeated and overlapping", () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: STREAM.length - 1 }), { maxLength: 12 });
    fc.assert(
      fc.property(cuts, fc.array(fc.nat(), { maxLength: 12 }), (at, shuffle) => {
        const sorted = [0, ...at.sort((a, b) => a - b), STREAM.length];
        const pieces = sorted.slice(1).map((to, i) => ({ from: sorted[i] ?? 0, to }));
        const again = shuffle.map((n) => {
          const piece = pieces[n % pieces.length] as Piece;
          return { from: Math.max(0, piece.from - (n % 7)), to: Math.min(STREAM.length, piece.to + (n % 5)) };
        });
        const order = [...pieces, ...again];
        order.forEach((_, i) => {
          const j = (shuffle[i % Math.max(1, shuffle.length)] ?? 0) % order.length;
          [order[i], order[j]] = [order[j] as Piece, order[i] as Piece];
        });
        expect(whole(readCapture(pcap(frames(order))))).toEqual(ALL);
      }),
      { numRuns: 300 },
    );
  });

  it("that lacks a segment says so, and goes on at the next message", () => {
    const file = pcap(frames([EVEN[0], EVEN[2], EVEN[3], EVEN[4], EVEN[5]] as Piece[]));
    const shown = whole(readCapture(file));
    expect(shown.slice(0, 2)).toEqual(ALL.slice(0, 2));
    expect(shown[2]).toMatch(/^\d+ bytes skipped: 50 bytes are missing behind them$/);
    expect(shown[3]).toMatch(/^\d+ bytes skipped: they stand behind bytes that the capture lacks$/);
    expect(shown.slice(4)).toEqual(ALL.slice(3));
  });

  it("that begins in the middle is entered at the first message that can be found", () => {
    for (const from of [1, 3, 17, 30, 60]) {
      const file = pcap(frames([{ from, to: STREAM.length }], false));
      const shown = whole(readCapture(file));
      const messages = shown.filter((text) => ALL.includes(text));
      expect(messages).toEqual(ALL.slice(-messages.length));
      expect(messages.length).toBeGreaterThanOrEqual(2);
      expect(shown[0]).toMatch(/bytes skipped: the capture begins in the middle of this connection/);
    }
  });

  it("that ends in the middle of a message says so", () => {
    const shown = whole(readCapture(pcap(frames([{ from: 0, to: 100 }]))));
    expect(shown).toEqual([...ALL.slice(0, 2), "76 bytes skipped: the capture ends in the middle of a message"]);
  });

  it("starts afresh when its ports are used again, and not when a SYN is repeated", () => {
    const again = [
      ethernet(ipSegment({ sequence: 7, syn: true })),
      ethernet(ipSegment({ sequence: 8, payload: STREAM })),
    ];
    expect(whole(readCapture(pcap([...frames(EVEN), ...again])))).toEqual([...ALL, ...ALL]);
    const syn = ethernet(ipSegment({ sequence: FIRST, syn: true }));
    const all = frames(EVEN);
    expect(whole(readCapture(pcap([...all.slice(0, 3), syn, ...all.slice(3)])))).toEqual(ALL);
  });
});

describe("a broken message in a capture", () => {
  it("is shown with its bytes and named by file, frame, offset and field", () => {
    const bad = Uint8Array.from(encode({ kind: "role_request", xid: 9, role: "master", generationId: 1n }));
    bad[11] = 77;
    const file = pcap([ethernet(ipSegment({ sequence: 1, payload: Buffer.concat([bad, STREAM]) }))]);
    const items = [...decodeInput(file, { name: "trace.pcap", form: "json", pretty: false })];
    const documents = items.filter((item) => item.kind === "document").map((item) => JSON.parse(item.text));
    expect(documents).toHaveLength(1 + PARTS.length);
    expect(documents[0]).toMatchObject({
      frame: 1,
      message: {
        kind: "undecoded",
        xid: 9,
        error: { code: "wire/value", offset: 8, field: "role.role" },
        bytes: toHex(bad),
      },
    });
    expect(items.filter((item) => item.kind === "problem").map((item) => item.text)).toEqual([
      "trace.pcap: frame 1: unknown role (role.role at offset 8)",
    ]);
  });
});
