// What weft doctor finds, what weft drift and weft plan show: the shapes that the api answers with.

export type FindingSeverity = "critical" | "warning" | "note";

/** Something odd, where it is, and what mends it. */
export interface FindingView {
  /** Stable identifier, such as `tunnel/one-way`. */
  readonly code: string;
  readonly severity: FindingSeverity;
  /** The id of the host at fault; null where it is the controller, or the fabric as a whole. */
  readonly host: string | null;
  /** The port, tunnel, flow or address at fault; null where the host says it all. */
  readonly subject: string | null;
  readonly message: string;
  readonly remedy: string;
  /** To be run as it stands, on the host, or where `weft` is; null where no command mends it. */
  readonly command: string | null;
}
