// What ovs-vswitchd does on a host: bridges, ports and connections as the database asks for them, and what becomes of them written back.
import { OFPPC } from "../../proto/openflow13/index.ts";
import type { Json, JsonObject } from "../../proto/ovsdb/json-text.ts";
import { Bridge, type BridgePort, type InterfaceConfig, isTunnelType, type Speaker } from "./bridge.ts";
import type { Database } from "./database/database.ts";
import type { Row, RowEdit } from "./database/rows.ts";
import type { Manners } from "./manners.ts";
import { map, number, rowOf, text, updateRow, uuids } from "./ovs-rows.ts";
import type { Dialler } from "./socket.ts";
import type { Transmit } from "./switch/datapath.ts";
import type { TunnelFields } from "./switch/packet.ts";
import { isAsked } from "./wishes.ts";

export interface Device {
  /** Open vSwitch chooses one unless the device has it. */
  readonly mac?: string;
  readonly mtu: number;
  /** It has a carrier. */
  readonly isUp: boolean;
}

/** What lies around a host. */
export interface Surroundings {
  readonly nowMs: () => number;
  /** The address that the host's connections come from. */
  readonly socketIp: string;
  readonly manners: Readonly<Manners>;
  /** The device of that name that guests stand behind, where the host has one. */
  device(name: string): Device | undefined;
  /** A MAC address that no other device has. */
  newMac(): string;
  /** A frame leaves by a port of a bridge. */
  transmit(bridge: Bridge, port: BridgePort, frame: Uint8Array, tunnel: TunnelFields): void;
  /** A tunnel has come, has changed or has gone. */
  tunnelChanged(bridge: Bridge, port: BridgePort, isThere: boolean): void;
  /** Given, it speaks OpenFlow in place of the bridges' own switches: for load without forwarding. */
  readonly speaker?: Speaker;
}

const USUAL_MTU = 1500;
const FALSE_BY = 1000;

export class Vswitchd {
  readonly #database: Database;
  readonly #around: Surroundings;
  readonly #bridges = new Map<string, Bridge>();
  readonly #bridgeOfPort = new Map<string, string>();
  readonly #portOfInterface = new Map<string, string>();
  readonly #failModes = new Map<string, string>();
  readonly #unwatch: () => void;
  #toWrite: JsonObject[] = [];
  #isWriting = false;

  constructor(database: Database, around: Surroundings) {
    this.#database = database;
    this.#around = around;
    this.#unwatch = database.watch((edits) => this.#changed(edits));
    const all = [...["Bridge", "Port", "Interface"]].flatMap((table) =>
      [...database.rowsOf(table)].map(([uuid, after]): RowEdit => ({ table, uuid, before: undefined, after })),
    );
    this.#changed(all);
  }

  get bridges(): Iterable<Bridge> {
    return this.#bridges.values();
  }

  bridgeNamed(name: string): Bridge | undefined {
    for (const bridge of this.#bridges.values()) if (bridge.name === name) return bridge;
    return undefined;
  }

  eachDialler(act: (dialler: Dialler) => void): void {
    for (const bridge of this.#bridges.values()) bridge.eachDialler(act);
  }

  tick(): void {
    for (const bridge of this.#bridges.values()) bridge.tick(this.#around.nowMs());
  }

  stop(): void {
    this.#unwatch();
    for (const bridge of this.#bridges.values()) bridge.stop();
    this.#bridges.clear();
  }

  /** The interface's row as it is now is looked at again: a device has come or gone, or BFD says otherwise. */
  refresh(
    interfaceUuid: string,
    bfd?: { readonly forwards: boolean; readonly status: Readonly<Record<string, string>> },
  ): void {
    const row = rowOf(this.#database, "Interface", interfaceUuid);
    if (row !== undefined) this.#configure(interfaceUuid, row, bfd);
  }

  /** Its device has come or changed. */
  refreshPort(name: string): void {
    for (const bridge of this.#bridges.values())
      for (const port of bridge.ports) if (port.name === name) this.refresh(port.interface.uuid);
  }

  #changed(edits: readonly RowEdit[]): void {
    const interfaces = new Set<string>();
    const edited = new Map(edits.map((edit) => [edit.uuid, edit]));
    for (const edit of edits) {
      if (edit.table === "Bridge") this.#bridgeChanged(edit, interfaces);
      else if (edit.table === "Port") this.#portChanged(edit, interfaces);
      else if (edit.table === "Interface") interfaces.add(edit.uuid);
    }
    for (const uuid of interfaces) {
      const row = rowOf(this.#database, "Interface", uuid);
      if (row === undefined) this.#removeInterface(uuid);
      else if (isAsked(edited.get(uuid), row)) this.#configure(uuid, row);
    }
    for (const { table, before, after } of edits) {
      if (table !== "Bridge") continue;
      this.#controllersOf(before ?? after);
    }
    this.#confirm(edits);
  }

  #bridgeChanged({ uuid, before, after }: RowEdit, interfaces: Set<string>): void {
    const [had, has] = [before, after].map((row) => new Set(row === undefined ? [] : uuids("Bridge", row, "ports")));
    for (const port of had ?? []) {
      if (has?.has(port) === true) continue;
      if (this.#bridgeOfPort.get(port) === uuid) this.#dropPort(port);
    }
    if (after === undefined) {
      this.#bridges.get(uuid)?.stop();
      this.#bridges.delete(uuid);
      return;
    }
    if (!this.#bridges.has(uuid)) this.#bridges.set(uuid, this.#makeBridge(uuid, after));
    const failMode = text("Bridge", after, "fail_mode");
    if (before !== undefined && this.#failModes.get(uuid) !== failMode) this.#bridges.get(uuid)?.datapath.flows.clear();
    this.#failModes.set(uuid, failMode);
    for (const port of has ?? []) {
      if (had?.has(port) === true) continue;
      this.#bridgeOfPort.set(port, uuid);
      const row = rowOf(this.#database, "Port", port);
      if (row !== undefined) for (const one of uuids("Port", row, "interfaces")) interfaces.add(this.#owned(one, port));
    }
  }

  #owned(interfaceUuid: string, port: string): string {
    this.#portOfInterface.set(interfaceUuid, port);
    return interfaceUuid;
  }

  #portChanged({ uuid, before, after }: RowEdit, interfaces: Set<string>): void {
    const [had, has] = [before, after].map((row) => new Set(row === undefined ? [] : uuids("Port", row, "interfaces")));
    for (const one of had ?? []) if (has?.has(one) !== true) this.#removeInterface(one);
    for (const one of has ?? []) if (had?.has(one) !== true) interfaces.add(this.#owned(one, uuid));
  }

  #dropPort(port: string): void {
    this.#bridgeOfPort.delete(port);
    for (const [one, owner] of this.#portOfInterface) if (owner === port) this.#removeInterface(one);
  }

  #makeBridge(uuid: string, row: Row): Bridge {
    const name = text("Bridge", row, "name");
    const config = map("Bridge", row, "other_config");
    const wanted = config.get("datapath-id") ?? (config.get("hwaddr") ?? this.#around.newMac()).replaceAll(":", "");
    const datapathId = BigInt(`0x${wanted}`);
    const transmit: Transmit = (port, frame, tunnel) => {
      const found = bridge.portByNumber(port.portNo);
      if (found !== undefined) this.#around.transmit(bridge, found, frame, tunnel);
    };
    const bridge: Bridge = new Bridge(name, datapathId, this.#around.nowMs, transmit, this.#around.speaker);
    this.#write(updateRow("Bridge", uuid, { datapath_id: datapathId.toString(16).padStart(16, "0") }));
    return bridge;
  }

  #bridgeOfInterface(uuid: string): Bridge | undefined {
    const bridge = this.#bridgeOfPort.get(this.#portOfInterface.get(uuid) ?? "");
    return bridge === undefined ? undefined : this.#bridges.get(bridge);
  }

  #removeInterface(uuid: string): void {
    for (const bridge of this.#bridges.values()) {
      const port = bridge.removePort(uuid);
      if (port !== undefined && isTunnelType(port.interface.type)) this.#around.tunnelChanged(bridge, port, false);
    }
    this.#portOfInterface.delete(uuid);
  }

  #configure(
    uuid: string,
    row: Row,
    bfd?: { readonly forwards: boolean; readonly status: Readonly<Record<string, string>> },
  ): void {
    const bridge = this.#bridgeOfInterface(uuid);
    if (bridge === undefined) return;
    const name = text("Interface", row, "name");
    const type = text("Interface", row, "type");
    const isDevice = type === "" || type === "system";
    if (isDevice && this.#around.device(name) === undefined) {
      bridge.removePort(uuid);
      const error = `could not open network device ${name} (No such device)`;
      this.#write(updateRow("Interface", uuid, { ofport: -1, error }));
      return;
    }
    const held = bridge.portOf(uuid);
    const device = this.#around.device(name);
    const mac = text("Interface", row, "mac") || device?.mac || held?.hwAddr || this.#around.newMac();
    const config: InterfaceConfig = {
      uuid,
      name,
      type,
      mac,
      ofportRequest: number("Interface", row, "ofport_request"),
      options: map("Interface", row, "options"),
      bfd: map("Interface", row, "bfd"),
    };
    const hasBfd = config.bfd.get("enable") === "true";
    const before = held?.bfdForwards ?? null;
    const bfdForwards = hasBfd ? (bfd?.forwards ?? before ?? false) : null;
    // An internal port is a device of the host's own, and down until an administrator says otherwise.
    const isAdminUp = device !== undefined || type !== "internal";
    const port = bridge.setPort(config, { isUp: device?.isUp ?? isAdminUp, bfdForwards, isAdminUp });
    this.#tell(uuid, port, hasBfd ? bfd?.status : {});
    const isNews = held === undefined || bfd === undefined;
    if (isTunnelType(type) && isNews) this.#around.tunnelChanged(bridge, port, true);
  }

  /** What the interface's row says of it. */
  #tell(uuid: string, port: BridgePort, bfdStatus: Readonly<Record<string, string>> | undefined): void {
    const told: Record<string, Json> = {
      ofport: this.#ofportTold(port),
      mac_in_use: port.hwAddr,
      admin_state: (port.config & OFPPC.PORT_DOWN) === 0 ? "up" : "down",
      link_state: port.isUp ? "up" : "down",
      error: ["set", []],
    };
    if (isTunnelType(port.interface.type)) delete told.mtu;
    else told.mtu = this.#around.device(port.name)?.mtu ?? USUAL_MTU;
    if (bfdStatus !== undefined) told.bfd_status = ["map", Object.entries(bfdStatus)];
    this.#write(updateRow("Interface", uuid, told));
  }

  /** A host that lies of its ports gives each guest's the number of another's. */
  #ofportTold(port: BridgePort): number {
    const told = Bridge.ofportShown(port.portNo);
    const isGuest = port.interface.type === "" && this.#around.manners.lies.has("port-numbers");
    return isGuest ? told + FALSE_BY : told;
  }

  /** What guests' ports and links are is told anew. */
  tellPorts(): void {
    for (const bridge of this.#bridges.values())
      for (const port of bridge.ports) if (port.interface.type === "") this.refresh(port.interface.uuid);
  }

  #controllersOf(row: Row | undefined): void {
    if (row === undefined) return;
    const name = text("Bridge", row, "name");
    for (const [uuid, bridge] of this.#bridges) {
      if (bridge.name !== name) continue;
      const now = rowOf(this.#database, "Bridge", uuid);
      const targets = (now === undefined ? [] : uuids("Bridge", now, "controller")).flatMap((controller) => {
        const found = rowOf(this.#database, "Controller", controller);
        return found === undefined ? [] : [[controller, text("Controller", found, "target")] as const];
      });
      bridge.setControllers(new Map(targets), this.#around.socketIp, this.#around.manners, (controller, isConnected) =>
        this.#write(updateRow("Controller", controller, { is_connected: isConnected })),
      );
    }
  }

  /** `cur_cfg` follows `next_cfg`, by which ovs-vsctl knows that its change is in force. */
  #confirm(edits: readonly RowEdit[]): void {
    for (const { table, uuid, after } of edits) {
      if (table !== "Open_vSwitch" || after === undefined) continue;
      const [next, current] = [number(table, after, "next_cfg") ?? 0, number(table, after, "cur_cfg") ?? 0];
      if (next !== current) this.#write(updateRow(table, uuid, { cur_cfg: next }));
    }
  }

  /** Written together, in a turn of its own: the transaction that asked has been answered by then. */
  #write(operation: JsonObject): void {
    this.#toWrite.push(operation);
    if (this.#isWriting) return;
    this.#isWriting = true;
    setImmediate(() => {
      const operations = this.#toWrite;
      this.#toWrite = [];
      this.#isWriting = false;
      this.#database.write(...operations);
    });
  }
}
