// Where a packet-in goes: to what waits for its own frames to come back, or to those that learn from guests.
import type { PacketIn } from "../../proto/openflow13/index.ts";
import type { OpenFlowSession } from "../southbound/openflow/index.ts";
import type { Counters } from "./counters.ts";
import { type Islands, isLinkNews } from "./islands.ts";
import { isProbe, type LoopProbes } from "./loop-probes.ts";
import { type Dpid, dpidOfSession } from "./switch-entry.ts";
import type { Switches } from "./switches.ts";

/** Sends frames of its own, and takes the copies of them that come back. */
interface Sender {
  /** Whether the packet-in is such a copy. */
  received(dpid: Dpid, packetIn: PacketIn): boolean;
}

export interface PacketInTakers {
  readonly counters: Counters;
  readonly switches: Switches;
  readonly senders: readonly Sender[];
  readonly loops: LoopProbes;
  readonly islands: Islands;
}

export function takePacketIn(takers: PacketInTakers, session: OpenFlowSession, packetIn: PacketIn): void {
  const { counters, switches, senders, loops, islands } = takers;
  const dpid = dpidOfSession(session);
  /** Nothing that is said on a spare connection counts. */
  const isInUse = switches.entries.get(dpid)?.session === session;
  if (isInUse && senders.some((sender) => sender.received(dpid, packetIn))) counters.add("packetIns");
  else if (isProbe(packetIn)) {
    counters.add("packetIns");
    if (isInUse) loops.received(dpid, packetIn);
  } else if (isLinkNews(packetIn)) {
    counters.add("packetIns");
    if (isInUse) islands.received(dpid, packetIn);
  } else switches.packetIn(session, packetIn);
}
