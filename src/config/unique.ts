// What keys say of each other: values that must differ from one entry to the next, and keys that need another.
import { DEFAULT_VNI } from "../model/networks.ts";
import type { WeftConfig } from "./types.ts";

const MAX_VLAN = 4094;

export interface Conflict {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export function findConflicts(config: WeftConfig): readonly Conflict[] {
  const { networks, hosts } = config;
  return [
    ...repeated("networks", networks, "tag"),
    ...repeated("networks", networks, "vni"),
    ...takenByDefault(config),
    ...takenByVlans(config),
    ...repeated("hosts", hosts, "index"),
    ...repeated("hosts", hosts, "name"),
    ...repeated("hosts", hosts, "tunnelIp"),
    ...repeatedEndpoints(config),
    ...largeIndexes(config),
    ...halfKeys(config),
    ...approvalsWithoutSecret(config),
  ];
}

function repeated<Key extends string>(
  section: string,
  entries: Readonly<Record<string, { readonly [K in Key]?: string | number }>>,
  key: Key,
): readonly Conflict[] {
  const owners = new Map<string | number, string>();
  const conflicts: Conflict[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const value = entry[key];
    if (value === undefined) continue;
    const owner = owners.get(value);
    if (owner === undefined) owners.set(value, name);
    else {
      const message = `expected a value of its own, found ${value}, which ${section}.${owner} has`;
      conflicts.push({ path: [section, name, key], message });
    }
  }
  return conflicts;
}

function halfKeys({ tls }: WeftConfig): readonly Conflict[] {
  const needed = ["privateKey", "certificate", "caCertificate"] as const;
  if (Object.values(tls).every((path) => path === null)) return [];
  return needed
    .filter((key) => tls[key] === null)
    .map((key) => ({
      path: ["tls", key],
      message: `expected a path: TLS needs tls.${needed.join(", tls.")}; weft pki init makes all three`,
    }));
}

function approvalsWithoutSecret({ admit, admission }: WeftConfig): readonly Conflict[] {
  if (admit !== "approve" || admission.secretFile !== null) return [];
  const message =
    "expected admission.secretFile as well, such as /etc/weft/approvals.key: approvals are signed with what is in it, and it is made when it is not there";
  return [{ path: ["admit"], message }];
}

function takenByDefault({ networks }: WeftConfig): readonly Conflict[] {
  if ((networks.default?.vni ?? DEFAULT_VNI) !== DEFAULT_VNI) return [];
  return Object.entries(networks)
    .filter(([name, network]) => name !== "default" && network.vni === DEFAULT_VNI)
    .map(([name]) => ({
      path: ["networks", name, "vni"],
      message: `expected a value of its own, found ${DEFAULT_VNI}, which the default network has; set networks.default.vni to free it`,
    }));
}

/** A VLAN tag's network needs no declaring, and its vni is the tag: the first 4094 numbers are spoken for. */
function takenByVlans({ networks }: WeftConfig): readonly Conflict[] {
  return Object.entries(networks).flatMap(([name, { vni, tag }]) => {
    if (vni === undefined || vni > MAX_VLAN || vni === tag) return [];
    const message = `expected the network's own tag or a number above ${MAX_VLAN}, found ${vni}, which belongs to VLAN ${vni}; write tag: ${vni} to name that VLAN's network`;
    return [{ path: ["networks", name, "vni"], message }];
  });
}

/** Beyond the VLAN ids an index has no relay label, and no port number for tunnels of each pair. */
function largeIndexes({ hosts, tunnel, topology }: WeftConfig): readonly Conflict[] {
  if (tunnel.flowBased !== "never" && topology.hubs.length === 0) return [];
  return Object.entries(hosts).flatMap(([id, { index = 0 }]) => {
    if (index <= MAX_VLAN) return [];
    const message = `expected at most ${MAX_VLAN}, found ${index}: more needs tunnel.flowBased auto or always, and no hubs`;
    return [{ path: ["hosts", id, "index"], message }];
  });
}

/** In one network a MAC has one place, and an address one MAC. An endpoint without a network is in that of its port. */
function repeatedEndpoints({ endpoints }: WeftConfig): readonly Conflict[] {
  const taken = new Map<string, number>();
  const conflicts: Conflict[] = [];
  for (const [at, { network = "", mac, ips = [] }] of endpoints.static.entries()) {
    const values = [
      { value: mac, path: ["endpoints", "static", at, "mac"] },
      ...ips.map((value, index) => ({ value, path: ["endpoints", "static", at, "ips", index] })),
    ];
    for (const { value, path } of values) {
      const first = taken.get(`${network}/${value}`);
      if (first === undefined) taken.set(`${network}/${value}`, at);
      else {
        const message = `expected a value of its own, found ${value}, which endpoints.static.${first} has`;
        conflicts.push({ path, message });
      }
    }
  }
  return conflicts;
}
