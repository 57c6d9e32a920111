// Endpoints: which MAC is where, concluded from what is declared, heard and remembered.
import type { Mac } from "../../proto/bytes/mac.ts";
import type { AddressClaim } from "./address-owners.ts";
import { chooseDeclaration, type Declaration, sameGuest } from "./declarations.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { diagnostic } from "./diagnostic.ts";
import type { HostId, Vni } from "./facts.ts";
import type { Place } from "./place.ts";

export type EndpointOrigin = "declared" | "observed";

export interface Endpoint {
  readonly vni: Vni;
  readonly mac: Mac;
  /** Sorted. Each address of a network is an endpoint's alone; see `addressOwners`. */
  readonly ips: readonly string[];
  readonly hostId: HostId;
  /** null on a lone switch. */
  readonly hostIndex: number | null;
  /** null while only the flows of switches tell of the endpoint. */
  readonly portName: string | null;
  readonly ofport: number | null;
  readonly origin: EndpointOrigin;
  /** Who it is, where the port's rows say so. */
  readonly owner?: string;
  /** Whether it says of itself that it routes (RFC 4861, the R flag); absent while it has not said so or otherwise. */
  readonly router?: boolean;
}

/** A MAC that was heard, or that other hosts' flows tell of. */
export interface EndpointClaim extends Endpoint {
  readonly place: Place | null;
  /** Higher wins among claims of the same strength. */
  readonly heard: number;
  /** The same for each address; one that is not in it was only read back. */
  readonly ipsHeard?: ReadonlyMap<string, number>;
  /** A claim out of other hosts' flows, which gives way to any that was heard. */
  readonly remembered: boolean;
}

export function endpointKey(vni: Vni, mac: Mac): string {
  return `${vni}/${mac}`;
}

/** Heard beats remembered; then the latest heard; then, for a stable choice, index and port. */
function stronger(a: EndpointClaim, b: EndpointClaim): boolean {
  if (a.remembered !== b.remembered) return b.remembered;
  if (a.heard !== b.heard) return a.heard > b.heard;
  const [indexA, indexB] = [a.hostIndex ?? 0, b.hostIndex ?? 0];
  if (indexA !== indexB) return indexA < indexB;
  return (a.ofport ?? 0) < (b.ofport ?? 0);
}

function at(one: {
  readonly hostId: HostId;
  readonly portName: string | null;
  readonly ofport: number | null;
}): string {
  return `${one.hostId} port ${one.portName ?? one.ofport ?? "unknown"}`;
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
    a.owner === b.owner &&
    a.router === b.router &&
    a.ips.length === b.ips.length &&
    a.ips.every((ip, index) => ip === b.ips[index])
  );
}

function declaredEndpoint(one: Declaration): Endpoint {
  const { vni, mac, hostId, hostIndex, portName, ofport, owner } = one;
  const named = owner === null ? {} : { owner };
  return { vni, mac, ips: [], hostId, hostIndex, portName, ofport, origin: "declared", ...named };
}

function duplicate(mac: Mac, winner: Declaration, loser: Declaration): Diagnostic {
  return diagnostic(
    "endpoint/duplicate-mac",
    `MAC ${mac} is declared at ${at(winner)} and at ${at(loser)}; the first is used`,
    loser.configured
      ? `correct endpoints.static in the configuration`
      : `change external_ids:attached-mac, or the guest's MAC, at ${at(loser)}`,
  );
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

/** What is concluded of one MAC of a network. */
export interface Ruling extends Draft {
  /** Every declaration of it, the one that counts first; empty where there is none. */
  readonly declared: readonly Declaration[];
  /**
   * The other places of a guest that migrates: what is sent there out of a tunnel is delivered already, so that the move
   * itself is one change in FORWARD.
   */
  readonly standbys: readonly Endpoint[];
  readonly problems: readonly (readonly [HostId, Diagnostic])[];
}

function observedEndpoint(claim: EndpointClaim): Endpoint {
  const { heard: _heard, ipsHeard: _ips, remembered: _remembered, place: _place, router: _router, ...facts } = claim;
  return facts;
}

/**
 * Declared beats observed, observed beats remembered; but what is declared and was not heard yet gives way to what is
 * remembered of a host that is still to be read, so that nothing moves at a start.
 * @param statements and @param claims all that there are of one MAC of a network, and at least one.
 */
export function judge(statements: readonly Declaration[], claims: readonly EndpointClaim[]): Ruling {
  const claim = claims.reduce<EndpointClaim | null>((best, one) => (best && !stronger(one, best) ? best : one), null);
  const first = chooseDeclaration(statements, claim === null || claim.remembered ? null : claim.place);
  const others = statements.filter((one) => one !== first);
  const standbys: Endpoint[] = [];
  const problems: (readonly [HostId, Diagnostic])[] = [];
  let endpoint = claim === null ? null : observedEndpoint(claim);
  if (first !== null) {
    for (const loser of others) {
      if (sameGuest(first, loser)) {
        if (loser.hostId !== first.hostId) standbys.push(declaredEndpoint(loser));
      } else if (loser.hostId !== first.hostId || loser.ofport !== first.ofport) {
        problems.push([loser.hostId, duplicate(first.mac, first, loser)]);
      }
    }
    const unread = claim?.remembered === true && claim.hostId !== first.hostId;
    if (!unread) endpoint = declaredEndpoint(first);
  }
  if (endpoint === null) throw new Error("nobody has said anything of this endpoint");
  const declared = first === null ? [] : [first, ...others];
  return { ...draftOf(endpoint, first?.ips ?? [], claims), declared, standbys, problems };
}
