// DHCPv4 messages (RFC 2131) and the options that tell who has which address (RFC 2132).
import { ipv4FromBytes } from "../bytes/ip.ts";
import { type Mac, macFromBytes } from "../bytes/mac.ts";
import { ByteReader } from "../bytes/reader.ts";
import { cut, type Layer, type RawPayload, raw, whole } from "./layer.ts";

/** The part of a BOOTP message before its options, the magic cookie included. */
const FIXED = 240;
const MAGIC = 0x63825363;
const HARDWARE_ETHERNET = 1;

const MESSAGE_TYPES = ["discover", "offer", "request", "decline", "ack", "nak", "release", "inform"] as const;
export type DhcpMessageType = (typeof MESSAGE_TYPES)[number];

const OPTION = { pad: 0, requestedIp: 50, messageType: 53, serverId: 54, end: 255 } as const;

export interface DhcpMessage {
  readonly kind: "dhcpv4";
  readonly operation: "request" | "reply";
  readonly transactionId: number;
  /** null for a plain BOOTP message, or when the option was cut off. */
  readonly messageType: DhcpMessageType | null;
  readonly clientMac: Mac;
  /** `ciaddr`: what the client has already; `0.0.0.0` for none. */
  readonly clientIp: string;
  /** `yiaddr`: what the server gives; `0.0.0.0` for none. */
  readonly yourIp: string;
  readonly requestedIp: string | null;
  readonly serverId: string | null;
}

interface DhcpOptions {
  readonly messageType: DhcpMessageType | null;
  readonly requestedIp: string | null;
  readonly serverId: string | null;
}

/** Anything but DHCP for Ethernet clients comes back raw. */
export function decodeDhcp(bytes: Uint8Array): Layer<DhcpMessage | RawPayload> {
  if (bytes.length < FIXED) return cut(raw(bytes));
  const reader = new ByteReader(bytes);
  const operation = reader.u8("op");
  const hardware = reader.u8("htype");
  const hardwareSize = reader.u8("hlen");
  reader.skip(1, "hops");
  const transactionId = reader.u32("xid");
  reader.skip(4, "secs, flags");
  const clientIp = ipv4FromBytes(reader.bytes(4, "ciaddr"));
  const yourIp = ipv4FromBytes(reader.bytes(4, "yiaddr"));
  reader.skip(8, "siaddr, giaddr");
  const clientMac = macFromBytes(reader.bytes(6, "chaddr"));
  reader.skip(10 + 64 + 128, "chaddr padding, sname, file");
  const magic = reader.u32("magic");
  const known = (operation === 1 || operation === 2) && hardware === HARDWARE_ETHERNET && hardwareSize === 6;
  if (!known || magic !== MAGIC) return whole(raw(bytes));
  const options = decodeOptions(bytes.subarray(FIXED));
  return {
    value: {
      kind: "dhcpv4",
      operation: operation === 1 ? "request" : "reply",
      transactionId,
      clientMac,
      clientIp,
      yourIp,
      ...options.value,
    },
    truncated: options.truncated,
  };
}

/** The first of a repeated option counts; one of the wrong size is passed over. A missing end option is no cut. */
function decodeOptions(bytes: Uint8Array): Layer<DhcpOptions> {
  let messageType: DhcpMessageType | null = null;
  let requestedIp: string | null = null;
  let serverId: string | null = null;
  const reader = new ByteReader(bytes);
  let truncated = false;
  while (reader.remaining > 0) {
    const code = reader.u8("option");
    if (code === OPTION.pad) continue;
    if (code === OPTION.end) break;
    if (reader.remaining === 0) {
      truncated = true;
      break;
    }
    const length = reader.u8("option length");
    if (reader.remaining < length) {
      truncated = true;
      break;
    }
    const value = reader.bytes(length, "option value");
    if (code === OPTION.messageType && length === 1) messageType ??= MESSAGE_TYPES[(value[0] ?? 0) - 1] ?? null;
    else if (code === OPTION.requestedIp && length === 4) requestedIp ??= ipv4FromBytes(value);
    else if (code === OPTION.serverId && length === 4) serverId ??= ipv4FromBytes(value);
  }
  return { value: { messageType, requestedIp, serverId }, truncated };
}
