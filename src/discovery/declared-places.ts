// What declarations mean for a frame that is heard, and what a change of them says of a guest that migrates.
import type { Mac } from "../../proto/bytes/mac.ts";
import type { Declaration } from "../model/declarations.ts";
import type { Claim } from "../model/mobility.ts";
import { type Place, samePlace } from "../model/place.ts";

/** What the fabric says of declarations: by `endpointKey`, the declaration that counts first. */
export type DeclaredBy = ReadonlyMap<string, readonly Declaration[]>;

/** How a MAC's declarations stand to a frame of it from this place, while it is at `holder`. */
export function claimAt(declared: readonly Declaration[], holder: Place | null, place: Place): Claim<Place> {
  const [first] = declared;
  if (first?.place == null) return {};
  const here = declared.find((one) => samePlace(one.place, place));
  if (here !== undefined && here.guest !== null) {
    // The fabric may not know yet that the guest has moved on from its first place.
    const other = here === first ? declared.find((one) => samePlace(one.place, holder)) : first;
    if (other !== undefined && other !== here && other.guest?.id === here.guest.id) return { migrating: true };
  }
  return { owner: first.place };
}

/** Who has a declared address while this MAC speaks of it: itself, or of those whose it may be the one that has it. */
export function addressOwner(owners: readonly Mac[] | undefined, mac: Mac, holder: Mac | null): Mac | null {
  const [first, ...others] = owners ?? [];
  if (first === undefined) return null;
  // Of several that may have it nobody is preferred: they move it among themselves as others do.
  if (owners?.includes(mac) === true)
    return others.length === 0 || holder === null || !owners.includes(holder) ? mac : null;
  return holder !== null && owners?.includes(holder) === true ? holder : first;
}

/**
 * Where a migrating guest has arrived: at a place that became active, or at the one that is active when the place where it
 * was no longer is. A row that is read for the first time is no arrival.
 */
export function arrivalOf(now: readonly Declaration[], before: readonly Declaration[]): Place | null {
  const [first, ...others] = now;
  if (first?.guest == null) return null;
  const wasActive = (one: Declaration) =>
    before.find((other) => other.hostId === one.hostId && other.portName === one.portName)?.guest?.active;
  const active = others.filter((one) => one.guest?.id === first.guest?.id && one.guest?.active === true);
  const arrived = active.find((one) => wasActive(one) === false);
  if (arrived !== undefined) return arrived.place;
  return !first.guest.active && wasActive(first) === true ? (active[0]?.place ?? null) : null;
}
