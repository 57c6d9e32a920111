// A frame on its way through one switch: what is matched is the frame as it was parsed on arrival, and what tables wrote.
import { ETH_TYPE, type VlanTag } from "../../proto/packet/index.ts";
import type { Frame } from "./frame.ts";

export const REGISTER_COUNT = 16;

export interface Packet {
  readonly frame: Frame;
  /**
   * Innermost tags that the switch has not parsed (`other_config:vlan-limit`). They stay hidden however many outer
   * ones are popped, and with them all that lies behind.
   */
  readonly hiddenVlans: number;
  readonly inPort: number;
  readonly metadata: bigint;
  readonly tunnelId: bigint;
  /** The outer addresses, as the frame came by a tunnel or as it is to leave by one; null where nothing says. */
  readonly tunnelSource: string | null;
  readonly tunnelTarget: string | null;
  readonly registers: readonly bigint[];
}

const NO_REGISTERS: readonly bigint[] = Object.freeze(new Array<bigint>(REGISTER_COUNT).fill(0n));

export interface TunnelArrival {
  readonly key: bigint;
  readonly source: string | null;
  readonly target: string | null;
}

export function arrived(frame: Frame, inPort: number, tunnel: TunnelArrival, vlanLimit: number): Packet {
  const hiddenVlans = Math.max(0, frame.vlans.length - vlanLimit);
  const { key, source, target } = tunnel;
  const addresses = { tunnelId: key, tunnelSource: source, tunnelTarget: target };
  return { frame, hiddenVlans, inPort, metadata: 0n, ...addresses, registers: NO_REGISTERS };
}

function visibleCount(packet: Packet): number {
  return packet.frame.vlans.length - packet.hiddenVlans;
}

/** The outermost tag, if the switch sees it. */
export function outerTag(packet: Packet): VlanTag | undefined {
  return visibleCount(packet) > 0 ? packet.frame.vlans[0] : undefined;
}

/** The type behind the tags that the switch sees. */
export function visibleType(packet: Packet): number {
  return packet.hiddenVlans > 0
    ? (packet.frame.vlans[visibleCount(packet)]?.tpid ?? ETH_TYPE.vlan)
    : packet.frame.etherType;
}

export function withFrame(packet: Packet, fields: Partial<Frame>): Packet {
  return { ...packet, frame: { ...packet.frame, ...fields } };
}

/** Most tags that Open vSwitch keeps parsed (FLOW_MAX_VLAN_HEADERS); one that is pushed beyond costs the innermost of them. */
const MAX_PARSED_VLANS = 2;

export function pushTag(packet: Packet, tpid: number): Packet {
  const { vlans } = packet.frame;
  const visible = vlans.slice(0, visibleCount(packet));
  const hidden = vlans.slice(visible.length);
  const pushed: VlanTag = { tpid, id: 0, priority: 0, dropEligible: false };
  return withFrame(packet, { vlans: [pushed, ...visible].slice(0, MAX_PARSED_VLANS).concat(hidden) });
}

/** No tag in sight: nothing is popped. */
export function popTag(packet: Packet): Packet {
  return outerTag(packet) === undefined ? packet : withFrame(packet, { vlans: packet.frame.vlans.slice(1) });
}

export function withOuterTag(packet: Packet, fields: Partial<VlanTag>): Packet {
  const [outer, ...inner] = packet.frame.vlans;
  if (outer === undefined || outerTag(packet) === undefined) return packet;
  // A rewritten tag is a new tag on the wire, and drop eligibility is not among what Open vSwitch writes.
  return withFrame(packet, { vlans: [{ ...outer, dropEligible: false, ...fields }, ...inner] });
}
