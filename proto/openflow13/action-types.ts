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

/** Where a learned flow takes bits from: the packet at hand, or the action itself. */
export type NxLearnSource =
  | { readonly kind: "field"; readonly field: OxmName; readonly ofs: number }
  | { readonly kind: "immediate"; readonly value: bigint };

/** What a learned flow does with the bits: matches them, loads them into a field, or outputs to that port. */
export type NxLearnTarget =
  | { readonly kind: "match" | "load"; readonly field: OxmName; readonly ofs: number }
  | { readonly kind: "output" };

/** flow_mod_spec. An immediate is never output. */
export interface NxLearnSpec {
  readonly nBits: number;
  readonly src: NxLearnSource;
  readonly dst: NxLearnTarget;
}

interface LearnedFlow {
  readonly idleTimeoutSec: number;
  readonly hardTimeoutSec: number;
  readonly finIdleTimeoutSec: number;
  readonly finHardTimeoutSec: number;
  readonly priority: number;
  readonly cookie: bigint;
  /** NX_LEARN_F bits: tell of its removal, delete it with the learning flow, write the result. */
  readonly flags: number;
  readonly tableId: number;
  readonly specs: readonly NxLearnSpec[];
}

/** NXAST_LEARN: adds a flow made from the packet. */
export interface NxLearn extends LearnedFlow {
  readonly kind: "nx_learn";
}

/** NXAST_LEARN2: the same with a limit, 0 for none, and a bit that tells if there was room. */
export interface NxLearn2 extends LearnedFlow {
  readonly kind: "nx_learn2";
  readonly limit: number;
  readonly resultOfs: number;
  /** Present just if `flags` has NX_LEARN_F_WRITE_RESULT. */
  readonly resultDst?: OxmName;
}

/** NXAST_MULTIPATH: a hash chooses a link, whose number goes to `dst[ofs .. ofs+nBits-1]`. */
export interface NxMultipath {
  readonly kind: "nx_multipath";
  /** NX_HASH_FIELDS. */
  readonly fields: number;
  readonly basis: number;
  /** NX_MP_ALG. */
  readonly algorithm: number;
  /** Number of links minus one. */
  readonly maxLink: number;
  readonly arg: number;
  readonly dst: OxmName;
  readonly ofs: number;
  readonly nBits: number;
}

interface BundleOfMembers {
  /** NX_BD_ALG. */
  readonly algorithm: number;
  readonly fields: number;
  readonly basis: number;
  /** The NXM header of what members are: NXM_OF_IN_PORT. */
  readonly memberType: number;
  readonly members: readonly number[];
}

/** NXAST_BUNDLE outputs to one of the members; NXAST_BUNDLE_LOAD writes its port to `dst[ofs .. ofs+nBits-1]`. */
export type NxBundle =
  | ({ readonly kind: "nx_bundle" } & BundleOfMembers)
  | ({
      readonly kind: "nx_bundle_load";
      readonly dst: OxmName;
      readonly ofs: number;
      readonly nBits: number;
    } & BundleOfMembers);

interface SampleOfPackets {
  readonly probability: number;
  readonly collectorSetId: number;
  readonly obsDomainId: number;
  readonly obsPointId: number;
}

/** NXAST_SAMPLE, and with a port SAMPLE2 and SAMPLE3 (whose direction is 0 for either, 1 for ingress, 2 for egress). */
export type NxSample =
  | ({ readonly kind: "nx_sample" } & SampleOfPackets)
  | ({
      readonly kind: "nx_sample2" | "nx_sample3";
      readonly samplingPort: number;
      readonly direction: number;
    } & SampleOfPackets);

/** NXAST_CLONE: the actions run on a copy of the packet and of its state. */
export interface NxClone {
  readonly kind: "nx_clone";
  readonly actions: readonly Action[];
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
  | NxLearn
  | NxLearn2
  | NxMultipath
  | NxBundle
  | NxSample
  | NxClone
  | { readonly kind: "nx_delete_field"; readonly field: OxmName }
  /** `dst[ofs]` becomes 1 if the packet is longer than `pktLen`. */
  | { readonly kind: "nx_check_pkt_larger"; readonly pktLen: number; readonly dst: OxmName; readonly ofs: number };

/** Kept as it came; `bytes` is everything after the experimenter id, padding included. */
export interface ExperimenterAction {
  readonly kind: "experimenter";
  readonly experimenter: number;
  readonly bytes: Uint8Array;
}

export type Action = StandardAction | NiciraAction | ExperimenterAction;
