// One text for all forms of the same match, actions or group, so that what is wanted can be compared with what a switch
// reads back: Open vSwitch returns fields in its own order, without all-ones masks, and some actions in another form.
import { toHex } from "../bytes/hex.ts";
import type { Action } from "./action-types.ts";
import type { Bucket, GroupType } from "./bucket.ts";
import { OFPP } from "./constants.ts";
import type { Instruction } from "./instruction.ts";
import type { MeterBand } from "./meter-band.ts";
import type { Match, OxmTlv, OxmValue } from "./oxm.ts";
import { OXM_CLASS, OXM_FIELDS, type OxmField, type OxmName, oxmFieldByName } from "./oxm-fields.ts";

/** Fields with two numbers (NXM and OXM) for one thing: the switch answers with the OXM one. */
const SAME_AS = new Map<OxmName, OxmName>();
for (const field of OXM_FIELDS) {
  if (field.oxmClass === OXM_CLASS.OPENFLOW_BASIC) continue;
  const twin = OXM_FIELDS.find(
    (other) =>
      other.oxmClass !== OXM_CLASS.NXM_0 &&
      other.oxmClass !== OXM_CLASS.NXM_1 &&
      other.ovsName === field.ovsName &&
      other.bits === field.bits &&
      other.prerequisite === field.prerequisite,
  );
  if (twin !== undefined && twin !== field) SAME_AS.set(field.name, twin.name);
}

function canonicalName(name: OxmName): OxmName {
  return SAME_AS.get(name) ?? name;
}

const ONES: readonly bigint[] = Array.from({ length: 993 }, (_, bits) => (1n << BigInt(bits)) - 1n);

function allOnes(bits: number): bigint {
  return ONES[bits] as bigint;
}

/** Undefined for a TLV that restricts nothing. */
function canonicalTlv(tlv: OxmTlv): string | undefined {
  if (tlv.field === "unknown") {
    const owner = tlv.experimenter === undefined ? "" : `:${tlv.experimenter.toString(16)}`;
    return `oxm:${tlv.oxmClass.toString(16)}:${tlv.fieldNumber}${owner}${tlv.hasMask ? "/m" : ""}=${toHex(tlv.bytes)}`;
  }
  const name = canonicalName(tlv.field);
  if (tlv.mask === undefined) return `${name}=${tlv.value.toString(16)}`;
  const field = oxmFieldByName(tlv.field) as OxmField;
  if (typeof tlv.mask === "number" && typeof tlv.value === "number") {
    const ones = field.bits === 32 ? 0xffffffff : (1 << field.bits) - 1;
    const mask = (tlv.mask & ones) >>> 0;
    if (mask === 0) return undefined;
    if (mask === ones) return `${name}=${tlv.value.toString(16)}`;
    return `${name}=${((tlv.value & mask) >>> 0).toString(16)}/${mask.toString(16)}`;
  }
  const ones = allOnes(tlv.length === undefined ? field.bits : tlv.length * 8);
  const mask = BigInt(tlv.mask) & ones;
  if (mask === 0n) return undefined;
  if (mask === ones) return `${name}=${tlv.value.toString(16)}`;
  return `${name}=${(BigInt(tlv.value) & mask).toString(16)}/${mask.toString(16)}`;
}

const OVERLAPPING = /^(pkt_reg|nx_xxreg)(\d)$/;

/** The 32-bit registers that xreg and xxreg are made of: as such a switch reads them back. */
const REGISTERS_OF = new Map<OxmName, readonly OxmName[]>();
for (const field of OXM_FIELDS) {
  const found = OVERLAPPING.exec(field.name);
  if (found === null) continue;
  const count = field.bytes / 4;
  const first = Number(found[2]) * count;
  REGISTERS_OF.set(
    field.name,
    Array.from({ length: count }, (_, i) => `nx_reg${first + i}` as OxmName),
  );
}

function pushRegisters(parts: string[], tlv: OxmValue, registers: readonly OxmName[]): void {
  for (let i = 0; i < registers.length; i++) {
    const shift = BigInt((registers.length - 1 - i) * 32);
    const word = (whole: number | bigint): number => Number((BigInt(whole) >> shift) & 0xffffffffn);
    const field = registers[i] as OxmName;
    const value = word(tlv.value);
    const part = canonicalTlv(tlv.mask === undefined ? { field, value } : { field, value, mask: word(tlv.mask) });
    if (part !== undefined) parts.push(part);
  }
}

/** Sorted by field; all-ones masks and fully wildcarded fields dropped; values in hexadecimal. */
export function canonicalMatch(match: Match): string {
  const parts: string[] = [];
  for (const tlv of match) {
    const registers = tlv.field === "unknown" ? undefined : REGISTERS_OF.get(tlv.field);
    if (tlv.field !== "unknown" && registers !== undefined) {
      pushRegisters(parts, tlv, registers);
      continue;
    }
    const part = canonicalTlv(tlv);
    if (part !== undefined) parts.push(part);
  }
  return parts.sort().join(",");
}

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
    case "nx_nat":
      return `${action.kind}:${toHex(trimZeros(action.bytes))}`;
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

/** In the order of execution (section 5.9), whatever the order on the wire. */
const INSTRUCTION_ORDER: readonly Instruction["kind"][] = [
  "meter",
  "apply_actions",
  "clear_actions",
  "write_actions",
  "write_metadata",
  "goto_table",
  "experimenter",
];

function canonicalInstruction(instruction: Instruction): string {
  switch (instruction.kind) {
    case "apply_actions":
    case "write_actions":
      return `${instruction.kind}(${canonicalActions(instruction.actions)})`;
    case "goto_table":
      return `goto_table:${instruction.tableId}`;
    case "write_metadata": {
      const { metadata, mask } = instruction;
      return `write_metadata:${(metadata & mask).toString(16)}/${mask.toString(16)}`;
    }
    case "meter":
      return `meter:${instruction.meterId}`;
    case "clear_actions":
      return "clear_actions";
    case "experimenter":
      return `experimenter:${instruction.experimenter.toString(16)}:${toHex(instruction.bytes)}`;
  }
}

/** Sorted by order of execution; an empty apply_actions does nothing and is dropped. */
export function canonicalInstructions(instructions: readonly Instruction[]): string {
  return instructions
    .filter((instruction) => instruction.kind !== "apply_actions" || instruction.actions.length > 0)
    .map((instruction) => [INSTRUCTION_ORDER.indexOf(instruction.kind), canonicalInstruction(instruction)] as const)
    .sort((a, b) => a[0] - b[0])
    .map((pair) => pair[1])
    .join(";");
}

/** Buckets in their order: in a fast-failover group it is their rank. */
export function canonicalGroup(type: GroupType, buckets: readonly Bucket[]): string {
  const parts = buckets.map((bucket) => {
    const weight = type === "select" ? `weight=${bucket.weight},` : "";
    const watch = `watch_port=${bucket.watchPort},watch_group=${bucket.watchGroup}`;
    return `bucket(${weight}${watch},actions=${canonicalActions(bucket.actions)})`;
  });
  return `${type}:${parts.join("")}`;
}

export function canonicalMeter(flags: number, bands: readonly MeterBand[]): string {
  const parts = bands.map((band) => {
    const common = `${band.kind}:${band.rate},${band.burstSize}`;
    if (band.kind === "drop") return common;
    if (band.kind === "dscp_remark") return `${common},${band.precLevel}`;
    return `${common},${band.experimenter.toString(16)}:${toHex(band.bytes)}`;
  });
  return `flags=${flags}:${parts.join(";")}`;
}

interface FlowLike {
  readonly tableId: number;
  readonly priority: number;
  readonly match: Match;
  readonly instructions: readonly Instruction[];
  readonly cookie: bigint;
  readonly idleTimeoutSec: number;
  readonly hardTimeoutSec: number;
  readonly flags: number;
}

/** What makes two flows the same entry of a table: an add with an equal key replaces. */
export function canonicalFlowKey(flow: Pick<FlowLike, "tableId" | "priority" | "match">): string {
  return `table=${flow.tableId},priority=${flow.priority},${canonicalMatch(flow.match)}`;
}

/** Everything of a flow that a controller decides. Counters and durations are not part of it. */
export function canonicalFlow(flow: FlowLike): string {
  const timeouts = `idle=${flow.idleTimeoutSec},hard=${flow.hardTimeoutSec}`;
  const rest = `cookie=${flow.cookie.toString(16)},${timeouts},flags=${flow.flags}`;
  return `${canonicalFlowKey(flow)} ${rest} ${canonicalInstructions(flow.instructions)}`;
}
