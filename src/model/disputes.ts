// What a person should know about MACs and addresses that more than one uses: both places, and the remedy.
import { type Diagnostic, diagnostic } from "./diagnostic.ts";
import type { HostId, Vni } from "./facts.ts";
import type { DisputeReason } from "./mobility.ts";
import type { Place } from "./place.ts";

/** Somebody who uses a MAC or an address, and where. */
export interface Party {
  readonly mac: string;
  /** null where its place is not known any more. */
  readonly place: Place | null;
}

/** A MAC (with several places) or an address (with several MACs) that stays with its holder while others use it too. */
export interface DisputeFact {
  readonly vni: Vni;
  readonly mac: string | null;
  readonly ip: string | null;
  /** recalled: flows tell of rivals, and the holder's host is still to be read. */
  readonly reason: DisputeReason | "recalled";
  readonly holder: Party;
  readonly rivals: readonly Party[];
}

/** A port with more MACs than are kept; or its whole switch. */
export interface CappedFact {
  readonly place: Place;
  readonly limit: number;
  readonly ofSwitch?: boolean;
}

export interface NamedPlace {
  readonly hostId: HostId;
  /** Such as `h1 port tap0`. */
  readonly text: string;
}

/** @param nameOf gives null for a place that is gone. */
export function disputeProblems(
  disputes: readonly DisputeFact[],
  capped: readonly CappedFact[],
  nameOf: (place: Place) => NamedPlace | null,
): ReadonlyMap<HostId, readonly Diagnostic[]> {
  const problems = new Map<HostId, Diagnostic[]>();
  const tell = (hosts: Iterable<HostId>, problem: Diagnostic): void => {
    for (const id of new Set(hosts)) problems.set(id, [...(problems.get(id) ?? []), problem]);
  };
  for (const dispute of disputes) {
    if (dispute.reason === "recalled") continue;
    const name = (party: Party): NamedPlace | null => (party.place === null ? null : nameOf(party.place));
    const holder = name(dispute.holder);
    const rivals = dispute.rivals.map((party) => ({ party, named: name(party) }));
    const hosts = [holder, ...rivals.map((rival) => rival.named)].flatMap((named) => named?.hostId ?? []);
    const text = (party: Party, named: NamedPlace | null): string => {
      const where = named?.text ?? "an unknown port";
      return dispute.ip === null ? where : `${party.mac} at ${where}`;
    };
    const others = rivals.map(({ party, named }) => text(party, named)).join(" and at ");
    tell(hosts, problemOf(dispute, text(dispute.holder, holder), others));
  }
  for (const { place, limit, ofSwitch } of capped) {
    const named = nameOf(place);
    if (named === null) continue;
    if (ofSwitch === true) {
      const message = `${named.hostId} has more than ${limit} MACs on all its ports: the least recently heard make room, the last time for one at ${named.text}`;
      tell(
        [named.hostId],
        diagnostic("host/endpoint-cap", message, "raise endpoints.perHost, or find who uses so many"),
      );
      continue;
    }
    const message = `${named.text} has more than ${limit} MACs: the least recently heard make room, and are heard again`;
    tell([named.hostId], diagnostic("port/endpoint-cap", message, "raise endpoints.perPort, or find who uses so many"));
  }
  return problems;
}

function problemOf({ mac, ip, reason }: DisputeFact, holder: string, rivals: string): Diagnostic {
  const about = { subject: ip ?? mac ?? "" };
  if (ip !== null) {
    const verb = reason === "declared" ? "is declared for" : "is used by";
    return diagnostic(
      reason === "flapping" ? "endpoint/flapping-ip" : "endpoint/duplicate-ip",
      `address ${ip} ${verb} ${holder} and used by ${rivals}: it stays with the first`,
      `give ${rivals} another address; this ends by itself when it no longer claims ${ip}`,
      about,
    );
  }
  if (reason === "flapping") {
    return diagnostic(
      "endpoint/flapping-mac",
      `MAC ${mac} moves too often between ${holder} and ${rivals}: it stays at the first`,
      `find what brings its frames to ${rivals}, such as a loop outside; this ends by itself when they cease`,
      about,
    );
  }
  const verb = reason === "declared" ? "is declared at" : "is used at";
  return diagnostic(
    "endpoint/duplicate-mac",
    `MAC ${mac} ${verb} ${holder} and used at ${rivals}: it stays at the first`,
    `give the guest at ${rivals} a MAC of its own; this ends by itself when it falls silent`,
    about,
  );
}
