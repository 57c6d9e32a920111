// Reads actions in ovs-ofctl's syntax: "set_field:0x5->tun_id,group:7,goto_table:10".
import { fromHex } from "../../bytes/hex.ts";
import type { Action, NxController2, NxCt } from "../action-types.ts";
import { OFPP } from "../constants.ts";
import type { Instruction } from "../instruction.ts";
import type { OxmValue } from "../oxm.ts";
import { type OxmField, oxmFieldByName } from "../oxm-fields.ts";
import { parseLearn } from "./learn.ts";
import { parseNat } from "./nat.ts";
import {
  fieldByText,
  parseBits,
  parseFieldValue,
  parseInteger,
  parsePort,
  parsePort16,
  parseSmall,
  portByName,
} from "./parse-value.ts";
import { parseBundle, parseMultipath } from "./paths.ts";
import { type Item, splitArrow, splitCall, splitItems, textError } from "./scan.ts";

const WHOLE_PACKET = 0xffff;
const IN_PORT_16 = 0xfff8;
const NO_TABLE = 0xff;
const NO_PORT_16 = 0xffff;
const REASONS = ["no_match", "action", "invalid_ttl"];
const ALGS: Readonly<Record<string, number>> = { ftp: 21, tftp: 69 };

/** "name=value" pairs; a bare word has an empty value. */
function pairs(item: Item | undefined): Map<string, Item> {
  const found = new Map<string, Item>();
  for (const part of item === undefined ? [] : splitItems(item.text, item.at)) {
    const { name, argument } = splitCall(part);
    found.set(name, argument ?? { text: "", at: part.at });
  }
  return found;
}

const SET_FIELD_NAMES: Readonly<Record<string, string>> = {
  icmp_type: "icmpv4_type",
  icmp_code: "icmpv4_code",
  nd_target: "ipv6_nd_target",
  nd_sll: "ipv6_nd_sll",
  nd_tll: "ipv6_nd_tll",
};

function setField(value: Item, field: OxmField): Action {
  const parsed = parseFieldValue(field, value);
  const convert = (v: bigint): number | bigint => (field.bytes > 4 ? v : Number(v));
  // A VLAN that is set is present; ovs-ofctl adds the bit as well.
  const raw = field.name === "vlan_vid" ? parsed.value | 0x1000n : parsed.value;
  if (parsed.mask === undefined) return { kind: "set_field", field: { field: field.name, value: convert(raw) } };
  // OpenFlow 1.3 has no masked set_field; Open vSwitch has this one.
  const masked: OxmValue = { field: field.name, value: convert(raw), mask: convert(parsed.mask) };
  return { kind: "nx_reg_load2", field: masked };
}

function setFieldByName(value: Item, nameItem: Item): Action {
  const name = nameItem.text.toLowerCase();
  const field = oxmFieldByName(SET_FIELD_NAMES[name] ?? "") ?? fieldByText(name);
  if (field === undefined) throw textError(`no field is named "${nameItem.text}"`, nameItem.at);
  return setField(value, field);
}

function parseOutput(argument: Item): Action {
  const { text, at } = argument;
  if (text.includes("[")) {
    const { field, ofs, nBits } = parseBits(argument);
    return { kind: "nx_output_reg", src: field.name, ofs, nBits, maxLen: WHOLE_PACKET };
  }
  if (text.includes("=")) {
    const values = pairs(argument);
    const port = values.get("port");
    const maxLen = values.get("max_len");
    if (port === undefined || maxLen === undefined) throw textError("output(port=N,max_len=N)", at);
    return { kind: "nx_output_trunc", port: parsePort16(port), maxLen: parseSmall(maxLen, 32) };
  }
  const port = parsePort(argument);
  return { kind: "output", port, maxLen: port === OFPP.CONTROLLER ? WHOLE_PACKET : 0 };
}

function parseReason(item: Item): number {
  const named = REASONS.indexOf(item.text);
  return named >= 0 ? named : parseSmall(item, 8);
}

function parseController(argument: Item | undefined): Action {
  if (argument === undefined) return { kind: "output", port: OFPP.CONTROLLER, maxLen: WHOLE_PACKET };
  if (/^\d+$/.test(argument.text)) {
    return { kind: "output", port: OFPP.CONTROLLER, maxLen: parseSmall(argument, 16) };
  }
  const action: { -readonly [K in keyof NxController2]: NxController2[K] } = { kind: "nx_controller2" };
  for (const [name, value] of pairs(argument)) {
    if (name === "max_len") action.maxLen = parseSmall(value, 16);
    else if (name === "id") action.controllerId = parseSmall(value, 16);
    else if (name === "reason") action.reason = parseReason(value);
    else if (name === "userdata") action.userdata = fromHex(value.text);
    else if (name === "pause") action.pause = true;
    else if (name === "meter_id") action.meterId = parseSmall(value, 32);
    else throw textError(`controller has no "${name}"`, value.at);
  }
  const { maxLen = WHOLE_PACKET, controllerId = 0, reason = 1 } = action;
  const plain = action.userdata === undefined && action.pause === undefined && action.meterId === undefined;
  return plain ? { kind: "nx_controller", maxLen, controllerId, reason } : action;
}

function parseResubmit(item: Item, argument: Item): Action {
  if (!item.text.includes("(")) return { kind: "nx_resubmit", inPort: parsePort16(argument) };
  const parts = argument.text.split(",").map((text) => text.trim());
  const [portText = "", tableText = "", ct] = parts;
  const inPort = portText === "" ? IN_PORT_16 : parsePort16({ text: portText, at: argument.at });
  const table = tableText === "" ? NO_TABLE : parseSmall({ text: tableText, at: argument.at }, 8);
  if (ct === "ct") return { kind: "nx_resubmit_table_ct", inPort, table };
  return tableText === "" ? { kind: "nx_resubmit", inPort } : { kind: "nx_resubmit_table", inPort, table };
}

function parseCt(argument: Item | undefined): Action {
  const action: { -readonly [K in keyof NxCt]: NxCt[K] } = {
    ...{ kind: "nx_ct", flags: 0, zone: 0, recircTable: NO_TABLE, alg: 0 },
    actions: [],
  };
  for (const [name, value] of pairs(argument)) {
    if (name === "commit") action.flags |= 1;
    else if (name === "force") action.flags |= 2;
    else if (name === "table") action.recircTable = parseSmall(value, 8);
    else if (name === "alg") action.alg = ALGS[value.text] ?? parseSmall(value, 16);
    else if (name === "exec")
      action.actions = [...action.actions, ...parseActionItems(splitItems(value.text, value.at))];
    else if (name === "nat") action.actions = [parseNat(value), ...action.actions];
    else if (name === "zone" && /^(0x|\d)/.test(value.text)) action.zone = parseSmall(value, 16);
    else if (name === "zone") {
      const { field, ofs, nBits } = parseBits(value);
      action.zoneSrc = field.name;
      action.zone = (ofs << 6) | (nBits - 1);
    } else throw textError(`ct's "${name}" cannot be read yet`, value.at);
  }
  return action;
}

function parseConjunction(argument: Item): Action {
  const found = /^(\w+)\s*,\s*(\d+)\/(\d+)$/.exec(argument.text);
  if (found === null) throw textError("conjunction(ID,K/N)", argument.at);
  const [, id = "", k, n] = found;
  return {
    kind: "nx_conjunction",
    id: parseSmall({ text: id, at: argument.at }, 32),
    clause: Number(k) - 1,
    nClauses: Number(n),
  };
}

function parseSample(argument: Item): Action {
  const values = pairs(argument);
  const number = (name: string, bits: number): number => {
    const value = values.get(name);
    return value === undefined ? 0 : parseSmall(value, bits);
  };
  const common = {
    probability: number("probability", 16),
    collectorSetId: number("collector_set_id", 32),
    obsDomainId: number("obs_domain_id", 32),
    obsPointId: number("obs_point_id", 32),
  };
  if (common.probability === 0) throw textError("sample needs a probability above 0", argument.at);
  const port = values.get("sampling_port");
  const samplingPort = port === undefined ? NO_PORT_16 : parsePort16(port);
  const direction = values.has("ingress") ? 1 : values.has("egress") ? 2 : 0;
  if (direction !== 0) return { kind: "nx_sample3", ...common, samplingPort, direction };
  return samplingPort === NO_PORT_16
    ? { kind: "nx_sample", ...common }
    : { kind: "nx_sample2", ...common, samplingPort, direction };
}

/** The one action with something behind its parenthesis. */
function isCheckPktLarger(item: Item): boolean {
  return /^check_pkt_larger\(/i.test(item.text);
}

/** "check_pkt_larger(1500)->NXM_NX_REG0[3]". */
function parseCheckPktLarger(item: Item): Action {
  const [call, target] = splitArrow(item);
  const { argument } = splitCall(call);
  if (argument === undefined) throw textError("check_pkt_larger(LENGTH)->FIELD[BIT]", item.at);
  const { field, ofs, nBits } = parseBits(target);
  if (nBits !== 1) throw textError("the result of check_pkt_larger is one bit", target.at);
  return { kind: "nx_check_pkt_larger", pktLen: parseSmall(argument, 16), dst: field.name, ofs };
}

function parseFinTimeout(argument: Item): Action {
  const values = pairs(argument);
  const seconds = (name: string): number => {
    const value = values.get(name);
    return value === undefined ? 0 : parseSmall(value, 16);
  };
  return {
    kind: "nx_fin_timeout",
    idleTimeoutSec: seconds("idle_timeout"),
    hardTimeoutSec: seconds("hard_timeout"),
  };
}

/** Actions without an argument. */
const BARE: Readonly<Record<string, Action>> = {
  pop_vlan: { kind: "pop_vlan" },
  strip_vlan: { kind: "pop_vlan" },
  pop_pbb: { kind: "pop_pbb" },
  dec_mpls_ttl: { kind: "dec_mpls_ttl" },
  copy_ttl_in: { kind: "copy_ttl_in" },
  copy_ttl_out: { kind: "copy_ttl_out" },
  pop_queue: { kind: "nx_pop_queue" },
  exit: { kind: "nx_exit" },
  ct_clear: { kind: "nx_ct_clear" },
  dec_ttl: { kind: "dec_nw_ttl" },
};

const MODIFIED: Readonly<Record<string, string>> = {
  mod_dl_src: "eth_src",
  mod_dl_dst: "eth_dst",
  mod_nw_src: "ip_src",
  mod_nw_dst: "ip_dst",
  mod_vlan_vid: "vlan_vid",
  mod_vlan_pcp: "vlan_pcp",
  mod_nw_ecn: "nw_ecn",
};

function parseWithArgument(name: string, item: Item, argument: Item): Action {
  switch (name) {
    case "output":
      return parseOutput(argument);
    case "group":
      return { kind: "group", groupId: parseSmall(argument, 32) };
    case "set_field": {
      const [value, field] = splitArrow(argument);
      return setFieldByName(value, field);
    }
    case "load": {
      const [value, target] = splitArrow(argument);
      const { field, ofs, nBits } = parseBits(target);
      return { kind: "nx_reg_load", ofs, nBits, dst: field.name, value: parseInteger(value, Math.min(nBits, 64)) };
    }
    case "move": {
      const [from, to] = splitArrow(argument);
      const src = parseBits(from);
      const dst = parseBits(to);
      if (src.nBits !== dst.nBits)
        throw textError(`"${argument.text}": ${src.nBits} bits do not fit ${dst.nBits}`, item.at);
      const fields = { src: src.field.name, dst: dst.field.name };
      return { kind: "nx_reg_move", nBits: src.nBits, srcOfs: src.ofs, dstOfs: dst.ofs, ...fields };
    }
    case "push_vlan":
    case "push_mpls":
    case "pop_mpls":
    case "push_pbb":
      return { kind: name, etherType: parseSmall(argument, 16) };
    case "set_queue":
      return { kind: "set_queue", queueId: parseSmall(argument, 32) };
    case "dec_ttl": {
      const ids = splitItems(argument.text, argument.at).map((id) => parseSmall(id, 16));
      return { kind: "nx_dec_ttl_cnt_ids", ids };
    }
    case "mod_nw_ttl":
      return { kind: "set_nw_ttl", ttl: parseSmall(argument, 8) };
    case "set_mpls_ttl":
      return { kind: "set_mpls_ttl", ttl: parseSmall(argument, 8) };
    case "set_tunnel":
    case "set_tunnel64": {
      const tunnelId = parseInteger(argument, 64);
      if (name === "set_tunnel64" || tunnelId > 0xffffffffn) return { kind: "nx_set_tunnel64", tunnelId };
      return { kind: "nx_set_tunnel", tunnelId: Number(tunnelId) };
    }
    case "resubmit":
      return parseResubmit(item, argument);
    case "note":
      return { kind: "nx_note", note: fromHex(argument.text) };
    case "conjunction":
      return parseConjunction(argument);
    case "fin_timeout":
      return parseFinTimeout(argument);
    case "multipath":
      return parseMultipath(argument);
    case "bundle":
    case "bundle_load":
      return parseBundle(`nx_${name}`, argument);
    case "sample":
      return parseSample(argument);
    case "clone":
      return { kind: "nx_clone", actions: parseActionItems(splitItems(argument.text, argument.at)) };
    case "delete_field":
      return { kind: "nx_delete_field", field: parseBits(argument).field.name };
    case "push":
    case "pop": {
      const { field, ofs, nBits } = parseBits(argument);
      return { kind: name === "push" ? "nx_stack_push" : "nx_stack_pop", field: field.name, ofs, nBits };
    }
  }
  const target = Object.hasOwn(MODIFIED, name) ? MODIFIED[name] : undefined;
  if (target !== undefined) return setFieldByName(argument, { text: target, at: item.at });
  throw textError(`no action is named "${name}", or it cannot be read yet`, item.at);
}

function parseAction(item: Item): Action {
  if (isCheckPktLarger(item)) return parseCheckPktLarger(item);
  const { name, argument } = splitCall(item);
  if (name === "controller") return parseController(argument);
  if (name === "learn") return parseLearn(argument);
  if (name === "ct") return parseCt(argument);
  if (argument !== undefined) return parseWithArgument(name, item, argument);
  const bare = Object.hasOwn(BARE, name) ? BARE[name] : undefined;
  if (bare !== undefined) return bare;
  if (portByName(name) !== undefined || /^\d+$/.test(name)) return parseOutput(item);
  throw textError(`no action is named "${name}", or it needs an argument`, item.at);
}

function parseActionItems(items: readonly Item[]): Action[] {
  const [only] = items;
  if (items.length === 1 && only?.text.toLowerCase() === "drop") return [];
  return items.map(parseAction);
}

/** Actions alone, as in a group's bucket. Throws WeftError `text/invalid`. */
export function parseActions(text: string, base = 0): readonly Action[] {
  return parseActionItems(splitItems(text, base));
}

function parseInstruction(item: Item): Instruction | undefined {
  if (isCheckPktLarger(item)) return undefined;
  const { name, argument } = splitCall(item);
  if (name === "clear_actions") return { kind: "clear_actions" };
  if (argument === undefined) return undefined;
  switch (name) {
    case "goto_table":
      return { kind: "goto_table", tableId: parseSmall(argument, 8) };
    case "meter":
      return { kind: "meter", meterId: parseSmall(argument, 32) };
    case "write_actions":
      return { kind: "write_actions", actions: parseActions(argument.text, argument.at) };
    case "write_metadata": {
      const [value = "", mask] = argument.text.split("/", 2);
      const metadata = parseInteger({ text: value, at: argument.at }, 64);
      const bits = mask === undefined ? 0xffffffffffffffffn : parseInteger({ text: mask, at: argument.at }, 64);
      return { kind: "write_metadata", metadata, mask: bits };
    }
    default:
      return undefined;
  }
}

/** What stands behind "actions=": plain actions become one apply_actions. */
export function parseInstructions(text: string, base = 0): readonly Instruction[] {
  const instructions: Instruction[] = [];
  const plain: Item[] = [];
  for (const item of splitItems(text, base)) {
    const instruction = parseInstruction(item);
    if (instruction === undefined) plain.push(item);
    else instructions.push(instruction);
  }
  const actions = parseActionItems(plain);
  const at = instructions.findIndex((instruction) => instruction.kind !== "meter");
  const apply: Instruction[] = actions.length === 0 ? [] : [{ kind: "apply_actions", actions }];
  const before = at < 0 ? instructions : instructions.slice(0, at);
  return [...before, ...apply, ...(at < 0 ? [] : instructions.slice(at))];
}
