// ARP for IPv4 over Ethernet (RFC 826, RFC 5227), both directions.
import { ipv4FromBytes, ipv4ToBytes } from "../bytes/ip.ts";
import { type Mac, macFromBytes, macToBytes } from "../bytes/mac.ts";
import { ByteReader } from "../bytes/reader.ts";
import { ByteWriter } from "../bytes/writer.ts";
import { cut, type Layer, type RawPayload, raw, whole } from "./layer.ts";

export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;

const SIZE = 28;
const HARDWARE_ETHERNET = 1;
const PROTOCOL_IPV4 = 0x0800;

export interface ArpPacket {
  readonly kind: "arp";
  /** 1 is a request, 2 a reply; others are passed on as they are. */
  readonly operation: number;
  readonly senderMac: Mac;
  /** `0.0.0.0` in a probe (RFC 5227): the sender does not own an address yet. */
  readonly senderIp: string;
  readonly targetMac: Mac;
  readonly targetIp: string;
}

/** ARP for other hardware or protocols comes back raw. */
export function decodeArp(bytes: Uint8Array): Layer<ArpPacket | RawPayload> {
  if (bytes.length < 8) return cut(raw(bytes));
  const reader = new ByteReader(bytes);
  const hardware = reader.u16("hardwareType");
  const protocol = reader.u16("protocolType");
  const hardwareSize = reader.u8("hardwareSize");
  const protocolSize = reader.u8("protocolSize");
  const operation = reader.u16("operation");
  if (hardware !== HARDWARE_ETHERNET || protocol !== PROTOCOL_IPV4 || hardwareSize !== 6 || protocolSize !== 4) {
    return whole(raw(bytes));
  }
  if (bytes.length < SIZE) return cut(raw(bytes));
  return whole({
    kind: "arp",
    operation,
    senderMac: macFromBytes(reader.bytes(6, "senderMac")),
    senderIp: ipv4FromBytes(reader.bytes(4, "senderIp")),
    targetMac: macFromBytes(reader.bytes(6, "targetMac")),
    targetIp: ipv4FromBytes(reader.bytes(4, "targetIp")),
  });
}

/** The 28 bytes that follow the Ethernet header. @throws WireError for an address that is not one. */
export function encodeArp(packet: ArpPacket): Uint8Array {
  const writer = new ByteWriter();
  writer.u16(HARDWARE_ETHERNET);
  writer.u16(PROTOCOL_IPV4);
  writer.u8(6);
  writer.u8(4);
  writer.u16(packet.operation);
  writer.bytes(macToBytes(packet.senderMac));
  writer.bytes(ipv4ToBytes(packet.senderIp));
  writer.bytes(macToBytes(packet.targetMac));
  writer.bytes(ipv4ToBytes(packet.targetIp));
  return writer.finish();
}
