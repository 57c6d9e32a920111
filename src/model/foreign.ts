// Hand-made tunnels between hosts: where one leads, and of what types there are some between two.
import type { HostFact } from "./facts.ts";

interface ForeignEnd {
  readonly tunnelIp: string | null;
  readonly fact: HostFact | null;
}

/** The host at the far end; undefined where Weft knows none. */
export function peerAt<E extends { readonly tunnelIp: string | null }>(
  remoteIp: string,
  ends: Iterable<E>,
): E | undefined {
  for (const end of ends) if (end.tunnelIp !== null && end.tunnelIp === remoteIp) return end;
  return undefined;
}

const NONE: ReadonlySet<string> = new Set();

function hasForeign({ fact }: ForeignEnd): boolean {
  return fact?.foreignTunnels !== undefined && fact.foreignTunnels.length > 0;
}

/** Types of the hand-made tunnels that stand between the two. */
export function foreignTypes(a: ForeignEnd, b: ForeignEnd): ReadonlySet<string> {
  if (!hasForeign(a) && !hasForeign(b)) return NONE;
  const types = new Set<string>();
  for (const [host, peer] of [
    [a, b],
    [b, a],
  ] as const) {
    for (const tunnel of host.fact?.foreignTunnels ?? []) {
      if (peer.tunnelIp !== null && tunnel.remoteIp === peer.tunnelIp) types.add(tunnel.type);
    }
  }
  return types;
}
