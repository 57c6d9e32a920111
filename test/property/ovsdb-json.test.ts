import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonFramer, type JsonLimits } from "../../proto/ovsdb/json-framer.ts";
import { parsePlainJson, parseStrictJson } from "../../proto/ovsdb/json-parse.ts";
import { type Json, jsonText } from "../../proto/ovsdb/json-text.ts";

const integer64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => {
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) ? rounded : value;
});
const text = fc.oneof(
  fc.string({ unit: "binary" }).filter((value) => !value.includes("\0") && !/\p{Surrogate}/u.test(value)),
  fc.constantFrom(
    "__proto__",
    "constructor",
    '"',
    "\\",
    "\\u0041",
    "{[",
    "é",
    "€",
    "𝄞",
    "\u007f",
    "\n\t",
    "12345678901234567890",
  ),
);
const fraction = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .filter((value) => !Number.isInteger(value) && Math.abs(value) >= 2 ** -1022);
const atom: fc.Arbitrary<Json> = fc.oneof(text, integer64, fraction, fc.boolean(), fc.constant(null));
const { json } = fc.letrec<{ json: Json; array: Json; object: Json }>((tie) => ({
  json: fc.oneof({ maxDepth: 4 }, atom, tie("array"), tie("object")),
  array: fc.array(tie("json"), { maxLength: 5 }),
  object: fc.array(fc.tuple(text, tie("json")), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
}));
const message = fc.oneof(
  fc.array(json, { maxLength: 4 }),
  fc.array(fc.tuple(text, json), { maxLength: 4 }).map((entries): Json => Object.fromEntries(entries)),
);
const gap = fc.constantFrom("", " ", "\n", "\r\n\t ");

function frame(chunks: readonly Uint8Array[], limits: JsonLimits = {}): { messages: Json[]; framer: JsonFramer } {
  const messages: Json[] = [];
  const framer = new JsonFramer((found) => messages.push(found), limits);
  for (const chunk of chunks) framer.push(chunk);
  return { messages, framer };
}

describe("the JSON framer", () => {
  it("gives the same messages at every split point of the stream", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(gap, message), { minLength: 1, maxLength: 3 }), (parts) => {
        const expected = parts.map(([, value]) => value);
        const bytes = Buffer.from(parts.map(([space, value]) => space + jsonText(value)).join(""));
        for (let at = 0; at <= bytes.length; at++) {
          const { messages, framer } = frame([bytes.subarray(0, at), bytes.subarray(at)]);
          expect(messages).toEqual(expected);
          expect(framer.atBoundary).toBe(true);
        }
        expect(frame([...bytes].map((byte) => Uint8Array.of(byte))).messages).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it("fails at the same offset at every split point", () => {
    const broken = fc.constantFrom(
      "{]",
      '["\\u0000"]',
      '["\u0001"]',
      "[01]",
      '{"a" 1}',
      "x",
      "[1e999]",
      '["\\ud800"]',
      "[1,]",
    );
    fc.assert(
      fc.property(message, broken, (value, tail) => {
        const bytes = Buffer.from(jsonText(value) + tail);
        const attempt = (at: number): unknown => {
          try {
            frame([bytes.subarray(0, at), bytes.subarray(at)]);
            return undefined;
          } catch (error) {
            const { code, offset } = error as { code: string; offset: number };
            return { code, offset };
          }
        };
        const whole = attempt(0);
        expect(whole).toMatchObject({ code: expect.stringMatching(/^json\//) });
        for (let at = 1; at <= bytes.length; at++) expect(attempt(at)).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a message that is parsed in pieces", () => {
  const pieceBytes = fc.constantFrom(0, 1, 5, 20, 60);

  it("is the same as when it is parsed at once, wherever it is cut", () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 3 }), pieceBytes, fc.nat(), (values, piece, seed) => {
        const bytes = Buffer.from(values.map((value) => jsonText(value)).join(""));
        const at = seed % (bytes.length + 1);
        const { messages, framer } = frame([bytes.subarray(0, at), bytes.subarray(at)], { pieceBytes: piece });
        expect(messages).toEqual(values);
        expect(framer.atBoundary).toBe(true);
        const keysOf = (value: Json): string =>
          JSON.stringify(value, (_key, item) => (typeof item === "bigint" ? `${item}n` : item));
        expect(messages.map(keysOf)).toEqual(values.map(keysOf));
      }),
      { numRuns: 3000 },
    );
  });

  it("is refused when, and only when, it is refused at once", () => {
    const pieces = [
      "{",
      "}",
      "[",
      "]",
      ",",
      ",",
      ":",
      '"a"',
      '"b":',
      "1",
      "-0",
      "true",
      "[1,2]",
      '{"k":[1,',
      '"__proto__":{',
      "]}",
      " ",
      "é",
      '"\\u00',
      '00"',
      '""',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 14 }), pieceBytes, (soup, piece) => {
        const bytes = Buffer.from(`[${soup.join("")}]`);
        const attempt = (limits: JsonLimits): unknown => {
          try {
            const { messages, framer } = frame([bytes], limits);
            return { messages, done: framer.atBoundary };
          } catch (error) {
            return (error as { code: string }).code;
          }
        };
        const whole = attempt({});
        const cut = attempt({ pieceBytes: piece });
        // A message that is not at its end yet may be refused earlier than when it is parsed as one.
        if (typeof whole === "object" && whole !== null && "done" in whole && whole.done === false) return;
        expect(cut).toEqual(whole);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("JSON texts", () => {
  it("come back from their text exactly", () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(parseStrictJson(jsonText(value))).toEqual(value);
      }),
    );
  });

  it("mean to the strict parser what they mean to JSON.parse", () => {
    fc.assert(
      fc.property(fc.json(), (source) => {
        if (/\\u/.test(source) || /\d{16}|\d[eE]/.test(source)) return;
        // JSON.parse knows a negative zero, Open vSwitch does not.
        expect(parseStrictJson(source)).toEqual(JSON.parse(source, (_key, value) => (value === 0 ? 0 : value)));
      }),
    );
  });

  it("are refused by the strict parser wherever JSON.parse refuses them", () => {
    const pieces = ["{", "}", "[", "]", ",", ":", '"', "\\", "1", "0", "-", ".", "e", "true", "nul", " ", "a", "\n"];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (soup) => {
        const source = soup.join("");
        const accepts = (parse: (text: string) => unknown): boolean => {
          try {
            parse(source);
            return true;
          } catch {
            return false;
          }
        };
        expect(accepts((text) => parseStrictJson(text))).toBe(accepts(JSON.parse));
        expect(accepts((text) => parsePlainJson(text, () => parseStrictJson(text)))).toBe(accepts(JSON.parse));
      }),
      { numRuns: 2000 },
    );
  });
});
