// A whole Ethernet frame, decoded as far as Weft has an interest in it.
import { type ArpPacket, decodeArp } from "./arp.ts";
import { decodeEthernet, ETH_TYPE, type EthernetHeader } from "./ethernet.ts";
import { decodeIpv4, type Ipv4Packet } from "./ipv4.ts";
import { decodeIpv6, type Ipv6Packet } from "./ipv6.ts";
import { type Layer, type RawPayload, raw, whole } from "./layer.ts";
import { decodeLldp, type LldpPacket } from "./lldp.ts";

export type FramePayload = ArpPacket | Ipv4Packet | Ipv6Packet | LldpPacket | RawPayload;

export interface EthernetFrame {
  readonly kind: "ethernet";
  readonly ethernet: EthernetHeader;
  readonly payload: FramePayload;
  /** Some layer announced more bytes than there were: a copy cut to `max_len`, or a broken sender. */
  readonly truncated: boolean;
}

/** Too short to hold its own Ethernet header and tags. */
export interface RuntFrame {
  readonly kind: "runt";
  readonly bytes: Uint8Array;
  readonly truncated: true;
}

export type Frame = EthernetFrame | RuntFrame;

/** Reads any bytes without ever throwing. Raw payloads share the memory of `bytes`. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const outer = decodeEthernet(bytes);
  if (outer === null) return { kind: "runt", bytes, truncated: true };
  const inner = decodePayload(outer.header.etherType, outer.payload);
  return { kind: "ethernet", ethernet: outer.header, payload: inner.value, truncated: inner.truncated };
}

function decodePayload(etherType: number, payload: Uint8Array): Layer<FramePayload> {
  switch (etherType) {
    case ETH_TYPE.arp:
      return decodeArp(payload);
    case ETH_TYPE.ipv4:
      return decodeIpv4(payload);
    case ETH_TYPE.ipv6:
      return decodeIpv6(payload);
    case ETH_TYPE.lldp:
      return decodeLldp(payload);
    default:
      return whole(raw(payload));
  }
}
