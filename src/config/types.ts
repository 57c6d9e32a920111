// What weft.yaml says once it is read: every key present, every value checked.

export const TUNNEL_TYPES = ["gre", "vxlan", "geneve"] as const;
export type TunnelType = (typeof TUNNEL_TYPES)[number];

export const FLOW_BASED_MODES = ["auto", "always", "never"] as const;
export type FlowBasedMode = (typeof FLOW_BASED_MODES)[number];

export const LOG_LEVELS = ["silent", "fatal", "error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Who gets a place in the fabric: whoever may connect, hosts that weft.yaml names, those and the ones that were approved. */
export const ADMITTED = ["all", "known", "approve"] as const;
export type Admitted = (typeof ADMITTED)[number];

/** Who may ask by HTTP: whoever reaches it, or who has the token. */
export const HTTP_READS = ["open", "token"] as const;
export type HttpReads = (typeof HTTP_READS)[number];

export const FLOOD_OR_DROP = ["flood", "drop"] as const;
export type FloodOrDrop = (typeof FLOOD_OR_DROP)[number];

export interface NetworkConfig {
  readonly vni?: number;
  readonly tag?: number;
  readonly unknownUnicast?: FloodOrDrop;
  readonly multicast?: FloodOrDrop;
  readonly floodKbps?: number;
  readonly locked?: boolean;
  /** Whether switches answer ARP and neighbour solicitations for its endpoints; they do unless told otherwise. */
  readonly answer?: boolean;
}

export interface HostConfig {
  readonly name?: string;
  /** Canonical text. */
  readonly tunnelIp?: string;
  readonly bridge?: string;
  readonly index?: number;
}

export interface EndpointConfig {
  /** Canonical text, as are its addresses. */
  readonly mac: string;
  readonly ips?: readonly string[];
  readonly network?: string;
  /** A host's system-id or name. */
  readonly host: string;
  readonly port: string;
}

/** `networks` and `hosts` have no prototype: any key in them is one that was written. */
export interface WeftConfig {
  /** The integration bridge's name on every host that has no other. */
  readonly bridge: string;
  /** `Bridge.datapath_type`; null leaves it to each host. */
  readonly datapathType: string | null;
  readonly fabric: { readonly id: string | null };
  /** Options are those of ovs-vswitchd.conf.db(5); null leaves one to Open vSwitch. */
  readonly tunnel: {
    readonly type: TunnelType;
    readonly csum: boolean | null;
    readonly dstPort: number | null;
    readonly dfDefault: boolean | null;
    readonly tos: number | "inherit" | null;
    readonly ttl: number | "inherit" | null;
    /** Whether tunnels leave from the host's tunnel IP (`local_ip`), whatever its routes say. */
    readonly localIp: boolean;
    /** Whether all peers share one port of a type; `auto`: with more than `flowBasedAbove` hosts. */
    readonly flowBased: FlowBasedMode;
    readonly flowBasedAbove: number;
    /** Whether a host keeps the tunnel IP by which its peers know it; null: where not everyone is admitted. */
    readonly pinAddress: boolean | null;
  };
  readonly listen: {
    /** Connection methods, not yet checked. */
    readonly ovsdb: readonly string[];
    readonly openflow: readonly string[];
    /** Path of the control socket; null is the usual place for the user who starts the controller. */
    readonly control: string | null;
  };
  readonly http: {
    readonly enabled: boolean;
    /** `ADDRESS:PORT`, not yet checked; null is the usual place, which is done without where it is taken. */
    readonly listen: string | null;
    /** Names it is called by, beside its addresses and localhost. */
    readonly names: readonly string[];
    /** null: `open` on this machine's own addresses, else `token`. */
    readonly reads: HttpReads | null;
    /** Who shows it may also change things; null where nobody may. */
    readonly token: string | null;
    /** The file that holds it. */
    readonly tokenFile: string | null;
  };
  /** Paths of PEM files: none of them, or the first three and, if wanted, a list of what is revoked. */
  readonly tls: {
    readonly privateKey: string | null;
    readonly certificate: string | null;
    readonly caCertificate: string | null;
    readonly crl: string | null;
  };
  readonly admit: Admitted;
  readonly admission: {
    /** Ranges of addresses that may connect, such as 192.0.2.0/24; empty: any. */
    readonly allow: readonly string[];
    /** What approvals are signed with; made when it is not there. */
    readonly secretFile: string | null;
  };
  /** The address hosts are told for OpenFlow where it can't be seen from their connection. Canonical text. */
  readonly controllerAddress: string | null;
  readonly networks: Readonly<Record<string, NetworkConfig>>;
  /** By system-id. */
  readonly hosts: Readonly<Record<string, HostConfig>>;
  readonly endpoints: {
    readonly idleTimeoutSec: number;
    /** How many endpoints one port may have. */
    readonly perPort: number;
    /** And all ports of one host together. */
    readonly perHost: number;
    /** One that had to give way and speaks again within this time is a duplicate. */
    readonly duplicateWindowSec: number;
    /** How long a rival is silent until a duplicate, or too many moves, are forgotten. */
    readonly freezeSec: number;
    /** So many moves within so long are too many. */
    readonly moves: { readonly count: number; readonly windowSec: number };
    readonly static: readonly EndpointConfig[];
  };
  /** Limits for each port on the copies of frames that come to the controller. */
  readonly punts: { readonly packetsPerSecond: number; readonly burst: number };
  readonly timeouts: {
    /** How long after a start no index or vni is given to anyone new. */
    readonly startHoldSec: number;
    readonly probeSec: number;
    readonly handshakeSec: number;
  };
  /** What peers may take of this controller; what is beyond is refused, and told. */
  readonly limits: {
    /** Of hosts and switches together. */
    readonly connections: number;
    readonly connectionsPerSource: number;
    /** Hosts that are or were connected, and likewise switches. */
    readonly hosts: number;
  };
  /** Of hosts that do not show or say theirs. */
  readonly underlayMtu: number;
  /** Whether internal ports get the MTU that fits. */
  readonly mtu: { readonly request: boolean };
  /** How often each port sends a probe for loops outside of the fabric; 0 for never. */
  readonly loops: { readonly probeSec: number };
  /**
   * Without hubs every pair of hosts has a tunnel. With hubs (ids or names) each host has one to each hub, and the pairs
   * under `direct` have theirs too.
   */
  readonly topology: { readonly hubs: readonly string[]; readonly direct: readonly (readonly [string, string])[] };
  /** Liveness of tunnels. `packetsPerSecond` is what one host sends for all its tunnels: intervals grow with their number. */
  readonly bfd: { readonly enabled: boolean; readonly packetsPerSecond: number };
  readonly log: { readonly level: LogLevel };
  /** What has happened: where it is kept (null: beside the control socket, or where systemd says), and in how much room. */
  readonly journal: { readonly file: string | null; readonly maxBytes: number };
}
