// One text for all forms of the same actions: Open vSwitch reads some back in another form than they were written in.
import { toHex } from "../bytes/hex.ts";
import type { Action, NxLearn, NxLearn2, NxLearnSpec } from "./action-types.ts";
import { allOnes, canonicalName, canonicalTlv } from "./canonical-match.ts";
import { OFPP } from "./constants.ts";
import type { OxmTlv } from "./oxm.ts";
import { type OxmField, type OxmName, oxmFieldByName } from "./oxm-fields.ts";

/** `field[mask] = value`, however it was said: set_field, reg_load and reg_load2 are one action to Open vSwitch. */
function canonicalSet(name: OxmName, value: bigint, mask: bigint): string {
  const bits = (oxmFieldByName(name) as OxmField).bits;
  const full = (mask & allOnes(bits)) === allOnes(bits);
  const text = (full ? value : value & mask).toString(16);
  return full ? `set:${canonicalName(name)}=${text}` : `set:${canonicalName(name)}=${text}/${mask.toString(16)}`;
}

function canonicalSetTlv(tlv: OxmTlv): string {
  if (tlv.field === "unknown") return `set:${canonicalTlv(tlv) ?? ""}`;
  const bits = (oxmFieldByName(tlv.field) as OxmField).bits;
  return canonicalSet(tlv.field, BigInt(tlv.value), tlv.mask === undefined ? allOnes(bits) : BigInt(tlv.mask));
}

function trimZeros(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}

const NO_METER = 0xffffffff;
const NO_PORT_16 = 0xffff;

interface ControllerFields {
  readonly maxLen?: number;
  readonly controllerId?: number;
  readonly reason?: number;
  readonly userdata?: Uint8Array;
  readonly pause?: boolean;
  readonly meterId?: number;
}

function canonicalController(a: ControllerFields): string {
  const userdata = a.userdata === undefined || a.userdata.length === 0 ? "" : `,userdata=${toHex(a.userdata)}`;
  const meter = a.meterId === undefined || a.meterId === NO_METER ? "" : `,meter=${a.meterId}`;
  const pause = a.pause === true ? ",pause" : "";
  return `controller:${a.maxLen ?? 0xffff},id=${a.controllerId ?? 0},reason=${a.reason ?? 1}${userdata}${pause}${meter}`;
}

function bitRange(name: OxmName, ofs: number, nBits: number): string {
  return `${canonicalName(name)}[${ofs}+${nBits}]`;
}

function canonicalLearnSpec({ nBits, src, dst }: NxLearnSpec): string {
  const from = src.kind === "field" ? bitRange(src.field, src.ofs, nBits) : src.value.toString(16);
  return dst.kind === "output" ? `output=${from}` : `${dst.kind} ${bitRange(dst.field, dst.ofs, nBits)}=${from}`;
}

/** Without a limit and a result, learn2 is learn. */
function canonicalLearn(a: NxLearn | NxLearn2): string {
  const timeouts = [a.idleTimeoutSec, a.hardTimeoutSec, a.finIdleTimeoutSec, a.finHardTimeoutSec].join(",");
  const limit = a.kind === "nx_learn2" && a.limit !== 0 ? `,limit=${a.limit}` : "";
  const result =
    a.kind === "nx_learn2" && a.resultDst !== undefined ? `,result=${bitRange(a.resultDst, a.resultOfs, 1)}` : "";
  const flow = `${a.tableId},${a.priority},${a.cookie.toString(16)},${a.flags},${timeouts}${limit}${result}`;
  return `learn:${flow}(${a.specs.map(canonicalLearnSpec).join(",")})`;
}

function canonicalAction(action: Action): string {
  switch (action.kind) {
    case "output":
      // max_len means something for the controller alone; elsewhere it reads back as 0.
      return action.port === OFPP.CONTROLLER ? `output:controller:${action.maxLen}` : `output:${action.port}`;
    case "group":
      return `group:${action.groupId}`;
    case "set_field":
    case "nx_reg_load2":
      return canonicalSetTlv(action.field);
    case "nx_reg_load":
      return canonicalSet(action.dst, action.value << BigInt(action.ofs), allOnes(action.nBits) << BigInt(action.ofs));
    case "nx_set_tunnel":
    case "nx_set_tunnel64":
      return canonicalSet("tunnel_id", BigInt(action.tunnelId), allOnes(64));
    case "nx_reg_move": {
      const src = bitRange(action.src, action.srcOfs, action.nBits);
      return `move:${src}->${bitRange(action.dst, action.dstOfs, action.nBits)}`;
    }
    case "nx_note":
      return `note:${toHex(trimZeros(action.note))}`;
    case "nx_controller":
    case "nx_controller2":
      return canonicalController(action);
    case "nx_resubmit":
      return `resubmit:${action.inPort},255`;
    case "nx_resubmit_table":
    case "nx_resubmit_table_ct":
      return `resubmit${action.kind === "nx_resubmit_table" ? "" : "_ct"}:${action.inPort},${action.table}`;
    case "nx_set_queue":
    case "set_queue":
      return `set_queue:${action.queueId}`;
    case "nx_dec_ttl":
    case "dec_nw_ttl":
      return "dec_ttl";
    case "nx_dec_ttl_cnt_ids":
      return action.ids.length === 1 && action.ids[0] === 0 ? "dec_ttl" : `dec_ttl:${action.ids.join(",")}`;
    case "nx_ct": {
      const zone = action.zoneSrc === undefined ? `${action.zone}` : `${canonicalName(action.zoneSrc)}:${action.zone}`;
      const nested = canonicalActions(action.actions);
      return `ct:${action.flags},zone=${zone},table=${action.recircTable},alg=${action.alg}(${nested})`;
    }
    case "nx_conjunction":
      return `conjunction:${action.id},${action.clause}/${action.nClauses}`;
    case "nx_output_reg":
      return `output_reg:${bitRange(action.src, action.ofs, action.nBits)}`;
    case "nx_output_trunc":
      return `output_trunc:${action.port},${action.maxLen}`;
    case "nx_stack_push":
    case "nx_stack_pop":
      return `${action.kind}:${bitRange(action.field, action.ofs, action.nBits)}`;
    case "nx_fin_timeout":
      return `fin_timeout:${action.idleTimeoutSec},${action.hardTimeoutSec}`;
    case "push_vlan":
    case "push_mpls":
    case "pop_mpls":
    case "push_pbb":
      return `${action.kind}:${action.etherType.toString(16)}`;
    case "set_nw_ttl":
    case "set_mpls_ttl":
      return `${action.kind}:${action.ttl}`;
    case "nx_learn":
    case "nx_learn2":
      return canonicalLearn(action);
    case "nx_multipath": {
      const { fields, basis, algorithm, maxLink, arg } = action;
      const numbers = [fields, basis, algorithm, maxLink, arg].join(",");
      return `multipath:${numbers}->${bitRange(action.dst, action.ofs, action.nBits)}`;
    }
    case "nx_bundle":
    case "nx_bundle_load": {
      const { fields, basis, algorithm, memberType, members } = action;
      const target = action.kind === "nx_bundle" ? "" : `->${bitRange(action.dst, action.ofs, action.nBits)}`;
      return `bundle:${[fields, basis, algorithm, memberType, ...members].join(",")}${target}`;
    }
    case "nx_sample":
    case "nx_sample2":
    case "nx_sample3": {
      const { probability, collectorSetId, obsDomainId, obsPointId } = action;
      const [port, way] = action.kind === "nx_sample" ? [NO_PORT_16, 0] : [action.samplingPort, action.direction];
      return `sample:${[probability, collectorSetId, obsDomainId, obsPointId, port, way].join(",")}`;
    }
    case "nx_clone":
      return `clone(${canonicalActions(action.actions)})`;
    case "nx_check_pkt_larger":
      return `check_pkt_larger:${action.pktLen}->${bitRange(action.dst, action.ofs, 1)}`;
    case "nx_delete_field":
      return `delete_field:${canonicalName(action.field)}`;
    case "nx_nat": {
      const { ipv4Min, ipv4Max, ipv6Min, ipv6Max, protoMin, protoMax } = action;
      return `nat:${action.flags},${[ipv4Min, ipv4Max, ipv6Min, ipv6Max, protoMin, protoMax].join(",")}`;
    }
    case "experimenter":
      return `experimenter:${action.experimenter.toString(16)}:${toHex(trimZeros(action.bytes))}`;
    case "copy_ttl_out":
    case "copy_ttl_in":
    case "dec_mpls_ttl":
    case "pop_vlan":
    case "pop_pbb":
    case "nx_pop_queue":
    case "nx_exit":
    case "nx_ct_clear":
      return action.kind;
  }
}

/** In the order given: the order of actions has a meaning. */
export function canonicalActions(actions: readonly Action[]): string {
  let out = "";
  for (let i = 0; i < actions.length; i++) out += (i === 0 ? "" : ",") + canonicalAction(actions[i] as Action);
  return out;
}
