// UDP (RFC 768), with DHCPv4 looked into on its ports.
import { ByteReader } from "../bytes/reader.ts";
import { type DhcpMessage, decodeDhcp } from "./dhcp.ts";
import { cut, type Layer, type RawPayload, raw, whole } from "./layer.ts";

const HEADER = 8;
const DHCP_SERVER_PORT = 67;
const DHCP_CLIENT_PORT = 68;

export interface UdpDatagram {
  readonly kind: "udp";
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: DhcpMessage | RawPayload;
}

/** A length field below the header's own size comes back raw. */
export function decodeUdp(bytes: Uint8Array): Layer<UdpDatagram | RawPayload> {
  if (bytes.length < HEADER) return cut(raw(bytes));
  const reader = new ByteReader(bytes);
  const sourcePort = reader.u16("sourcePort");
  const destinationPort = reader.u16("destinationPort");
  const length = reader.u16("length");
  if (length < HEADER) return whole(raw(bytes));
  const body = bytes.subarray(HEADER, length);
  const inner = isDhcp(sourcePort, destinationPort) ? decodeDhcp(body) : whole(raw(body));
  return {
    value: { kind: "udp", sourcePort, destinationPort, payload: inner.value },
    truncated: inner.truncated || bytes.length < length,
  };
}

/** Relays speak from the server's port to the server's port. */
function isDhcp(source: number, destination: number): boolean {
  const server = source === DHCP_SERVER_PORT || destination === DHCP_SERVER_PORT;
  const client = [source, destination].every((port) => port === DHCP_SERVER_PORT || port === DHCP_CLIENT_PORT);
  return server && client;
}
