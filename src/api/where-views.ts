// Where a station is and was, as the api shows it.
import type { EventView } from "./event-views.ts";

/** A place of a MAC. */
export interface PlaceView {
  readonly mac: string;
  readonly ips: readonly string[];
  readonly network: string;
  readonly host: string;
  /** null while only other hosts' flows tell of it. */
  readonly port: string | null;
  /** What says so: `declared` (a port's row, or endpoints.static) or `observed` (a frame); null where only the journal tells. */
  readonly origin: "declared" | "observed" | null;
  /** What declares it, such as `attached-mac`; null where nothing does. */
  readonly declaredBy: string | null;
  readonly owner: string | null;
  /** ISO 8601; null where it has been there for longer than the journal goes back. */
  readonly since: string | null;
  /** How the port is: `up`, `down`, `error`, `blocked`; null where it is not known. */
  readonly portState: string | null;
}

/** That somebody else uses its MAC or an address of it, or that it moves too often. */
export interface DisputeView {
  readonly code: string;
  /** Names all places. */
  readonly message: string;
  readonly remedy: string;
  /** ISO 8601: when the second place was seen; null where the journal does not tell. */
  readonly since: string | null;
}

export interface WhereView {
  /** What was asked for. */
  readonly subject: string;
  /** ISO 8601; null for now. */
  readonly at: string | null;
  /** Nowhere: empty. */
  readonly places: readonly PlaceView[];
  /** What is disputed now; left out where nothing is, and of another moment. */
  readonly disputes?: readonly DisputeView[];
  /** What the journal tells of it, the oldest first. */
  readonly history: readonly EventView[];
}
