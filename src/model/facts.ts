// The facts: what hosts, switches and configuration say, before anything is concluded from it. Immutable values.
import type { Mac } from "../../proto/bytes/mac.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { NetworkPolicy } from "./policy.ts";
import type { VlanColumns } from "./vlan.ts";

export type HostId = string;
export type Vni = number;
export type TunnelType = "gre" | "vxlan" | "geneve";

/** A local (non-tunnel) interface on the bridge, as its OVSDB rows (or, on a lone switch, PORT_DESC) describe it. */
export interface PortFact {
  readonly name: string;
  /** OpenFlow port number; null until the switch has given one. */
  readonly ofport: number | null;
  /** `Interface.type`; the empty string is a system device (tap, veth, NIC). */
  readonly type: string;
  readonly vlan: VlanColumns;
  /** `external_ids:weft-network`. */
  readonly networkName: string | null;
  /** `external_ids:weft-vni`, what the network's name was last given. */
  readonly storedVni: Vni | null;
  /** MACs the database itself names for the guest: `attached-mac`, or `mac_in_use` of an internal port. */
  readonly declaredMacs: readonly Mac[];
  /**
   * `external_ids:iface-id`: ports of one id are the places of one guest that is on its way from one to the other.
   * `active` is false where `iface-status` says that the guest is not (or no longer) here.
   */
  readonly guest?: { readonly id: string; readonly active: boolean };
  /** Who is behind the port, as docker, libvirt and others write it. */
  readonly owner?: string;
  /** `external_ids:weft-locked`: only declared MACs and addresses may speak. */
  readonly locked?: boolean;
  /** `external_ids:weft-ips`, canonical and sorted; null where it is not set. */
  readonly declaredIps?: readonly string[] | null;
  /** `Interface.mtu`; null where Open vSwitch does not know. */
  readonly mtu?: number | null;
  readonly up: boolean;
  /** false for a bridge's own port that is down: nobody uses it, and no network should be spread to a host for it. */
  readonly inUse: boolean;
  /** Set where the port stays out of the fabric (a NIC, a patch, a foreign tunnel), and why. */
  readonly excluded: Diagnostic | null;
  readonly problems: readonly Diagnostic[];
}

/**
 * What `bfd_status` says of a tunnel. It is ephemeral, and wrong for seconds after an ovsdb-server restart: it chooses
 * among ways, and never removes one.
 */
export type BfdHealth =
  | { readonly kind: "off" }
  /** On, and not yet up since the tunnel was made. */
  | { readonly kind: "starting" }
  | { readonly kind: "up" }
  /** Was up, and is not; with the diagnostic of RFC 5880 in Open vSwitch's words. */
  | { readonly kind: "down"; readonly why: string };

/**
 * How a host reaches one peer by tunnel: a port, and on a port that many peers share the address its frames are sent to.
 * What comes from that peer comes by the same port and, on a shared one, from that address.
 */
export interface Lane {
  readonly port: number;
  /** null on a tunnel of the peer's own. Canonical text. */
  readonly toward: string | null;
}

/** A tunnel that Weft made, as its row describes it: an Interface, or one peer's share of an Interface for all. */
export interface TunnelRowFact {
  readonly name: string;
  readonly type: TunnelType;
  /** Whether the Interface is flow-based (`remote_ip=flow`), and this one of those it names; absent is false. */
  readonly shared?: boolean;
  readonly ofport: number | null;
  readonly remoteIp: string;
  readonly peerId: HostId;
  readonly peerIndex: number;
  readonly fabricId: string;
  readonly linkUp: boolean;
  readonly bfd: BfdHealth;
  /** `Interface.error`. */
  readonly error: string | null;
}

/** A tunnel that Weft did not make, on the bridge it uses. */
export interface ForeignTunnelFact {
  readonly name: string;
  /** `Interface.type`; more than Weft makes itself. */
  readonly type: string;
  readonly ofport: number | null;
  /** Canonical where it is an address. */
  readonly remoteIp: string;
  readonly vlan: VlanColumns;
}

/**
 * How far a bridge of somebody else's making is taken over. `prepare`: it forwards as before, and Weft's tunnels stand
 * beside, closed to it; `take`: Weft forwards, and still hears what comes by hand-made tunnels; `done`: those are gone.
 */
export type AdoptionStage = "prepare" | "take" | "done";

export interface AdoptionFact {
  readonly stage: AdoptionStage;
  /** Not to wait for others. */
  readonly now: boolean;
  /** Cost of the way to the root of its spanning tree; null where STP is off. */
  readonly rootDistance: number | null;
}

/** Where a bridge stands with Weft. */
export type BridgeStanding =
  | { readonly kind: "absent" }
  /** Weft made it, or has taken it before. */
  | { readonly kind: "owned" }
  /** Existed before; taken by consent. */
  | { readonly kind: "consented" }
  | { readonly kind: "waiting"; readonly problem: Diagnostic }
  | { readonly kind: "refused"; readonly problem: Diagnostic };

/** The index a host has stored about itself, and what it was stored with. */
export interface StoredIdentity {
  readonly index: number;
  readonly fabricId: string;
  /** The system-id the index was given to; another one means the disk was cloned. */
  readonly hostId: HostId;
}

/** What a host's OVSDB said when it was last read. */
export interface HostFact {
  readonly id: HostId;
  readonly name: string;
  readonly ovsVersion: string | null;
  readonly bridgeName: string;
  /** What `Bridge.datapath_type` the host asks for; null leaves it open. */
  readonly datapathType: string | null;
  /** `Bridge.other_config:forward-bpdu`; absent is false. */
  readonly forwardBpdu?: boolean;
  /** Whether its bridge runs in the userspace datapath (`netdev`), which can do more than the kernel's. */
  readonly userspaceDatapath: boolean;
  readonly standing: BridgeStanding;
  /** 16 hexadecimal digits; null until ovs-vswitchd has made the bridge. */
  readonly dpid: string | null;
  readonly stored: StoredIdentity | null;
  readonly tunnelIp: string | null;
  /** What the host says of its underlay, or shows of the interface its tunnels leave by; null where it does neither. */
  readonly underlayMtu?: number | null;
  /** Tunnel types the host takes, the one it likes best first; null takes any. */
  readonly tunnelTypes: readonly TunnelType[] | null;
  readonly ports: readonly PortFact[];
  readonly tunnels: readonly TunnelRowFact[];
  /** Sorted by name. */
  readonly foreignTunnels?: readonly ForeignTunnelFact[];
  /** Absent or null for a bridge that was not, or not that gently, taken from somebody else. */
  readonly adoption?: AdoptionFact | null;
  readonly problems: readonly Diagnostic[];
}

/** A MAC heard on a port, from a frame or read back from a LEARN flow. */
export interface ObservedFact {
  readonly vni: Vni;
  readonly mac: Mac;
  readonly ofport: number;
  /** Sorted. Each has a flow of its own in LEARN. */
  readonly ips: readonly string[];
  /** When each address was last heard, as `heard`; one that is not in it was only read back. */
  readonly ipsHeard?: ReadonlyMap<string, number>;
  /** See `Endpoint.router`. */
  readonly router?: boolean;
  /** Grows with each hearing on any host: the latest place of a MAC has the highest. */
  readonly heard: number;
}

/** A MAC on a port that uses what is another's: the MAC itself, or an address. Read back from LEARN. */
export interface RivalFact {
  readonly vni: Vni;
  readonly mac: Mac;
  readonly ofport: number;
  /** null where it is the MAC. */
  readonly ip: string | null;
}

/** What a switch held, by OpenFlow, when it was last read or written. */
export interface SwitchFact {
  /** 16 hexadecimal digits. */
  readonly dpid: string;
  /** The index in the flow that names the host itself; 0 on a lone switch; null on one that holds no flows of ours. */
  readonly ownIndex: number | null;
  readonly maxMeter: number;
  readonly observed: readonly ObservedFact[];
  /** Lanes whose CLASSIFY flow is known to be in place, by `laneKey`. */
  readonly receivesOn: ReadonlySet<string>;
  /** Host index -> the lane that its HOST group is known to use. */
  readonly sendsBy: ReadonlyMap<number, Lane>;
  /** Host index -> the lanes to the relays that its HOST group is known to use, in their order. */
  readonly relaysBy: ReadonlyMap<number, readonly Lane[]>;
  /** Host index -> the lane by which it is known to pass on what others ask it to. */
  readonly relaysTo: ReadonlyMap<number, Lane>;
}

/** What flows to an endpoint of another host, and answers in its place, say of it. */
export interface RememberedEndpoint {
  readonly vni: Vni;
  readonly mac: Mac;
  /** Sorted. */
  readonly ips: readonly string[];
  /** See `Endpoint.router`. */
  readonly router?: boolean;
}

/**
 * What other hosts hold about a host. It stands in for that host until it is read: nothing that concerns it is deleted
 * before, so that a controller that starts with nothing changes nothing that is right.
 */
export interface RememberedFact {
  readonly index: number;
  readonly endpoints: readonly RememberedEndpoint[];
  readonly vnis: readonly Vni[];
}

/** An endpoint that configuration declares. */
export interface EndpointSetting {
  readonly mac: Mac;
  /** Canonical text. */
  readonly ips: readonly string[];
  /** null: the one network of the port. */
  readonly network: string | null;
  /** A host's id or name. */
  readonly host: string;
  readonly port: string;
}

export interface NetworkSetting {
  readonly name: string;
  readonly vni: Vni | null;
  readonly tag: number | null;
  /** Absent where configuration sets none of it. */
  readonly policy?: NetworkPolicy;
  /** Whether switches answer for its endpoints; they do unless told otherwise. */
  readonly answer?: boolean;
}
