// What weft doctor finds, what weft drift and weft plan show: the shapes that the api answers with.

export type FindingSeverity = "critical" | "warning" | "note";

/** Something odd, where it is, and what mends it. */
export interface FindingView {
  /** Stable identifier, such as `tunnel/one-way`. */
  readonly code: string;
  readonly severity: FindingSeverity;
  /** The id of the host at fault; null where it is the controller, or the fabric as a whole. */
  readonly host: string | null;
  /** Ids of other hosts that have a part in it, such as a tunnel's other end; left out where none has. */
  readonly others?: readonly string[];
  /** The port, tunnel, flow or address at fault; null where the host says it all. */
  readonly subject: string | null;
  readonly message: string;
  readonly remedy: string;
  /** To be run as it stands, on the host, or where `weft` is; null where no command mends it. */
  readonly command: string | null;
}

export function concerns({ host, others = [] }: FindingView, id: string): boolean {
  return host === id || others.includes(id);
}

/** One thing on a host that is not as it should be. */
export interface DeviationView {
  readonly what: "row" | "flow" | "group" | "meter";
  readonly state: "missing" | "extra" | "changed";
  /** What should be there, in the words of ovs-ofctl where it is no row; null where nothing should. */
  readonly wanted: string | null;
  /** What is there; null where nothing is, or `wanted` says what it is. */
  readonly held: string | null;
  /** Of somebody else's making: Weft leaves it alone. */
  readonly foreign: boolean;
}

/** What of one host differs from intent. */
export interface DriftView {
  readonly host: string;
  /** Why a part of the host could not be compared; null where all was. */
  readonly reason: string | null;
  readonly deviations: readonly DeviationView[];
}
