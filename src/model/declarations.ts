// What is declared about endpoints, by ports' rows and by configuration, and which of several declarations counts.
import type { Mac } from "../../proto/bytes/mac.ts";
import { addressKey } from "./address-owners.ts";
import { type Diagnostic, diagnostic } from "./diagnostic.ts";
import type { EndpointSetting, HostId, PortFact, Vni } from "./facts.ts";
import { isSame } from "./kept.ts";
import type { Lock } from "./locks.ts";
import { type Place, samePlace } from "./place.ts";

/** A statement that a MAC of a network belongs to a port. */
export interface Declaration {
  readonly vni: Vni;
  readonly mac: Mac;
  /** Declared with it; sorted. */
  readonly ips: readonly string[];
  /** Addresses that nobody else may have, whichever of the port's MACs uses them; `ips` are among them. */
  readonly reserved?: readonly string[];
  readonly hostId: HostId;
  readonly hostIndex: number | null;
  readonly portName: string;
  readonly ofport: number | null;
  readonly owner: string | null;
  /** null while the port or its switch is not known. */
  readonly place: Place | null;
  /** Configuration comes before rows. */
  readonly configured: boolean;
  /** See `PortFact.guest`. */
  readonly guest: { readonly id: string; readonly active: boolean } | null;
  /** Nothing is heard of the host: what it declares gives way to the same declaration of a host that is there. */
  readonly away: boolean;
}

/** As much of a host as declares something. */
export interface DeclaringHost {
  readonly id: HostId;
  readonly name: string;
  readonly index: number | null;
  readonly dpid: string | null;
  readonly away: boolean;
  readonly ports: readonly {
    readonly fact: PortFact;
    readonly locks?: ReadonlyMap<Vni, Lock>;
    readonly attachments: readonly {
      readonly network: { readonly name: string; readonly vni: Vni };
      /** See `Attachment.except`: no network, and so nothing to declare an endpoint in. */
      readonly except?: readonly number[];
    }[];
  }[];
}

type Ports = DeclaringHost["ports"];

/** By guest: the MACs that are declared at its ports. */
export type GuestMacs = ReadonlyMap<string, readonly Mac[]>;

const NO_GUESTS: GuestMacs = new Map();

function guestMacsAt(ports: Ports): GuestMacs {
  const macs = new Map<string, readonly Mac[]>();
  for (const { fact } of ports) {
    if (fact.guest === undefined || fact.declaredMacs.length === 0) continue;
    macs.set(fact.guest.id, [...new Set([...(macs.get(fact.guest.id) ?? []), ...fact.declaredMacs])]);
  }
  return macs.size === 0 ? NO_GUESTS : macs;
}

const guestsAmong = new WeakMap<Ports, GuestMacs>();

/** Every port of a guest has the MACs that any of them declares: the far end of a migration may not name them itself. */
export function macsOfGuests(hosts: Iterable<{ readonly ports: Ports }>): GuestMacs {
  let all: Map<string, readonly Mac[]> | null = null;
  for (const { ports } of hosts) {
    const here = guestsAmong.get(ports) ?? guestMacsAt(ports);
    guestsAmong.set(ports, here);
    if (here.size === 0) continue;
    all ??= new Map();
    for (const [id, macs] of here) all.set(id, [...new Set([...(all.get(id) ?? []), ...macs])]);
  }
  return all ?? NO_GUESTS;
}

function declaration(
  host: DeclaringHost,
  port: DeclaringHost["ports"][number],
  fields: Pick<Declaration, "vni" | "mac" | "ips" | "reserved" | "configured">,
): Declaration {
  const { name, ofport, guest, owner } = port.fact;
  return {
    ...fields,
    hostId: host.id,
    hostIndex: host.index,
    portName: name,
    ofport,
    owner: owner ?? null,
    place: host.dpid === null || ofport === null ? null : { dpid: host.dpid, ofport },
    guest: guest ?? null,
    away: host.away,
  };
}

/** A locked port's addresses are those of its MAC; of several MACs only frames tell which of them uses one. */
function lockedTo(lock: Lock | undefined, mac: Mac): Pick<Declaration, "ips" | "reserved"> {
  const reserved = lock?.speakers.find((one) => one.mac === mac)?.ips ?? [];
  const isAlone = (ip: string): boolean => lock?.speakers.filter((one) => one.ips?.includes(ip)).length === 1;
  return { ips: reserved.filter(isAlone), reserved };
}

/**
 * By `addressKey`: whose a declared address may be. What configuration says leaves no room for what rows say. Nobody else
 * has it, whatever was heard.
 */
export function reservedAddresses(declared: Iterable<readonly Declaration[]>): ReadonlyMap<string, readonly Mac[]> {
  const owners = new Map<string, { readonly macs: Mac[]; readonly configured: boolean }>();
  for (const [first] of declared) {
    if (first === undefined) continue;
    const { vni, mac, configured } = first;
    for (const ip of first.reserved ?? first.ips) {
      const key = addressKey(vni, ip);
      const known = owners.get(key);
      if (known === undefined || (configured && !known.configured)) owners.set(key, { macs: [mac], configured });
      else if (configured === known.configured) known.macs.push(mac);
    }
  }
  return new Map([...owners].map(([key, { macs }]) => [key, macs]));
}

export interface Declared {
  readonly declarations: readonly Declaration[];
  readonly problems: readonly Diagnostic[];
}

/** What one host's rows, and configuration of that host, declare. */
export function declarationsOf(
  host: DeclaringHost,
  settings: readonly EndpointSetting[],
  ofGuests: GuestMacs = macsOfGuests([host]),
): Declared {
  const declarations: Declaration[] = [];
  const problems: Diagnostic[] = [];
  for (const port of host.ports) declarations.push(...declaredAt(host, port, macsAt(port.fact, ofGuests)));
  for (const setting of settings) {
    if (setting.host !== host.id && setting.host !== host.name) continue;
    const port = host.ports.find((one) => one.fact.name === setting.port);
    const fits = port?.attachments.filter(
      (at) => at.except === undefined && (setting.network === null || at.network.name === setting.network),
    );
    const [only, ...more] = fits ?? [];
    if (port !== undefined && only !== undefined && more.length === 0) {
      const { mac, ips } = setting;
      declarations.push(declaration(host, port, { vni: only.network.vni, mac, ips, configured: true }));
      continue;
    }
    problems.push(unplaced(setting, port === undefined, more.length > 0));
  }
  return { declarations, problems };
}

/** What a port declares, and of what beside it that was concluded. */
interface DeclaredAtPort {
  readonly from: readonly unknown[];
  readonly declarations: readonly Declaration[];
}

const atPort = new WeakMap<Ports[number], DeclaredAtPort>();

function declaredAt(host: DeclaringHost, port: Ports[number], macs: readonly Mac[]): readonly Declaration[] {
  const from = [host.id, host.index, host.dpid, host.away, ...macs];
  const known = atPort.get(port);
  if (known !== undefined && isSame(known.from, from)) return known.declarations;
  // A MAC is declared for a port; on a trunk only frames tell in which network the guest uses it.
  const [only, ...more] = port.attachments.filter((at) => at.except === undefined);
  const isOne = only !== undefined && more.length === 0;
  const { vni } = only?.network ?? { vni: 0 };
  const declarations = (isOne ? macs : []).map((mac) =>
    declaration(host, port, { vni, mac, ...lockedTo(port.locks?.get(vni), mac), configured: false }),
  );
  atPort.set(port, { from, declarations });
  return declarations;
}

/** Declared at the port, or else at others of the guest that is there. */
export function macsAt({ declaredMacs, guest }: PortFact, ofGuests: GuestMacs): readonly Mac[] {
  return declaredMacs.length > 0 ? declaredMacs : (ofGuests.get(guest?.id ?? "") ?? []);
}

function unplaced({ mac, port, network, host }: EndpointSetting, noPort: boolean, many: boolean): Diagnostic {
  const why = noPort
    ? `the host has no port ${port}`
    : many
      ? `port ${port} is in several networks`
      : `port ${port} is not in ${network === null ? "any network" : `network ${network}`}`;
  return diagnostic(
    "endpoint/unplaced",
    `the endpoint ${mac} that is configured at ${host} port ${port} is not used: ${why}`,
    many ? `name its network in endpoints.static` : `add the port, or correct endpoints.static`,
  );
}

/** Whether both are places of one guest that migrates. */
export function sameGuest(a: Declaration, b: Declaration): boolean {
  return a.guest !== null && a.guest.id === b.guest?.id;
}

/**
 * The declaration that counts: of a guest's several places the one where it was heard; else configuration before rows,
 * active before inactive, hosts that are there before hosts that are away; then the lowest index and port.
 */
export function chooseDeclaration(declarations: readonly Declaration[], heardAt: Place | null): Declaration | null {
  const sorted = [...declarations].sort(
    (a, b) =>
      Number(b.configured) - Number(a.configured) ||
      Number(a.away) - Number(b.away) ||
      Number(b.guest?.active ?? true) - Number(a.guest?.active ?? true) ||
      (a.hostIndex ?? 0) - (b.hostIndex ?? 0) ||
      (a.ofport ?? 0) - (b.ofport ?? 0),
  );
  const [first] = sorted;
  if (first === undefined) return null;
  return sorted.find((one) => samePlace(one.place, heardAt) && sameGuest(one, first)) ?? first;
}
