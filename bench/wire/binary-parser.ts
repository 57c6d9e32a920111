// The same packet-ins by binary-parser, the package people reach for: all header and match fields as numbers, data as bytes.
import { createRequire } from "node:module";

/** As much of it as is used here: the package's own types are not found from an ES module. */
interface ParserLike {
  endianness(order: "big"): ParserLike;
  useContextVars(): ParserLike;
  uint8(name: string): ParserLike;
  uint16(name: string): ParserLike;
  uint32(name: string): ParserLike;
  uint64(name: string): ParserLike;
  buffer(name: string, options: object): ParserLike;
  array(name: string, options: object): ParserLike;
  choice(name: string, options: object): ParserLike;
  seek(length: unknown): ParserLike;
  parse(bytes: Uint8Array): unknown;
}
const { Parser } = createRequire(import.meta.url)("binary-parser") as { Parser: new () => ParserLike };

const oxm = new Parser()
  .endianness("big")
  .uint16("oxm_class")
  .uint8("oxm_field")
  .uint8("oxm_length")
  .choice("value", {
    tag: "oxm_length",
    choices: {
      4: new Parser().endianness("big").uint32("v"),
      8: new Parser().endianness("big").uint64("v"),
    },
    defaultChoice: new Parser().buffer("v", { length: "$parent.oxm_length" }),
  });

const packetIn = new Parser()
  .endianness("big")
  .useContextVars()
  .uint8("version")
  .uint8("type")
  .uint16("length")
  .uint32("xid")
  .uint32("buffer_id")
  .uint16("total_len")
  .uint8("reason")
  .uint8("table_id")
  .uint64("cookie")
  .uint16("match_type")
  .uint16("match_length")
  .array("match", {
    type: oxm,
    lengthInBytes: function (this: { match_length: number }) {
      return this.match_length - 4;
    },
  })
  .seek(function (this: { match_length: number }) {
    return ((8 - (this.match_length & 7)) & 7) + 2;
  })
  .buffer("data", {
    length: function (this: { length: number; match_length: number }) {
      return this.length - 24 - ((this.match_length + 7) & ~7) - 2;
    },
  });

export function parsePacketIn(bytes: Uint8Array): unknown {
  return packetIn.parse(bytes);
}
