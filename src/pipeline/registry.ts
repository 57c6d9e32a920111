// Every table number, priority, cookie, group and meter id of the pipeline: here and nowhere else.

export interface TableSpec {
  readonly id: number;
  readonly name: string;
  readonly purpose: string;
}

/** In the order in which a frame meets them. */
export const TABLES = {
  classify: {
    id: 0,
    name: "CLASSIFY",
    purpose: "Where did it come from? A local port and VLAN give the network; a tunnel and its key give the network.",
  },
  arrive: {
    id: 2,
    name: "ARRIVE",
    purpose:
      "Frames out of a flow-based tunnel, from a host that CLASSIFY knows by its address: passed on, or into their network. Out of plain links: each is taken in by the one port by which those from its first switch come, or not at all. So no switch sees a frame twice, whatever the others hold.",
  },
  guard: {
    id: 5,
    name: "GUARD",
    purpose:
      "Frames of locked ports: who speaks, and in whose name? What a declared MAC sends with its own addresses goes on, all else is dropped.",
  },
  claim: {
    id: 6,
    name: "CLAIM",
    purpose: "Neighbour advertisements of locked ports, whose sender GUARD has let pass: for its own addresses only.",
  },
  learn: {
    id: 10,
    name: "LEARN",
    purpose:
      "Frames of local ports: is this MAC, with this address, known here? If not, a rate-limited copy to the controller.",
  },
  answer: {
    id: 20,
    name: "ANSWER",
    purpose:
      "ARP and neighbour solicitations from known addresses: one for a known address becomes its answer here, all others go on.",
  },
  advertise: {
    id: 21,
    name: "ADVERTISE",
    purpose: "What has become a neighbour advertisement gets its target's MAC, which no table before could write.",
  },
  return: { id: 25, name: "RETURN", purpose: "An answer goes out by the port the question came from." },
  forward: {
    id: 30,
    name: "FORWARD",
    purpose:
      "Frames of local ports: to the local port or the host where the MAC is; what is not known, to all of the network.",
  },
  deliver: {
    id: 40,
    name: "DELIVER",
    purpose:
      "Frames out of tunnels: to local ports only. Nothing goes out by a tunnel from here, so nothing can circulate.",
  },
  transit: {
    id: 45,
    name: "TRANSIT",
    purpose:
      "Frames out of plain links, with their label: to a local port, without it; towards the switch where the MAC is; or on along the tree of the switch that they came in at.",
  },
  egress: {
    id: 50,
    name: "EGRESS",
    purpose: "Out of the local port that `reg0` names, tagged as the port's VLAN columns say.",
  },
  depart: {
    id: 60,
    name: "DEPART",
    purpose: "Frames for other hosts, on the way to their groups: a tag that says nothing does not go along.",
  },
  uncovered: {
    id: 61,
    name: "UNCOVERED",
    purpose: "Where DEPART has taken a tag off another that the switch sees (`vlan-limit` above 1), it is put back.",
  },
} as const satisfies Readonly<Record<string, TableSpec>>;

export type TableName = keyof typeof TABLES;

/** Within a table, higher wins. The order is the meaning; the numbers leave room. */
export const PRIORITIES = {
  classify: {
    /** While a probe of `weft trace` or `weft check` is on its way: it is told here, and goes on, or ends. */
    traced: 1000,
    /** Probes for loops, before anything else: they are for the controller, and go nowhere. */
    probe: 950,
    /** Group source addresses and frames that 802.1D keeps on one link are dropped. */
    guard: 900,
    /** A port that meets another one outside of the fabric: nothing of it but probes. */
    blocked: 800,
    /** Out of a flow-based tunnel: from a host of the fabric, and from anybody else, which is dropped. */
    source: 750,
    stranger: 700,
    /** A port that is cabled to another switch. */
    link: 700,
    /** Frames that another host asks this one to pass on. */
    relay: 600,
    tunnel: 500,
    port: 400,
    /** Any VLAN, on a port that carries all: what is left is no network's. */
    otherVlans: 300,
    /** Matches all and drops: it exists for its cookie, which names the host. */
    identity: 0,
  },
  arrive: { relay: 100, tree: 100, deliver: 0 },
  guard: {
    /** Neighbour discovery that the switch could not read: its options are not to be trusted unseen. */
    unreadable: 500,
    /** ARP, RARP and neighbour discovery, in the sender's own name. */
    neighbor: 400,
    /** The same in somebody else's. */
    impostor: 300,
    /** A declared MAC, with an address of its own where addresses are declared. */
    speaker: 200,
    stranger: 0,
  },
  claim: { own: 100, impostor: 0 },
  learn: {
    /** What rivals send with a MAC, or say of an address, that stays with another: copied, and dropped. */
    usurper: 450,
    /** ARP and neighbour solicitations with a sender address that is known for this MAC on this port. */
    knownAddress: 400,
    /** ARP, ND and DHCP that may tell an address. */
    addressNews: 300,
    knownMac: 200,
    unknownMac: 100,
  },
  answer: {
    /** Asked for from the port the address is behind: left to its owner. */
    ownPort: 400,
    /** Neighbour solicitations without the option that an answer could use. */
    withoutOption: 300,
    address: 200,
    unanswered: 0,
  },
  advertise: { targetOption: 100 },
  return: { tagged: 100, untagged: 0 },
  forward: { endpoint: 200, essential: 180, group: 150, flood: 100 },
  deliver: {
    /** A probe of `weft check`, once its key has become a network: it ends here. */
    checked: 400,
    /** Frames out of a tunnel in the name of one who can speak only from a locked port here. */
    reflection: 300,
    endpoint: 200,
    /** Where multicast is dropped: broadcast, and what neighbour discovery needs. */
    essential: 180,
    /** Multicast, where it is treated otherwise than unknown unicast. */
    group: 150,
    flood: 100,
    /** On a bridge that is prepared for being taken: CLASSIFY is not Weft's to end there. */
    identity: 0,
  },
  transit: {
    /** A probe of `weft trace`, on the switch where its receiver is: it ends here. */
    traced: 250,
    endpoint: 200,
    /** The same as in DELIVER. */
    essential: 180,
    group: 150,
    flood: 100,
  },
  /** A probe of `weft trace` ends here, but where a protected port would not get the frame. */
  egress: { protected: 300, traced: 250, plain: 200, tagged: 100, untagged: 0 },
  depart: { doubleTagged: 200, plain: 100, /** In an island: every frame gets its label. */ label: 50 },
  uncovered: { tagged: 100 },
} as const;

/** Registers: what a frame carries from table to table beside its network, which is in `metadata`. */
export const REGISTERS = {
  /** For EGRESS: the local port to go out by. */
  outPort: { field: "nx_reg0", bits: 32 },
  /** Within one list of actions: the priority of a tag that is replaced. */
  priority: { field: "nx_reg1", bits: 3 },
  /** Of a probe of `weft trace`: 1 once this switch has told of it. */
  told: { field: "nx_reg15", bits: 32 },
} as const;

/**
 * The carrier: between the tables, and in tunnels, a frame keeps the outer tag it came with for its priority, and for
 * its TPID. In place of a VLAN id it says what kind of port the frame came from. A frame that came without a tag has
 * none, unless its port is protected. So a tag that a tunnel brings is always a carrier, never the guest's own inner one.
 */
export const CARRIER_VID = { plain: 0, protected: 1 } as const;

/** What a flow is for. The number is the third byte of its cookie. */
export const FLOW_KINDS = {
  identity: 1,
  guard: 2,
  port: 3,
  tunnel: 4,
  "address-news": 5,
  "unknown-mac": 6,
  "known-mac": 7,
  "known-address": 8,
  "local-endpoint": 9,
  "remote-endpoint": 10,
  flood: 11,
  "deliver-endpoint": 12,
  "deliver-flood": 13,
  speaker: 30,
  impostor: 31,
  "own-claim": 32,
  reflection: 33,
  withheld: 34,
  probe: 35,
  blocked: 36,
  relay: 14,
  stranger: 15,
  arrive: 16,
  answer: 20,
  "own-port": 21,
  unanswered: 22,
  advertise: 23,
  return: 24,
  usurper: 60,
  egress: 40,
  depart: 41,
  uncovered: 42,
  heard: 76,
  "link-news": 70,
  link: 71,
  tree: 72,
  "transit-endpoint": 73,
  "transit-flood": 74,
  label: 75,
  "trace-seen": 80,
  "trace-end": 81,
  "check-end": 82,
} as const;

export type FlowKind = keyof typeof FLOW_KINDS;

const KIND_NAMES: ReadonlyMap<number, FlowKind> = new Map(
  (Object.entries(FLOW_KINDS) as [FlowKind, number][]).map(([name, number]) => [number, name]),
);

/**
 * A cookie: `"WE"` (16 bits), kind (8 bits), then the fact the flow came from: a port number or host index (16 bits)
 * and a VNI (24 bits).
 */
const COOKIE_OWNER = 0x5745n;
const FACT_BITS = 40n;
const FACT_MASK = (1n << FACT_BITS) - 1n;
const VNIS = 0x100_0000;

export interface CookieFact {
  readonly kind: FlowKind;
  /** A host index on flows about another host, else the low 16 bits of a port number. */
  readonly place: number;
  readonly vni: number;
}

export function encodeCookie({ kind, place, vni }: CookieFact): bigint {
  const fact = (BigInt(place & 0xffff) << 24n) | BigInt(vni & 0xff_ffff);
  return (COOKIE_OWNER << 48n) | (BigInt(FLOW_KINDS[kind]) << 40n) | fact;
}

/** The last one that was read: a packet-in's cookie is asked for several times. */
let lastRead: { readonly cookie: bigint; readonly fact: CookieFact | undefined } = { cookie: 0n, fact: undefined };

/** undefined for a flow that is not Weft's. */
export function decodeCookie(cookie: bigint): CookieFact | undefined {
  if (lastRead.cookie !== cookie) lastRead = { cookie, fact: readCookie(cookie) };
  return lastRead.fact;
}

/** As numbers, which are cheaper than bigints. */
function readCookie(cookie: bigint): CookieFact | undefined {
  const high = Number(cookie >> FACT_BITS);
  if (high >>> 8 !== Number(COOKIE_OWNER)) return undefined;
  const kind = KIND_NAMES.get(high & 0xff);
  if (kind === undefined) return undefined;
  const fact = Number(cookie & FACT_MASK);
  return Object.freeze({ kind, place: Math.floor(fact / VNIS), vni: fact % VNIS });
}

/** Flows that last as long as a probe is on its way, and go by themselves should the controller die meanwhile. */
const PASSING_KINDS: ReadonlySet<FlowKind> = new Set(["trace-seen", "trace-end", "check-end"]);
export const PASSING_SEC = 10;

/** Theirs, as a request for a count selects them: no other kinds have numbers from 80 to 83. */
export const PASSING_COOKIES = {
  cookie: (COOKIE_OWNER << 48n) | (80n << FACT_BITS),
  cookieMask: (0xffffn << 48n) | (0xfcn << FACT_BITS),
} as const;

/** They are no part of what a switch should hold, and nobody's tampering. One that would stay is. */
export function isPassing(flow: { readonly cookie: bigint; readonly hardTimeoutSec: number }): boolean {
  if (flow.hardTimeoutSec === 0 || flow.hardTimeoutSec > PASSING_SEC) return false;
  const fact = decodeCookie(flow.cookie);
  return fact !== undefined && PASSING_KINDS.has(fact.kind);
}

/** All of Weft's own, as a flow-mod selects them. */
export const OWN_COOKIES = { cookie: COOKIE_OWNER << 48n, mask: 0xffffn << 48n } as const;

/** Whether Weft wrote it, in this version or another. */
export function isOwnCookie(cookie: bigint): boolean {
  return cookie >> 48n === COOKIE_OWNER;
}

/** The bit of a tunnel key that says "relay me": the frame's outer VLAN id is then the index of the host it is for. */
export const RELAY_KEY_BIT = 23;

/** Group ids: the same on every switch. */
export const GROUPS = {
  /** An indirect group without actions: a bucket that watches it is never dead. */
  alwaysLive: 0x1,
  /** HOST(j): frames for host j. */
  hostBase: 0x1_0000,
  /** FLOOD(network): the other hosts that have ports in the network. */
  floodBase: 0x100_0000,
  /** LOCAL(network): the network's ports on this switch. */
  localBase: 0x200_0000,
  /** TREE(s): where frames that came into the island at switch s go on from here, and the local ports. */
  treeBase: 0x300_0000,
} as const;

/**
 * The label: the VLAN id of a tag that a frame has in front of all others while it is on plain links. It says at which
 * switch the frame came into the island, and of what kind it is: the switches on its way look no further.
 */
const LABEL_KINDS = { untagged: 0, otherVlans: 1 } as const;
const LABEL_NUMBER_BITS = 9;

export type LabelKind = keyof typeof LABEL_KINDS;

export function labelOf(kind: LabelKind, switchNumber: number): number {
  return (LABEL_KINDS[kind] << LABEL_NUMBER_BITS) | switchNumber;
}

export type GroupRole =
  | { readonly kind: "always-live" }
  | { readonly kind: "host"; readonly index: number }
  | { readonly kind: "flood"; readonly vni: number }
  | { readonly kind: "local"; readonly vni: number }
  | { readonly kind: "tree"; readonly number: number };

export function hostGroup(index: number): number {
  return GROUPS.hostBase + index;
}

export function floodGroup(vni: number): number {
  return GROUPS.floodBase + vni;
}

export function localGroup(vni: number): number {
  return GROUPS.localBase + vni;
}

export function treeGroup(switchNumber: number): number {
  return GROUPS.treeBase + switchNumber;
}

/** undefined for a group that is not Weft's. */
export function groupRole(id: number): GroupRole | undefined {
  if (id === GROUPS.alwaysLive) return { kind: "always-live" };
  if (id > GROUPS.hostBase && id <= GROUPS.hostBase + 0xffff) return { kind: "host", index: id - GROUPS.hostBase };
  if (id > GROUPS.floodBase && id < GROUPS.localBase) return { kind: "flood", vni: id - GROUPS.floodBase };
  if (id > GROUPS.localBase && id < GROUPS.localBase + 0x80_0000) return { kind: "local", vni: id - GROUPS.localBase };
  if (id > GROUPS.treeBase && id <= GROUPS.treeBase + 0xffff) return { kind: "tree", number: id - GROUPS.treeBase };
  return undefined;
}

export function groupName(id: number): string {
  const role = groupRole(id);
  switch (role?.kind) {
    case "always-live":
      return "ALWAYS-LIVE";
    case "host":
      return `HOST(${role.index})`;
    case "flood":
      return `FLOOD(${role.vni})`;
    case "local":
      return `LOCAL(${role.vni})`;
    case "tree":
      return `TREE(${role.number})`;
    default:
      return "foreign";
  }
}

/** A meter for each port, so that one guest's punts do not starve the others'; the LOCAL port's number has 32 bits. */
export function puntMeter(ofport: number): number {
  return ofport & 0xffff;
}

/** Meter ids beyond those of ports, in ranges of their own. */
const METERS = { probeBase: 0x1_0000, floodBase: 0x2_0000 } as const;

/** For a port's probes: in a storm its other copies use up what its own meter lets pass. */
export function probeMeter(ofport: number): number {
  return METERS.probeBase + puntMeter(ofport);
}

/** The cap on what a network floods; for the network at that place among all that have one. */
export function floodMeter(place: number): number {
  return METERS.floodBase + place;
}

export function tableName(id: number): string {
  return Object.values(TABLES).find((table) => table.id === id)?.name ?? String(id);
}
