// Actions as values: those of OpenFlow 1.3 and those of Open vSwitch (Nicira) that this library knows.
import type { OxmTlv } from "./oxm.ts";
import type { OxmName } from "./oxm-fields.ts";

/** OpenFlow 1.3.5, section 7.2.5. */
export type StandardAction =
  | {
      readonly kind: "output";
      readonly port: number /** Bytes sent to the controller; 0 for other ports. */;
      readonly maxLen: number;
    }
  | { readonly kind: "copy_ttl_out" }
  | { readonly kind: "copy_ttl_in" }
  | { readonly kind: "set_mpls_ttl"; readonly ttl: number }
  | { readonly kind: "dec_mpls_ttl" }
  | { readonly kind: "push_vlan"; readonly etherType: number }
  | { readonly kind: "pop_vlan" }
  | { readonly kind: "push_mpls"; readonly etherType: number }
  | { readonly kind: "pop_mpls"; readonly etherType: number }
  | { readonly kind: "set_queue"; readonly queueId: number }
  | { readonly kind: "group"; readonly groupId: number }
  | { readonly kind: "set_nw_ttl"; readonly ttl: number }
  | { readonly kind: "dec_nw_ttl" }
  | { readonly kind: "set_field"; readonly field: OxmTlv }
  | { readonly kind: "push_pbb"; readonly etherType: number }
  | { readonly kind: "pop_pbb" };

/** `src[srcOfs .. srcOfs+nBits-1] -> dst[dstOfs ..]`. */
export interface NxRegMove {
  readonly kind: "nx_reg_move";
  readonly nBits: number;
  readonly srcOfs: number;
  readonly dstOfs: number;
  readonly src: OxmName;
  readonly dst: OxmName;
}

/** `value -> dst[ofs .. ofs+nBits-1]`. */
export interface NxRegLoad {
  readonly kind: "nx_reg_load";
  readonly ofs: number;
  readonly nBits: number;
  readonly dst: OxmName;
  readonly value: bigint;
}

/** Any bytes that a flow should carry. On the wire it is padded with zeros to 8k + 6 bytes, and so it reads back. */
export interface NxNote {
  readonly kind: "nx_note";
  readonly note: Uint8Array;
}

/** NXAST_CONTROLLER2: a packet-in with more to say, and with its own meter. Absent fields are not on the wire. */
export interface NxController2 {
  readonly kind: "nx_controller2";
  readonly maxLen?: number;
  readonly controllerId?: number;
  readonly reason?: number;
  readonly userdata?: Uint8Array;
  readonly pause?: boolean;
  readonly meterId?: number;
}

/** NXAST_CT and its nested actions. `zoneSrc` absent: `zone` is the zone itself, else a bit range of a field. */
export interface NxCt {
  readonly kind: "nx_ct";
  readonly flags: number;
  readonly zoneSrc?: OxmName;
  /** The zone, or with `zoneSrc` the wire's ofs_nbits. */
  readonly zone: number;
  readonly recircTable: number;
  readonly alg: number;
  readonly actions: readonly Action[];
}

/** NXAST_NAT, inside of nx_ct alone. Absent bounds are not on the wire. */
export interface NxNat {
  readonly kind: "nx_nat";
  /** NX_NAT bits: source, destination, persistent, hash, random. */
  readonly flags: number;
  readonly ipv4Min?: number;
  readonly ipv4Max?: number;
  readonly ipv6Min?: bigint;
  readonly ipv6Max?: bigint;
  readonly protoMin?: number;
  readonly protoMax?: number;
}

/** Open vSwitch's extensions (include/openvswitch/ofp-actions.h of 3.1). */
export type NiciraAction =
  | NxRegMove
  | NxRegLoad
  | NxNote
  | NxController2
  | NxCt
  | NxNat
  | { readonly kind: "nx_resubmit"; readonly inPort: number }
  | { readonly kind: "nx_resubmit_table"; readonly inPort: number; readonly table: number }
  | { readonly kind: "nx_resubmit_table_ct"; readonly inPort: number; readonly table: number }
  | { readonly kind: "nx_set_tunnel"; readonly tunnelId: number }
  | { readonly kind: "nx_set_tunnel64"; readonly tunnelId: bigint }
  | { readonly kind: "nx_set_queue"; readonly queueId: number }
  | { readonly kind: "nx_pop_queue" }
  | { readonly kind: "nx_controller"; readonly maxLen: number; readonly controllerId: number; readonly reason: number }
  | { readonly kind: "nx_dec_ttl" }
  | { readonly kind: "nx_dec_ttl_cnt_ids"; readonly ids: readonly number[] }
  | { readonly kind: "nx_exit" }
  | { readonly kind: "nx_fin_timeout"; readonly idleTimeoutSec: number; readonly hardTimeoutSec: number }
  | { readonly kind: "nx_conjunction"; readonly clause: number; readonly nClauses: number; readonly id: number }
  | {
      readonly kind: "nx_output_reg";
      readonly src: OxmName;
      readonly ofs: number;
      readonly nBits: number;
      readonly maxLen: number;
    }
  | { readonly kind: "nx_output_trunc"; readonly port: number; readonly maxLen: number }
  | { readonly kind: "nx_reg_load2"; readonly field: OxmTlv }
  | {
      readonly kind: "nx_stack_push" | "nx_stack_pop";
      readonly field: OxmName;
      readonly ofs: number;
      readonly nBits: number;
    }
  | { readonly kind: "nx_ct_clear" }
  /** Known by number alone: the body after the subtype, as it came. */
  | { readonly kind: "nx_learn"; readonly bytes: Uint8Array };

/** Kept as it came; `bytes` is everything after the experimenter id, padding included. */
export interface ExperimenterAction {
  readonly kind: "experimenter";
  readonly experimenter: number;
  readonly bytes: Uint8Array;
}

export type Action = StandardAction | NiciraAction | ExperimenterAction;
