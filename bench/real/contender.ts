// What stands beside Weft on the same hosts: it makes a mesh of them, and knows where each endpoint is.
import type { Lab } from "../../src/lab/index.ts";
import type { FlowMark } from "./flow-monitors.ts";

export interface Contender {
  /** Of all that controls; the hosts' own Open vSwitch aside. */
  readonly pids: readonly number[];
  /** Tells all hosts at once that they belong together. */
  join(): Promise<void>;
  /** What has to be known of endpoints before their ports come. */
  declare(numbers: readonly number[]): Promise<void>;
  /** What the Interface row of an endpoint's port says, as ovs-vsctl writes it. */
  columns(number: number): readonly string[];
  /** How its flows to endpoints are known; by their destination unless given. */
  readonly mark?: FlowMark;
  stop(): Promise<void>;
}

export interface ContenderKind {
  /** Why it can't run here; null where it can. */
  lacks(): string | null;
  start(lab: Lab): Promise<Contender>;
}

/** The bridge of all of them. */
export const BRIDGE = "br-int";
