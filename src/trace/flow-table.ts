// The tables of a switch, indexed as a tuple space: the flows of one priority that match the same bits share one map.
import type { Instruction, Match } from "../../proto/openflow13/index.ts";
import { type Field, fieldOf } from "./fields.ts";
import type { Packet } from "./packet.ts";
import { unsupported } from "./trace-error.ts";

export interface TraceFlow {
  readonly tableId: number;
  readonly priority: number;
  readonly match: Match;
  readonly instructions: readonly Instruction[];
  readonly cookie?: bigint;
}

interface Part {
  readonly field: Field;
  readonly mask: bigint;
}

interface Tuple {
  readonly priority: number;
  readonly parts: readonly Part[];
  readonly flows: Map<string, TraceFlow>;
}

/** By table id; within a table by falling priority. */
export type FlowTables = ReadonlyMap<number, readonly Tuple[]>;

interface Term extends Part {
  readonly value: bigint;
}

function termsOf(match: Match): readonly Term[] {
  const terms = match.map((tlv): Term => {
    if (tlv.field === "unknown") throw unsupported("a match field that has no name", { fieldNumber: tlv.fieldNumber });
    const field = fieldOf(tlv.field);
    const mask = tlv.mask === undefined ? (1n << BigInt(field.bits)) - 1n : BigInt(tlv.mask);
    return { field, mask, value: BigInt(tlv.value) & mask };
  });
  return terms.sort((a, b) => (a.field.name < b.field.name ? -1 : a.field.name > b.field.name ? 1 : 0));
}

/** @throws TraceError for a match the model does not know, or two flows that are one to a switch. */
export function flowTables(flows: Iterable<TraceFlow>): FlowTables {
  const tables = new Map<number, Map<string, Tuple>>();
  for (const flow of flows) {
    const terms = termsOf(flow.match);
    const table = tables.get(flow.tableId) ?? new Map<string, Tuple>();
    tables.set(flow.tableId, table);
    const shape = `${flow.priority} ${terms.map((term) => `${term.field.name}/${term.mask}`).join(" ")}`;
    const tuple = table.get(shape) ?? { priority: flow.priority, parts: terms, flows: new Map<string, TraceFlow>() };
    table.set(shape, tuple);
    const key = terms.map((term) => term.value).join(" ");
    if (tuple.flows.has(key)) {
      throw unsupported("two flows of one table, priority and match", {
        tableId: flow.tableId,
        priority: flow.priority,
      });
    }
    tuple.flows.set(key, flow);
  }
  return new Map([...tables].map(([id, table]) => [id, [...table.values()].sort((a, b) => b.priority - a.priority)]));
}

export interface Lookup {
  /** null is a table miss. */
  readonly flow: TraceFlow | null;
  /** Flows of the same priority that match too: which one a switch takes is left open by OpenFlow. */
  readonly rivals: readonly TraceFlow[];
}

const NO_RIVALS: readonly TraceFlow[] = Object.freeze([]);

export function lookUp(tables: FlowTables, tableId: number, packet: Packet): Lookup {
  let flow: TraceFlow | null = null;
  let rivals: TraceFlow[] | undefined;
  for (const tuple of tables.get(tableId) ?? []) {
    if (flow !== null && tuple.priority < flow.priority) break;
    const found = tuple.flows.get(keyOf(tuple.parts, packet));
    if (found === undefined) continue;
    if (flow === null) flow = found;
    else {
      rivals ??= [];
      rivals.push(found);
    }
  }
  return { flow, rivals: rivals ?? NO_RIVALS };
}

function keyOf(parts: readonly Part[], packet: Packet): string {
  let key = "";
  for (const { field, mask } of parts) {
    const value = field.get(packet) & mask;
    key = key === "" ? value.toString() : `${key} ${value}`;
  }
  return key;
}
