// Endpoints: which MAC is where, concluded from what is declared, heard and remembered.
import type { Mac } from "../../proto/bytes/mac.ts";
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
}

/** One reason to believe that a MAC is at a place. */
export interface EndpointClaim extends Endpoint {
  /** Higher wins among claims of the same strength. */
  readonly heard: number;
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
    a.ips.length === b.ips.length &&
    a.ips.every((ip, at) => ip === b.ips[at])
  );
}

export interface EndpointTable {
  /** By `endpointKey`, sorted. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly problems: ReadonlyMap<HostId, readonly Diagnostic[]>;
}

/**
 * One place for each MAC of a network. An endpoint that did not change is the same object as in `previous`: what is
 * derived from an endpoint can be kept by identity.
 */
export function resolveEndpoints(
  claims: Iterable<EndpointClaim>,
  previous: ReadonlyMap<string, Endpoint>,
): EndpointTable {
  const winners = new Map<string, EndpointClaim>();
  const ips = new Map<string, Set<string>>();
  const problems = new Map<HostId, Diagnostic[]>();
  for (const claim of claims) {
    const key = endpointKey(claim.vni, claim.mac);
    const rival = winners.get(key);
    if (rival === undefined) {
      winners.set(key, claim);
      ips.set(key, new Set(claim.ips));
      continue;
    }
    const samePlace = rival.hostId === claim.hostId && (rival.ofport === claim.ofport || claim.ofport === null);
    const winner = stronger(claim, rival) ? claim : rival;
    if (samePlace) {
      for (const ip of claim.ips) ips.get(key)?.add(ip);
    } else {
      if (winner === claim) ips.set(key, new Set(claim.ips));
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
  const endpoints = new Map<string, Endpoint>();
  for (const key of [...winners.keys()].sort()) {
    const winner = winners.get(key);
    if (winner === undefined) continue;
    const { heard: _heard, remembered: _remembered, ...facts } = winner;
    const endpoint: Endpoint = Object.freeze({ ...facts, ips: Object.freeze([...(ips.get(key) ?? [])].sort()) });
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
