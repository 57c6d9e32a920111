// What the controller measures of itself, in plain numbers: read when somebody asks, kept as sums until then.

/** How often something took how long. */
export interface DurationsView {
  /** Upper bounds, ascending, in seconds; the last is open. */
  readonly boundsSec: readonly number[];
  /** How many took longer than the bound before and no longer than this one; one more than bounds. */
  readonly counts: readonly number[];
  readonly sumSec: number;
}

/** Writing to a switch until it confirmed, to a host's database likewise, drawing the fabric anew. */
export const MEASURED = ["switchWrite", "databaseWrite", "recompute"] as const;
export type Measured = (typeof MEASURED)[number];

export const BFD_STATES = ["up", "down", "starting", "off"] as const;
export type BfdState = (typeof BFD_STATES)[number];

export interface ReadinessView {
  readonly ready: boolean;
  /** What is waited for, in words. */
  readonly waitingFor: readonly string[];
}

/** What is asked of the controller beside the queries, by those who watch over it. */
export interface Vitals {
  measures(): MeasuresView;
  /** Whether what is known to be there has been read. */
  readiness(): ReadinessView;
}

export interface MeasuresView {
  readonly startedAtMs: number;
  readonly durations: Readonly<Record<Measured, DurationsView>>;
  /** Bytes written for peers that the kernel has not taken yet. */
  readonly pendingBytes: { readonly openflow: number; readonly ovsdb: number };
  /** Tunnels by type and state, and by what BFD says of them. */
  readonly tunnels: readonly { readonly type: string; readonly state: string; readonly count: number }[];
  readonly bfd: Readonly<Record<BfdState, number>>;
}
