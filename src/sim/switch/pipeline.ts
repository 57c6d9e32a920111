// A packet through the tables of a simulated switch (OpenFlow 1.3.5, section 5): what goes out of which port, and what goes to the controller.
import { type Action, type Instruction, OFPP } from "../../../proto/openflow13/index.ts";
import { fieldOf, readBits, writeBits } from "./fields.ts";
import type { Flow, FlowTables } from "./flow-tables.ts";
import type { Groups } from "./groups.ts";
import type { Meters } from "./meters.ts";
import type { Packet } from "./packet.ts";

/** What a packet-in says beside the packet. */
export interface Punt {
  readonly reason: number;
  readonly tableId: number;
  readonly cookie: bigint;
  readonly controllerId: number;
  readonly maxLen: number;
  readonly userdata: Uint8Array | undefined;
}

/** Where a packet leaves the switch. */
export interface Exits {
  /** The caller keeps the packet. */
  output(port: number, packet: Packet): void;
  punt(packet: Packet, punt: Punt): void;
}

interface Tables {
  readonly flows: FlowTables;
  readonly groups: Groups;
  readonly meters: Meters;
  readonly nowMs: () => number;
}

const MAX_DEPTH = 64;
const MAX_LOOKUPS = MAX_DEPTH * MAX_DEPTH;
const WHOLE = 0xffff;
/** Why a packet-in is sent (OpenFlow 1.5.1, section 7.4.1, which has more of them than 1.3). */
const REASON = { action: 1, invalidTtl: 2, actionSet: 3, group: 4 } as const;

/** Of an action set, in the order Open vSwitch runs one: the last of each of these, then writes as they came, then one exit. */
const SLOTS: readonly Action["kind"][] = ["pop_vlan", "push_vlan", "dec_nw_ttl"];
const WRITES: readonly Action["kind"][] = ["set_field", "nx_reg_load", "nx_reg_move"];
/** The latest of the kind that stands furthest right; without any, nothing of the set is run. */
const ENDS: readonly Action["kind"][] = ["nx_resubmit", "nx_resubmit_table", "output", "group"];

function asSet(actions: readonly Action[]): readonly Action[] {
  const first = SLOTS.flatMap((kind) => actions.findLast((action) => action.kind === kind) ?? []);
  const last = ENDS.map((kind) => actions.findLast((action) => action.kind === kind)).findLast(
    (end) => end !== undefined,
  );
  return last === undefined ? [] : [...first, ...actions.filter(({ kind }) => WRITES.includes(kind)), last];
}

/** The switch gives up on a packet, and lets nothing of it out. */
class TooDeep extends Error {}

/** Where a list of actions stands. */
interface Context {
  readonly packet: Packet;
  readonly tableId: number;
  readonly cookie: bigint;
  readonly depth: number;
  /** For a copy to the controller by `output`. */
  readonly reason: number;
}

class Run {
  readonly #tables: Tables;
  readonly #exits: Exits;
  #effects: (() => void)[] = [];
  #set: Action[] = [];
  #lookups = 0;

  constructor(tables: Tables, exits: Exits) {
    this.#tables = tables;
    this.#exits = exits;
  }

  /** Runs it all, and lets out what it has led to; a packet that went in circles leads to nothing. */
  whole(packet: Packet, first: (run: Run) => bigint): void {
    try {
      const cookie = first(this);
      this.actions(asSet(this.#set), { packet, tableId: 0, cookie, depth: 0, reason: REASON.actionSet });
    } catch (error) {
      if (!(error instanceof TooDeep)) throw error;
      return;
    }
    for (const effect of this.#effects) effect();
  }

  /** From a table on; gives the cookie of the first flow that was met. Only the first lookup is for `lookupPort`. */
  table(packet: Packet, first: number, depth: number, lookupPort = packet.inPort): bigint {
    let next: number | undefined = first;
    let cookie: bigint | undefined;
    let port = lookupPort;
    while (next !== undefined) {
      this.#lookups += 1;
      if (this.#lookups > MAX_LOOKUPS) throw new TooDeep();
      const flow = this.#find(next, packet, port);
      cookie ??= flow?.cookie ?? 0n;
      if (flow === undefined) break;
      flow.packets += 1n;
      flow.bytes += BigInt(packet.bytes.length);
      flow.usedMs = this.#tables.nowMs();
      const context = { packet, tableId: next, cookie: flow.cookie, depth, reason: REASON.action };
      next = this.#instructions(flow.instructions, context);
      port = packet.inPort;
    }
    return cookie ?? 0n;
  }

  #find(tableId: number, packet: Packet, port: number): Flow | undefined {
    const held = packet.inPort;
    packet.inPort = port;
    const flow = this.#tables.flows.find(tableId, packet);
    packet.inPort = held;
    return flow;
  }

  /** In the order of OpenFlow 1.3.5, section 5.9; gives the table to go to. */
  #instructions(instructions: readonly Instruction[], context: Context): number | undefined {
    const of = <K extends Instruction["kind"]>(kind: K) =>
      instructions.find((one): one is Extract<Instruction, { kind: K }> => one.kind === kind);
    const meter = of("meter");
    if (meter !== undefined && !this.#tables.meters.passes(meter.meterId, this.#tables.nowMs())) return undefined;
    if (!this.actions(of("apply_actions")?.actions ?? [], context)) return undefined;
    if (of("clear_actions") !== undefined) this.#set = [];
    this.#set.push(...(of("write_actions")?.actions ?? []));
    const metadata = of("write_metadata");
    if (metadata !== undefined) {
      const { packet } = context;
      packet.metadata = (packet.metadata & ~metadata.mask) | (metadata.metadata & metadata.mask);
    }
    return of("goto_table")?.tableId;
  }

  /** false where the list ended early: what would have come after it does not either. */
  actions(actions: readonly Action[], context: Context): boolean {
    return actions.every((action) => this.#action(action, context));
  }

  #action(action: Action, context: Context): boolean {
    const { packet } = context;
    switch (action.kind) {
      case "output":
        this.#output(action.port, action.maxLen, context);
        return true;
      case "group":
        return this.#group(action.groupId, context);
      case "nx_resubmit_table":
        this.#resubmit(action.table === 0xff ? context.tableId : action.table, action.inPort, context);
        return true;
      case "nx_resubmit":
        this.#resubmit(context.tableId, action.inPort, context);
        return true;
      case "nx_controller2":
        if (action.meterId === undefined || this.#tables.meters.passes(action.meterId, this.#tables.nowMs())) {
          const { reason = REASON.action, maxLen = WHOLE, controllerId = 0, userdata } = action;
          this.#punt({ ...context, reason }, { maxLen, controllerId, userdata });
        }
        return true;
      case "nx_controller":
        this.#punt({ ...context, reason: action.reason }, { ...action, userdata: undefined });
        return true;
      case "dec_nw_ttl":
        if (decrementTtl(packet)) return true;
        this.#punt({ ...context, reason: REASON.invalidTtl }, { maxLen: WHOLE, controllerId: 0, userdata: undefined });
        return false;
      default:
        rewrite(action, packet);
        return true;
    }
  }

  /** A subroutine: what it does to the packet stays, and the list goes on. */
  #resubmit(table: number, inPort: number, { packet, depth }: Context): void {
    if (depth >= MAX_DEPTH) throw new TooDeep();
    // The Nicira action has the 16-bit ports of OpenFlow 1.0, where IN_PORT stands for "as it is".
    const port = inPort >= 0xff00 ? (inPort | 0xffff0000) >>> 0 : inPort;
    this.table(packet, table, depth + 1, port === OFPP.IN_PORT ? packet.inPort : port);
  }

  #output(port: number, maxLen: number, context: Context): void {
    const { packet, depth } = context;
    if (port === OFPP.CONTROLLER) this.#punt(context, { maxLen, controllerId: 0, userdata: undefined });
    else if (port === OFPP.TABLE) {
      if (depth >= MAX_DEPTH) throw new TooDeep();
      this.table(packet, 0, depth + 1);
    } else if (port === OFPP.IN_PORT) this.#send(packet.inPort, packet);
    // What is written to `in_port` counts: so a frame can leave where it came in.
    else if (port !== packet.inPort) this.#send(port, packet);
  }

  #send(port: number, packet: Packet): void {
    const copy = packet.copy();
    this.#effects.push(() => this.#exits.output(port, copy));
  }

  /** false where there is no such group. */
  #group(groupId: number, context: Context): boolean {
    const group = this.#tables.groups.get(groupId);
    if (group === undefined) return false;
    if (context.depth >= MAX_DEPTH) throw new TooDeep();
    const { bytes } = context.packet;
    const hash = bytes.subarray(0, 12).reduce((sum, byte) => (sum * 31 + byte) >>> 0, 0);
    for (const { actions } of this.#tables.groups.taken(group, hash)) {
      const packet = context.packet.copy();
      this.actions(asSet(actions), { ...context, packet, depth: context.depth + 1, reason: REASON.group });
    }
    return true;
  }

  #punt(
    { packet, reason, tableId, cookie }: Context,
    { maxLen, controllerId, userdata }: Pick<Punt, "maxLen" | "controllerId" | "userdata">,
  ): void {
    const copy = packet.copy();
    this.#effects.push(() => this.#exits.punt(copy, { reason, tableId, cookie, maxLen, controllerId, userdata }));
  }
}

/** Actions that change the packet and nothing else. */
function rewrite(action: Action, packet: Packet): void {
  switch (action.kind) {
    case "push_vlan":
      packet.pushTag(action.etherType);
      return;
    case "pop_vlan":
      packet.popTag();
      return;
    case "set_field": {
      const { field: tlv } = action;
      const field = tlv.field === "unknown" ? undefined : fieldOf(tlv.field);
      if (tlv.field === "unknown" || field === undefined) return;
      const { value, mask } = tlv;
      const bits = mask === undefined ? BigInt(value) : (field.read(packet) & ~BigInt(mask)) | BigInt(value);
      field.write?.(packet, bits);
      return;
    }
    case "nx_reg_load": {
      const field = fieldOf(action.dst);
      if (field !== undefined) writeBits(packet, field, action.ofs, action.nBits, action.value);
      return;
    }
    case "nx_reg_move": {
      const [source, target] = [fieldOf(action.src), fieldOf(action.dst)];
      if (source === undefined || target === undefined) return;
      writeBits(packet, target, action.dstOfs, action.nBits, readBits(packet, source, action.srcOfs, action.nBits));
      return;
    }
    default:
      return;
  }
}

/** false where it has no time left. */
function decrementTtl(packet: Packet): boolean {
  const ttl = fieldOf("nx_ip_ttl");
  if (ttl === undefined || (packet.layers.ipv4 < 0 && packet.layers.ipv6 < 0)) return true;
  const value = ttl.read(packet);
  if (value <= 1n) return false;
  ttl.write?.(packet, value - 1n);
  return true;
}

/** A packet that came in by a port. */
export function forward(tables: Tables, exits: Exits, packet: Packet): void {
  new Run(tables, exits).whole(packet, (run) => run.table(packet, 0, 0));
}

/** The actions of a packet-out. */
export function send(tables: Tables, exits: Exits, packet: Packet, actions: readonly Action[]): void {
  new Run(tables, exits).whole(packet, (run) => {
    run.actions(actions, { packet, tableId: 0xff, cookie: 0n, depth: 0, reason: REASON.action });
    return 0n;
  });
}
