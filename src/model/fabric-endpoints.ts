// The part of the fabric that is about guests: which endpoints there are, where, and who disputes it.
import { type Declaration, declarationsOf } from "./declarations.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type CappedFact, type DisputeFact, disputeProblems, type NamedPlace } from "./disputes.ts";
import { type Endpoint, type EndpointClaim, resolveEndpoints } from "./endpoints.ts";
import type { FabricHost } from "./fabric-transport.ts";
import type { EndpointSetting, HostId, RememberedFact, Vni } from "./facts.ts";
import type { Identity } from "./identity.ts";
import { heardUnder } from "./locks.ts";
import type { Place } from "./place.ts";
import { SharedMap } from "./shared-map.ts";

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
  /** See `EndpointTable.standbys`. */
  readonly standbys: readonly Endpoint[];
  readonly disputes: readonly DisputeFact[];
  readonly problems: ReadonlyMap<HostId, readonly Diagnostic[]>;
}

/** Port number -> the networks whose frames can come in there -> the port's name. */
export function attachedPorts(host: FabricHost): ReadonlyMap<number, ReadonlyMap<Vni, string>> {
  const attached = new Map<number, ReadonlyMap<Vni, string>>();
  for (const { fact, attachments } of host.ports) {
    if (fact.ofport === null) continue;
    attached.set(fact.ofport, new Map(attachments.map((at) => [at.network.vni, fact.name])));
  }
  return attached;
}

function* claimsOf(
  input: EndpointInput,
  hosts: Iterable<FabricHost>,
  remembered: readonly RememberedFact[],
): Generator<EndpointClaim> {
  const idOf = new Map([...input.identities.values()].map((identity) => [identity.index, identity.id]));
  for (const host of hosts) {
    const attached = attachedPorts(host);
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

function groupedByHost(
  endpoints: Iterable<Endpoint>,
  before: ReadonlyMap<HostId, readonly Endpoint[]>,
): ReadonlyMap<HostId, readonly Endpoint[]> {
  const lists = new Map<HostId, Endpoint[]>();
  for (const endpoint of endpoints) {
    const list = lists.get(endpoint.hostId);
    if (list === undefined) lists.set(endpoint.hostId, [endpoint]);
    else list.push(endpoint);
  }
  const isSame = (a: readonly Endpoint[], b: readonly Endpoint[]) =>
    a.length === b.length && a.every((e, at) => e === b[at]);
  return new Map(
    [...lists].map(([id, list]) => [id, isSame(before.get(id) ?? [], list) ? (before.get(id) ?? list) : list]),
  );
}

/** Pure: the same facts give the same. @param remembered what still counts of it */
export function deriveEndpoints(
  input: EndpointInput,
  hosts: ReadonlyMap<HostId, FabricHost>,
  remembered: readonly RememberedFact[],
  previous: FabricEndpoints | undefined,
): FabricEndpoints {
  const declaring = [...hosts.values()].map((host) => ({
    ...host,
    dpid: host.switch?.dpid ?? host.fact?.dpid ?? null,
    away: input.away?.has(host.id) === true,
  }));
  const { declarations, problems } = declarationsOf(declaring, input.endpointSettings ?? []);
  const claims = claimsOf(input, hosts.values(), remembered);
  const table = resolveEndpoints(declarations, claims, previous?.endpoints ?? new Map());
  const before = previous?.endpoints ?? SharedMap.of<Endpoint>();
  const gone = [...before.keys()].filter((key) => !table.endpoints.has(key)).map((key) => [key, undefined] as const);
  const disputed = disputeProblems(input.disputes ?? [], input.capped ?? [], namesOf(hosts.values()));
  return {
    endpoints: before.with([...gone, ...table.endpoints]),
    endpointsAt: groupedByHost(table.endpoints.values(), previous?.endpointsAt ?? new Map()),
    declared: table.declared,
    standbys: table.standbys,
    disputes: input.disputes ?? [],
    problems: joined(problems, table.problems, disputed),
  };
}
