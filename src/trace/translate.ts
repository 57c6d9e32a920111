// One frame through one switch: the tables, actions and groups it meets, as Open vSwitch translates them.
import {
  type Action,
  type Bucket,
  formatPort,
  type GroupType,
  type Instruction,
  OFPG,
  OFPP,
} from "../../proto/openflow13/index.ts";
import { executionOrder } from "./action-set.ts";
import { fieldOf, writeBits } from "./fields.ts";
import { type FlowTables, flowTables, lookUp, type TraceFlow } from "./flow-table.ts";
import type { Frame } from "./frame.ts";
import { arrived, type Packet, popTag, pushTag } from "./packet.ts";
import type { ControllerOutput, PortOutput, Step } from "./steps.ts";
import { unsupported } from "./trace-error.ts";

export interface TraceGroup {
  readonly groupId: number;
  readonly type: GroupType;
  readonly buckets: readonly Bucket[];
}

export interface TracePort {
  readonly name?: string;
  /** What the switch believes: link up, and BFD, where it runs, not down. Fast failover goes by it. */
  readonly live: boolean;
}

/** The state of one switch, ready to be asked. */
export interface SwitchModel {
  readonly tables: FlowTables;
  readonly groups: ReadonlyMap<number, TraceGroup>;
  readonly ports: ReadonlyMap<number, TracePort>;
  /** `other_config:vlan-limit`: tags that are parsed. */
  readonly vlanLimit: number;
}

export function switchModel(state: {
  readonly flows: Iterable<TraceFlow>;
  readonly groups: Iterable<TraceGroup>;
  readonly ports: ReadonlyMap<number, TracePort>;
  /** 1 unless given, as in Open vSwitch. */
  readonly vlanLimit?: number;
}): SwitchModel {
  return {
    tables: flowTables(state.flows),
    groups: new Map([...state.groups].map((group) => [group.groupId, group])),
    ports: state.ports,
    vlanLimit: state.vlanLimit ?? 1,
  };
}

export interface Arrival {
  readonly frame: Frame;
  readonly inPort: number;
  /** The key of the tunnel it came by; 0 from a local port. */
  readonly tunnelId?: bigint;
  /** The outer addresses of the tunnel it came by. */
  readonly tunnelSource?: string;
  readonly tunnelTarget?: string;
}

export interface Translation {
  readonly steps: readonly Step[];
  readonly outputs: readonly PortOutput[];
  readonly copies: readonly ControllerOutput[];
  /** Set where the switch gives up; it then drops the frame, whatever outputs it has met before. */
  readonly error: "too-deep" | "too-many-lookups" | null;
}

/** MAX_DEPTH, MAX_RESUBMITS and MAX_LIVENESS_RECURSION of Open vSwitch. */
const MAX_DEPTH = 64;
const MAX_LOOKUPS = MAX_DEPTH * MAX_DEPTH;
const MAX_LIVENESS_DEPTH = 128;

/** Bucket choice of a `select` group is the datapath's hash: the first live one, or every live one as if each were taken. */
export type SelectMode = "first" | "all";

export function translate(model: SwitchModel, arrival: Arrival, select: SelectMode = "first"): Translation {
  const run = new Run(model, select);
  const { frame, inPort, tunnelId = 0n, tunnelSource = null, tunnelTarget = null } = arrival;
  const tunnel = { key: tunnelId, source: tunnelSource, target: tunnelTarget };
  const steps: Step[] = [];
  try {
    run.pipeline(arrived(frame, inPort, tunnel, model.vlanLimit), steps);
    return { steps, outputs: run.outputs, copies: run.copies, error: null };
  } catch (error) {
    if (!(error instanceof GaveUp)) throw error;
    return { steps: [...steps, { kind: "drop", reason: error.reason }], outputs: [], copies: [], error: error.reason };
  }
}

class GaveUp extends Error {
  readonly reason: "too-deep" | "too-many-lookups";

  constructor(reason: "too-deep" | "too-many-lookups") {
    super(reason);
    this.reason = reason;
  }
}

/** Where a list of actions stands: the packet changes from action to action, and with it what later ones see. */
interface Context {
  packet: Packet;
  readonly tableId: number;
  readonly cookie: bigint;
  readonly depth: number;
  readonly steps: Step[];
  /** Among the actions of a group's bucket; not in a table that they resubmit to. */
  readonly inBucket: boolean;
}

/** Why a packet-in is sent: OpenFlow 1.5.1, section 7.4.1, which has more of them than 1.3. */
const REASON = { action: 1, invalidTtl: 2, actionSet: 3, group: 4 } as const;

/** One translation; its lifetime is one call of `translate`. */
class Run {
  readonly outputs: PortOutput[] = [];
  readonly copies: ControllerOutput[] = [];
  readonly #model: SwitchModel;
  readonly #select: SelectMode;
  #actionSet: Action[] = [];
  #inActionSet = false;
  #lookups = 0;

  constructor(model: SwitchModel, select: SelectMode) {
    this.#model = model;
    this.#select = select;
  }

  pipeline(packet: Packet, steps: Step[]): void {
    const after = this.#table(packet, 0, 0, steps);
    // Open vSwitch executes the action set after a table miss too.
    const actions = executionOrder(this.#actionSet);
    if (actions.length === 0) return;
    // By then it has come back to the table where it began, and names that table's flow as the cause.
    const [first] = steps;
    const cookie = first?.kind === "table" ? (first.flow?.cookie ?? 0n) : 0n;
    const inSet: Step[] = [];
    steps.push({ kind: "action_set", steps: inSet });
    this.#inActionSet = true;
    this.#actions(actions, { ...after, tableId: 0, cookie, depth: 0, steps: inSet });
  }

  /** From a table on, as far as goto_table leads. The first lookup, and it alone, may be made for another port. */
  #table(start: Packet, first: number, depth: number, steps: Step[], lookupPort = start.inPort): Context {
    let context: Context = { packet: start, tableId: first, cookie: 0n, depth, steps, inBucket: false };
    let next: number | null = first;
    let inPort = lookupPort;
    while (next !== null) {
      if (++this.#lookups > MAX_LOOKUPS) throw new GaveUp("too-many-lookups");
      const { flow, rivals } = lookUp(this.#model.tables, next, { ...context.packet, inPort });
      steps.push({ kind: "table", tableId: next, flow, rivals });
      context = { ...context, tableId: next, cookie: flow?.cookie ?? 0n };
      if (flow === null) {
        steps.push({ kind: "drop", reason: "no-flow" });
        return context;
      }
      if (flow.instructions.length === 0) steps.push({ kind: "drop", reason: "no-action" });
      next = this.#instructions(flow.instructions, context);
      inPort = context.packet.inPort;
    }
    return context;
  }

  /** In the order of OpenFlow 1.3.5, section 5.9; the table to go to. */
  #instructions(instructions: readonly Instruction[], context: Context): number | null {
    const byKind = new Map(instructions.map((instruction) => [instruction.kind, instruction]));
    for (const { kind } of instructions) if (kind === "experimenter") throw unsupported(`the instruction ${kind}`);
    // A meter lets pass what is within its rate, and the model has no time in which rates could be exceeded.
    const apply = byKind.get("apply_actions");
    // To Open vSwitch instructions are the tail of the list of actions: what ends the list ends them.
    if (apply?.kind === "apply_actions" && !this.#actions(apply.actions, context)) return null;
    if (byKind.has("clear_actions")) this.#actionSet = [];
    const write = byKind.get("write_actions");
    if (write?.kind === "write_actions") this.#actionSet.push(...write.actions);
    const metadata = byKind.get("write_metadata");
    if (metadata?.kind === "write_metadata") {
      const { packet } = context;
      const value = (packet.metadata & ~metadata.mask) | (metadata.metadata & metadata.mask);
      context.packet = { ...packet, metadata: value };
      context.steps.push({ kind: "metadata", value });
    }
    const goto = byKind.get("goto_table");
    return goto?.kind === "goto_table" ? goto.tableId : null;
  }

  /** false where the list ended early. */
  #actions(actions: readonly Action[], context: Context): boolean {
    return actions.every((action) => this.#action(action, context));
  }

  /** false: the rest of the list is not executed. */
  #action(action: Action, context: Context): boolean {
    switch (action.kind) {
      case "output":
        this.#output(action.port, action.maxLen, context);
        return true;
      case "group":
        return this.#group(action.groupId, context);
      case "nx_controller2":
        if (action.pause === true) throw unsupported("a paused copy to the controller");
        this.#copy(context, action.reason ?? REASON.action, action.maxLen ?? 0xffff, {
          ...(action.controllerId === undefined ? {} : { controllerId: action.controllerId }),
          ...(action.meterId === undefined ? {} : { meterId: action.meterId }),
          ...(action.userdata === undefined ? {} : { userdata: action.userdata }),
        });
        return true;
      case "nx_controller":
        this.#copy(context, action.reason, action.maxLen, { controllerId: action.controllerId });
        return true;
      case "nx_note":
        return true;
      case "nx_resubmit":
        this.#resubmit(action.inPort, context.tableId, context);
        return true;
      case "nx_resubmit_table":
        this.#resubmit(action.inPort, action.table === 0xff ? context.tableId : action.table, context);
        return true;
      default: {
        const before = context.packet;
        const { packet, goesOn } = rewrite(action, before);
        context.packet = packet;
        context.steps.push({ kind: "rewrite", action, changed: packet !== before });
        if (!goesOn) {
          this.#copy(context, REASON.invalidTtl, 0xffff, { controllerId: 0 });
          context.steps.push({ kind: "drop", reason: "ttl-expired" });
        }
        return goesOn;
      }
    }
  }

  #output(port: number, maxLen: number, context: Context): void {
    const { packet, steps } = context;
    switch (port) {
      case OFPP.IN_PORT:
        this.#send(packet.inPort, context);
        return;
      case OFPP.CONTROLLER:
        this.#copy(context, this.#outputReason(context), maxLen, {});
        return;
      case OFPP.TABLE:
      case OFPP.NORMAL:
      case OFPP.FLOOD:
      case OFPP.ALL:
        throw unsupported(`output to ${formatPort(port)}`);
      default:
        if (port === packet.inPort) steps.push({ kind: "drop", reason: "ingress-port", port });
        else this.#send(port, context);
    }
  }

  #outputReason({ inBucket }: Context): number {
    return inBucket ? REASON.group : this.#inActionSet ? REASON.actionSet : REASON.action;
  }

  #send(port: number, { packet, steps }: Context): void {
    if (!this.#model.ports.has(port)) {
      steps.push({ kind: "drop", reason: "no-port", port });
      return;
    }
    const { frame, tunnelId, tunnelTarget } = packet;
    const output: PortOutput = { kind: "output", port, frame, tunnelId, tunnelTarget };
    this.outputs.push(output);
    steps.push(output);
  }

  #copy(
    { packet, tableId, cookie, steps }: Context,
    reason: number,
    maxLen: number,
    more: Pick<ControllerOutput, "controllerId" | "meterId" | "userdata">,
  ): void {
    const { frame, inPort, tunnelId, metadata } = packet;
    const copy: ControllerOutput = {
      kind: "controller",
      reason,
      frame,
      inPort,
      tunnelId,
      metadata,
      tableId,
      cookie,
      maxLen,
      ...more,
    };
    this.copies.push(copy);
    steps.push(copy);
  }

  #resubmit(inPort: number, tableId: number, context: Context): void {
    if (context.depth >= MAX_DEPTH) throw new GaveUp("too-deep");
    const steps: Step[] = [];
    context.steps.push({ kind: "resubmit", tableId, steps });
    // The Nicira action has the 16-bit ports of OpenFlow 1.0, where IN_PORT stands for "as it is".
    const asItIs = inPort === 0xfff8;
    const port = inPort >= 0xff00 ? (inPort | 0xffff_0000) >>> 0 : inPort;
    const lookupPort = asItIs ? context.packet.inPort : port;
    context.packet = this.#table(context.packet, tableId, context.depth + 1, steps, lookupPort).packet;
    // A subroutine that does nothing drops nothing: the list of actions goes on.
    const last = steps.at(-1);
    if (!context.inBucket && last?.kind === "drop" && (last.reason === "no-flow" || last.reason === "no-action")) {
      steps.pop();
    }
  }

  /** false where there is no such group: the list of actions ends there. */
  #group(groupId: number, context: Context): boolean {
    const { steps, depth } = context;
    const group = this.#model.groups.get(groupId);
    if (group === undefined) {
      steps.push({ kind: "drop", reason: "no-group", groupId });
      return false;
    }
    if (depth >= MAX_DEPTH) throw new GaveUp("too-deep");
    const taken = this.#bucketsOf(group);
    const buckets = taken.map((index) => {
      const bucket = group.buckets[index];
      const inside: Step[] = [];
      const actions = executionOrder(bucket?.actions ?? []);
      // Each bucket works on a copy; what it rewrites is not seen after it.
      this.#actions(actions, { ...context, depth: depth + 1, steps: inside, inBucket: true });
      return { index, steps: inside };
    });
    steps.push({ kind: "group", groupId, type: group.type, of: group.buckets.length, buckets });
    if (taken.length === 0) steps.push({ kind: "drop", reason: "no-live-bucket", groupId });
    return true;
  }

  #bucketsOf(group: TraceGroup): readonly number[] {
    const all = group.buckets.map((_, index) => index);
    if (group.type === "all" || group.type === "indirect") return all;
    const live = all.filter((index) => this.#isLive(group.buckets[index], 0));
    return group.type === "select" && this.#select === "all" ? live : live.slice(0, 1);
  }

  #isLive(bucket: Bucket | undefined, depth: number): boolean {
    if (bucket === undefined || depth >= MAX_LIVENESS_DEPTH) return false;
    const { watchPort, watchGroup } = bucket;
    if (watchPort === OFPP.ANY && watchGroup === OFPG.ANY) return true;
    if (watchPort !== OFPP.ANY && this.#model.ports.get(watchPort)?.live === true) return true;
    const watched = watchGroup === OFPG.ANY ? undefined : this.#model.groups.get(watchGroup);
    return watched?.buckets.some((one) => this.#isLive(one, depth + 1)) ?? false;
  }
}

/** Actions that change the packet and nothing else. */
function rewrite(action: Action, packet: Packet): { packet: Packet; goesOn: boolean } {
  const changed = (after: Packet): { packet: Packet; goesOn: boolean } => ({ packet: after, goesOn: true });
  switch (action.kind) {
    case "push_vlan":
      return changed(pushTag(packet, action.etherType));
    case "pop_vlan":
      return changed(popTag(packet));
    case "set_field":
    case "nx_reg_load2": {
      const tlv = action.field;
      if (tlv.field === "unknown") throw unsupported("setting a field that has no name");
      const field = fieldOf(tlv.field);
      if (field.set === undefined) throw unsupported(`setting the field ${tlv.field}`);
      const mask = tlv.mask === undefined ? (1n << BigInt(field.bits)) - 1n : BigInt(tlv.mask);
      return changed(field.set(packet, (field.get(packet) & ~mask) | (BigInt(tlv.value) & mask)));
    }
    case "nx_reg_load":
      return changed(writeBits(packet, action.dst, action.ofs, action.nBits, action.value));
    case "nx_reg_move": {
      const value = (fieldOf(action.src).get(packet) >> BigInt(action.srcOfs)) & ((1n << BigInt(action.nBits)) - 1n);
      return changed(writeBits(packet, action.dst, action.dstOfs, action.nBits, value));
    }
    case "nx_set_tunnel":
    case "nx_set_tunnel64":
      return changed({ ...packet, tunnelId: BigInt(action.tunnelId) });
    case "dec_nw_ttl":
    case "nx_dec_ttl": {
      const ttl = fieldOf("nx_ip_ttl");
      const value = ttl.get(packet);
      const { kind } = packet.frame.payload;
      if ((kind !== "ipv4" && kind !== "ipv6") || packet.hiddenVlans > 0) return changed(packet);
      if (value <= 1n) return { packet, goesOn: false };
      return changed(ttl.set?.(packet, value - 1n) ?? packet);
    }
    default:
      throw unsupported(`the action ${action.kind}`, { action: action.kind });
  }
}
