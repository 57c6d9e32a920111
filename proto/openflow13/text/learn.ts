// learn(...) in ovs-ofctl's syntax: "learn(table=5,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[])".
import type { NxLearn, NxLearn2, NxLearnSource, NxLearnSpec } from "../action-types.ts";
import { NX_LEARN_F } from "../nicira/learn.ts";
import { OXM_CLASS, OXM_FIELDS, type OxmField, oxmFieldByName } from "../oxm-fields.ts";
import { fieldOf, formatBits, formatFieldName, formatValue, hex } from "./format-value.ts";
import { type BitRange, fieldByText, parseBits, parseFieldValue, parseInteger, parseSmall } from "./parse-value.ts";
import { type Item, splitArrow, splitCall, splitItems, textError } from "./scan.ts";

const DEFAULT_PRIORITY = 0x8000;

const NUMBERS = [
  ["idle_timeout", "idleTimeoutSec", 16],
  ["hard_timeout", "hardTimeoutSec", 16],
  ["fin_idle_timeout", "finIdleTimeoutSec", 16],
  ["fin_hard_timeout", "finHardTimeoutSec", 16],
] as const;

function formatSpec({ nBits, src, dst }: NxLearnSpec): string {
  const from = src.kind === "field" ? formatBits(src.field, src.ofs, nBits) : hex(src.value);
  if (dst.kind === "output") return `output:${from}`;
  const to = formatBits(dst.field, dst.ofs, nBits);
  if (dst.kind === "load") return `load:${from}->${to}`;
  if (src.kind === "field") return from === to ? to : `${to}=${from}`;
  if (dst.ofs !== 0 || nBits !== fieldOf(dst.field).bits) return `${to}=${from}`;
  const name = dst.field === "in_port" ? "in_port_oxm" : formatFieldName(dst.field);
  return `${name}=${formatValue({ field: dst.field, value: src.value })}`;
}

export function formatLearn(action: NxLearn | NxLearn2): string {
  const parts = [`table=${action.tableId}`];
  for (const [name, key] of NUMBERS) if (action[key] !== 0) parts.push(`${name}=${action[key]}`);
  if (action.priority !== DEFAULT_PRIORITY) parts.push(`priority=${action.priority}`);
  if ((action.flags & NX_LEARN_F.SEND_FLOW_REM) !== 0) parts.push("send_flow_rem");
  if ((action.flags & NX_LEARN_F.DELETE_LEARNED) !== 0) parts.push("delete_learned");
  if (action.cookie !== 0n) parts.push(`cookie=${hex(action.cookie)}`);
  if (action.kind === "nx_learn2") {
    if (action.limit !== 0) parts.push(`limit=${action.limit}`);
    if (action.resultDst !== undefined) parts.push(`result_dst=${formatBits(action.resultDst, action.resultOfs, 1)}`);
  }
  return `learn(${[...parts, ...action.specs.map(formatSpec)].join(",")})`;
}

type Writable = { -readonly [K in keyof NxLearn2]: NxLearn2[K] };

/** Learning names fields by their NXM numbers, where they have one. */
const NXM_TWINS = new Map<OxmField, OxmField>();
for (const field of OXM_FIELDS) {
  const twin = OXM_FIELDS.find(
    (other) =>
      (other.oxmClass === OXM_CLASS.NXM_0 || other.oxmClass === OXM_CLASS.NXM_1) &&
      other.ovsName === field.ovsName &&
      other.prerequisite === field.prerequisite,
  );
  if (twin !== undefined) NXM_TWINS.set(field, twin);
}

const OXM_PORT = oxmFieldByName("in_port");

function fieldByLearnName(name: string): OxmField | undefined {
  if (name === "in_port_oxm") return OXM_PORT;
  const field = fieldByText(name.startsWith("icmp_") ? name.replace("icmp_", "icmpv4_") : name);
  return field === undefined ? undefined : (NXM_TWINS.get(field) ?? field);
}

function bitsOf(item: Item): BitRange {
  const bits = parseBits(item);
  const twin = NXM_TWINS.get(bits.field);
  return twin === undefined || twin.bits !== bits.field.bits ? bits : { ...bits, field: twin };
}

function partOf({ field, ofs }: BitRange): { readonly field: OxmField["name"]; readonly ofs: number } {
  return { field: field.name, ofs };
}

function sameWidth(a: BitRange, b: BitRange, item: Item): void {
  if (a.nBits !== b.nBits) throw textError(`"${item.text}": ${a.nBits} bits do not fit ${b.nBits}`, item.at);
}

function exactValue(field: OxmField, item: Item): NxLearnSource {
  const { value, mask } = parseFieldValue(field, item);
  if (mask !== undefined) throw textError(`learn matches whole values, not "${item.text}"`, item.at);
  return { kind: "immediate", value };
}

function parseMatchSpec(item: Item, name: string, argument: Item | undefined): NxLearnSpec {
  const whole = fieldByLearnName(name);
  if (whole !== undefined && argument !== undefined) {
    const dst = { kind: "match", field: whole.name, ofs: 0 } as const;
    return { nBits: whole.bits, src: exactValue(whole, argument), dst };
  }
  const target = bitsOf({ text: name, at: item.at });
  const { nBits } = target;
  const dst = { kind: "match", ...partOf(target) } as const;
  if (argument === undefined) return { nBits, src: { kind: "field", ...partOf(target) }, dst };
  if (argument.text.includes("[")) {
    const source = bitsOf(argument);
    sameWidth(source, target, item);
    return { nBits, src: { kind: "field", ...partOf(source) }, dst };
  }
  const full = nBits === target.field.bits;
  const src = full ? exactValue(target.field, argument) : immediate(argument, nBits);
  return { nBits, src, dst };
}

function immediate(item: Item, nBits: number): NxLearnSource {
  return { kind: "immediate", value: parseInteger(item, nBits) };
}

function parseLoadSpec(argument: Item): NxLearnSpec {
  const [from, to] = splitArrow(argument);
  const target = bitsOf(to);
  const dst = { kind: "load", ...partOf(target) } as const;
  if (!from.text.includes("[")) return { nBits: target.nBits, src: immediate(from, target.nBits), dst };
  const source = bitsOf(from);
  sameWidth(source, target, argument);
  return { nBits: target.nBits, src: { kind: "field", ...partOf(source) }, dst };
}

function parseSpec(item: Item, name: string, argument: Item | undefined): NxLearnSpec {
  if (argument !== undefined && name === "load") return parseLoadSpec(argument);
  if (argument !== undefined && name === "output") {
    const source = bitsOf(argument);
    return { nBits: source.nBits, src: { kind: "field", ...partOf(source) }, dst: { kind: "output" } };
  }
  return parseMatchSpec(item, name, argument);
}

function parseResult(argument: Item, action: Writable): void {
  const { field, ofs, nBits } = bitsOf(argument);
  if (nBits !== 1) throw textError("the result is one bit", argument.at);
  action.flags |= NX_LEARN_F.WRITE_RESULT;
  action.resultDst = field.name;
  action.resultOfs = ofs;
}

function takeAttribute(name: string, argument: Item | undefined, action: Writable): boolean {
  if (name === "send_flow_rem") action.flags |= NX_LEARN_F.SEND_FLOW_REM;
  else if (name === "delete_learned") action.flags |= NX_LEARN_F.DELETE_LEARNED;
  else if (argument === undefined) return false;
  else if (name === "table") action.tableId = parseSmall(argument, 8);
  else if (name === "priority") action.priority = parseSmall(argument, 16);
  else if (name === "cookie") action.cookie = parseInteger(argument, 64);
  else if (name === "limit") action.limit = parseSmall(argument, 32);
  else if (name === "result_dst") parseResult(argument, action);
  else {
    const number = NUMBERS.find(([text]) => text === name);
    if (number !== undefined) action[number[1]] = parseSmall(argument, number[2]);
    return number !== undefined;
  }
  return true;
}

/** What stands inside of learn(...). */
export function parseLearn(argument: Item | undefined): NxLearn | NxLearn2 {
  const action: Writable = {
    ...{ kind: "nx_learn2", idleTimeoutSec: 0, hardTimeoutSec: 0, finIdleTimeoutSec: 0, finHardTimeoutSec: 0 },
    ...{ priority: DEFAULT_PRIORITY, cookie: 0n, flags: 0, tableId: 1, limit: 0, resultOfs: 0, specs: [] },
  };
  const specs: NxLearnSpec[] = [];
  for (const item of argument === undefined ? [] : splitItems(argument.text, argument.at)) {
    const call = splitCall(item);
    if (!takeAttribute(call.name, call.argument, action)) specs.push(parseSpec(item, call.name, call.argument));
  }
  const { kind: _kind, limit, resultOfs, resultDst, specs: _specs, ...common } = action;
  if (limit === 0 && resultDst === undefined) return { kind: "nx_learn", ...common, specs };
  return { kind: "nx_learn2", ...common, limit, resultOfs, ...(resultDst === undefined ? {} : { resultDst }), specs };
}
