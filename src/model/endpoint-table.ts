// All endpoints: one place for each MAC of a network, one MAC for each address. A change costs what it changes.
import { type AddressClaim, addressKey, addressOwners } from "./address-owners.ts";
import { type Declaration, reservedAddresses } from "./declarations.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type Endpoint, type EndpointClaim, endpointKey, judge, type Ruling, sameEndpoint } from "./endpoints.ts";
import type { HostId, Vni } from "./facts.ts";
import { isSame } from "./kept.ts";
import { SharedMap } from "./shared-map.ts";

/** Who says something; what those of lower rank say comes first. */
export interface Source {
  readonly id: string;
  readonly rank: number;
}

/** What one source has said of one MAC of a network. */
interface Part<T> {
  readonly source: Source;
  readonly items: readonly T[];
}

type Parts<T> = SharedMap<readonly Part<T>[]>;

/** What a source has said until now, and what it says instead. */
export interface Saying<T> {
  readonly source: Source;
  readonly before: readonly T[];
  readonly after: readonly T[];
}

export interface EndpointTable {
  /** By `endpointKey`. */
  readonly endpoints: SharedMap<Endpoint>;
  /** The same by host, sorted by key; the list of a host whose endpoints are as before is the same. */
  readonly endpointsAt: ReadonlyMap<HostId, readonly Endpoint[]>;
  /** By `endpointKey`: every declaration of it, the one that counts first. */
  readonly declared: SharedMap<readonly Declaration[]>;
  /** See `Ruling.standbys`; sorted. */
  readonly standbys: readonly Endpoint[];
  readonly problems: ReadonlyMap<HostId, readonly Diagnostic[]>;
  /** What the above follows from. */
  readonly grounds: {
    readonly statements: Parts<Declaration>;
    readonly claims: Parts<EndpointClaim>;
    readonly rulings: SharedMap<Ruling>;
    /** By `addressKey`: the keys of those who say that it is theirs, or for whom it is declared. */
    readonly sayers: SharedMap<readonly string[]>;
    /** By `addressKey`: whose it is. */
    readonly owners: SharedMap<string>;
    /** Rulings with standbys or problems. */
    readonly told: SharedMap<Ruling>;
  };
}

export const NO_ENDPOINTS: EndpointTable = Object.freeze({
  endpoints: SharedMap.of<Endpoint>(),
  endpointsAt: new Map(),
  declared: SharedMap.of<readonly Declaration[]>(),
  standbys: [],
  problems: new Map(),
  grounds: {
    statements: SharedMap.of<readonly Part<Declaration>[]>(),
    claims: SharedMap.of<readonly Part<EndpointClaim>[]>(),
    rulings: SharedMap.of<Ruling>(),
    sayers: SharedMap.of<readonly string[]>(),
    owners: SharedMap.of<string>(),
    told: SharedMap.of<Ruling>(),
  },
});

function byKey<T extends { readonly vni: Vni; readonly mac: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = endpointKey(item.vni, item.mac);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

type Said<T> = ReadonlyMap<string, readonly T[]>;

/** By key what was said and what is said, of keys of which something else may be said; most items are the same objects. */
function saidOtherwise<T extends { readonly vni: Vni; readonly mac: string }>(
  before: readonly T[],
  after: readonly T[],
): readonly [Said<T>, Said<T>] {
  const [were, are] = [new Set(before), new Set(after)];
  const [stayed, stay] = [before.filter((item) => are.has(item)), after.filter((item) => were.has(item))];
  const isInOrder = stayed.length === stay.length && stayed.every((item, at) => item === stay[at]);
  if (!isInOrder) return [byKey(before), byKey(after)];
  const others = [...before.filter((item) => !are.has(item)), ...after.filter((item) => !were.has(item))];
  const keys = new Set(others.map(({ vni, mac }) => endpointKey(vni, mac)));
  if (keys.size === 0) return [new Map(), new Map()];
  const ofThese = ({ vni, mac }: T): boolean => keys.has(endpointKey(vni, mac));
  return [byKey(before.filter(ofThese)), byKey(after.filter(ofThese))];
}

function inOrder<T>(a: Part<T>, b: Part<T>): number {
  return a.source.rank - b.source.rank || (a.source.id < b.source.id ? -1 : 1);
}

/** @returns the parts afterwards; the keys of what is said otherwise are added to `touched`. */
function afterSayings<T extends { readonly vni: Vni; readonly mac: string }>(
  parts: Parts<T>,
  sayings: readonly Saying<T>[],
  touched: Set<string>,
): Parts<T> {
  const changes = new Map<string, readonly Part<T>[]>();
  for (const { source, before, after } of sayings) {
    const [was, is] = saidOtherwise(before, after);
    for (const key of new Set([...was.keys(), ...is.keys()])) {
      const items = is.get(key) ?? [];
      if (isSame(was.get(key) ?? [], items)) continue;
      touched.add(key);
      const others = (changes.get(key) ?? parts.get(key) ?? []).filter((part) => part.source.id !== source.id);
      changes.set(key, items.length === 0 ? others : [...others, { source, items }].sort(inOrder));
    }
  }
  return parts.with([...changes].map(([key, list]) => [key, list.length === 0 ? undefined : list] as const));
}

function itemsOf<T>(parts: readonly Part<T>[] | undefined): readonly T[] {
  const [only, ...more] = parts ?? [];
  if (only === undefined) return [];
  return more.length === 0 ? only.items : [only, ...more].flatMap(({ items }) => items);
}

/** By `addressKey`: what the ruling says is its own, or may be. */
function addressesOf(ruling: Ruling | undefined): ReadonlySet<string> {
  if (ruling === undefined) return new Set();
  const [first] = ruling.declared;
  const reserved = first === undefined ? [] : (first.reserved ?? first.ips);
  const { vni } = ruling.endpoint;
  return new Set([...ruling.said.map(({ ip }) => ip), ...reserved].map((ip) => addressKey(vni, ip)));
}

function splitAddress(key: string): { readonly vni: Vni; readonly ip: string } {
  const slash = key.indexOf("/");
  return { vni: Number(key.slice(0, slash)), ip: key.slice(slash + 1) };
}

/** Whose an address is, of those who say that it is theirs. What is declared is nobody else's, whatever was heard. */
function ownerOf(key: string, rulings: readonly Ruling[]): string | undefined {
  const { ip } = splitAddress(key);
  const reserved = reservedAddresses(rulings.map((ruling) => ruling.declared)).get(key);
  const mayHave = ({ mac }: AddressClaim): boolean => reserved?.includes(mac) !== false;
  const claims = rulings.flatMap(({ said }) => said.filter((claim) => claim.ip === ip && mayHave(claim)));
  return addressOwners(claims).get(key);
}

function afterRulings(
  sayers: SharedMap<readonly string[]>,
  before: SharedMap<Ruling>,
  after: SharedMap<Ruling>,
  touched: Iterable<string>,
  addresses: Set<string>,
): SharedMap<readonly string[]> {
  const changes = new Map<string, readonly string[]>();
  const of = (address: string): readonly string[] => changes.get(address) ?? sayers.get(address) ?? [];
  for (const key of touched) {
    const [was, is] = [addressesOf(before.get(key)), addressesOf(after.get(key))];
    for (const address of was) {
      addresses.add(address);
      if (!is.has(address)) {
        changes.set(
          address,
          of(address).filter((one) => one !== key),
        );
      }
    }
    for (const address of is) {
      addresses.add(address);
      if (!was.has(address)) changes.set(address, [...of(address), key].sort());
    }
  }
  return sayers.with([...changes].map(([address, keys]) => [address, keys.length === 0 ? undefined : keys] as const));
}

function finished({ endpoint, said }: Ruling, owners: SharedMap<string>): Endpoint {
  const own = said.filter(({ vni, ip, mac }) => owners.get(addressKey(vni, ip)) === mac).map(({ ip }) => ip);
  return Object.freeze({ ...endpoint, ips: Object.freeze([...new Set(own)].sort()) });
}

type EndpointChange = readonly [key: string, endpoint: Endpoint | undefined];

function groupedAfter(table: EndpointTable, changes: readonly EndpointChange[]): EndpointTable["endpointsAt"] {
  const atHost = new Map<HostId, Map<string, Endpoint | undefined>>();
  const note = (id: HostId, key: string, endpoint: Endpoint | undefined): void => {
    const known = atHost.get(id) ?? new Map<string, Endpoint | undefined>();
    atHost.set(id, known.set(key, endpoint));
  };
  for (const [key, endpoint] of changes) {
    const before = table.endpoints.get(key);
    if (before !== undefined) note(before.hostId, key, undefined);
    if (endpoint !== undefined) note(endpoint.hostId, key, endpoint);
  }
  if (atHost.size === 0) return table.endpointsAt;
  const next = new Map(table.endpointsAt);
  for (const [id, changed] of atHost) {
    const list: (readonly [string, Endpoint])[] = [];
    for (const one of next.get(id) ?? []) {
      const key = endpointKey(one.vni, one.mac);
      if (!changed.has(key)) list.push([key, one]);
    }
    for (const [key, endpoint] of changed) if (endpoint !== undefined) list.push([key, endpoint]);
    list.sort(([a], [b]) => (a < b ? -1 : 1));
    if (list.length === 0) next.delete(id);
    else next.set(id, Object.freeze(list.map(([, endpoint]) => endpoint)));
  }
  return next;
}

function problemsOf(told: readonly Ruling[]): ReadonlyMap<HostId, readonly Diagnostic[]> {
  const problems = new Map<HostId, readonly Diagnostic[]>();
  for (const [id, problem] of told.flatMap((ruling) => ruling.problems)) {
    problems.set(id, [...(problems.get(id) ?? []), problem]);
  }
  return problems;
}

/**
 * An endpoint that did not change is the same object: what is derived from it can be kept by identity.
 * @param statements and @param claims of those sources alone that say something else than before
 */
export function afterNews(
  table: EndpointTable,
  statements: readonly Saying<Declaration>[],
  claims: readonly Saying<EndpointClaim>[],
): EndpointTable {
  const { grounds } = table;
  const touched = new Set<string>();
  const said = {
    statements: afterSayings(grounds.statements, statements, touched),
    claims: afterSayings(grounds.claims, claims, touched),
  };
  if (touched.size === 0) return table;
  const judged = [...touched].map((key): readonly [string, Ruling | undefined] => {
    const [declared, claimed] = [itemsOf(said.statements.get(key)), itemsOf(said.claims.get(key))];
    return [key, declared.length + claimed.length === 0 ? undefined : judge(declared, claimed)];
  });
  const rulings = grounds.rulings.with(judged);
  const addresses = new Set<string>();
  const sayers = afterRulings(grounds.sayers, grounds.rulings, rulings, touched, addresses);
  const owned: (readonly [string, string | undefined])[] = [];
  for (const address of addresses) {
    const before = grounds.owners.get(address);
    const after = ownerOf(
      address,
      (sayers.get(address) ?? []).flatMap((key) => rulings.get(key) ?? []),
    );
    if (before === after) continue;
    owned.push([address, after]);
    const { vni } = splitAddress(address);
    for (const mac of [before, after]) if (mac !== undefined) touched.add(endpointKey(vni, mac));
  }
  const owners = grounds.owners.with(owned);
  const changes: EndpointChange[] = [];
  for (const key of touched) {
    const ruling = rulings.get(key);
    const before = table.endpoints.get(key);
    const after = ruling === undefined ? undefined : finished(ruling, owners);
    if (before === undefined || after === undefined) {
      if (before !== after) changes.push([key, after]);
    } else if (!sameEndpoint(before, after)) changes.push([key, after]);
  }
  const isTold = (ruling: Ruling | undefined): boolean =>
    ruling !== undefined && (ruling.standbys.length > 0 || ruling.problems.length > 0);
  const told = grounds.told.with(judged.map(([key, ruling]) => [key, isTold(ruling) ? ruling : undefined]));
  const sorted =
    told === grounds.told ? [] : [...told].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ruling]) => ruling);
  return Object.freeze({
    endpoints: table.endpoints.with(changes),
    endpointsAt: groupedAfter(table, changes),
    declared: table.declared.with(
      judged.map(([key, ruling]) => [
        key,
        ruling !== undefined && ruling.declared.length > 0 ? ruling.declared : undefined,
      ]),
    ),
    standbys: told === grounds.told ? table.standbys : sorted.flatMap((ruling) => ruling.standbys),
    problems: told === grounds.told ? table.problems : problemsOf(sorted),
    grounds: { ...said, rulings, sayers, owners, told },
  });
}
