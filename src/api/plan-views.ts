// What weft plan and weft apply show: what another configuration would change, and what it has.

export interface PlanCountView {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

export interface PlanChangeView {
  readonly what: "row" | "flow" | "group" | "meter";
  readonly deed: "add" | "change" | "remove";
  /** In the words of ovs-ofctl where it is no row. */
  readonly text: string;
}

export interface HostPlanView {
  readonly host: string;
  readonly rows: PlanCountView;
  readonly flows: PlanCountView;
  readonly groups: PlanCountView;
  readonly meters: PlanCountView;
  /** One by one, up to a bound. */
  readonly changes: readonly PlanChangeView[];
  /** How many more there are. */
  readonly omitted: number;
}

export interface PlanView {
  /** Keys that differ and would be in force at once, such as `networks.blue`. */
  readonly applied: readonly string[];
  /** Keys that differ and would wait for a restart: they have no part in what follows. */
  readonly needsRestart: readonly string[];
  /** In words: which traffic would be touched, and how. */
  readonly touches: readonly string[];
  /** Hosts at which something would change. */
  readonly hosts: readonly HostPlanView[];
}

export interface ApplyView {
  readonly plan: PlanView;
  /** The controller's own configuration file, which now says the same. */
  readonly file: string;
  /** Where what it said before is kept; null where it said the same before. */
  readonly backup: string | null;
}
