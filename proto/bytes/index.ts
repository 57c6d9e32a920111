// The public entry of what all codecs share: errors, MACs, addresses, UUIDs, hexadecimal text, reading and writing of bytes.
export { WeftError, type WeftErrorOptions, WireError, type WireErrorOptions } from "./errors.ts";
export { fromHex, toHex } from "./hex.ts";
export {
  type Ip,
  ipv4FromBytes,
  ipv4FromNumber,
  ipv4ToBytes,
  ipv4ToNumber,
  ipv6FromBigInt,
  ipv6FromBytes,
  ipv6ToBigInt,
  ipv6ToBytes,
  isIpv4,
  isIpv6,
  parseIp,
  tryParseIp,
  unmapIpv4,
} from "./ip.ts";
export { type IpRange, isInRanges, tryParseIpRange } from "./ip-range.ts";
export {
  BROADCAST_MAC,
  bigIntToMac,
  isMulticastMac,
  type Mac,
  macFromBytes,
  macToBigInt,
  macToBytes,
  parseMac,
  tryParseMac,
  ZERO_MAC,
} from "./mac.ts";
export { ByteReader } from "./reader.ts";
export { decodeText, encodeText } from "./text.ts";
export { isUuid, parseUuid, type Uuid, uuidFromRandom } from "./uuid.ts";
export { ByteWriter } from "./writer.ts";
