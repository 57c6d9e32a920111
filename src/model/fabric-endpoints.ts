// The part of the fabric that is about guests: which endpoints there are, where, and who disputes it.
import {
  type Declaration,
  type Declared,
  declarationsOf,
  type GuestMacs,
  macsAt,
  macsOfGuests,
} from "./declarations.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type CappedFact, type DisputeFact, disputeProblems, type NamedPlace } from "./disputes.ts";
import { afterNews, type EndpointTable, NO_ENDPOINTS, type Saying, type Source } from "./endpoint-table.ts";
import type { Endpoint, EndpointClaim } from "./endpoints.ts";
import type { FabricHost } from "./fabric-transport.ts";
import type { EndpointSetting, HostId, ObservedFact, RememberedFact, Vni } from "./facts.ts";
import type { Identity } from "./identity.ts";
import { heardUnder } from "./locks.ts";
import type { Place } from "./place.ts";
import type { SharedMap } from "./shared-map.ts";

export interface EndpointInput {
  readonly identities: ReadonlyMap<HostId, Identity>;
  readonly endpointSettings?: readonly EndpointSetting[];
  /** Hosts of which nothing is heard, by OVSDB or by OpenFlow. */
  readonly away?: ReadonlySet<HostId>;
  readonly disputes?: readonly DisputeFact[];
  readonly capped?: readonly CappedFact[];
}

export interface FabricEndpoints {
  /** By `endpointKey`. */
  readonly endpoints: SharedMap<Endpoint>;
  /** The same by host; the list of a host whose endpoints are as before is the same. */
  readonly endpointsAt: ReadonlyMap<HostId, readonly Endpoint[]>;
  /** By `endpointKey`: what is declared of it, the declaration that counts first. */
  readonly declared: ReadonlyMap<string, readonly Declaration[]>;
  /** See `Ruling.standbys`. */
  readonly standbys: readonly Endpoint[];
  readonly disputes: readonly DisputeFact[];
  readonly problems: ReadonlyMap<HostId, readonly Diagnostic[]>;
  /** What all this follows from: the next is concluded of what is different in it. */
  readonly said: Grounds;
}

/** For people: by key. */
export function sortedEndpoints({ endpoints }: Pick<FabricEndpoints, "endpoints">): readonly Endpoint[] {
  return [...endpoints].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}

type AttachedPorts = ReadonlyMap<number, ReadonlyMap<Vni, string>>;

const attachedBy = new WeakMap<FabricHost["ports"], AttachedPorts>();

/** Port number -> the networks whose frames can come in there -> the port's name. */
export function attachedPorts({ ports }: Pick<FabricHost, "ports">): AttachedPorts {
  const known = attachedBy.get(ports);
  if (known !== undefined) return known;
  const attached = new Map<number, ReadonlyMap<Vni, string>>();
  for (const { fact, attachments } of ports) {
    if (fact.ofport === null) continue;
    attached.set(fact.ofport, new Map(attachments.map((at) => [at.network.vni, fact.name])));
  }
  attachedBy.set(ports, attached);
  return attached;
}

/** What a fact that was heard was taken for, and of what beside it. */
const claimOf = new WeakMap<
  ObservedFact,
  { readonly from: readonly unknown[]; readonly claims: readonly EndpointClaim[] }
>();

/** What was heard on a host that may be there. */
function claimsAt(host: FabricHost): readonly EndpointClaim[] {
  const { switch: held, ports, fact } = host;
  if (held === null || held.observed.length === 0) return [];
  const attached = attachedPorts(host);
  const portOf = new Map(ports.map((port) => [port.fact.name, port.fact]));
  const locksAt = new Map(ports.map((port) => [port.fact.ofport, port.locks]));
  return held.observed.flatMap((heard): readonly EndpointClaim[] => {
    const lock = locksAt.get(heard.ofport)?.get(heard.vni) ?? null;
    const portName = attached.get(heard.ofport)?.get(heard.vni);
    if (fact !== null && portName === undefined) return [];
    const owner = portOf.get(portName ?? "")?.owner;
    const from = [held.dpid, host.id, host.index, portName, owner, lock];
    const known = claimOf.get(heard);
    if (known !== undefined && sameItems(known.from, from)) return known.claims;
    const observed = heardUnder(lock, heard);
    const claims: readonly EndpointClaim[] = (observed === null ? [] : [observed]).map((one) => ({
      ...one,
      ...(owner === undefined ? {} : { owner }),
      place: { dpid: held.dpid, ofport: one.ofport },
      hostId: host.id,
      hostIndex: host.index,
      portName: portName ?? null,
      origin: "observed",
      remembered: false,
    }));
    claimOf.set(heard, { from, claims });
    return claims;
  });
}

function claimsRemembered(
  { identities }: EndpointInput,
  remembered: readonly RememberedFact[],
): readonly EndpointClaim[] {
  if (remembered.length === 0) return [];
  const idOf = new Map([...identities.values()].map((identity) => [identity.index, identity.id]));
  const claims: EndpointClaim[] = [];
  for (const { index, endpoints } of remembered) {
    for (const endpoint of endpoints) {
      claims.push({
        ...endpoint,
        hostId: idOf.get(index) ?? `index ${index}`,
        hostIndex: index,
        portName: null,
        ofport: null,
        origin: "observed",
        place: null,
        heard: 0,
        remembered: true,
      });
    }
  }
  return claims;
}

/** What one host says of endpoints, and what that follows from. */
interface HostSays {
  readonly source: Source;
  readonly claims: { readonly inputs: readonly unknown[]; readonly items: readonly EndpointClaim[] };
  readonly declared: { readonly inputs: readonly unknown[]; readonly items: Declared };
}

/** What hosts say, and the table that is concluded of it. */
interface Grounds {
  readonly hosts: ReadonlyMap<HostId, HostSays>;
  readonly remembered: readonly EndpointClaim[];
  readonly table: EndpointTable;
}

const NO_GROUNDS: Grounds = { hosts: new Map(), remembered: [], table: NO_ENDPOINTS };
const NOTHING_DECLARED: Declared = { declarations: [], problems: [] };
/** After all hosts. */
const REMEMBERED: Source = { id: "", rank: Number.POSITIVE_INFINITY };

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, at) => Object.is(item, b[at]));
}

function saysOf(
  host: FabricHost,
  settings: readonly EndpointSetting[],
  guests: GuestMacs,
  away: boolean,
  before: HostSays | undefined,
): HostSays {
  const { id, index, name, fact, ports } = host;
  const dpid = host.switch?.dpid ?? fact?.dpid ?? null;
  const forClaims = [id, index, fact === null, host.switch?.dpid, host.switch?.observed, ...ports];
  const macs = ports.flatMap((port) => (port.fact.guest === undefined ? [] : macsAt(port.fact, guests)));
  const forDeclared = [id, index, name, dpid, away, ...settings, ...macs, ...ports];
  const isClaims = before !== undefined && sameItems(before.claims.inputs, forClaims);
  const isDeclared = before !== undefined && sameItems(before.declared.inputs, forDeclared);
  if (isClaims && isDeclared) return before;
  return {
    source: { id, rank: index ?? 0 },
    claims: isClaims ? before.claims : { inputs: forClaims, items: claimsAt(host) },
    declared: isDeclared
      ? before.declared
      : { inputs: forDeclared, items: declarationsOf({ ...host, dpid, away }, settings, guests) },
  };
}

function namesOf(hosts: Iterable<FabricHost>): (place: Place) => NamedPlace | null {
  const byDpid = new Map([...hosts].map((host) => [host.switch?.dpid ?? host.fact?.dpid ?? "", host]));
  return ({ dpid, ofport }) => {
    const host = byDpid.get(dpid);
    if (host === undefined) return null;
    const port = host.ports.find((one) => one.fact.ofport === ofport)?.fact.name ?? ofport;
    return { hostId: host.id, text: `${host.id} port ${port}` };
  };
}

function joined(
  ...parts: readonly ReadonlyMap<HostId, readonly Diagnostic[]>[]
): ReadonlyMap<HostId, readonly Diagnostic[]> {
  const problems = new Map<HostId, readonly Diagnostic[]>();
  for (const [id, list] of parts.flatMap((part) => [...part])) problems.set(id, [...(problems.get(id) ?? []), ...list]);
  return problems;
}

const settingsByHost = new WeakMap<readonly EndpointSetting[], ReadonlyMap<string, readonly EndpointSetting[]>>();

function groupedByHost(settings: readonly EndpointSetting[]): ReadonlyMap<string, readonly EndpointSetting[]> {
  const groups = new Map<string, EndpointSetting[]>();
  for (const one of settings) {
    const group = groups.get(one.host);
    if (group === undefined) groups.set(one.host, [one]);
    else group.push(one);
  }
  return groups;
}

/** Those that name a host, by its id or its name. */
function settingsFor({ id, name }: FabricHost, settings: readonly EndpointSetting[]): readonly EndpointSetting[] {
  const groups = settingsByHost.get(settings) ?? groupedByHost(settings);
  settingsByHost.set(settings, groups);
  const [byId, byName] = [groups.get(id) ?? [], name === id ? [] : (groups.get(name) ?? [])];
  if (byId.length === 0 || byName.length === 0) return [...byId, ...byName];
  return settings.filter((one) => one.host === id || one.host === name);
}

/** Pure: the same facts give the same. @param remembered what still counts of it */
export function deriveEndpoints(
  input: EndpointInput,
  hosts: ReadonlyMap<HostId, FabricHost>,
  remembered: readonly RememberedFact[],
  previous: FabricEndpoints | undefined,
): FabricEndpoints {
  const before = previous?.said ?? NO_GROUNDS;
  const settings = input.endpointSettings ?? [];
  const guests = macsOfGuests(hosts.values());
  const now = new Map<HostId, HostSays>();
  const statements: Saying<Declaration>[] = [];
  const claims: Saying<EndpointClaim>[] = [];
  const compare = (source: Source, was: HostSays | undefined, is: HostSays | undefined): void => {
    if (was === is) return;
    const [declaredBefore, declaredAfter] = [was, is].map((one) => one?.declared.items ?? NOTHING_DECLARED);
    const [heardBefore, heardAfter] = [was, is].map((one) => one?.claims.items ?? []);
    statements.push({
      source,
      before: declaredBefore?.declarations ?? [],
      after: declaredAfter?.declarations ?? [],
    });
    claims.push({ source, before: heardBefore ?? [], after: heardAfter ?? [] });
  };
  for (const host of hosts.values()) {
    const was = before.hosts.get(host.id);
    const own = settingsFor(host, settings);
    const is = saysOf(host, own, guests, input.away?.has(host.id) === true, was);
    now.set(host.id, is);
    compare(is.source, was, is);
  }
  for (const [id, was] of before.hosts) if (!now.has(id)) compare(was.source, was, undefined);
  const told = claimsRemembered(input, remembered);
  if (told.length + before.remembered.length > 0) {
    claims.push({ source: REMEMBERED, before: before.remembered, after: told });
  }
  const table = afterNews(before.table, statements, claims);
  const problems = new Map(
    [...now].flatMap(([id, { declared }]) => {
      const list = declared.items.problems;
      return list.length === 0 ? [] : [[id, list] as const];
    }),
  );
  const { disputes = [], capped = [] } = input;
  const isDisputed = disputes.length + capped.length > 0;
  const disputed = isDisputed
    ? disputeProblems(disputes, capped, namesOf(hosts.values()))
    : new Map<HostId, readonly Diagnostic[]>();
  return {
    endpoints: table.endpoints,
    endpointsAt: table.endpointsAt,
    declared: table.declared,
    standbys: table.standbys,
    disputes,
    problems: joined(problems, table.problems, disputed),
    said: { hosts: now, remembered: told, table },
  };
}
