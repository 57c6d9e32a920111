// Networks: which exist, by what name, VNI and tag. None needs declaring.
import type { HostFact, NetworkSetting, PortFact, Vni } from "./facts.ts";
import { DEFAULT_POLICY, type NetworkPolicy } from "./policy.ts";
import { NO_VLAN, type PriorityTags, trunkCarries, type VlanColumns, type VlanMode, vlanModeOf } from "./vlan.ts";

export const DEFAULT_NETWORK = "default";
export const DEFAULT_VNI: Vni = 4095;
/** VNIs of networks that have only a name start here; below are those of VLANs. */
export const FIRST_NAMED_VNI: Vni = 65_536;
/** Bit 23 of a tunnel key says "relay me", so a VNI has 23 bits. Never 0: it would let a guest forge BFD. */
export const MAX_VNI: Vni = 0x7f_efff;
/**
 * VLANs that no port names are no networks, but trunks of all VLANs carry them. They travel by this number plus the VLAN
 * id, between such trunks alone, and are flooded: nothing is learned in them.
 */
export const OTHER_VLANS_VNI: Vni = 0x7f_f000;
const OTHER_VLANS: Network = Object.freeze({ name: "(other VLANs)", vni: OTHER_VLANS_VNI, tag: null, answer: false });

export interface Network {
  readonly name: string;
  readonly vni: Vni;
  readonly tag: number | null;
  /** Whether switches answer ARP and neighbour solicitations for its endpoints. */
  readonly answer: boolean;
  /** Absent where configuration sets none. */
  readonly policy?: NetworkPolicy;
}

export function policyOf(network: Network): NetworkPolicy {
  return network.policy ?? DEFAULT_POLICY;
}

/** A port's membership in one network, and how that network's frames look on the port. */
export interface Attachment {
  readonly network: Network;
  /** VLAN ids that lead into the network; 0 stands for no tag, or a tag with VLAN 0 (802.1p priority). */
  readonly ingressVlans: readonly number[];
  /** The tag given on the way out; null for none. */
  readonly egressVlan: number | null;
  /** Set where it is not a network but all VLANs that are none: the VLANs that are, and that the port is not in by tag. */
  readonly except?: readonly number[];
  /** Where there is none: whether a tag of VLAN 0 is given for the priority's sake. */
  readonly priorityTags: PriorityTags;
}

/**
 * Open vSwitch forgets, for a port without tags, that it was told to give them always; and a trunk keeps a priority in
 * VLAN 0 whatever it was told.
 */
function priorityTagsOf(mode: VlanMode, columns: VlanColumns, native: boolean): PriorityTags {
  const asked = columns.priorityTags ?? "never";
  if (mode === "access" || native) return asked === "always" ? "if-nonzero" : asked;
  return asked === "never" ? "if-nonzero" : asked;
}

/** The name of the network of a VLAN tag that no configuration names. */
export function vlanNetworkName(tag: number): string {
  return `vlan${tag}`;
}

/** FNV-1a over UTF-16 code units: the same VNI for a name on every controller. */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193) >>> 0;
  }
  return hash;
}

function vniOfVlanName(name: string): Vni | null {
  const digits = /^vlan([1-9]\d{0,3})$/.exec(name)?.[1];
  const tag = digits === undefined ? 0 : Number(digits);
  return tag >= 1 && tag <= 4094 ? tag : null;
}

/**
 * The VLANs that a port's own columns lead into. Columns without effect name none: a network that only they named would
 * have no member on the port's host, and so would be forgotten by all others as soon as that host is away.
 */
function namedVlans(port: PortFact): readonly number[] {
  const { tag, trunks } = port.vlan;
  const mode = vlanModeOf(port.vlan);
  if (mode === "dot1q-tunnel") return [];
  const native = mode === "trunk" ? NO_VLAN : (tag ?? NO_VLAN);
  const own = port.networkName === null ? [native] : [];
  const carried = mode === "access" ? [] : trunks.filter((vlan) => vlan !== native);
  return [...own, ...carried].filter((vlan) => vlan !== NO_VLAN);
}

function isTrunkOfAll({ vlan }: PortFact): boolean {
  const mode = vlanModeOf(vlan);
  return mode !== "access" && mode !== "dot1q-tunnel" && vlan.trunks.length === 0;
}

/**
 * Names and VNIs of all networks in use. Invariant: a VNI belongs to one name and a name to one VNI; what configuration
 * sets comes first, then what ports have stored (so that nothing moves when a controller starts), then what the name gives.
 */
export class NetworkTable {
  readonly #byName = new Map<string, Network>();
  readonly #byVni = new Map<Vni, Network>();
  readonly #byTag = new Map<number, Network>();
  readonly #policies: ReadonlyMap<string, NetworkPolicy | undefined>;
  readonly #unanswered: ReadonlySet<string>;

  constructor(settings: readonly NetworkSetting[], hosts: Iterable<HostFact>, remembered: Iterable<Vni>) {
    this.#unanswered = new Set(settings.filter((setting) => setting.answer === false).map((setting) => setting.name));
    this.#policies = new Map(settings.map((setting) => [setting.name, setting.policy]));
    const fixed = (setting: NetworkSetting): Vni | null =>
      setting.vni ?? setting.tag ?? (setting.name === DEFAULT_NETWORK ? DEFAULT_VNI : vniOfVlanName(setting.name));
    for (const setting of settings) {
      const vni = fixed(setting);
      if (vni !== null) this.#add({ name: setting.name, vni, tag: setting.tag ?? vniOfVlanName(setting.name) });
    }
    this.#add({ name: DEFAULT_NETWORK, vni: DEFAULT_VNI, tag: null });
    const ports = [...hosts].flatMap((host) => host.ports).filter((port) => port.excluded === null && port.inUse);
    const named = new Set<string>();
    for (const port of ports) {
      if (isTrunkOfAll(port)) this.#add(OTHER_VLANS);
      if (port.networkName === null) continue;
      named.add(port.networkName);
      const vlan = vniOfVlanName(port.networkName);
      if (vlan !== null) this.#add({ name: port.networkName, vni: vlan, tag: vlan });
      else if (port.storedVni !== null) this.#add({ name: port.networkName, vni: port.storedVni, tag: null });
    }
    for (const port of ports) {
      for (const tag of namedVlans(port)) {
        if (!this.#byTag.has(tag)) this.#add({ name: vlanNetworkName(tag), vni: tag, tag });
      }
    }
    for (const name of [...named, ...settings.map((setting) => setting.name)].sort()) {
      if (this.byName(name) !== undefined) continue;
      const span = MAX_VNI - FIRST_NAMED_VNI + 1;
      let vni = FIRST_NAMED_VNI + (hashName(name) % span);
      while (this.#byVni.has(vni)) vni = FIRST_NAMED_VNI + ((vni + 1 - FIRST_NAMED_VNI) % span);
      this.#add({ name, vni, tag: null });
    }
    for (const vni of [...new Set(remembered)].sort((a, b) => a - b)) {
      if (vni === OTHER_VLANS_VNI) this.#add(OTHER_VLANS);
      const tag = vni <= 4094 ? vni : null;
      this.#add({ name: tag === null ? `vni${vni}` : vlanNetworkName(tag), vni, tag });
    }
  }

  #add({ name, vni, tag }: Omit<Network, "answer" | "policy">): void {
    if (this.#byName.has(name) || this.#byVni.has(vni)) return;
    const taken = tag !== null && this.#byTag.has(tag);
    const policy = this.#policies.get(name);
    const added = Object.freeze({
      name,
      vni,
      tag: taken ? null : tag,
      answer: !this.#unanswered.has(name),
      ...(policy === undefined ? {} : { policy }),
    });
    this.#byName.set(added.name, added);
    this.#byVni.set(added.vni, added);
    if (added.tag !== null) this.#byTag.set(added.tag, added);
  }

  /** Sorted by VNI. */
  all(): readonly Network[] {
    return [...this.#byVni.values()].sort((a, b) => a.vni - b.vni);
  }

  get default(): Network {
    return this.#byName.get(DEFAULT_NETWORK) ?? { name: DEFAULT_NETWORK, vni: DEFAULT_VNI, tag: null, answer: true };
  }

  byVni(vni: Vni): Network | undefined {
    return this.#byVni.get(vni);
  }

  /** `vlan<t>` is the network with VNI t, by whatever name configuration calls it. */
  byName(name: string): Network | undefined {
    return this.#byName.get(name) ?? this.#byVni.get(vniOfVlanName(name) ?? 0);
  }

  #byVlan(vlan: number): Network | undefined {
    return vlan === NO_VLAN ? this.default : this.#byTag.get(vlan);
  }

  /** The networks a port is in. Untagged first, then by VLAN. */
  attachments(port: PortFact): readonly Attachment[] {
    if (port.excluded !== null || !port.inUse) return [];
    const mode = vlanModeOf(port.vlan);
    // Open vSwitch does not look at a trunk's tag.
    const native = mode === "trunk" ? NO_VLAN : (port.vlan.tag ?? NO_VLAN);
    const own = port.networkName === null ? this.#byVlan(native) : this.byName(port.networkName);
    if (mode === "dot1q-tunnel" || own === undefined) return [];
    const priorityTags = priorityTagsOf(mode, port.vlan, native !== NO_VLAN);
    if (mode === "access") return [{ network: own, ingressVlans: [NO_VLAN], egressVlan: null, priorityTags }];
    const attachments: Attachment[] = [];
    // `weft-network` names the network of a port's untagged frames, as `tag` does.
    if (native !== NO_VLAN) {
      const egressVlan = mode === "native-tagged" ? native : null;
      attachments.push({ network: own, ingressVlans: [NO_VLAN, native], egressVlan, priorityTags });
    } else if (trunkCarries(port.vlan, NO_VLAN) || port.networkName !== null) {
      attachments.push({ network: own, ingressVlans: [NO_VLAN], egressVlan: null, priorityTags });
    }
    for (const [vlan, network] of [...this.#byTag].sort(([a], [b]) => a - b)) {
      const attached = attachments.some((other) => other.network === network);
      if (vlan === native || attached || !trunkCarries(port.vlan, vlan)) continue;
      attachments.push({ network, ingressVlans: [vlan], egressVlan: vlan, priorityTags });
    }
    if (isTrunkOfAll(port)) {
      const taken = new Set(attachments.flatMap((other) => other.ingressVlans));
      const except = [...this.#byTag.keys()].filter((vlan) => !taken.has(vlan)).sort((a, b) => a - b);
      if (native !== NO_VLAN && !taken.has(native)) except.push(native);
      attachments.push({ network: OTHER_VLANS, ingressVlans: [], egressVlan: null, priorityTags, except });
    }
    return attachments;
  }
}
