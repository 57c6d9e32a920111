// Actions and instructions in ovs-ofctl's syntax: "set_field:0x5->tun_id,group:7,goto_table:10".
import { toHex } from "../../bytes/hex.ts";
import type { Action, NxController2, NxCt, NxSample } from "../action-types.ts";
import { OFPP } from "../constants.ts";
import type { Instruction } from "../instruction.ts";
import type { OxmTlv } from "../oxm.ts";
import { formatBits, formatFieldName, formatPort, formatPort16, formatValue, hex, hexPadded } from "./format-value.ts";
import { formatLearn } from "./learn.ts";
import { formatNat } from "./nat.ts";
import { formatBundle, formatMultipath } from "./paths.ts";

const REASONS = ["no_match", "action", "invalid_ttl"];
const IN_PORT_16 = 0xfff8;
const NO_TABLE = 0xff;
const NO_PORT_16 = 0xffff;
const WHOLE_PACKET = 0xffff;
const ALG_NAMES: Readonly<Record<number, string>> = { 21: "ftp", 69: "tftp" };

function formatOutput(port: number, maxLen: number): string {
  if (port === OFPP.CONTROLLER) return `CONTROLLER:${maxLen}`;
  const text = formatPort(port);
  return text === String(port) ? `output:${text}` : text;
}

function formatSetField(tlv: OxmTlv): string {
  if (tlv.field === "unknown") return `set_field:0x${toHex(tlv.bytes)}->oxm(${hex(tlv.oxmClass)},${tlv.fieldNumber})`;
  return `set_field:${formatValue(tlv)}->${formatFieldName(tlv.field)}`;
}

function formatResubmit(inPort: number, table: number, ct: boolean): string {
  if (table === NO_TABLE && !ct) return `resubmit:${formatPort16(inPort)}`;
  const parts = [
    inPort === IN_PORT_16 ? "" : formatPort16(inPort),
    table === NO_TABLE ? "" : String(table),
    ...(ct ? ["ct"] : []),
  ];
  return `resubmit(${parts.join(",")})`;
}

function formatController(action: Omit<NxController2, "kind">): string {
  const { maxLen = WHOLE_PACKET, controllerId = 0, reason = 1, userdata, pause, meterId } = action;
  const parts: string[] = [];
  if (reason !== 1) parts.push(`reason=${REASONS[reason] ?? reason}`);
  if (maxLen !== WHOLE_PACKET) parts.push(`max_len=${maxLen}`);
  if (controllerId !== 0) parts.push(`id=${controllerId}`);
  if (userdata !== undefined && userdata.length > 0) parts.push(`userdata=${toHex(userdata, ".")}`);
  if (pause === true) parts.push("pause");
  if (meterId !== undefined) parts.push(`meter_id=${meterId}`);
  const plain = reason === 1 && controllerId === 0 && userdata === undefined && pause !== true && meterId === undefined;
  return plain ? `CONTROLLER:${maxLen}` : `controller(${parts.join(",")})`;
}

function formatCt(action: NxCt): string {
  const parts: string[] = [];
  if ((action.flags & 1) !== 0) parts.push("commit");
  if ((action.flags & 2) !== 0) parts.push("force");
  if (action.recircTable !== NO_TABLE) parts.push(`table=${action.recircTable}`);
  if (action.zoneSrc !== undefined) {
    parts.push(`zone=${formatBits(action.zoneSrc, action.zone >>> 6, (action.zone & 0x3f) + 1)}`);
  } else if (action.zone !== 0) {
    parts.push(`zone=${action.zone}`);
  }
  const nat = action.actions.filter((nested) => nested.kind === "nx_nat");
  const exec = action.actions.filter((nested) => nested.kind !== "nx_nat");
  for (const nested of nat) parts.push(formatAction(nested));
  if (exec.length > 0) parts.push(`exec(${formatList(exec)})`);
  if (action.alg !== 0) parts.push(`alg=${ALG_NAMES[action.alg] ?? action.alg}`);
  return `ct(${parts.join(",")})`;
}

const DIRECTIONS = ["", ",ingress", ",egress"];

function formatSample(action: NxSample): string {
  const { probability, collectorSetId, obsDomainId, obsPointId } = action;
  const ids = `collector_set_id=${collectorSetId},obs_domain_id=${obsDomainId},obs_point_id=${obsPointId}`;
  const head = `probability=${probability},${ids}`;
  if (action.kind === "nx_sample") return `sample(${head})`;
  const port = action.samplingPort === NO_PORT_16 ? "" : `,sampling_port=${formatPort16(action.samplingPort)}`;
  return `sample(${head}${port}${DIRECTIONS[action.direction] ?? `,direction=${action.direction}`})`;
}

function formatAction(action: Action): string {
  switch (action.kind) {
    case "output":
      return formatOutput(action.port, action.maxLen);
    case "group":
      return `group:${action.groupId}`;
    case "set_field":
    case "nx_reg_load2":
      return formatSetField(action.field);
    case "push_vlan":
    case "push_mpls":
    case "pop_mpls":
    case "push_pbb":
      return `${action.kind}:${hexPadded(action.etherType, 4)}`;
    case "set_queue":
    case "nx_set_queue":
      return `set_queue:${action.queueId}`;
    case "set_nw_ttl":
      return `mod_nw_ttl:${action.ttl}`;
    case "set_mpls_ttl":
      return `set_mpls_ttl(${action.ttl})`;
    case "dec_nw_ttl":
    case "nx_dec_ttl":
      return "dec_ttl";
    case "nx_dec_ttl_cnt_ids":
      return `dec_ttl(${action.ids.join(",")})`;
    case "nx_reg_move": {
      const src = formatBits(action.src, action.srcOfs, action.nBits);
      return `move:${src}->${formatBits(action.dst, action.dstOfs, action.nBits)}`;
    }
    case "nx_reg_load":
      return `load:${hex(action.value)}->${formatBits(action.dst, action.ofs, action.nBits)}`;
    case "nx_note":
      return `note:${toHex(action.note, ".")}`;
    case "nx_resubmit":
      return formatResubmit(action.inPort, NO_TABLE, false);
    case "nx_resubmit_table":
    case "nx_resubmit_table_ct":
      return formatResubmit(action.inPort, action.table, action.kind === "nx_resubmit_table_ct");
    case "nx_set_tunnel":
      return `set_tunnel:${hex(action.tunnelId)}`;
    case "nx_set_tunnel64":
      return `set_tunnel64:${hex(action.tunnelId)}`;
    case "nx_controller":
    case "nx_controller2":
      return formatController(action);
    case "nx_conjunction":
      return `conjunction(${action.id},${action.clause + 1}/${action.nClauses})`;
    case "nx_output_reg":
      return `output:${formatBits(action.src, action.ofs, action.nBits)}`;
    case "nx_output_trunc":
      return `output(port=${formatPort16(action.port)},max_len=${action.maxLen})`;
    case "nx_stack_push":
    case "nx_stack_pop":
      return `${action.kind.slice(9)}:${formatBits(action.field, action.ofs, action.nBits)}`;
    case "nx_fin_timeout":
      return `fin_timeout(idle_timeout=${action.idleTimeoutSec},hard_timeout=${action.hardTimeoutSec})`;
    case "nx_ct":
      return formatCt(action);
    case "nx_learn":
    case "nx_learn2":
      return formatLearn(action);
    case "nx_multipath":
      return formatMultipath(action);
    case "nx_bundle":
    case "nx_bundle_load":
      return formatBundle(action);
    case "nx_sample":
    case "nx_sample2":
    case "nx_sample3":
      return formatSample(action);
    case "nx_clone":
      return `clone(${formatList(action.actions)})`;
    case "nx_check_pkt_larger":
      return `check_pkt_larger(${action.pktLen})->${formatBits(action.dst, action.ofs, 1)}`;
    case "nx_delete_field":
      return `delete_field:${formatFieldName(action.field)}`;
    case "nx_nat":
      return formatNat(action);
    case "experimenter":
      return `experimenter(${hex(action.experimenter)},0x${toHex(action.bytes)})`;
    case "nx_pop_queue":
    case "nx_exit":
    case "nx_ct_clear":
      return action.kind.slice(3);
    case "copy_ttl_out":
    case "copy_ttl_in":
    case "dec_mpls_ttl":
    case "pop_vlan":
    case "pop_pbb":
      return action.kind;
  }
}

function formatList(actions: readonly Action[]): string {
  return actions.map(formatAction).join(",");
}

/** "drop" for none. */
export function formatActions(actions: readonly Action[]): string {
  return actions.length === 0 ? "drop" : formatList(actions);
}

function formatInstruction(instruction: Instruction): string {
  switch (instruction.kind) {
    case "apply_actions":
      return formatList(instruction.actions);
    case "write_actions":
      return `write_actions(${formatActions(instruction.actions)})`;
    case "clear_actions":
      return "clear_actions";
    case "goto_table":
      return `goto_table:${instruction.tableId}`;
    case "meter":
      return `meter:${instruction.meterId}`;
    case "write_metadata": {
      const { metadata, mask } = instruction;
      return `write_metadata:${hex(metadata)}${mask === 0xffffffffffffffffn ? "" : `/${hex(mask)}`}`;
    }
    case "experimenter":
      return `experimenter(${hex(instruction.experimenter)},0x${toHex(instruction.bytes)})`;
  }
}

const ORDER: readonly Instruction["kind"][] = [
  "meter",
  "apply_actions",
  "clear_actions",
  "write_actions",
  "write_metadata",
  "goto_table",
  "experimenter",
];

/** In the order of execution, apply_actions without its name; "drop" if nothing is left. */
export function formatInstructions(instructions: readonly Instruction[]): string {
  const text = ORDER.flatMap((kind) => instructions.filter((instruction) => instruction.kind === kind))
    .map(formatInstruction)
    .filter((part) => part !== "")
    .join(",");
  return text === "" ? "drop" : text;
}
