// The flow tables of a simulated switch: what is installed, found by the frame, changed as OpenFlow 1.3 says, and undone where a bundle fails.
import {
  type Action,
  canonicalMatch,
  type FlowFilter,
  type FlowMod,
  type Instruction,
  type Match,
  OFPFF,
  OFPG,
  OFPP,
  OFPTT,
  type OxmName,
  oxmFieldByName,
} from "../../../proto/openflow13/index.ts";
import { type Field, fieldOf } from "./fields.ts";
import type { Packet } from "./packet.ts";
import { SwitchRefusal } from "./switch-error.ts";

export interface Flow {
  readonly tableId: number;
  readonly priority: number;
  readonly match: Match;
  readonly cookie: bigint;
  readonly idleTimeoutSec: number;
  readonly hardTimeoutSec: number;
  readonly flags: number;
  readonly instructions: readonly Instruction[];
  readonly addedMs: number;
  usedMs: number;
  packets: bigint;
  bytes: bigint;
}

/** Before and after, of one flow. */
export interface FlowEdit {
  readonly before: Flow | undefined;
  readonly after: Flow | undefined;
  /** OFPRR of a flow that is gone. */
  readonly reason: number;
}

interface Term {
  readonly field: Field;
  readonly mask: bigint;
}

/** Flows that match by the same fields and masks: one lookup for all of them. */
interface Shape {
  readonly terms: readonly Term[];
  readonly flows: Map<string, Flow[]>;
  priority: number;
}

interface Placed {
  readonly flow: Flow;
  readonly shape: Shape;
  readonly valueKey: string;
}

const keyOf = ({ tableId, priority, match }: Pick<Flow, "tableId" | "priority" | "match">): string =>
  `${tableId} ${priority} ${canonicalMatch(match)}`;

function termOf(name: OxmName, mask: number | bigint | undefined): { readonly term: Term; readonly key: string } {
  const field = fieldOf(name);
  const oxm = oxmFieldByName(name);
  if (field === undefined || oxm === undefined) throw new SwitchRefusal("OFPBMC_BAD_FIELD");
  const ones = (1n << BigInt(oxm.bits)) - 1n;
  const wanted = mask === undefined ? ones : BigInt(mask) & ones;
  return { term: { field, mask: wanted }, key: `${oxm.ovsName}/${wanted.toString(36)}` };
}

class Table {
  readonly #shapes = new Map<string, Shape>();
  #sorted: readonly Shape[] | null = null;

  add(flow: Flow): { readonly shape: Shape; readonly valueKey: string } {
    const parts = flow.match.map((tlv) => {
      if (tlv.field === "unknown") throw new SwitchRefusal("OFPBMC_BAD_FIELD");
      return { ...termOf(tlv.field, tlv.mask), value: BigInt(tlv.value) };
    });
    parts.sort((a, b) => (a.key < b.key ? -1 : 1));
    const shapeKey = parts.map(({ key }) => key).join(",");
    let shape = this.#shapes.get(shapeKey);
    if (shape === undefined) {
      shape = { terms: parts.map(({ term }) => term), flows: new Map(), priority: flow.priority };
      this.#shapes.set(shapeKey, shape);
      this.#sorted = null;
    }
    if (flow.priority > shape.priority) {
      shape.priority = flow.priority;
      this.#sorted = null;
    }
    const valueKey = parts.map(({ term, value }) => (value & term.mask).toString(36)).join(" ");
    const there = shape.flows.get(valueKey) ?? [];
    shape.flows.set(
      valueKey,
      [...there, flow].sort((a, b) => b.priority - a.priority),
    );
    return { shape, valueKey };
  }

  remove({ flow, shape, valueKey }: Placed): void {
    const rest = (shape.flows.get(valueKey) ?? []).filter((other) => other !== flow);
    if (rest.length > 0) shape.flows.set(valueKey, rest);
    else shape.flows.delete(valueKey);
    if (shape.flows.size > 0) return;
    for (const [key, other] of this.#shapes) if (other === shape) this.#shapes.delete(key);
    this.#sorted = null;
  }

  find(packet: Packet): Flow | undefined {
    this.#sorted ??= [...this.#shapes.values()].sort((a, b) => b.priority - a.priority);
    let best: Flow | undefined;
    for (const { terms, flows, priority } of this.#sorted) {
      if (best !== undefined && best.priority >= priority) break;
      const key = terms.map(({ field, mask }) => (field.read(packet) & mask).toString(36)).join(" ");
      const found = flows.get(key)?.[0];
      if (found !== undefined && (best === undefined || found.priority > best.priority)) best = found;
    }
    return best;
  }
}

export function* actionsOf(instructions: readonly Instruction[]): Generator<Action> {
  for (const one of instructions) if (one.kind === "apply_actions" || one.kind === "write_actions") yield* one.actions;
}

function outputs({ instructions }: Flow, outPort: number, outGroup: number): boolean {
  if (outPort === OFPP.ANY && outGroup === OFPG.ANY) return true;
  for (const action of actionsOf(instructions)) {
    if (action.kind === "output" && action.port === outPort) return true;
    if (action.kind === "group" && action.groupId === outGroup) return true;
  }
  return false;
}

/** Whether each thing that `wide` asks for is asked for by `narrow` too (section 6.4, non-strict). */
function covers(wide: Match, narrow: Match): boolean {
  const held = new Map(narrow.map((tlv) => [tlv.field === "unknown" ? "" : oxmFieldByName(tlv.field)?.ovsName, tlv]));
  return wide.every((tlv) => {
    if (tlv.field === "unknown") return false;
    const other = held.get(oxmFieldByName(tlv.field)?.ovsName);
    if (other === undefined || other.field === "unknown") return false;
    const ones = (1n << BigInt(oxmFieldByName(tlv.field)?.bits ?? 0)) - 1n;
    const mask = BigInt(tlv.mask ?? ones);
    const otherMask = BigInt(other.mask ?? ones);
    return (mask & otherMask) === mask && ((BigInt(tlv.value) ^ BigInt(other.value)) & mask) === 0n;
  });
}

export class FlowTables {
  readonly #tables = new Map<number, Table>();
  readonly #placed = new Map<string, Placed>();
  #timed = 0;

  get size(): number {
    return this.#placed.size;
  }

  *all(): Generator<Flow> {
    for (const { flow } of this.#placed.values()) yield flow;
  }

  find(tableId: number, packet: Packet): Flow | undefined {
    return this.#tables.get(tableId)?.find(packet);
  }

  *matching(filter: FlowFilter): Generator<Flow> {
    for (const { flow } of this.#placed.values()) {
      if (filter.tableId !== OFPTT.ALL && flow.tableId !== filter.tableId) continue;
      if ((flow.cookie & filter.cookieMask) !== (filter.cookie & filter.cookieMask)) continue;
      if (outputs(flow, filter.outPort, filter.outGroup) && covers(filter.match, flow.match)) yield flow;
    }
  }

  /** @throws SwitchRefusal; then nothing is changed */
  apply(mod: FlowMod, nowMs: number): readonly FlowEdit[] {
    switch (mod.command) {
      case "add":
        return [this.#put(this.#made(mod, nowMs))];
      case "modify_strict":
      case "modify":
        return this.#meant(mod).map((flow) => this.#put({ ...flow, instructions: mod.instructions }));
      default:
        return this.#meant(mod)
          .filter((flow) => outputs(flow, mod.outPort, mod.outGroup))
          .map((flow) => this.remove(flow, 2));
    }
  }

  remove(flow: Flow, reason: number): FlowEdit {
    const key = keyOf(flow);
    const placed = this.#placed.get(key);
    if (placed !== undefined) this.#tables.get(flow.tableId)?.remove(placed);
    this.#placed.delete(key);
    this.#timed -= isTimed(flow) ? 1 : 0;
    return { before: flow, after: undefined, reason };
  }

  /** As it was before; edits in the reverse of their order. */
  undo(edits: readonly FlowEdit[]): void {
    for (const { before, after } of [...edits].reverse()) {
      if (after !== undefined) this.remove(after, 0);
      if (before !== undefined) this.#put(before);
    }
  }

  clear(): void {
    this.#tables.clear();
    this.#placed.clear();
    this.#timed = 0;
  }

  /** Flows whose time is over are removed. */
  expire(nowMs: number): readonly FlowEdit[] {
    if (this.#timed === 0) return [];
    const edits: FlowEdit[] = [];
    for (const { flow } of [...this.#placed.values()]) {
      if (flow.hardTimeoutSec > 0 && nowMs - flow.addedMs >= flow.hardTimeoutSec * 1000)
        edits.push(this.remove(flow, 1));
      else if (flow.idleTimeoutSec > 0 && nowMs - flow.usedMs >= flow.idleTimeoutSec * 1000)
        edits.push(this.remove(flow, 0));
    }
    return edits;
  }

  #made(mod: FlowMod, nowMs: number): Flow {
    const { tableId, priority, match, cookie, idleTimeoutSec, hardTimeoutSec, flags, instructions } = mod;
    if (tableId > OFPTT.MAX) throw new SwitchRefusal("OFPFMFC_BAD_TABLE_ID");
    const given = { tableId, priority, match, cookie, idleTimeoutSec, hardTimeoutSec, instructions };
    return {
      ...given,
      flags: flags & ~OFPFF.RESET_COUNTS,
      addedMs: nowMs,
      usedMs: nowMs,
      packets: 0n,
      bytes: 0n,
    };
  }

  #meant(mod: FlowMod): readonly Flow[] {
    const ofCookie = (flow: Flow): boolean => (flow.cookie & mod.cookieMask) === (mod.cookie & mod.cookieMask);
    if (mod.command.endsWith("_strict")) {
      const flow = this.#placed.get(keyOf(mod))?.flow;
      return flow !== undefined && ofCookie(flow) ? [flow] : [];
    }
    const { tableId, match, cookie, cookieMask } = mod;
    return [...this.matching({ tableId, match, cookie, cookieMask, outPort: OFPP.ANY, outGroup: OFPG.ANY })];
  }

  #put(flow: Flow): FlowEdit {
    const key = keyOf(flow);
    const held = this.#placed.get(key);
    let table = this.#tables.get(flow.tableId);
    if (table === undefined) {
      table = new Table();
      this.#tables.set(flow.tableId, table);
    }
    const place = table.add(flow);
    if (held !== undefined) this.remove(held.flow, 0);
    this.#placed.set(key, { flow, ...place });
    this.#timed += isTimed(flow) ? 1 : 0;
    return { before: held?.flow, after: flow, reason: 0 };
  }
}

function isTimed({ idleTimeoutSec, hardTimeoutSec }: Flow): boolean {
  return idleTimeoutSec > 0 || hardTimeoutSec > 0;
}
