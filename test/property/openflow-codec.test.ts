// For messages of every kind: encoding loses nothing, and no bytes, however damaged, do worse than be refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WireError } from "../../proto/bytes/errors.ts";
import { toHex } from "../../proto/bytes/hex.ts";
import {
  canonicalFlow,
  decode,
  encode,
  formatFlow,
  formatGroup,
  formatMeter,
  MessageFramer,
  type OpenFlowMessage,
} from "../../proto/openflow13/index.ts";
import { ANY_MESSAGE, BUNDLES, EXTENSIONS, PLAIN } from "./openflow-arbitraries.ts";

describe.each(Object.entries({ ...PLAIN, ...BUNDLES, ...EXTENSIONS }))("%s", (_, arbitrary) => {
  it("decodes to what was encoded, and encodes to the same bytes again", () => {
    fc.assert(
      fc.property(arbitrary, (message) => {
        const bytes = encode(message);
        const decoded = decode(bytes);
        expect(decoded).toEqual(message);
        expect(toHex(encode(decoded))).toBe(toHex(bytes));
      }),
      { numRuns: 300 },
    );
  });
});

describe("a stream of messages", () => {
  it("gives the same messages for every split point", () => {
    fc.assert(
      fc.property(fc.array(ANY_MESSAGE, { minLength: 1, maxLength: 4 }), (messages) => {
        const parts = messages.map((message) => encode(message));
        const stream = Uint8Array.from(parts.flatMap((part) => [...part]));
        for (let cut = 0; cut <= stream.length; cut += 1 + Math.floor(stream.length / 200)) {
          const framer = new MessageFramer();
          const out: string[] = [];
          const take = (buffer: Uint8Array, start: number, end: number) => out.push(toHex(buffer.slice(start, end)));
          framer.push(stream.subarray(0, cut), take);
          framer.push(stream.subarray(cut), take);
          expect(out).toEqual(parts.map((part) => toHex(part)));
        }
      }),
      { numRuns: 50 },
    );
  });
});

/** Changes that hit lengths, counts and types more often than chance would. */
const damage = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    how: fc.constantFrom("set", "add", "cut", "repeat", "swap"),
    value: fc.oneof(fc.constantFrom(0, 1, 4, 7, 8, 9, 0x7f, 0x80, 0xfe, 0xff), fc.integer({ min: 0, max: 255 })),
  }),
  { minLength: 1, maxLength: 4 },
);

function mutate(bytes: Uint8Array, changes: readonly { at: number; how: string; value: number }[]): Uint8Array {
  let out = [...bytes];
  for (const { at, how, value } of changes) {
    const i = Math.min(out.length - 1, 4 + Math.floor(at * (out.length - 4)));
    if (how === "set") out[i] = value;
    else if (how === "add") out.splice(i, 0, value);
    else if (how === "cut") out.splice(i, 1 + (value % 8));
    else if (how === "repeat") out.splice(i, 0, ...out.slice(i, i + 1 + (value % 16)));
    else if (i >= 1) [out[i], out[i - 1]] = [out[i - 1] ?? 0, out[i] ?? 0];
  }
  out = out.slice(0, 0xffff);
  while (out.length < 8) out.push(0);
  // The header's length fits, so that the damage is met inside.
  out[2] = out.length >> 8;
  out[3] = out.length & 0xff;
  return Uint8Array.from(out);
}

/** Whatever can be decoded can be printed and compared. */
function show(message: OpenFlowMessage): void {
  if (message.kind === "flow_mod") {
    formatFlow(message);
    canonicalFlow(message);
  } else if (message.kind === "group_mod") formatGroup(message);
  else if (message.kind === "meter_mod") formatMeter(message);
  else if (message.kind === "bundle_add") show(message.message);
}

describe("damaged bytes", () => {
  it("are a WireError, or a message that encodes to something that decodes to the same", () => {
    let refused = 0;
    fc.assert(
      fc.property(ANY_MESSAGE, damage, (message, changes) => {
        const bytes = mutate(encode(message), changes);
        let decoded: OpenFlowMessage;
        try {
          decoded = decode(bytes);
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
          expect(error.offset).toBeGreaterThanOrEqual(0);
          expect(error.offset).toBeLessThanOrEqual(bytes.length);
          refused += 1;
          return;
        }
        show(decoded);
        expect(decode(encode(decoded))).toEqual(decoded);
      }),
      { numRuns: Number(process.env.WEFT_FUZZ_CASES ?? 20_000) },
    );
    expect(refused).toBeGreaterThan(1_000);
  });

  it("at random are never more than a WireError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 200 }), fc.integer({ min: 0, max: 30 }), (bytes, type) => {
        bytes.set([4, type, bytes.length >> 8, bytes.length & 0xff]);
        try {
          decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
