// A frame in one line, as a network engineer would say it.
import { ETH_TYPE, type VlanTag } from "../../proto/packet/index.ts";
import type { Frame, Payload, Transport } from "./frame.ts";

function describeTag(tag: VlanTag): string {
  const service = tag.tpid === ETH_TYPE.serviceVlan ? "s-vlan" : "vlan";
  return `${service} ${tag.id}${tag.priority === 0 ? "" : ` pcp ${tag.priority}`}`;
}

function describeTransport(transport: Transport, protocol: number): string {
  switch (transport.kind) {
    case "ports": {
      const name = protocol === 6 ? "TCP" : protocol === 17 ? "UDP" : "SCTP";
      return `, ${name} ${transport.source} > ${transport.destination}`;
    }
    case "nd":
      return transport.type === 135 ? `, who has ${transport.target}` : `, ${transport.target} is here`;
    case "icmp":
      return `, ICMP type ${transport.type} code ${transport.code}`;
    case "raw":
      return `, protocol ${protocol}`;
  }
}

function describePayload(payload: Payload, etherType: number): string {
  switch (payload.kind) {
    case "arp":
      return payload.operation === 2
        ? `ARP ${payload.senderIp} is at ${payload.senderMac}`
        : `ARP who has ${payload.targetIp}, tell ${payload.senderIp}`;
    case "ipv4":
      return `IPv4 ${payload.source} > ${payload.destination}${describeTransport(payload.transport, payload.protocol)}`;
    case "ipv6":
      return `IPv6 ${payload.source} > ${payload.destination}${describeTransport(payload.transport, payload.protocol)}`;
    case "raw":
      return `type 0x${etherType.toString(16).padStart(4, "0")}`;
  }
}

export function describeFrame(frame: Frame): string {
  const parts = [...frame.vlans.map(describeTag), describePayload(frame.payload, frame.etherType)];
  return `${frame.source} > ${frame.destination}, ${parts.join(", ")}`;
}
