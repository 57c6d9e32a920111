// A packet through the tables of a simulated switch (OpenFlow 1.3.5, section 5): what goes out of which port, and what goes to the controller.
import { type Action, type Bucket, type Instruction, OFPP } from "../../../proto/openflow13/index.ts";
import { fieldOf, readBits, writeBits } from "./fields.ts";
import type { FlowTables } from "./flow-tables.ts";
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
const REASON_ACTION = 1;
const WHOLE = 0xffff;

/** The action set: one action of each kind, run in this order (section 5.10); `group` before `output`. */
const SET_ORDER = ["copy_ttl_in", "pop_vlan", "push_vlan", "copy_ttl_out", "dec_nw_ttl", "set_field", "set_queue"];

class Run {
  readonly #tables: Tables;
  readonly #exits: Exits;
  #set: Action[] = [];
  #tableId = 0;
  #cookie = 0n;

  constructor(tables: Tables, exits: Exits) {
    this.#tables = tables;
    this.#exits = exits;
  }

  table(packet: Packet, first: number, depth: number): void {
    let next: number | undefined = first;
    while (next !== undefined) {
      const flow = this.#tables.flows.find(next, packet);
      if (flow === undefined) return;
      flow.packets += 1n;
      flow.bytes += BigInt(packet.bytes.length);
      flow.usedMs = this.#tables.nowMs();
      this.#tableId = next;
      this.#cookie = flow.cookie;
      next = this.#instructions(flow.instructions, packet, depth);
    }
  }

  #instructions(instructions: readonly Instruction[], packet: Packet, depth: number): number | undefined {
    let next: number | undefined;
    for (const one of instructions) {
      switch (one.kind) {
        case "meter":
          if (!this.#tables.meters.passes(one.meterId, this.#tables.nowMs())) return undefined;
          break;
        case "apply_actions":
          this.actions(one.actions, packet, depth);
          break;
        case "write_actions":
          for (const action of one.actions) {
            const same = (held: Action) => held.kind === action.kind && action.kind !== "set_field";
            this.#set = [...this.#set.filter((held) => !same(held)), action];
          }
          break;
        case "clear_actions":
          this.#set = [];
          break;
        case "write_metadata":
          packet.metadata = (packet.metadata & ~one.mask) | (one.metadata & one.mask);
          break;
        case "goto_table":
          next = one.tableId;
          break;
        default:
          break;
      }
    }
    return next;
  }

  finish(packet: Packet): void {
    const set = this.#set;
    this.#set = [];
    const order = (action: Action): number => SET_ORDER.indexOf(action.kind);
    const rewrites = set.filter((action) => order(action) >= 0).sort((a, b) => order(a) - order(b));
    const group = set.find((action) => action.kind === "group");
    const output = set.find((action) => action.kind === "output");
    const last = group ?? output;
    if (last !== undefined) this.actions([...rewrites, last], packet, 0);
  }

  actions(actions: readonly Action[], packet: Packet, depth: number): void {
    for (const action of actions) this.#action(action, packet, depth);
  }

  #action(action: Action, packet: Packet, depth: number): void {
    switch (action.kind) {
      case "output":
        this.#output(action.port, action.maxLen, packet, depth);
        return;
      case "group":
        this.#group(action.groupId, packet, depth);
        return;
      case "push_vlan":
        packet.pushTag(action.etherType);
        return;
      case "pop_vlan":
        packet.popTag();
        return;
      case "set_field": {
        if (action.field.field === "unknown") return;
        const field = fieldOf(action.field.field);
        const { value, mask } = action.field;
        if (field === undefined) return;
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
      case "nx_resubmit_table":
      case "nx_resubmit": {
        if (depth >= MAX_DEPTH) return;
        const table = action.kind === "nx_resubmit_table" && action.table !== 0xff ? action.table : this.#tableId;
        this.#resubmit(table, action.inPort, packet, depth);
        return;
      }
      case "nx_controller2":
        this.#punt(packet, action.reason ?? REASON_ACTION, {
          controllerId: action.controllerId ?? 0,
          maxLen: action.maxLen ?? WHOLE,
          userdata: action.userdata,
          meterId: action.meterId,
        });
        return;
      case "nx_controller":
        this.#punt(packet, action.reason, {
          controllerId: action.controllerId,
          maxLen: action.maxLen,
          userdata: undefined,
          meterId: undefined,
        });
        return;
      default:
        return;
    }
  }

  /** As if the frame were looked up once more, by another port if one is named; what follows goes on as before. */
  #resubmit(table: number, inPort: number, packet: Packet, depth: number): void {
    const [held, heldTable, heldCookie] = [packet.inPort, this.#tableId, this.#cookie];
    if (inPort !== (OFPP.IN_PORT & 0xffff)) packet.inPort = inPort < 0xff00 ? inPort : (inPort | 0xffff0000) >>> 0;
    this.table(packet, table, depth + 1);
    packet.inPort = held;
    this.#tableId = heldTable;
    this.#cookie = heldCookie;
  }

  #output(port: number, maxLen: number, packet: Packet, depth: number): void {
    if (port === OFPP.CONTROLLER) {
      this.#punt(packet, REASON_ACTION, { controllerId: 0, maxLen, userdata: undefined, meterId: undefined });
    } else if (port === OFPP.TABLE) {
      if (depth < MAX_DEPTH) this.table(packet, 0, depth + 1);
    } else if (port === OFPP.IN_PORT) this.#exits.output(packet.inPort, packet.copy());
    // What is written to `in_port` counts: so a frame can leave where it came in.
    else if (port !== packet.inPort) this.#exits.output(port, packet.copy());
  }

  #group(groupId: number, packet: Packet, depth: number): void {
    const group = this.#tables.groups.get(groupId);
    if (group === undefined || depth >= MAX_DEPTH) return;
    const hash = packet.bytes.subarray(0, 12).reduce((sum, byte) => (sum * 31 + byte) >>> 0, 0);
    for (const bucket of this.#tables.groups.taken(group, hash)) this.#bucket(bucket, packet.copy(), depth);
  }

  #bucket({ actions }: Bucket, packet: Packet, depth: number): void {
    this.actions(actions, packet, depth + 1);
  }

  #punt(
    packet: Packet,
    reason: number,
    { meterId, ...rest }: Pick<Punt, "controllerId" | "maxLen" | "userdata"> & { readonly meterId: number | undefined },
  ): void {
    if (meterId !== undefined && !this.#tables.meters.passes(meterId, this.#tables.nowMs())) return;
    this.#exits.punt(packet.copy(), { reason, tableId: this.#tableId, cookie: this.#cookie, ...rest });
  }
}

/** A packet that came in by a port. */
export function forward(tables: Tables, exits: Exits, packet: Packet): void {
  const run = new Run(tables, exits);
  run.table(packet, 0, 0);
  run.finish(packet);
}

/** The actions of a packet-out. */
export function send(tables: Tables, exits: Exits, packet: Packet, actions: readonly Action[]): void {
  const run = new Run(tables, exits);
  run.actions(actions, packet, 0);
  run.finish(packet);
}
