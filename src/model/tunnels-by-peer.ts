// The tunnels of a host by the peer they lead to. Lists of rows are never changed: each is looked through once.
import type { HostId, TunnelRowFact } from "./facts.ts";

const byPeer = new WeakMap<readonly TunnelRowFact[], ReadonlyMap<HostId, readonly TunnelRowFact[]>>();

export function tunnelsByPeer(rows: readonly TunnelRowFact[]): ReadonlyMap<HostId, readonly TunnelRowFact[]> {
  const known = byPeer.get(rows);
  if (known !== undefined) return known;
  const found = new Map<HostId, TunnelRowFact[]>();
  for (const row of rows) {
    const list = found.get(row.peerId);
    if (list === undefined) found.set(row.peerId, [row]);
    else list.push(row);
  }
  byPeer.set(rows, found);
  return found;
}
