// Group buckets (OpenFlow 1.3.5, section 7.3.4.2), the same in group-mods and in group descriptions.
import type { Action } from "./action-types.ts";

export interface Bucket {
  /** Share among the buckets of a select group; 0 elsewhere. */
  readonly weight: number;
  /** The port whose liveness decides (fast failover); OFPP.ANY for none. */
  readonly watchPort: number;
  /** The group whose liveness decides; OFPG.ANY for none. */
  readonly watchGroup: number;
  readonly actions: readonly Action[];
}

export type GroupType = "all" | "select" | "indirect" | "ff";
