// Tunnels: which Interfaces a host should have, and which of them a frame to a peer leaves by.
import type { HostFact, HostId, SwitchFact, TunnelRowFact, TunnelType } from "./facts.ts";
import { type Identity, takesPart } from "./identity.ts";
import { TUNNEL_TYPES, tunnelPort } from "./tunnel-types.ts";

export interface WantedTunnel {
  readonly peerId: HostId;
  readonly peerIndex: number;
  readonly type: TunnelType;
  readonly remoteIp: string;
}

interface End extends Identity {
  readonly fact: HostFact | null;
  readonly switch: SwitchFact | null;
}

interface Settings {
  readonly fabricId: string | null;
  readonly tunnelType: TunnelType;
  readonly keepTunnel: (host: HostId, peer: HostId, type: TunnelType) => boolean;
}

/** The rows on `host` that lead to `peer` under the identity the peer has now. */
function rowsTo(settings: Settings, host: End, peer: End): readonly TunnelRowFact[] {
  return (host.fact?.tunnels ?? []).filter(
    (row) => row.fabricId === settings.fabricId && row.peerId === peer.id && row.peerIndex === peer.index,
  );
}

function standing(row: TunnelRowFact): boolean {
  return row.ofport !== null && row.ofport > 0 && row.error === null;
}

/** Whether `host` has the tunnel from `peer` and its switch is known to take in what comes by it. */
function receives(settings: Settings, host: End, peer: End, type: TunnelType): boolean {
  return rowsTo(settings, host, peer).some(
    (row) => row.type === type && standing(row) && host.switch?.receivesOn.has(row.ofport ?? 0) === true,
  );
}

/**
 * The port by which frames for `peer` leave `host`. The fabric's tunnel type is changed make-before-break: a new
 * tunnel is used once it stands here and the far end takes in what comes by it; until then the one in use stays.
 */
export function sendingPort(settings: Settings, host: End, peer: End): number {
  const index = peer.index ?? 0;
  const rows = rowsTo(settings, host, peer);
  const wanted = rows.find((row) => row.type === settings.tunnelType);
  const planned = wanted?.ofport ?? tunnelPort(settings.tunnelType, index);
  const used = host.switch?.sendsBy.get(index);
  const usedRow = rows.find((row) => row.ofport === used);
  if (used === undefined || used === planned) return planned;
  if (usedRow === undefined || !standing(usedRow)) return host.fact === null ? used : planned;
  const ready = wanted !== undefined && standing(wanted) && receives(settings, peer, host, settings.tunnelType);
  return ready ? planned : used;
}

/** Whether `host` is known to send to `peer` by a tunnel of this type. */
function sendsBy(settings: Settings, host: End, peer: End, type: TunnelType): boolean {
  const port = host.switch?.sendsBy.get(peer.index ?? 0);
  return rowsTo(settings, host, peer).some((row) => row.type === type && row.ofport === port);
}

/** One to each peer; during a change of type the old one too, until neither end sends by it any more. */
export function wantedTunnels(settings: Settings, host: End, peers: readonly End[]): readonly WantedTunnel[] {
  if (host.fact === null || !takesPart(host.fact) || host.index === null || host.tunnelIp === null) return [];
  const wanted: WantedTunnel[] = [];
  for (const peer of peers) {
    if (peer.index === null || peer.tunnelIp === null) continue;
    const base = { peerId: peer.id, peerIndex: peer.index, remoteIp: peer.tunnelIp };
    wanted.push({ ...base, type: settings.tunnelType });
    for (const row of rowsTo(settings, host, peer)) {
      if (row.type === settings.tunnelType) continue;
      const moved =
        sendsBy(settings, host, peer, settings.tunnelType) && sendsBy(settings, peer, host, settings.tunnelType);
      if (!moved || settings.keepTunnel(host.id, peer.id, row.type)) wanted.push({ ...base, type: row.type });
    }
  }
  return wanted.sort((a, b) => a.peerIndex - b.peerIndex || (a.type < b.type ? -1 : 1));
}

/** Every port number a tunnel to the peer may have on any host, whatever its type. */
export function plannedPorts(peerIndex: number): readonly number[] {
  return Object.values(TUNNEL_TYPES).map((traits) => traits.portBase + peerIndex);
}
