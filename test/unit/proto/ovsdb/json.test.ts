import { describe, expect, it } from "vitest";
import { JsonFramer, type JsonLimits } from "../../../../proto/ovsdb/json-framer.ts";
import { parseStrictJson } from "../../../../proto/ovsdb/json-parse.ts";
import { type Json, type JsonObject, jsonText, member } from "../../../../proto/ovsdb/json-text.ts";

function frame(text: string | Uint8Array, limits: JsonLimits = {}): Json[] {
  const messages: Json[] = [];
  new JsonFramer((message) => messages.push(message), limits).push(typeof text === "string" ? Buffer.from(text) : text);
  return messages;
}

describe("framing", () => {
  it("hands over messages that stand back to back, with or without space", () => {
    expect(frame('{"a":1}[2]\n {"b":"}"}')).toEqual([{ a: 1 }, [2], { b: "}" }]);
  });

  it("hands over what came before an error, and nothing after it", () => {
    const messages: Json[] = [];
    const framer = new JsonFramer((message) => messages.push(message));
    expect(() => framer.push(Buffer.from("[1][2]oops[3]"))).toThrow(
      expect.objectContaining({ code: "json/top-level", offset: 6 }),
    );
    framer.push(Buffer.from("[4]"));
    expect(messages).toEqual([[1], [2]]);
  });

  it.each([
    ["7", "json/top-level", 0],
    ['"text"', "json/top-level", 0],
    ["null", "json/top-level", 0],
    ["]", "json/top-level", 0],
    ["\u{feff}[]", "json/top-level", 0],
    ["  [1 2]", "json/syntax", 5],
    ['{"a":1,}', "json/syntax", 7],
    ["{]", "json/syntax", 1],
    ['["é", tru]', "json/syntax", 7],
  ])("refuses %j as %s at byte %i", (text, code, offset) => {
    expect(() => frame(text)).toThrow(expect.objectContaining({ code, offset }));
  });

  it("refuses bytes that are not UTF-8, and says which", () => {
    expect(() => frame(Uint8Array.of(0x5b, 0x22, 0xc3, 0x28, 0x22, 0x5d))).toThrow(
      expect.objectContaining({ code: "json/utf8", offset: 3 }),
    );
    expect(() => frame(Uint8Array.of(0x5b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x5d))).toThrow(
      expect.objectContaining({ code: "json/utf8" }),
    );
  });

  it("caps a message's size before it is complete", () => {
    const limits = { maxBytes: 10 };
    expect(frame("[12345678][1]", limits)).toEqual([[12345678], [1]]);
    expect(() => frame("[123456789]", limits)).toThrow(expect.objectContaining({ code: "json/too-long", offset: 10 }));
    expect(() => frame(`[1] ["${"a".repeat(20)}`, limits)).toThrow(
      expect.objectContaining({ code: "json/too-long", offset: 14 }),
    );
    const framer = new JsonFramer(() => undefined, limits);
    framer.push(Buffer.from("[1234567"));
    expect(() => framer.push(Buffer.from("89012"))).toThrow(
      expect.objectContaining({ code: "json/too-long", offset: 10 }),
    );
  });

  it("finds a string's end wherever it stands in a word, beside bytes that differ from quotes and backslashes by one bit", () => {
    const near = ["!", "#", "\u00a2", "\u06dc", "]", "[", "\u0123", "\\", '"', "a"];
    for (let length = 0; length < 10; length++) {
      for (const [place, c] of near.entries()) {
        const text = "x".repeat(length) + c + (near[(place + length) % near.length] ?? "");
        const value = { [text]: [text, text.repeat(2), `${text}{`, `${text}]`] };
        expect(frame(JSON.stringify(value))).toEqual([value]);
        expect(frame(JSON.stringify(value), { pieceBytes: 0 })).toEqual([value]);
      }
    }
  });

  it("caps depth before anything is parsed", () => {
    expect(frame(`${"[".repeat(1000)}${"]".repeat(1000)}`)).toHaveLength(1);
    expect(() => frame("[".repeat(1001))).toThrow(expect.objectContaining({ code: "json/too-deep", offset: 1000 }));
    expect(() => frame('{"a":[{', { maxDepth: 2 })).toThrow(
      expect.objectContaining({ code: "json/too-deep", offset: 6 }),
    );
  });
});

describe("parsing as strictly as Open vSwitch", () => {
  it.each([
    ["[-0]", [0]],
    ["[-0.0]", [0]],
    ["[1.0]", [1]],
    ["[1e3]", [1000]],
    ["[120e-1]", [12]],
    ["[9007199254740993]", [9007199254740993n]],
    ["[9007199254740993.0]", [9007199254740993n]],
    ["[9223372036854775807,-9223372036854775808]", [2n ** 63n - 1n, -(2n ** 63n)]],
    ["[9223372036854775808]", [2 ** 63]],
    ["[1e18]", [1000000000000000000n]],
    ["[1e-400000,0e999999999]", [0, 0]],
    ["[0.1e1]", [1]],
    ['["\\ud834\\udd1e\\u00e9"]', ["𝄞é"]],
    ['["\\b\\f\\n\\r\\t\\/\\"\\\\"]', ['\b\f\n\r\t/"\\']],
  ])("reads %s exactly", (text, value) => {
    expect(frame(text)).toEqual([value]);
    expect(parseStrictJson(text)).toEqual(value);
  });

  it.each([
    ['["\\u0000"]', "null bytes not supported"],
    ['["\\ud800"]', "malformed escaped surrogate pair"],
    ['["\\ud800x"]', "malformed escaped surrogate pair"],
    ['["\\ud834\\u0060"]', "is not trailing surrogate"],
    ['["\\u12g4"]', "malformed \\u escape"],
    ['["\\x41"]', "bad escape"],
    ['["\n"]', "must be escaped"],
    ["[1e500]", "number outside valid range"],
    ["[-1e500]", "number outside valid range"],
    ["[0e9999999999]", "exponent outside valid range"],
    ["[1e-310]", "number outside valid range"],
    ["[01]", "syntax error in number"],
    ["[1.]", "syntax error in number"],
    ["[.5]", "syntax error expecting value"],
    ["[1e]", "syntax error in number"],
    ["[+1]", "syntax error expecting value"],
    ["[-]", "syntax error in number"],
    ["[NaN]", "syntax error expecting value"],
    ["{a:1}", "expecting string"],
    ["{'a':1}", "expecting string"],
    ["[1]]", "top-level|trailing garbage"],
  ])("refuses %s", (text, reason) => {
    expect(() => frame(text)).toThrow(text === "[1]]" ? /object or array/ : new RegExp(reason.replace("\\u", "\\\\u")));
    expect(() => parseStrictJson(text)).toThrow(new RegExp(reason.replace("\\u", "\\\\u")));
  });

  it("reads a key that is escaped whatever keys came before it, which JSON.parse of Node.js 26 does not", () => {
    const objects = [
      { a: [], "\\": {} },
      { a: [], '"': {} },
      { a: [], "x\\": {} },
      { a: [], "x\n": {} },
    ];
    expect(frame(objects.map((object) => JSON.stringify(object)).join("")).map(jsonText)).toEqual(
      objects.map(jsonText),
    );
  });

  it("takes the last of members of one name, as Open vSwitch does", () => {
    expect(frame('{"a":1,"a":2}')).toEqual([{ a: 2 }]);
    expect(parseStrictJson('{"a":1,"a":2}')).toEqual({ a: 2 });
  });

  it.each(['{"__proto__":{"polluted":1},"x":1}', '{"__proto__":{"polluted":1},"x":9007199254740993}'])(
    "keeps __proto__ in %s as a member like any other",
    (text) => {
      const [object] = frame(text) as [JsonObject];
      expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
      expect(Object.keys(object)).toEqual(["__proto__", "x"]);
      expect(member(object, "__proto__")).toEqual({ polluted: 1 });
      expect(member(object, "polluted")).toBeUndefined();
      expect(member(object, "toString")).toBeUndefined();
    },
  );
});

describe("writing", () => {
  it("writes integers exactly, and no negative zero", () => {
    expect(jsonText([2n ** 63n - 1n, 1, -0, 1.5, null, true, { a: "é\n" }])).toBe(
      '[9223372036854775807,1,0,1.5,null,true,{"a":"é\\n"}]',
    );
  });

  it.each([["a\0b"], ["\ud800"], ["\udc00"], [1e-310], [Number.NaN], [Number.POSITIVE_INFINITY]])(
    "refuses %j, which Open vSwitch would not take",
    (value) => {
      expect(() => jsonText([value])).toThrow(expect.objectContaining({ code: "json/unsendable" }));
    },
  );
});
