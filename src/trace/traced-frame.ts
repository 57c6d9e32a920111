// The frame that a question means: of the protocol that was asked for, in the sender's name.
import { isIpv4 } from "../../proto/bytes/ip.ts";
import { isMulticastMac } from "../../proto/bytes/mac.ts";
import type { TraceRequest } from "../api/trace-views.ts";
import { BROADCAST, type Ends } from "./ends.ts";
import { arpFrame, type Frame, ipv4Frame, ipv6Frame, rawFrame, type Transport, vlanTag } from "./frame.ts";
import { frameToBytes } from "./frame-bytes.ts";
import { TraceError } from "./trace-error.ts";

export const PROTOCOLS = ["icmp", "icmp6", "tcp", "udp", "arp", "nd", "dhcp", "ether"] as const;
export type TracedProtocol = (typeof PROTOCOLS)[number];

/** IEEE 802, local experimental EtherType 2: of frames that are nothing in particular. */
const EXPERIMENTAL_TYPE = 0x88b6;
/** RFC 5737 and RFC 3849, for documentation: they stand for addresses that are not known. */
const SOMEBODY = { ipv4: ["192.0.2.1", "192.0.2.2"], ipv6: ["2001:db8::1", "2001:db8::2"] } as const;
const UNPRIVILEGED_PORT = 49_152;
const DEFAULT_PORT = { tcp: 80, udp: 53 } as const;
const IP_PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const;

export interface TracedFrame {
  readonly frame: Frame;
  readonly protocol: TracedProtocol;
  readonly notes: readonly string[];
}

/** @throws TraceError `trace/usage` for a protocol that nobody knows, or that does not go with the ends. */
export function tracedFrame(ends: Ends, request: TraceRequest): TracedFrame {
  const protocol = protocolOf(ends, request.protocol);
  const { source, destination } = ends;
  const notes: string[] = [];
  const addressed = {
    source: source.mac,
    destination: destination.mac,
    vlans: source.vlan === 0 ? [] : [vlanTag(source.vlan)],
  };
  const build = (): Frame => {
    switch (protocol) {
      case "arp":
        return arpQuestion(ends, addressed, notes);
      case "nd":
        return solicitation(ends, addressed, notes);
      case "dhcp":
        return discovery(addressed);
      case "ether":
        return rawFrame({ ...addressed, etherType: EXPERIMENTAL_TYPE });
      default:
        return ipFrame(ends, addressed, protocol, request, notes);
    }
  };
  return { frame: sized(build(), request.size), protocol, notes };
}

function protocolOf({ source, destination }: Ends, asked: string | undefined): TracedProtocol {
  if (asked !== undefined) {
    const known = PROTOCOLS.find((name) => name === asked.toLowerCase());
    if (known !== undefined) return known;
    throw new TraceError("trace/usage", `"${asked}" is not a protocol; the protocols are ${PROTOCOLS.join(", ")}`);
  }
  const wanted = destination.ip ?? source.ip;
  // Who asks for an address that nobody has asks everybody.
  if (destination.endpoint === null && destination.ip !== null) return isIpv4(destination.ip) ? "arp" : "nd";
  if (destination.mac === BROADCAST) return source.ips.some(isIpv4) ? "arp" : "ether";
  if (wanted !== null && wanted !== undefined) return isIpv4(wanted) ? "icmp" : "icmp6";
  const have = (family: (ip: string) => boolean): boolean =>
    source.ips.some(family) && (destination.endpoint === null || destination.ips.some(family));
  if (have(isIpv4)) return "icmp";
  return have((ip) => !isIpv4(ip)) ? "icmp6" : "ether";
}

type Addressed = Pick<Frame, "source" | "destination" | "vlans">;

function addressOf(
  end: { readonly ip: string | null; readonly ips: readonly string[] },
  family: "ipv4" | "ipv6",
  side: 0 | 1,
  notes: string[],
): string {
  const fits = (ip: string): boolean => isIpv4(ip) === (family === "ipv4");
  const found = end.ip !== null && fits(end.ip) ? end.ip : end.ips.find(fits);
  if (found !== undefined) return found;
  const name = family === "ipv4" ? "IPv4" : "IPv6";
  notes.push(
    `no ${name} address of the ${side === 0 ? "sender" : "receiver"} is known: ${SOMEBODY[family][side]} stands in`,
  );
  return SOMEBODY[family][side];
}

function arpQuestion({ source, destination }: Ends, addressed: Addressed, notes: string[]): Frame {
  const senderIp = addressOf(source, "ipv4", 0, notes);
  // To everybody, and about nobody else: an announcement (RFC 5227, section 2.3).
  const isAnnouncement = destination.endpoint === null && destination.ip === null;
  const targetIp = isAnnouncement ? senderIp : addressOf(destination, "ipv4", 1, notes);
  return arpFrame({ ...addressed, destination: BROADCAST, operation: 1, senderIp, targetIp });
}

/** The solicited-node group of an address (RFC 4291, section 2.7.1), and the group's MAC (RFC 2464, section 7). */
function solicitedNode(ip: string): { readonly ip: string; readonly mac: string } {
  const full = expand(ip);
  const [high = "0000", low = "0000"] = full.slice(6);
  return {
    ip: `ff02::1:ff${high.slice(2)}:${low}`,
    mac: `33:33:ff:${high.slice(2)}:${low.slice(0, 2)}:${low.slice(2)}`,
  };
}

function expand(ip: string): readonly string[] {
  const [head = "", tail] = ip.split("::", 2);
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const [first, last] = [groups(head), groups(tail ?? "")];
  const zeros = tail === undefined ? [] : new Array<string>(8 - first.length - last.length).fill("0");
  return [...first, ...zeros, ...last].map((group) => group.padStart(4, "0"));
}

function solicitation({ source, destination }: Ends, addressed: Addressed, notes: string[]): Frame {
  const target = addressOf(destination, "ipv6", 1, notes);
  const group = solicitedNode(target);
  const transport: Transport = {
    ...{ kind: "nd", type: 135, flags: 0, target, sourceMac: source.mac, targetMac: null },
    otherOptions: new Uint8Array(0),
  };
  const ip = { source: addressOf(source, "ipv6", 0, notes), destination: group.ip, transport };
  return ipv6Frame({ ...addressed, destination: group.mac, ip });
}

/** From a client that has no address yet (RFC 2131, section 4.1). */
function discovery(addressed: Addressed): Frame {
  const transport: Transport = { kind: "ports", source: 68, destination: 67, rest: new Uint8Array(4) };
  const ip = { source: "0.0.0.0", destination: "255.255.255.255", protocol: IP_PROTOCOL.udp, transport };
  return ipv4Frame({ ...addressed, destination: BROADCAST, ip });
}

function ipFrame(
  { source, destination }: Ends,
  addressed: Addressed,
  protocol: "icmp" | "icmp6" | "tcp" | "udp",
  { port }: TraceRequest,
  notes: string[],
): Frame {
  const said = destination.ip ?? source.ip;
  const onlyIpv6 = !source.ips.some(isIpv4) && source.ips.length > 0 && !destination.ips.some(isIpv4);
  const isV6 = protocol === "icmp6" || (protocol !== "icmp" && (said !== null ? !isIpv4(said) : onlyIpv6));
  const family = isV6 ? "ipv6" : "ipv4";
  if (isMulticastMac(destination.mac) && destination.endpoint === null && destination.ip === null) {
    const group = isV6 ? "ff02::1" : "255.255.255.255";
    const ip = { source: addressOf(source, family, 0, notes), destination: group };
    const more = { protocol: IP_PROTOCOL[protocol], transport: transportOf(protocol, port) };
    return isV6
      ? ipv6Frame({ ...addressed, ip: { ...ip, ...more } })
      : ipv4Frame({ ...addressed, ip: { ...ip, ...more } });
  }
  const ip = {
    source: addressOf(source, family, 0, notes),
    destination: addressOf(destination, family, 1, notes),
    protocol: IP_PROTOCOL[protocol],
    transport: transportOf(protocol, port),
  };
  return isV6 ? ipv6Frame({ ...addressed, ip }) : ipv4Frame({ ...addressed, ip });
}

function transportOf(protocol: "icmp" | "icmp6" | "tcp" | "udp", port: number | undefined): Transport {
  if (protocol === "icmp" || protocol === "icmp6") {
    return { kind: "icmp", type: protocol === "icmp" ? 8 : 128, code: 0, rest: new Uint8Array(4) };
  }
  const rest = new Uint8Array(protocol === "tcp" ? 16 : 4);
  return { kind: "ports", source: UNPRIVILEGED_PORT, destination: port ?? DEFAULT_PORT[protocol], rest };
}

const MAX_FRAME_BYTES = 65_000;

function sized(frame: Frame, size: number | undefined): Frame {
  if (size === undefined) return frame;
  const lacking = size - frameToBytes(frame).length;
  if (size > MAX_FRAME_BYTES) throw new TraceError("trace/usage", `a frame has at most ${MAX_FRAME_BYTES} bytes`);
  const longer = (bytes: Uint8Array): Uint8Array => {
    const grown = new Uint8Array(bytes.length + Math.max(0, lacking));
    grown.set(bytes);
    return grown;
  };
  const { payload } = frame;
  if (lacking <= 0) return frame;
  if (payload.kind === "raw") return { ...frame, payload: { ...payload, bytes: longer(payload.bytes) } };
  if (payload.kind === "arp" || payload.transport.kind === "nd") return frame;
  const transport =
    payload.transport.kind === "raw"
      ? { ...payload.transport, bytes: longer(payload.transport.bytes) }
      : { ...payload.transport, rest: longer(payload.transport.rest) };
  return { ...frame, payload: { ...payload, transport } };
}
