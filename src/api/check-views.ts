// What a test of the fabric itself found, as the api shows it.

export interface CheckRequest {
  /** Ids, names or indexes: paths that have one of them at an end. Empty: all. */
  readonly hosts: readonly string[];
  /** Only this network, and no tunnels of their own. */
  readonly network?: string;
  /** Whether every path is checked, however many there are; else a sample of a large fabric. */
  readonly all?: boolean;
  /** Of the sample: the same one has the same paths chosen. Else one drawn by lot. */
  readonly seed?: number;
}

export interface CheckSizeView {
  readonly name: "small" | "mtu" | "full";
  /** Of the packet in the guest's frame. */
  readonly bytes: number;
  readonly sent: number;
  readonly received: number;
}

/**
 * `loss`: some are lost; `mtu`: small ones pass, and larger ones do not; `dead`: nothing passes; `unchecked`: one of the
 * ends is not there.
 */
export type CheckState = "ok" | "loss" | "mtu" | "dead" | "unchecked";

/** One direction. */
export interface CheckPathView {
  readonly kind: "tunnel" | "link" | "network";
  readonly from: string;
  readonly to: string;
  /** The port, or the network. */
  readonly name: string;
  /** The type of a tunnel. */
  readonly type: string | null;
  readonly state: CheckState;
  readonly sizes: readonly CheckSizeView[];
  /** The largest packet that is known to pass; null where none does. */
  readonly fits: number | null;
  /**
   * There and back by a tunnel or link, in microseconds, without the ways to the controller; null where one direction is
   * missing, for networks, and where there are more than 200 paths.
   */
  readonly roundTripUs: number | null;
  /** What is wrong; null where nothing is. */
  readonly reason: string | null;
  readonly remedy: string | null;
}

/** As in all other answers. */
export interface CheckProblemView {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export interface CheckHostView {
  readonly id: string;
  readonly name: string;
  /** Paths that begin or end here, and those of them that are not `ok`. */
  readonly checked: number;
  readonly failed: number;
}

export interface CheckView {
  readonly ok: boolean;
  readonly hosts: readonly CheckHostView[];
  readonly paths: readonly CheckPathView[];
  /** How many paths there are: more than `paths`, where those are a sample. */
  readonly possible: number;
  /** Of the sample; null where all paths were checked. */
  readonly seed: number | null;
  readonly sent: number;
  readonly received: number;
  readonly tookMs: number;
  readonly problems: readonly CheckProblemView[];
}

export interface CheckProgressView {
  /** Probes; both 0 where no check is under way. */
  readonly done: number;
  readonly of: number;
}
