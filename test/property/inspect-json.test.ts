// The JSON form of messages loses nothing: decode, print, read and encode give the same bytes, for messages of every kind.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../proto/bytes/hex.ts";
import { encode } from "../../proto/openflow13/index.ts";
import { decodeInput, encodeInput } from "../../src/inspect/index.ts";
import { ANY_MESSAGE, BUNDLES, EXTENSIONS, PLAIN } from "./openflow-arbitraries.ts";

const OPTIONS = { name: "test", form: "json", pretty: false } as const;

function documents(bytes: Uint8Array): string {
  return [...decodeInput(bytes, OPTIONS)]
    .map((item) => {
      expect(item.kind, item.text).toBe("document");
      return item.text;
    })
    .join("");
}

function back(json: string): string {
  return [...encodeInput(new TextEncoder().encode(json), "test")].join("");
}

describe.each(Object.entries({ ...PLAIN, ...BUNDLES, ...EXTENSIONS }))("%s", (_, arbitrary) => {
  it("becomes JSON and the same bytes again", () => {
    fc.assert(
      fc.property(arbitrary, (message) => {
        const bytes = encode(message);
        const json = documents(new TextEncoder().encode(toHex(bytes)));
        expect(json.trimEnd()).not.toContain("\n");
        expect(back(json)).toBe(`${toHex(bytes)}\n`);
      }),
      { numRuns: 200 },
    );
  });
});

describe("several messages in a row", () => {
  it("become a document each, and lines of hex again, indented or not", () => {
    fc.assert(
      fc.property(fc.array(ANY_MESSAGE, { minLength: 1, maxLength: 5 }), fc.boolean(), (messages, pretty) => {
        const parts = messages.map((message) => encode(message));
        const items = [...decodeInput(Buffer.concat(parts), { ...OPTIONS, pretty })];
        expect(items).toHaveLength(parts.length);
        expect(back(items.map((item) => item.text).join(""))).toBe(parts.map((part) => `${toHex(part)}\n`).join(""));
        expect([...decodeInput(Buffer.concat(parts), { ...OPTIONS, form: "text" })]).toHaveLength(parts.length);
      }),
      { numRuns: 200 },
    );
  });
});
