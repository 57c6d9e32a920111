// Lanes: the same words for a tunnel of a peer's own and for its share of one that all use.
import type { Lane, TunnelRowFact, TunnelType } from "./facts.ts";
import { sharedTunnelPort, tunnelPort } from "./tunnel-types.ts";

/** What two tunnels between one pair may differ in, and so stand side by side. */
export interface TunnelKind {
  readonly type: TunnelType;
  /** Whether it is a share of the one flow-based port of its type. */
  readonly shared: boolean;
}

/** Two lanes of one key are the same. */
export function laneKey({ port, toward }: Lane): string {
  return toward === null ? String(port) : `${port} ${toward}`;
}

export function isShared(row: TunnelRowFact): boolean {
  return row.shared === true;
}

export function isOfKind(row: TunnelRowFact, { type, shared }: TunnelKind): boolean {
  return row.type === type && isShared(row) === shared;
}

export function sameKind(a: TunnelKind, b: TunnelKind): boolean {
  return a.type === b.type && a.shared === b.shared;
}

/** @param address where the peer is now, which its row may not say yet. null before the row has a port number. */
export function laneOf(row: TunnelRowFact, address: string | null): Lane | null {
  if (row.ofport === null) return null;
  return { port: row.ofport, toward: isShared(row) ? (address ?? row.remoteIp) : null };
}

/** The lane that a tunnel which is yet to be made will be; null for a share while nobody knows the peer's address. */
export function plannedLane(
  { type, shared }: TunnelKind,
  peer: { index: number; address: string | null },
): Lane | null {
  if (!shared) return { port: tunnelPort(type, peer.index), toward: null };
  return peer.address === null ? null : { port: sharedTunnelPort(type), toward: peer.address };
}

/** For keys and people. */
export function kindText(kind: TunnelKind | "foreign"): string {
  return kind === "foreign" ? kind : `${kind.shared ? "flow-based " : ""}${kind.type}`;
}
