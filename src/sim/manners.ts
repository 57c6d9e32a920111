// How a simulated host behaves towards its controller: as it should, or as somebody has asked for.

/** What its switch says that is not so. */
export type Lie = "counters" | "forged-removals" | "phantom-flows" | "port-numbers";

export const LIES: readonly Lie[] = Object.freeze(["counters", "forged-removals", "phantom-flows", "port-numbers"]);

/** Bytes go out late, and few at a time. */
export interface Pace {
  readonly delayMs: number;
  readonly bytesPerSec: number;
}

/** Shared by all connections of a host, those to come too; looked at whenever it counts. */
export interface Manners {
  /** Connections end, and none is made. */
  isHeld: boolean;
  /** Connections stay, and nothing comes or goes by them. */
  isSilent: boolean;
  pace: Pace | null;
  lies: ReadonlySet<Lie>;
}

const NO_LIES: ReadonlySet<Lie> = new Set();

export function goodManners(): Manners {
  return { isHeld: false, isSilent: false, pace: null, lies: NO_LIES };
}

/** What a host of a fleet can be asked to do wrong. */
export type Misbehaviour =
  | { readonly kind: "slow"; readonly delayMs?: number; readonly bytesPerSec?: number }
  | { readonly kind: "silent" }
  /** Of everything unless told of what. */
  | { readonly kind: "lying"; readonly about?: readonly Lie[] }
  | { readonly kind: "flapping"; readonly what: "connections" | "links"; readonly everyMs?: number }
  | { readonly kind: "cut-off"; readonly from: "controller" | "hosts" };

/** In words, for people: `slow`, `lying about counters`, `flapping links`, `cut-off from hosts`. */
export function misbehaviourText(misbehaviour: Misbehaviour): string {
  switch (misbehaviour.kind) {
    case "lying":
      return `lying about ${(misbehaviour.about ?? LIES).join(", ")}`;
    case "flapping":
      return `flapping ${misbehaviour.what}`;
    case "cut-off":
      return `cut-off from ${misbehaviour.from}`;
    default:
      return misbehaviour.kind;
  }
}
