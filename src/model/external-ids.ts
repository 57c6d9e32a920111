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
} as const;

/** On Bridge, Controller, Port and Interface rows that Weft made: its mark. The value is the fabric's id. */
export const OWNER_KEY = "weft-fabric";

/** On tunnel Interfaces. */
export const TUNNEL_KEYS = { peer: "weft-peer", peerIndex: "weft-peer-index" } as const;

/** On a guest's Port or Interface. */
export const PORT_KEYS = {
  network: "weft-network",
  vni: "weft-vni",
  attachedMac: "attached-mac",
  /** `true`: nobody but the declared MACs and addresses may speak from there. */
  locked: "weft-locked",
  /** The addresses of what is behind a locked port, with commas between. */
  ips: "weft-ips",
  /** Written by Weft: the `mtu_request` that it has set. */
  mtu: "weft-mtu",
} as const;

/** On a guest's Interface, by libvirt, OpenStack, ovs-docker and others. */
export const GUEST_KEYS = {
  id: "iface-id",
  status: "iface-status",
  /** Tried in this order for the name of what is behind the port. */
  owners: ["vm-id", "vm-uuid", "container_id", "iface-id"],
  containerInterface: "container_iface",
} as const;
