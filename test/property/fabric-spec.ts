// Random fabrics as a person would describe them, and what Open vSwitch's manual says of who hears whom: written
// anew from ovs-vswitchd.conf.db(5), without a line of the code that it judges.
import fc from "fast-check";
import type { HostFact, NetworkSetting, PortFact, TunnelType } from "../../src/model/facts.ts";
import type { FlowBasedSettings } from "../../src/model/flow-based.ts";
import { DEFAULT_POLICY } from "../../src/model/policy.ts";
import { MESH, type Topology } from "../../src/model/topology.ts";
import { hostFact, portFact } from "../unit/model/facts-for-tests.ts";

export interface PortSpec {
  readonly ofport: number;
  readonly tag: number | null;
  readonly trunks: readonly number[];
  readonly vlanMode: string | null;
  readonly networkName: string | null;
  readonly guests: readonly GuestSpec[];
}

export type Knowledge = "declared" | "observed" | "silent";

export interface GuestSpec {
  /** Few MACs and many networks: the same one turns up in several. */
  readonly mac: string;
  /** Which of the port's ways in the guest uses. */
  readonly way: number;
  readonly known: Knowledge;
  readonly ips: readonly string[];
}

export interface HostSpec {
  readonly ports: readonly PortSpec[];
  /** Which of its tunnel IPs it has; the first unless given. */
  readonly address?: number;
}

export function tunnelIpOf(spec: FabricSpec, at: number): string {
  return `172.31.${spec.hosts[at]?.address ?? 0}.${at + 1}`;
}

export interface FabricSpec {
  readonly hosts: readonly HostSpec[];
  readonly tunnelType: TunnelType;
  readonly topology: Topology;
  readonly flowBased: FlowBasedSettings;
  readonly settings: readonly NetworkSetting[];
}

export const hostId = (at: number): string => `host-${at + 1}`;

const TAGS = [10, 20, 30] as const;
const NAMES = ["blue", "red", "vlan10", "vlan30", "vlan40"] as const;
export const MACS = [1, 2, 3, 4, 5, 6].map((n) => `02:00:00:00:00:0${n}`);

const SETTINGS: readonly NetworkSetting[] = [
  { name: "blue", vni: 5000, tag: 10, policy: { ...DEFAULT_POLICY, floodKbps: 1000 } },
  { name: "red", vni: 70_000, tag: null, policy: { ...DEFAULT_POLICY, unknownUnicast: "drop" } },
  { name: "green", vni: null, tag: 30, policy: { ...DEFAULT_POLICY, multicast: "drop" } },
];

const trunks = fc.subarray([0, ...TAGS]);
const tag = fc.constantFrom(...TAGS);
const noName = { networkName: null } as const;

const columns: fc.Arbitrary<Pick<PortSpec, "tag" | "trunks" | "vlanMode" | "networkName">> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ tag: null, trunks: [], vlanMode: null, ...noName }) },
  { weight: 4, arbitrary: tag.map((value) => ({ tag: value, trunks: [], vlanMode: null, ...noName })) },
  {
    weight: 3,
    arbitrary: fc.record({
      tag: fc.constantFrom(null, ...TAGS),
      trunks: fc.constant([]),
      vlanMode: fc.constantFrom(null, "access"),
      networkName: fc.constantFrom(...NAMES),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      tag: fc.constant(null),
      trunks,
      vlanMode: fc.constantFrom("trunk", null),
      networkName: fc.constantFrom(null, null, ...NAMES),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      tag: fc.constantFrom(null, ...TAGS),
      trunks,
      vlanMode: fc.constantFrom("native-tagged", "native-untagged", "trunk"),
      networkName: fc.constantFrom(null, null, ...NAMES),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ tag: 10, trunks: [], vlanMode: "dot1q-tunnel", ...noName }) },
);

const guest: fc.Arbitrary<GuestSpec> = fc.record({
  mac: fc.constantFrom(...MACS),
  way: fc.nat(9),
  known: fc.constantFrom("declared", "observed", "silent"),
  ips: fc.subarray(["10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2"], { maxLength: 3 }),
});

const portBody = fc.record({ columns, guests: fc.array(guest, { maxLength: 3 }) });

const port = (ofport: number): fc.Arbitrary<PortSpec> =>
  portBody.map(({ columns: vlan, guests }) => ({ ofport, ...vlan, guests }));

const OFPORTS = [1, 2, 3, 0xffff_fffe] as const;

const host: fc.Arbitrary<HostSpec> = fc
  .tuple(...OFPORTS.map((ofport) => fc.option(port(ofport), { freq: 2 })))
  .map((ports) => ({ ports: ports.filter((one) => one !== null) }));

const tunnelType: fc.Arbitrary<TunnelType> = fc.constantFrom("gre", "vxlan", "geneve");

/** A mesh, or one or two of the first hosts as hubs, with a tunnel or none between others. */
const topology: fc.Arbitrary<Topology> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(MESH) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("hubs" as const),
      hubs: fc.constantFrom([hostId(0)], [hostId(1), hostId(0)], [hostId(0), hostId(2)]),
      direct: fc.constantFrom([], [[hostId(1), hostId(2)] as const]),
    }),
  },
);

/** Of `auto` the hosts decide: it may change with the one that joins. */
const flowBased: fc.Arbitrary<FlowBasedSettings> = fc.record({
  mode: fc.constantFrom("never" as const, "always" as const, "auto" as const),
  above: fc.constantFrom(2, 3, 200),
});

export function fabricSpec(limits: { readonly maxHosts: number }): fc.Arbitrary<FabricSpec> {
  return fc.record({
    hosts: fc.array(host, { minLength: 1, maxLength: limits.maxHosts, size: "max" }),
    tunnelType,
    topology,
    flowBased,
    settings: fc.subarray([...SETTINGS]),
  });
}

/** One thing that somebody changes in a running fabric. */
export type Edit =
  | { readonly kind: "host"; readonly host: HostSpec }
  | { readonly kind: "port"; readonly at: number; readonly port: PortSpec }
  | { readonly kind: "unplug"; readonly at: number; readonly which: number }
  | { readonly kind: "move"; readonly from: number; readonly to: number; readonly which: number }
  | { readonly kind: "address"; readonly at: number; readonly address: number }
  | { readonly kind: "type"; readonly tunnelType: TunnelType }
  | { readonly kind: "topology"; readonly topology: Topology }
  | { readonly kind: "flow-based"; readonly flowBased: FlowBasedSettings }
  | { readonly kind: "settings"; readonly settings: readonly NetworkSetting[] };

const anyPort = fc.constantFrom(...OFPORTS).chain(port);

export const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("host" as const), host }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("port" as const), at: fc.nat(9), port: anyPort }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("unplug" as const), at: fc.nat(9), which: fc.nat(9) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("move" as const), from: fc.nat(9), to: fc.nat(9), which: fc.nat(9) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("address" as const), at: fc.nat(9), address: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("type" as const), tunnelType }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("topology" as const), topology }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("flow-based" as const), flowBased }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("settings" as const), settings: fc.subarray([...SETTINGS]) }) },
);

const replaceAt = <T>(list: readonly T[], at: number, value: T): readonly T[] =>
  list.map((one, index) => (index === at ? value : one));

function withPort(spec: FabricSpec, at: number, ports: readonly PortSpec[]): FabricSpec {
  const sorted = [...ports].sort((a, b) => a.ofport - b.ofport);
  return { ...spec, hosts: replaceAt(spec.hosts, at, { ...spec.hosts[at], ports: sorted }) };
}

export function edited(spec: FabricSpec, change: Edit): FabricSpec {
  const hostAt = (n: number): number => n % spec.hosts.length;
  const portsAt = (n: number): readonly PortSpec[] => spec.hosts[hostAt(n)]?.ports ?? [];
  switch (change.kind) {
    case "host":
      return { ...spec, hosts: [...spec.hosts, change.host] };
    case "port": {
      const others = portsAt(change.at).filter((one) => one.ofport !== change.port.ofport);
      return withPort(spec, hostAt(change.at), [...others, change.port]);
    }
    case "unplug": {
      const ports = portsAt(change.at);
      const gone = change.which % Math.max(1, ports.length);
      return withPort(
        spec,
        hostAt(change.at),
        ports.filter((_, index) => index !== gone),
      );
    }
    case "move": {
      // A guest with its port goes to another host, or on the same one to another number.
      const ports = portsAt(change.from);
      const moved = ports[change.which % Math.max(1, ports.length)];
      if (moved === undefined) return spec;
      const rest = withPort(
        spec,
        hostAt(change.from),
        ports.filter((one) => one !== moved),
      );
      const there = rest.hosts[hostAt(change.to)]?.ports ?? [];
      const free = OFPORTS.find((ofport) => !there.some((one) => one.ofport === ofport));
      return free === undefined ? spec : withPort(rest, hostAt(change.to), [...there, { ...moved, ofport: free }]);
    }
    case "address": {
      const at = hostAt(change.at);
      return { ...spec, hosts: replaceAt(spec.hosts, at, { ports: portsAt(at), address: change.address }) };
    }
    case "type":
      return { ...spec, tunnelType: change.tunnelType };
    case "topology":
      return { ...spec, topology: change.topology };
    case "flow-based":
      return { ...spec, flowBased: change.flowBased };
    case "settings":
      return { ...spec, settings: change.settings };
  }
}

/** How the frames of one network look on a port. */
export interface Way {
  readonly network: string;
  /** Tags with which a frame comes in: 0 is none, or VLAN 0. */
  readonly ingress: readonly number[];
  readonly egress: number | null;
  /** Without a tag otherwise: whether one of VLAN 0 is given to a frame with a priority, as on trunks. */
  readonly keepsPriority?: true;
}

const tagOfName = (name: string): number | null => {
  const tagText = /^vlan(\d+)$/.exec(name)?.[1];
  return tagText === undefined ? null : Number(tagText);
};

function nameOfTag(spec: FabricSpec, vlan: number): string {
  return spec.settings.find((setting) => setting.tag === vlan)?.name ?? `vlan${vlan}`;
}

/** `vlan30` is the network of VNI 30, which configuration may call otherwise. */
function properName(spec: FabricSpec, name: string): string {
  const tag = tagOfName(name);
  const setting = spec.settings.find(({ vni, tag: set }) => tag !== null && (vni ?? set) === tag);
  return setting?.name ?? name;
}

function modeOf(one: PortSpec): string {
  return one.vlanMode ?? (one.tag === null && one.trunks.length > 0 ? "trunk" : "access");
}

/** VLANs that some port is in by its own columns; of others nobody can have a frame but who makes it up. */
export function tagsInUse(spec: FabricSpec): readonly number[] {
  const tags = new Set<number>();
  for (const { tag: set } of spec.settings) if (set !== null) tags.add(set);
  for (const { ports } of spec.hosts) {
    for (const one of ports) {
      const mode = modeOf(one);
      if (mode === "dot1q-tunnel") continue;
      const native = mode === "trunk" ? null : one.tag;
      if (native !== null && one.networkName === null) tags.add(native);
      for (const vlan of mode === "access" ? [] : one.trunks) if (vlan !== 0 && vlan !== native) tags.add(vlan);
      const named = one.networkName === null ? null : tagOfName(one.networkName);
      if (named !== null) tags.add(named);
    }
  }
  return [...tags].sort((a, b) => a - b);
}

/** ovs-vswitchd.conf.db(5), Port, "VLAN Configuration"; and that a port without any of it is in the default network. */
export function waysOf(spec: FabricSpec, one: PortSpec): readonly Way[] {
  const mode = modeOf(one);
  if (mode === "dot1q-tunnel") return [];
  const named = one.networkName === null ? null : properName(spec, one.networkName);
  const own = named ?? (one.tag === null || mode === "trunk" ? "default" : nameOfTag(spec, one.tag));
  if (mode === "access") return [{ network: own, ingress: [0], egress: null }];
  const carries = (vlan: number): boolean => one.trunks.length === 0 || one.trunks.includes(vlan);
  const ways: Way[] = [];
  const native = mode === "trunk" ? null : (one.tag ?? 0);
  if (native !== null && native !== 0) {
    ways.push({ network: own, ingress: [0, native], egress: mode === "native-tagged" ? native : null });
  } else if (carries(0) || one.networkName !== null) {
    ways.push({ network: own, ingress: [0], egress: null, keepsPriority: true });
  }
  for (const vlan of tagsInUse(spec)) {
    const network = nameOfTag(spec, vlan);
    if (vlan === native || !carries(vlan) || ways.some((way) => way.network === network)) continue;
    ways.push({ network, ingress: [vlan], egress: vlan });
  }
  return ways;
}

export interface Member {
  readonly host: string;
  readonly ofport: number;
  readonly way: Way;
}

/** Every port of every network. */
export function membersOf(spec: FabricSpec): readonly Member[] {
  return spec.hosts.flatMap(({ ports }, at) =>
    ports.flatMap((one) => waysOf(spec, one).map((way) => ({ host: hostId(at), ofport: one.ofport, way }))),
  );
}

/** Ports that carry every VLAN, also those that no port names. */
export function trunksOfAll(spec: FabricSpec): readonly { readonly host: string; readonly ofport: number }[] {
  return spec.hosts.flatMap(({ ports }, at) =>
    ports
      .filter((one) => !["access", "dot1q-tunnel"].includes(modeOf(one)) && one.trunks.length === 0)
      .map(({ ofport }) => ({ host: hostId(at), ofport })),
  );
}

export interface PlacedGuest extends Member {
  readonly mac: string;
  readonly known: Knowledge;
  readonly ips: readonly string[];
}

/** A MAC has one place in a network: of several the first counts. */
export function guestsOf(spec: FabricSpec): readonly PlacedGuest[] {
  const placed = new Map<string, PlacedGuest>();
  for (const [at, { ports }] of spec.hosts.entries()) {
    for (const one of ports) {
      const ways = waysOf(spec, one);
      for (const { mac, way: choice, known, ips } of one.guests) {
        const way = ways[choice % Math.max(1, ways.length)];
        if (way === undefined) continue;
        const key = `${way.network} ${mac}`;
        // The database names the MACs of a port, not of one of its VLANs.
        const how = known === "declared" && ways.length > 1 ? "observed" : known;
        const place = { host: hostId(at), ofport: one.ofport, way, mac, known: how, ips };
        if (!placed.has(key)) placed.set(key, place);
      }
    }
  }
  return [...placed.values()];
}

export function portFacts(spec: FabricSpec, at: number): readonly PortFact[] {
  const guests = guestsOf(spec).filter((one) => one.host === hostId(at));
  return (spec.hosts[at]?.ports ?? []).map((one) =>
    portFact({
      name: one.ofport > 0xffff ? "br-int" : `p${one.ofport}`,
      ofport: one.ofport,
      vlan: { tag: one.tag, trunks: one.trunks, vlanMode: one.vlanMode },
      networkName: one.networkName,
      declaredMacs: guests
        .filter(({ ofport, known }) => ofport === one.ofport && known === "declared")
        .map(({ mac }) => mac),
    }),
  );
}

export function emptyHostFact(at: number): HostFact {
  return hostFact({ id: hostId(at), dpid: String(at + 1).padStart(16, "0"), tunnelIp: `172.31.0.${at + 1}` });
}
