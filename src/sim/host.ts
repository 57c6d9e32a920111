// A simulated host: a database that speaks OVSDB, switches that speak OpenFlow, and guests behind their ports.
import type { Json } from "../../proto/ovsdb/json-text.ts";
import { socketIp, tunnelIp } from "./addresses.ts";
import { targetOf } from "./bridge.ts";
import { Database } from "./database/database.ts";
import { DatabaseServer, type ServerCounts } from "./database/server.ts";
import { Guest } from "./guest.ts";
import type {
  Behind,
  GuestOptions,
  HostOptions,
  InternalGuestOptions,
  PlugOptions,
  SegmentOptions,
} from "./host-options.ts";
import { goodManners, type Manners } from "./manners.ts";
import { jsonMap, mutateAll, mutateNamed, text, updateRow, uuids } from "./ovs-rows.ts";
import { Dialler } from "./socket.ts";
import { type Device, type Surroundings, Vswitchd } from "./vswitchd.ts";

const USUAL_MTU = 1500;

export type HostWorld = Omit<Surroundings, "device" | "manners" | "socketIp">;

const encoder = new TextEncoder();

export class SimulatedHost {
  readonly number: number;
  readonly systemId: string;
  readonly tunnelIp: string;
  readonly socketIp: string;
  readonly database = new Database();
  /** By port. */
  readonly guests = new Map<string, Behind>();
  readonly counts: ServerCounts = { transactions: 0, operations: 0 };
  readonly #world: HostWorld;
  readonly #manners = goodManners();
  /** Those that guests stand behind. */
  readonly #devices = new Map<string, Device>();
  readonly #managers = new Map<string, Dialler>();
  readonly #unwatch: () => void;
  #vswitchd: Vswitchd;

  constructor(options: HostOptions, world: HostWorld) {
    this.number = options.number;
    this.systemId = options.systemId;
    this.tunnelIp = tunnelIp(options.number);
    this.socketIp = socketIp(options.number);
    this.#world = world;
    const externalIds = { "system-id": this.systemId, "weft-tunnel-ip": this.tunnelIp, ...options.externalIds };
    this.database.write({
      op: "insert",
      table: "Open_vSwitch",
      row: {
        external_ids: jsonMap(externalIds),
        ovs_version: options.ovsVersion ?? "3.1.0",
        db_version: "8.3.1",
        iface_types: ["set", ["geneve", "gre", "internal", "patch", "system", "tap", "vxlan"]],
        datapath_types: ["set", ["netdev", "system"]],
      },
    });
    this.#unwatch = this.database.watch((edits) => {
      if (edits.some(({ table }) => table === "Open_vSwitch" || table === "Manager")) this.#manage();
    });
    this.#vswitchd = this.#start();
  }

  get vswitchd(): Vswitchd {
    return this.#vswitchd;
  }

  /** `ovs-vsctl set-manager tcp:IP:PORT`. */
  setManager(target: string): void {
    this.database.write(
      { op: "insert", table: "Manager", row: { target }, "uuid-name": "manager" },
      { op: "update", table: "Open_vSwitch", where: [], row: { manager_options: ["named-uuid", "manager"] } },
    );
  }

  /** `ovs-vsctl del-manager`. */
  delManager(): void {
    this.database.write({ op: "update", table: "Open_vSwitch", where: [], row: { manager_options: ["set", []] } });
  }

  /** `ovs-vsctl del-controller BRIDGE`. */
  delControllers(bridge: string): void {
    const row = { controller: ["set", []] };
    this.database.write({ op: "update", table: "Bridge", where: [["name", "==", bridge]], row });
  }

  /** `ovs-vsctl add-br NAME`. */
  addBridge(name: string, row: Readonly<Record<string, Json>> = {}): void {
    const port = { name, interfaces: ["named-uuid", "local"] };
    this.database.write(
      { op: "insert", table: "Interface", row: { name, type: "internal" }, "uuid-name": "local" },
      { op: "insert", table: "Port", row: port, "uuid-name": "port" },
      { op: "insert", table: "Bridge", row: { name, ports: ["named-uuid", "port"], ...row }, "uuid-name": "bridge" },
      mutateAll("Open_vSwitch", "bridges", "insert", ["named-uuid", "bridge"]),
    );
  }

  /** A guest's device comes, and `ovs-vsctl add-port` of it. */
  addGuest(options: GuestOptions): Guest {
    const { name, mac, ip, port = `tap-${name}` } = options;
    const guest = new Guest(name, mac, ip, (frame) => this.#fromGuest(port, frame));
    this.#plug({ ...options, port }, guest);
    return guest;
  }

  #plug(options: PlugOptions, behind: Behind): void {
    const { port, bridge = "br-int", tag, externalIds, interfaceRow } = options;
    this.guests.set(port, behind);
    // Of a tap or a veth this end has a MAC of its own.
    const device = { mtu: options.mtu ?? USUAL_MTU, isUp: true };
    const isOwn = interfaceRow?.type === "internal" && options.mac !== undefined;
    this.#devices.set(port, isOwn ? { ...device, mac: options.mac } : device);
    const ids = externalIds === undefined ? {} : { external_ids: jsonMap(externalIds) };
    const tagged = tag === undefined ? {} : { tag };
    this.database.write(
      { op: "insert", table: "Interface", row: { name: port, ...ids, ...interfaceRow }, "uuid-name": "device" },
      {
        op: "insert",
        table: "Port",
        row: { name: port, interfaces: ["named-uuid", "device"], ...tagged, ...options.portRow },
        "uuid-name": "port",
      },
      mutateNamed("Bridge", bridge, "ports", "insert", ["named-uuid", "port"]),
    );
  }

  /** Many guests behind one port, as containers behind docker0: what one says all others hear, and the port too. */
  addSegment({ members, ...options }: SegmentOptions): readonly Guest[] {
    const { port = `tap-${options.name}` } = options;
    const guests: Guest[] = [];
    const tell = (frame: Uint8Array, from: Guest | null): void => {
      for (const guest of guests) if (guest !== from) guest.receive(frame);
    };
    for (const { name, mac, ip } of members) {
      const guest: Guest = new Guest(name, mac, ip, (frame) => {
        tell(frame, guest);
        this.#fromGuest(port, frame);
      });
      guests.push(guest);
    }
    this.#plug({ ...options, port }, { receive: (frame) => tell(frame, null) });
    return guests;
  }

  /** An address of the host's own: on the bridge's LOCAL port, or on an internal port that is made for it. */
  addInternalGuest({ name, ip, port = name, bridge = "br-int", ...options }: InternalGuestOptions): Guest {
    const held = [...(this.#vswitchd.bridgeNamed(bridge)?.ports ?? [])].find((one) => one.name === port);
    const mac = held?.hwAddr ?? this.#world.newMac();
    if (held === undefined) {
      const interfaceRow = { type: "internal", ...options.interfaceRow };
      return this.addGuest({ ...options, name, mac, ip, port, bridge, interfaceRow });
    }
    const guest = new Guest(name, mac, ip, (frame) => this.#fromGuest(port, frame));
    this.guests.set(port, guest);
    this.#devices.set(port, { mac, mtu: options.mtu ?? USUAL_MTU, isUp: true });
    if (options.interfaceRow !== undefined)
      this.database.write({
        op: "update",
        table: "Interface",
        where: [["name", "==", port]],
        row: options.interfaceRow,
      });
    this.#vswitchd.refreshPort(port);
    return guest;
  }

  /** `ovs-vsctl del-port`. */
  removePort(name: string): void {
    this.guests.delete(name);
    this.#devices.delete(name);
    for (const [uuid, row] of this.database.rowsOf("Port")) {
      if (text("Port", row, "name") !== name) continue;
      this.database.write(mutateAll("Bridge", "ports", "delete", ["set", [["uuid", uuid]]]));
      return;
    }
  }

  /** A frame that left a bridge by a guest's port. */
  toGuest(port: string, frame: Uint8Array): void {
    this.guests.get(port)?.receive(frame);
  }

  /** The host's connections end, and none is made until they are let go. */
  holdConnections(isHeld: boolean): void {
    this.behave({ isHeld });
  }

  /** The host neither says nor hears anything, while its connections stay. */
  silence(isSilent: boolean): void {
    this.behave({ isSilent });
  }

  /** From now on, and on connections to come. */
  behave(change: Partial<Manners>): void {
    const liedOfPorts = this.#manners.lies.has("port-numbers");
    Object.assign(this.#manners, change);
    for (const dialler of this.#managers.values()) dialler.obey();
    this.#vswitchd.eachDialler((dialler) => dialler.obey());
    if (this.#manners.lies.has("port-numbers") !== liedOfPorts) this.#vswitchd.tellPorts();
  }

  /** A guest's link goes down or comes up: as if its cable was pulled, on every port of a guest unless one is named. */
  setLinks(isUp: boolean, ports: Iterable<string> = this.guests.keys()): void {
    for (const port of ports) {
      const device = this.#devices.get(port);
      if (device !== undefined) this.#devices.set(port, { ...device, isUp });
    }
    this.#vswitchd.tellPorts();
  }

  /** ovs-vswitchd is started again: its flows are gone. */
  restartVswitchd(): void {
    this.#vswitchd.stop();
    this.#vswitchd = this.#start();
  }

  stop(): void {
    this.#unwatch();
    for (const dialler of this.#managers.values()) dialler.stop();
    this.#vswitchd.stop();
    this.database.close();
  }

  #start(): Vswitchd {
    return new Vswitchd(this.database, {
      ...this.#world,
      socketIp: this.socketIp,
      manners: this.#manners,
      device: (name) => this.#devices.get(name),
    });
  }

  #fromGuest(portName: string, frame: Uint8Array): void {
    for (const bridge of this.#vswitchd.bridges) {
      for (const port of bridge.ports) {
        if (port.name !== portName) continue;
        bridge.datapath.receive(port.portNo, frame);
        return;
      }
    }
  }

  #manage(): void {
    const wanted = new Map<string, string>();
    for (const row of this.database.rowsOf("Open_vSwitch").values()) {
      for (const uuid of uuids("Open_vSwitch", row, "manager_options")) {
        const manager = this.database.rowsOf("Manager").get(uuid);
        if (manager !== undefined) wanted.set(uuid, text("Manager", manager, "target"));
      }
    }
    for (const [uuid, dialler] of this.#managers) {
      if (wanted.has(uuid)) continue;
      dialler.stop();
      this.#managers.delete(uuid);
    }
    for (const [uuid, target] of wanted) if (!this.#managers.has(uuid)) this.#dial(uuid, target);
  }

  #dial(uuid: string, text: string): void {
    const target = targetOf(text);
    if (target === null) return;
    const dialler = new Dialler({
      ...target,
      from: this.socketIp,
      manners: this.#manners,
      open: (send) => new DatabaseServer(this.database, this.counts, (answer) => send(encoder.encode(answer))),
      onState: (isConnected) => {
        const isThere = this.database.rowsOf("Manager").has(uuid);
        if (isThere) this.database.write(updateRow("Manager", uuid, { is_connected: isConnected }));
      },
    });
    this.#managers.set(uuid, dialler);
  }
}
