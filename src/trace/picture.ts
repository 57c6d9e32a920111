// All that a trace needs of a fabric, as plain JSON: it can be written to a file, and traced there.

/** What a flow is for, as its cookie says; null where it is not Weft's. */
export interface PictureFact {
  readonly kind: string;
  /** A port number, or the index of the host it is about. */
  readonly place: number;
  readonly vni: number;
}

export interface PictureFlow {
  /** In ovs-ofctl's words. */
  readonly text: string;
  readonly fact: PictureFact | null;
}

export interface PictureGroup {
  /** In ovs-ofctl's words. */
  readonly text: string;
  /** Such as `HOST(2)`. */
  readonly name: string;
}

/** A port as the switch shows it. */
export interface PictureSwitchPort {
  readonly ofport: number;
  readonly name: string;
  /** What fast failover goes by: the link is up, and BFD, where it runs, is not down. */
  readonly live: boolean;
}

export interface PictureSwitch {
  /** `read`: the switch was asked. `known`: what it is known to hold, or should. */
  readonly source: "read" | "known";
  /** Why it was not asked; null where it was. */
  readonly reason: string | null;
  /** Whether the controller has a connection to it. */
  readonly connected: boolean;
  readonly flows: readonly PictureFlow[];
  readonly groups: readonly PictureGroup[];
  readonly ports: readonly PictureSwitchPort[];
}

/** What a port does in one of its networks. */
export interface PictureAttachment {
  readonly vni: number;
  /** The VLANs that frames of the network come in with; 0 is none. */
  readonly vlans: readonly number[];
}

/** A port of guests, as the facts have it. */
export interface PicturePort {
  readonly name: string;
  readonly ofport: number | null;
  readonly up: boolean;
  readonly networks: readonly PictureAttachment[];
  readonly owner: string | null;
  readonly declaredMacs: readonly string[];
  readonly locked: boolean;
  readonly blocked: boolean;
  /** Why it is not in the fabric; null where it is. */
  readonly excluded: string | null;
}

/** One direction of a tunnel, as its own host has it. */
export interface PictureTunnel {
  readonly name: string;
  readonly type: string;
  readonly ofport: number | null;
  /** Whether the port is flow-based, and leads to others as well. */
  readonly shared: boolean;
  readonly remoteIp: string;
  readonly peer: string;
  readonly bfd: "off" | "starting" | "up" | "down";
  /** Why BFD is down. */
  readonly why: string | null;
  /** What Open vSwitch says is wrong with it. */
  readonly error: string | null;
}

/** A port that is cabled to another switch. */
export interface PictureLink {
  readonly ofport: number;
  /** null where the far end is not known. */
  readonly peer: string | null;
  readonly peerOfport: number | null;
}

export interface PictureHost {
  readonly id: string;
  readonly name: string;
  /** On a switch without OVSDB, its number in labels. */
  readonly index: number | null;
  readonly bridge: string;
  readonly tunnelIp: string | null;
  /** Hosts of one fabric, or switches of one island, have the same. */
  readonly fabric: string;
  /** What is in the way of tracing there, such as an adoption that has only begun; null where nothing is. */
  readonly caveat: string | null;
  readonly ports: readonly PicturePort[];
  readonly tunnels: readonly PictureTunnel[];
  readonly links: readonly PictureLink[];
  /** null: not part of this picture. */
  readonly switch: PictureSwitch | null;
}

export interface PictureEndpoint {
  readonly mac: string;
  readonly ips: readonly string[];
  readonly vni: number;
  readonly host: string;
  readonly port: string | null;
  readonly ofport: number | null;
  readonly origin: "declared" | "observed";
  /** What declares it, such as `attached-mac`; null for what was heard. */
  readonly declaredBy: string | null;
  readonly owner: string | null;
}

export interface PictureNetwork {
  readonly vni: number;
  readonly name: string;
  /** What fits every path between its members; null where nobody tells. */
  readonly mtu: number | null;
}

export interface FabricPicture {
  readonly version: 1;
  readonly hosts: readonly PictureHost[];
  readonly networks: readonly PictureNetwork[];
  readonly endpoints: readonly PictureEndpoint[];
  /** Names of tables, by their number. */
  readonly tables: Readonly<Record<string, string>>;
}
