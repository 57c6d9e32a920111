// Endpoints concluded from all that is said, each time anew: what the table that is kept up with news must come to.
import type { Mac } from "../../proto/bytes/mac.ts";
import { type AddressClaim, addressKey, addressOwners } from "../../src/model/address-owners.ts";
import {
  chooseDeclaration,
  type Declaration,
  declarationsOf,
  macsOfGuests,
  reservedAddresses,
  sameGuest,
} from "../../src/model/declarations.ts";
import { type Endpoint, type EndpointClaim, endpointKey } from "../../src/model/endpoints.ts";
import type { Fabric, FabricHost, FabricInput } from "../../src/model/fabric.ts";
import { stillRemembered } from "../../src/model/fabric-transport.ts";
import type { RememberedFact, Vni } from "../../src/model/facts.ts";
import { heardUnder } from "../../src/model/locks.ts";

/** Heard beats remembered; then the latest heard; then, for a stable choice, index and port. */
function stronger(a: EndpointClaim, b: EndpointClaim): boolean {
  if (a.remembered !== b.remembered) return b.remembered;
  if (a.heard !== b.heard) return a.heard > b.heard;
  const [indexA, indexB] = [a.hostIndex ?? 0, b.hostIndex ?? 0];
  if (indexA !== indexB) return indexA < indexB;
  return (a.ofport ?? 0) < (b.ofport ?? 0);
}

export interface NaiveTable {
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly declared: ReadonlyMap<string, readonly Declaration[]>;
  readonly standbys: readonly Endpoint[];
  /** The hosts of declarations that are not used, sorted. */
  readonly losers: readonly string[];
}

function declaredEndpoint(one: Declaration): Endpoint {
  const { vni, mac, hostId, hostIndex, portName, ofport, owner } = one;
  const named = owner === null ? {} : { owner };
  return { vni, mac, ips: [], hostId, hostIndex, portName, ofport, origin: "declared", ...named };
}

function groupByKey<T extends { readonly vni: Vni; readonly mac: Mac }>(items: Iterable<T>): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = endpointKey(item.vni, item.mac);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** An endpoint with its place, and with what is said of its addresses: not all of them need be its own. */
interface Draft {
  readonly endpoint: Endpoint;
  readonly said: readonly AddressClaim[];
}

function draftOf(endpoint: Endpoint, declaredIps: readonly string[], group: readonly EndpointClaim[]): Draft {
  const { vni, mac, hostId, ofport } = endpoint;
  // What flows tell of a host does not name the port.
  const here = group.filter((one) => one.hostId === hostId && (one.ofport === ofport || one.remembered));
  const said = here.flatMap(({ ips, ipsHeard, remembered }) =>
    ips.map((ip): AddressClaim => ({ vni, ip, mac, heard: ipsHeard?.get(ip) ?? 0, remembered, declared: false })),
  );
  const isUsed = (ip: string): boolean => said.some((one) => one.ip === ip && !one.remembered);
  const declared = declaredIps.map((ip) => ({
    ...{ vni, ip, mac, remembered: false, declared: true },
    // Of two for which it is declared, the one that was heard with it.
    heard: isUsed(ip) ? 1 : 0,
  }));
  const router = here.find((one) => one.router !== undefined)?.router;
  return {
    endpoint: { ...endpoint, ips: [], ...(router === undefined ? {} : { router }) },
    said: [...declared, ...said],
  };
}

/**
 * One place for each MAC of a network, and one MAC for each address. Declared beats observed, observed beats remembered; but what is declared and was
 * not heard yet gives way to what is remembered of a host that is still to be read, so that nothing moves at a start.
 */
function resolve(declarations: Iterable<Declaration>, claims: Iterable<EndpointClaim>): NaiveTable {
  const declaredBy = groupByKey(declarations);
  const claimedBy = groupByKey(claims);
  const declared = new Map<string, readonly Declaration[]>();
  const standbys: Endpoint[] = [];
  const losers: string[] = [];
  const drafts: Draft[] = [];
  for (const key of [...new Set([...declaredBy.keys(), ...claimedBy.keys()])].sort()) {
    const group = claimedBy.get(key) ?? [];
    const claim = group.reduce<EndpointClaim | null>((best, one) => (best && !stronger(one, best) ? best : one), null);
    const statements = declaredBy.get(key) ?? [];
    const first = chooseDeclaration(statements, claim === null || claim.remembered ? null : claim.place);
    let endpoint: Endpoint | null = null;
    if (first !== null) {
      const others = statements.filter((one) => one !== first);
      declared.set(key, [first, ...others]);
      for (const loser of others) {
        if (sameGuest(first, loser)) {
          if (loser.hostId !== first.hostId) standbys.push(declaredEndpoint(loser));
        } else if (loser.hostId !== first.hostId || loser.ofport !== first.ofport) {
          losers.push(loser.hostId);
        }
      }
      const unread = claim?.remembered === true && claim.hostId !== first.hostId;
      if (!unread) endpoint = declaredEndpoint(first);
    }
    if (endpoint === null && claim !== null) {
      const {
        heard: _heard,
        ipsHeard: _ips,
        remembered: _remembered,
        place: _place,
        router: _router,
        ...facts
      } = claim;
      endpoint = facts;
    }
    if (endpoint !== null) drafts.push(draftOf(endpoint, first?.ips ?? [], group));
  }
  const reserved = reservedAddresses(declared.values());
  const mayHave = ({ vni, ip, mac }: AddressClaim): boolean =>
    reserved.get(addressKey(vni, ip))?.includes(mac) !== false;
  const owners = addressOwners(drafts.flatMap((draft) => draft.said.filter(mayHave)));
  const endpoints = new Map<string, Endpoint>();
  for (const { endpoint: draft, said } of drafts) {
    const key = endpointKey(draft.vni, draft.mac);
    const own = said.filter(({ vni, ip, mac }) => owners.get(addressKey(vni, ip)) === mac).map(({ ip }) => ip);
    const endpoint: Endpoint = Object.freeze({ ...draft, ips: Object.freeze([...new Set(own)].sort()) });
    endpoints.set(key, endpoint);
  }
  return { endpoints, declared, standbys, losers: losers.sort() };
}

function attachedTo(host: FabricHost): ReadonlyMap<number, ReadonlyMap<Vni, string>> {
  const attached = new Map<number, ReadonlyMap<Vni, string>>();
  for (const { fact, attachments } of host.ports) {
    if (fact.ofport === null) continue;
    attached.set(fact.ofport, new Map(attachments.map((at) => [at.network.vni, fact.name])));
  }
  return attached;
}

function* claimsOf(
  input: Pick<FabricInput, "identities">,
  hosts: Iterable<FabricHost>,
  remembered: readonly RememberedFact[],
): Generator<EndpointClaim> {
  const idOf = new Map([...input.identities.values()].map((identity) => [identity.index, identity.id]));
  for (const host of hosts) {
    const attached = attachedTo(host);
    const ports = new Map(host.ports.map((port) => [port.fact.name, port.fact]));
    const locksAt = new Map(host.ports.map((port) => [port.fact.ofport, port.locks]));
    for (const heard of host.switch?.observed ?? []) {
      const observed = heardUnder(locksAt.get(heard.ofport)?.get(heard.vni) ?? null, heard);
      if (observed === null) continue;
      const portName = attached.get(observed.ofport)?.get(observed.vni);
      if (host.fact !== null && portName === undefined) continue;
      const owner = ports.get(portName ?? "")?.owner;
      yield {
        ...observed,
        ...(owner === undefined ? {} : { owner }),
        place: host.switch === null ? null : { dpid: host.switch.dpid, ofport: observed.ofport },
        hostId: host.id,
        hostIndex: host.index,
        portName: portName ?? null,
        origin: "observed",
        remembered: false,
      };
    }
  }
  for (const fact of remembered) {
    for (const endpoint of fact.endpoints) {
      yield {
        ...endpoint,
        hostId: idOf.get(fact.index) ?? `index ${fact.index}`,
        hostIndex: fact.index,
        portName: null,
        ofport: null,
        origin: "observed",
        place: null,
        heard: 0,
        remembered: true,
      };
    }
  }
}

export function naiveTable(input: FabricInput, { hosts }: Fabric): NaiveTable {
  const all = [...hosts.values()];
  const settings = input.endpointSettings ?? [];
  const guests = macsOfGuests(all);
  const declarations = all.flatMap((host) => {
    const declaring = {
      ...host,
      dpid: host.switch?.dpid ?? host.fact?.dpid ?? null,
      away: input.away?.has(host.id) === true,
    };
    return declarationsOf(declaring, settings, guests).declarations;
  });
  return resolve(declarations, claimsOf(input, all, stillRemembered(input)));
}
