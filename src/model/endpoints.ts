// Endpoints: which MAC is where, concluded from what is declared, heard and remembered.
import type { Mac } from "../../proto/bytes/mac.ts";
import { type AddressClaim, addressKey, addressOwners } from "./address-owners.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { diagnostic } from "./diagnostic.ts";
import type { HostId, PortFact, Vni } from "./facts.ts";

export type EndpointOrigin = "declared" | "observed";

export interface Endpoint {
  readonly vni: Vni;
  readonly mac: Mac;
  /** Sorted. */
  readonly ips: readonly string[];
  readonly hostId: HostId;
  /** null on a lone switch. */
  readonly hostIndex: number | null;
  /** null while only the flows of switches tell of the endpoint. */
  readonly portName: string | null;
  readonly ofport: number | null;
  readonly origin: EndpointOrigin;
  /** Whether it says of itself that it routes (RFC 4861, the R flag); absent while it has not said so or otherwise. */
  readonly router?: boolean;
}

/** One reason to believe that a MAC is at a place. */
export interface EndpointClaim extends Endpoint {
  /** Higher wins among claims of the same strength. */
  readonly heard: number;
  /** The same for each address; one that is not in it was only read back. */
  readonly ipsHeard?: ReadonlyMap<string, number>;
  /** A claim out of other hosts' flows, which gives way to any other. */
  readonly remembered: boolean;
}

export function endpointKey(vni: Vni, mac: Mac): string {
  return `${vni}/${mac}`;
}

function strength(claim: EndpointClaim): number {
  if (claim.remembered) return 0;
  return claim.origin === "declared" ? 2 : 1;
}

/** Declared beats observed, observed beats remembered; then the latest heard; then, for a stable choice, index and port. */
function stronger(a: EndpointClaim, b: EndpointClaim): boolean {
  if (strength(a) !== strength(b)) return strength(a) > strength(b);
  if (a.origin !== "declared" && a.heard !== b.heard) return a.heard > b.heard;
  const [indexA, indexB] = [a.hostIndex ?? 0, b.hostIndex ?? 0];
  if (indexA !== indexB) return indexA < indexB;
  return (a.ofport ?? 0) < (b.ofport ?? 0);
}

function placeOf(endpoint: Endpoint): string {
  return `${endpoint.hostId} port ${endpoint.portName ?? endpoint.ofport ?? "unknown"}`;
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a.vni === b.vni &&
    a.mac === b.mac &&
    a.hostId === b.hostId &&
    a.hostIndex === b.hostIndex &&
    a.portName === b.portName &&
    a.ofport === b.ofport &&
    a.origin === b.origin &&
    a.router === b.router &&
    a.ips.length === b.ips.length &&
    a.ips.every((ip, at) => ip === b.ips[at])
  );
}

export interface EndpointTable {
  /** By `endpointKey`, sorted. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly problems: ReadonlyMap<HostId, readonly Diagnostic[]>;
}

/** What is known of a MAC's addresses beside its place: from every claim of that place. */
interface Said {
  /** Address -> when it was last heard. */
  readonly ips: Map<string, number>;
  router: boolean | undefined;
}

function saidBy(claim: EndpointClaim): Said {
  return { ips: new Map(claim.ips.map((ip) => [ip, claim.ipsHeard?.get(ip) ?? 0])), router: claim.router };
}

/** The first claim's word counts where two differ: declared claims, which come first, say nothing of their own. */
function addTo(said: Said | undefined, claim: EndpointClaim): void {
  if (said === undefined) return;
  for (const [ip, heard] of saidBy(claim).ips) said.ips.set(ip, Math.max(heard, said.ips.get(ip) ?? 0));
  said.router ??= claim.router;
}

function* addressClaims(
  winners: ReadonlyMap<string, EndpointClaim>,
  said: ReadonlyMap<string, Said>,
): Generator<AddressClaim> {
  for (const [key, { vni, mac, remembered }] of winners) {
    for (const [ip, heard] of said.get(key)?.ips ?? []) yield { vni, ip, mac, heard, remembered };
  }
}

/**
 * One place for each MAC of a network, and one MAC for each address. An endpoint that did not change is the same object as in `previous`: what is
 * derived from an endpoint can be kept by identity.
 */
export function resolveEndpoints(
  claims: Iterable<EndpointClaim>,
  previous: ReadonlyMap<string, Endpoint>,
): EndpointTable {
  const winners = new Map<string, EndpointClaim>();
  const said = new Map<string, Said>();
  const problems = new Map<HostId, Diagnostic[]>();
  for (const claim of claims) {
    const key = endpointKey(claim.vni, claim.mac);
    const rival = winners.get(key);
    if (rival === undefined) {
      winners.set(key, claim);
      said.set(key, saidBy(claim));
      continue;
    }
    const samePlace = rival.hostId === claim.hostId && (rival.ofport === claim.ofport || claim.ofport === null);
    const winner = stronger(claim, rival) ? claim : rival;
    if (samePlace) {
      addTo(said.get(key), claim);
    } else {
      if (winner === claim) said.set(key, saidBy(claim));
      if (rival.origin === "declared" && claim.origin === "declared") {
        const loser = winner === claim ? rival : claim;
        const entry = diagnostic(
          "endpoint/duplicate-mac",
          `MAC ${claim.mac} is declared at ${placeOf(winner)} and at ${placeOf(loser)}; the first is used`,
          `change external_ids:attached-mac, or the guest's MAC, at ${placeOf(loser)}`,
        );
        problems.set(loser.hostId, [...(problems.get(loser.hostId) ?? []), entry]);
      }
    }
    winners.set(key, winner);
  }
  const owners = addressOwners(addressClaims(winners, said));
  const endpoints = new Map<string, Endpoint>();
  for (const key of [...winners.keys()].sort()) {
    const winner = winners.get(key);
    if (winner === undefined) continue;
    const { heard: _heard, ipsHeard: _ipsHeard, remembered: _remembered, router: _router, ...facts } = winner;
    const { ips, router } = said.get(key) ?? saidBy(winner);
    const own = [...ips.keys()].filter((ip) => owners.get(addressKey(winner.vni, ip)) === winner.mac);
    const endpoint: Endpoint = Object.freeze({
      ...facts,
      ips: Object.freeze(own.sort()),
      ...(router === undefined ? {} : { router }),
    });
    const before = previous.get(key);
    endpoints.set(key, before !== undefined && sameEndpoint(before, endpoint) ? before : endpoint);
  }
  return { endpoints, problems };
}

/** The claim that a port's own database rows make. */
export function declaredClaim(
  host: { readonly id: HostId; readonly index: number | null },
  port: PortFact,
  vni: Vni,
  mac: Mac,
): EndpointClaim {
  return {
    vni,
    mac,
    ips: [],
    hostId: host.id,
    hostIndex: host.index,
    portName: port.name,
    ofport: port.ofport,
    origin: "declared",
    heard: 0,
    remembered: false,
  };
}
