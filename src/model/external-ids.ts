// The keys that Weft reads and writes in the external_ids of a host's rows. What it writes, and how to undo it: docs/joining.md.

/** On the Open_vSwitch row, written by Weft. */
export const HOST_KEYS = {
  index: "weft-index",
  fabric: "weft-fabric",
  /** The system-id the index was given to: another one means a cloned disk. */
  host: "weft-host",
  /** That somebody has approved the host: a code that others can't make. */
  approval: "weft-approval",
} as const;

/** On the Open_vSwitch row, written by an administrator. */
export const HOST_SETTINGS = {
  bridge: "weft-bridge",
  tunnelIp: "weft-tunnel-ip",
  datapathType: "weft-datapath-type",
  underlayMtu: "weft-underlay-mtu",
  /** One or more, separated by commas. */
  tunnelType: "weft-tunnel-type",
  /** Written by `weft adopt`: the bridge that is taken over step by step, so that nothing is lost. */
  adopt: "weft-adopt",
  /** Written by `weft adopt --now`: not to wait for hosts at the far ends of hand-made tunnels. */
  adoptNow: "weft-adopt-now",
  /** Written by `weft release` where the host's manager cannot be taken away: the host is not to be taken again. */
  released: "weft-released",
} as const;

/** On the bridge, written by Weft. */
export const BRIDGE_KEYS = {
  /** What the bridge was before it was taken, for `weft release`: JSON. */
  before: "weft-before",
  /** How far an adoption is. */
  stage: "weft-stage",
} as const;

/** On Bridge, Controller, Port and Interface rows that Weft made: its mark. The value is the fabric's id. */
export const OWNER_KEY = "weft-fabric";

/** On tunnel Interfaces of one peer. */
export const TUNNEL_KEYS = { peer: "weft-peer", peerIndex: "weft-peer-index" } as const;

/** On flow-based tunnel Interfaces: the mark, and the start of the keys that name the peers, one for each. */
export const SHARED_TUNNEL_KEYS = { shared: "weft-flow-based", peer: "weft-peer-" } as const;

/** Whether an Interface with these is a tunnel that Weft made, of one peer or of many. */
export function isOwnTunnel(externalIds: ReadonlyMap<string, string>): boolean {
  return externalIds.has(TUNNEL_KEYS.peer) || externalIds.has(SHARED_TUNNEL_KEYS.shared);
}

export interface NamedPeer {
  readonly index: number;
  readonly remoteIp: string;
  readonly id: string;
}

/** `weft-peer-3="192.0.2.3 host-c"`: what the rows of tunnels of their own would say. */
export function peerEntry({ index, remoteIp, id }: NamedPeer): readonly [key: string, value: string] {
  return [`${SHARED_TUNNEL_KEYS.peer}${index}`, `${remoteIp} ${id}`];
}

/** By what is written: on all hosts of a fabric the same stands for a peer. */
const read = new Map<string, { readonly key: string; readonly peer: NamedPeer }>();
/** Some more than there can be hosts. */
const MAX_READ = 131_072;
/** An address and a system-id are shorter; what is longer is read each time. */
const MAX_READ_LENGTH = 300;

function namedPeer(key: string, value: string): NamedPeer | null {
  const known = read.get(value);
  if (known?.key === key) return known.peer;
  const index = /^weft-peer-([1-9]\d{0,4})$/.exec(key)?.[1];
  const [, remoteIp, id] = /^(\S+) (.+)$/s.exec(value) ?? [];
  const isWhole = index !== undefined && remoteIp !== undefined && id !== undefined;
  const peer = isWhole ? Object.freeze({ index: Number(index), remoteIp, id }) : null;
  if (peer !== null && value.length <= MAX_READ_LENGTH) {
    if (read.size >= MAX_READ) read.clear();
    read.set(value, { key, peer });
  }
  return peer;
}

/** Sorted by index; what is not as `peerEntry` writes it is passed over. */
export function namedPeers(externalIds: ReadonlyMap<string, string>): readonly NamedPeer[] {
  const peers: NamedPeer[] = [];
  for (const [key, value] of externalIds) {
    const peer = key.startsWith(SHARED_TUNNEL_KEYS.peer) ? namedPeer(key, value) : null;
    if (peer !== null) peers.push(peer);
  }
  return peers.sort((a, b) => a.index - b.index);
}

/** On a guest's Port or Interface. */
export const PORT_KEYS = {
  network: "weft-network",
  vni: "weft-vni",
  attachedMac: "attached-mac",
  /** `true`: nobody but the declared MACs and addresses may speak from there. */
  locked: "weft-locked",
  /** The addresses of what is behind a locked port, with commas between. */
  ips: "weft-ips",
  /** Written by Weft: the `mtu_request` that it has set, and the one that was there. */
  mtu: "weft-mtu",
  mtuBefore: "weft-mtu-before",
} as const;

/** On a guest's Interface, by libvirt, OpenStack, ovs-docker and others. */
export const GUEST_KEYS = {
  id: "iface-id",
  status: "iface-status",
  /** Tried in this order for the name of what is behind the port. */
  owners: ["vm-id", "vm-uuid", "container_id", "iface-id"],
  containerInterface: "container_iface",
} as const;
