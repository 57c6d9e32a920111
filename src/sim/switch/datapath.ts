// A simulated switch: ports, tables, groups and meters, frames that come and go, and changes that are taken in whole or not at all.
import {
  type Action,
  type FlowMod,
  type GroupMod,
  type MeterMod,
  OFPP,
  type OpenFlowMessage,
  type PortDesc,
} from "../../../proto/openflow13/index.ts";
import { fieldOf } from "./fields.ts";
import { actionsOf, type Flow, type FlowEdit, FlowTables } from "./flow-tables.ts";
import { type GroupEdit, Groups } from "./groups.ts";
import { Meters } from "./meters.ts";
import { NO_TUNNEL, Packet, type TunnelFields } from "./packet.ts";
import { type Exits, forward, type Punt, send } from "./pipeline.ts";
import { isLive, noTraffic, type PortCounters, portDesc, type SwitchPort } from "./ports.ts";
import { SwitchRefusal } from "./switch-error.ts";

/** A frame that leaves by a port; with what its tunnel header is to say. */
export type Transmit = (port: SwitchPort, frame: Uint8Array, tunnel: TunnelFields) => void;

/** Those who are told what happens in the switch: its OpenFlow connections. */
export interface SwitchWatcher {
  onPort(reason: "add" | "delete" | "modify", port: PortDesc): void;
  /** @param by the watcher whose message it was, with the message's xid; null for the switch itself */
  onFlows(edits: readonly FlowEdit[], by: { readonly watcher: SwitchWatcher; readonly xid: number } | null): void;
  onPunt(packet: Packet, punt: Punt): void;
}

export interface SwitchCounts {
  flowMods: number;
  groupMods: number;
  meterMods: number;
  bundles: number;
  packetIns: number;
  packetOuts: number;
}

/** Tags of a frame that are looked behind (`other_config:vlan-limit`, by default). */
const PARSED_TAGS = 1;

export type StateChange = FlowMod | GroupMod | MeterMod;

interface Undo {
  readonly flows: readonly FlowEdit[];
  readonly groups: readonly GroupEdit[];
}

export class Datapath {
  readonly ports = new Map<number, SwitchPort>();
  readonly flows = new FlowTables();
  readonly groups = new Groups((port) => this.#isPortLive(port));
  readonly meters = new Meters();
  readonly counters = new Map<number, PortCounters>();
  readonly counts: SwitchCounts = { flowMods: 0, groupMods: 0, meterMods: 0, bundles: 0, packetIns: 0, packetOuts: 0 };
  readonly nowMs: () => number;
  readonly #transmit: Transmit;
  readonly #watchers = new Set<SwitchWatcher>();
  readonly #exits: Exits;

  constructor(options: { readonly nowMs: () => number; readonly transmit: Transmit }) {
    this.nowMs = options.nowMs;
    this.#transmit = options.transmit;
    this.#exits = {
      output: (port, packet) => this.#output(port, packet),
      punt: (packet, punt) => {
        this.counts.packetIns += 1;
        for (const watcher of this.#watchers) watcher.onPunt(packet, punt);
      },
    };
  }

  watch(watcher: SwitchWatcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  setPort(port: SwitchPort): void {
    const before = this.ports.get(port.portNo);
    this.ports.set(port.portNo, port);
    if (before === undefined) this.counters.set(port.portNo, noTraffic());
    const told = portDesc(port);
    if (before !== undefined && JSON.stringify(portDesc(before)) === JSON.stringify(told)) return;
    for (const watcher of this.#watchers) watcher.onPort(before === undefined ? "add" : "modify", told);
  }

  removePort(portNo: number): void {
    const port = this.ports.get(portNo);
    if (port === undefined) return;
    this.ports.delete(portNo);
    this.counters.delete(portNo);
    for (const watcher of this.#watchers) watcher.onPort("delete", portDesc(port));
  }

  /** A frame comes in by a port; from a tunnel with what its header said. */
  receive(portNo: number, frame: Uint8Array, tunnel: TunnelFields = NO_TUNNEL): void {
    const port = this.ports.get(portNo);
    const counters = this.counters.get(portNo);
    if (port === undefined || counters === undefined || !port.isUp || frame.length < 14) return;
    counters.rxPackets += 1;
    counters.rxBytes += frame.length;
    forward(this, this.#exits, Packet.arrived(frame, portNo, tunnel, PARSED_TAGS));
  }

  packetOut(inPort: number, actions: readonly Action[], frame: Uint8Array): void {
    this.counts.packetOuts += 1;
    send(this, this.#exits, Packet.arrived(frame, inPort, NO_TUNNEL, PARSED_TAGS), actions);
  }

  /**
   * Takes the changes in, in their order.
   * @throws SwitchRefusal with the place of the change at fault, and nothing is changed then
   */
  apply(changes: readonly StateChange[], by: { readonly watcher: SwitchWatcher; readonly xid: number } | null): void {
    const done: Undo[] = [];
    for (const [at, change] of changes.entries()) {
      try {
        done.push(this.#take(change));
      } catch (error) {
        for (const { flows, groups } of done.reverse()) {
          this.flows.undo(flows);
          this.groups.undo(groups);
        }
        throw error instanceof SwitchRefusal ? Object.assign(error, { at }) : error;
      }
    }
    this.#tell(
      done.flatMap(({ flows }) => flows),
      by,
    );
  }

  /** Flows whose time is over. */
  tick(): void {
    this.#tell(this.flows.expire(this.nowMs()), null);
  }

  /** The switch starts anew, with nothing (ovs-vswitchd restarted). */
  forgetAll(): void {
    this.flows.clear();
    this.groups.clear();
    this.meters.clear();
  }

  #tell(edits: readonly FlowEdit[], by: { readonly watcher: SwitchWatcher; readonly xid: number } | null): void {
    if (edits.length === 0) return;
    for (const watcher of this.#watchers) watcher.onFlows(edits, by);
  }

  #take(change: StateChange): Undo {
    switch (change.kind) {
      case "meter_mod":
        this.counts.meterMods += 1;
        this.meters.apply(change, this.nowMs());
        return { flows: [], groups: [] };
      case "group_mod": {
        this.counts.groupMods += 1;
        this.#checkActions(
          change.buckets.flatMap(({ actions }) => actions),
          false,
        );
        const groups = this.groups.apply(change);
        const flows = change.command === "delete" ? this.#dropUsersOf(groups) : [];
        return { flows, groups };
      }
      case "flow_mod":
        this.counts.flowMods += 1;
        if (!change.command.startsWith("delete")) this.#check(change);
        return { flows: this.flows.apply(change, this.nowMs()), groups: [] };
    }
  }

  /** What deletes a group deletes the flows that use it (section 6.5). */
  #dropUsersOf(gone: readonly GroupEdit[]): readonly FlowEdit[] {
    const ids = new Set(gone.map(({ groupId }) => groupId));
    const uses = (flow: Flow): boolean => {
      for (const action of actionsOf(flow.instructions))
        if (action.kind === "group" && ids.has(action.groupId)) return true;
      return false;
    };
    return [...this.flows.all()].filter(uses).map((flow) => this.flows.remove(flow, 3));
  }

  #check({ instructions, tableId }: FlowMod): void {
    for (const one of instructions) {
      if (one.kind === "meter" && !this.meters.has(one.meterId)) throw new SwitchRefusal("OFPMMFC_INVALID_METER");
      if (one.kind === "goto_table" && one.tableId <= tableId) throw new SwitchRefusal("OFPBIC_BAD_TABLE_ID");
    }
    this.#checkActions([...actionsOf(instructions)], true);
  }

  /** A bucket may name a group that is not there yet, a flow may not. */
  #checkActions(actions: readonly Action[], needGroups: boolean): void {
    for (const action of actions) {
      switch (action.kind) {
        case "group":
          if (needGroups && !this.groups.has(action.groupId)) throw new SwitchRefusal("OFPBAC_BAD_OUT_GROUP");
          break;
        case "nx_controller2":
          if (action.meterId !== undefined && !this.meters.has(action.meterId))
            throw new SwitchRefusal("OFPMMFC_INVALID_METER");
          break;
        case "set_field":
          if (action.field.field === "unknown" || fieldOf(action.field.field)?.write === undefined)
            throw new SwitchRefusal("OFPBAC_BAD_SET_TYPE");
          break;
        case "nx_reg_load":
          if (fieldOf(action.dst)?.write === undefined) throw new SwitchRefusal("OFPBAC_BAD_SET_TYPE");
          break;
        case "nx_reg_move":
          if (fieldOf(action.dst)?.write === undefined || fieldOf(action.src) === undefined)
            throw new SwitchRefusal("OFPBAC_BAD_SET_TYPE");
          break;
        default:
          if (!KNOWN_ACTIONS.has(action.kind)) throw new SwitchRefusal("OFPBAC_BAD_TYPE");
      }
    }
  }

  #isPortLive(portNo: number): boolean {
    const port = this.ports.get(portNo);
    return port !== undefined && isLive(port);
  }

  #output(portNo: number, packet: Packet): void {
    if (portNo === OFPP.ALL || portNo === OFPP.FLOOD) {
      for (const other of this.ports.keys()) if (other !== packet.inPort) this.#output(other, packet.copy());
      return;
    }
    const port = this.ports.get(portNo);
    const counters = this.counters.get(portNo);
    if (port === undefined || counters === undefined || !port.isUp) return;
    const frame = packet.frame();
    counters.txPackets += 1;
    counters.txBytes += frame.length;
    this.#transmit(port, frame, packet.tunnel);
  }
}

/** Those that are run without a check of their own. */
const KNOWN_ACTIONS: ReadonlySet<string> = new Set<Action["kind"]>([
  "output",
  "push_vlan",
  "pop_vlan",
  "dec_nw_ttl",
  "nx_note",
  "nx_resubmit",
  "nx_resubmit_table",
  "nx_controller",
]);

/** Messages that change what a switch holds, and may stand in a bundle. */
export function isStateChange(message: OpenFlowMessage): message is StateChange {
  return message.kind === "flow_mod" || message.kind === "group_mod" || message.kind === "meter_mod";
}
