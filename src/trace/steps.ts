// What a frame meets in one switch, step by step: the vocabulary of a trace.
import type { Action, GroupType } from "../../proto/openflow13/index.ts";
import type { TraceFlow } from "./flow-table.ts";
import type { Frame } from "./frame.ts";

/** Out of a port, as the frame is then. */
export interface PortOutput {
  readonly kind: "output";
  readonly port: number;
  readonly frame: Frame;
  /** The key, should the port be a tunnel. */
  readonly tunnelId: bigint;
  /** The address, should the port be a tunnel that leads where the frame says; null where it says nothing. */
  readonly tunnelTarget: string | null;
}

/** A copy to the controller, with what a packet-in says of it. */
export interface ControllerOutput {
  readonly kind: "controller";
  /** OFPR_: 1 action, 3 action set, 4 group; or what the flow says. */
  readonly reason: number;
  readonly frame: Frame;
  readonly inPort: number;
  readonly tunnelId: bigint;
  readonly metadata: bigint;
  readonly tableId: number;
  readonly cookie: bigint;
  readonly maxLen: number;
  readonly controllerId?: number;
  readonly meterId?: number;
  readonly userdata?: Uint8Array;
}

export type DropReason =
  /** The table has no flow for it. */
  | "no-flow"
  /** The flow says nothing: drop. */
  | "no-action"
  /** Output to the port it came from. */
  | "ingress-port"
  /** Output to a port that the switch does not have. */
  | "no-port"
  | "no-group"
  | "no-live-bucket"
  | "ttl-expired"
  /** Open vSwitch gave up, and drops then. */
  | "too-deep"
  | "too-many-lookups";

export type Step =
  | {
      readonly kind: "table";
      readonly tableId: number;
      readonly flow: TraceFlow | null;
      /** See `Lookup.rivals`. */
      readonly rivals: readonly TraceFlow[];
    }
  | { readonly kind: "metadata"; readonly value: bigint }
  | { readonly kind: "rewrite"; readonly action: Action; readonly changed: boolean }
  | {
      readonly kind: "group";
      readonly groupId: number;
      readonly type: GroupType;
      /** How many buckets the group has. */
      readonly of: number;
      /** Those taken. */
      readonly buckets: readonly { readonly index: number; readonly steps: readonly Step[] }[];
    }
  | { readonly kind: "resubmit"; readonly tableId: number; readonly steps: readonly Step[] }
  | { readonly kind: "action_set"; readonly steps: readonly Step[] }
  | PortOutput
  | ControllerOutput
  | { readonly kind: "drop"; readonly reason: DropReason; readonly port?: number; readonly groupId?: number };
