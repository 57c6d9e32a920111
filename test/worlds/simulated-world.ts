// A world of simulated hosts: in this process, with a controller on loopback.

import type { FlowStats } from "../../proto/openflow13/index.ts";
import type { Json } from "../../proto/ovsdb/json-text.ts";
import { hostNameOf } from "../../src/lab/names.ts";
import { FleetLab } from "../../src/lab/simulated/fleet-lab.ts";
import { LAYOUTS } from "../../src/sim/database/database.ts";
import { datumJson } from "../../src/sim/database/datum-json.ts";
import type { Guest } from "../../src/sim/guest.ts";
import type { SimulatedHost } from "../../src/sim/host.ts";
import type { Question, Settings } from "../lab/controller-under-test.ts";
import { ControllerOnLoopback } from "../unit/delta/controller-on-loopback.ts";
import {
  type GuestPlace,
  type HostHoldings,
  ROW_COLUMNS,
  type RowJson,
  type SegmentPlace,
  until,
  type World,
} from "./world.ts";

const NAME = "world";
const BRIDGE = "br-int";
/** Nobody has it: who asks for it is heard all the same. */
const NOBODY = "10.254.254.254";
/** As the lab has it. */
const MTU = 1442;

export class SimulatedWorld implements World {
  readonly kind = "simulated";
  readonly quietMs?: number;
  readonly #lab = new FleetLab({ name: NAME, chatter: false, externalIds: { "weft-datapath-type": "netdev" } });
  readonly #guests = new Map<string, { readonly guest: Guest; readonly host: SimulatedHost; readonly port: string }>();
  readonly #gone = new Set<number>();
  #settings: Settings;
  #controller: ControllerOnLoopback;

  private constructor(controller: ControllerOnLoopback, settings: Settings, quietMs: number | undefined) {
    if (quietMs !== undefined) this.quietMs = quietMs;
    this.#controller = controller;
    this.#settings = settings;
  }

  static async create(hosts: number, settings: Settings, quietMs?: number): Promise<SimulatedWorld> {
    const world = new SimulatedWorld(await ControllerOnLoopback.start(settings), settings, quietMs);
    world.#lab.addHosts(hosts);
    await world.#join(world.#lab.view.hosts.map(({ name }) => name));
    return world;
  }

  async #join(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await this.#lab.join(`tcp:127.0.0.1:${this.#controller.ovsdbPort}`, [name]);
      await this.#lab.bridges([name], 30);
    }
  }

  get hosts(): number {
    return this.#lab.fleet.hosts.length - this.#gone.size;
  }

  #host(number: number): SimulatedHost {
    return this.#lab.fleet.host(number);
  }

  volatile = async (): Promise<readonly (readonly [string, string])[]> => {
    const { fabric } = this.#controller.queries.status();
    return this.#lab.fleet.hosts
      .flatMap(({ number, tunnelIp, vswitchd }): (readonly [string, string])[] => [
        [tunnelIp, `IP(${number})`],
        ...[...(vswitchd.bridgeNamed(BRIDGE)?.ports ?? [])]
          .filter((port) => port.name === BRIDGE || port.interface.type === "internal")
          .map((port): [string, string] => [port.hwAddr, `MAC(${number} ${port.name})`]),
      ])
      .concat([
        [fabric ?? "no fabric", "FABRIC"],
        [NAME, "WORLD"],
        [`${MTU}`, `${MTU}`],
      ]);
  };

  async ask<Q extends Question>(question: Q) {
    return this.#controller.queries[question]() as ReturnType<ControllerOnLoopback["queries"][Q]>;
  }

  async addHost(): Promise<void> {
    const [host] = this.#lab.addHosts(1);
    await this.#join([hostNameOf(host?.number ?? 0)]);
  }

  async dropHost(number: number): Promise<void> {
    const host = this.#host(number);
    host.delManager();
    host.delControllers(BRIDGE);
    this.#gone.add(number);
    await until(async () => {
      const view = this.#controller.queries.hosts().find(({ id }) => id === host.systemId);
      return view?.ovsdb === "disconnected" && view.openflow === "disconnected" ? [] : ["it is still connected"];
    });
    this.#controller.queries.forgetHost(host.systemId);
  }

  async addGuest({ name, host: number, ip, mac = "", port, tag, network, attachedMac, ids, internal }: GuestPlace) {
    const host = this.#host(number);
    const named = attachedMac === true ? { ...ids, "attached-mac": mac } : ids;
    const portRow = network === undefined ? {} : { external_ids: ["map", [["weft-network", network]]] as Json };
    const shared = {
      ...{ name, ip, mtu: MTU, portRow },
      ...(tag === undefined ? {} : { tag }),
      ...(named === undefined ? {} : { externalIds: named }),
    };
    const at = port ?? (internal === true ? name : `tap-${name}`);
    const guest =
      internal === true
        ? host.addInternalGuest({ ...shared, port: at, interfaceRow: { mtu_request: MTU } })
        : host.addGuest({ ...shared, port: at, mac });
    this.#guests.set(name, { guest, host, port: at });
  }

  async addSegment({ name, host: number, members }: SegmentPlace): Promise<void> {
    const host = this.#host(number);
    const port = `tap-${name}`;
    for (const guest of host.addSegment({ name, port, mtu: MTU, members }))
      this.#guests.set(guest.name, { guest, host, port });
  }

  async removeGuest(name: string): Promise<void> {
    const found = this.#member(name);
    found.host.removePort(found.port);
    this.#guests.delete(name);
  }

  async removeSegment(name: string): Promise<void> {
    for (const [guest, { port, host }] of this.#guests) {
      if (port !== `tap-${name}`) continue;
      host.removePort(port);
      this.#guests.delete(guest);
    }
  }

  #member(name: string) {
    const found = this.#guests.get(name);
    if (found === undefined) throw new Error(`there is no guest ${name}`);
    return found;
  }

  addressOf(name: string): string {
    const { mac, ip } = this.#member(name).guest;
    return `${mac} ${ip}`;
  }

  async speak(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const { guest } = this.#member(name);
      guest.forgetNeighbours();
      guest.ping(NOBODY);
    }
  }

  async pings(names: readonly string[]): Promise<readonly string[]> {
    return names.flatMap((from) =>
      names
        .filter((to) => to !== from && this.#member(from).guest.ping(this.#member(to).guest.ip) === 1)
        .map((to) => `${from} -> ${to}`),
    );
  }

  async broadcast(from: string, at: readonly string[]): Promise<Readonly<Record<string, number>>> {
    const others = at.filter((name) => name !== from).map((name) => [name, this.#member(name).guest] as const);
    const before = others.map(([, guest]) => guest.received);
    const { guest } = this.#member(from);
    const mac = guest.mac.split(":").map((byte) => Number.parseInt(byte, 16));
    guest.emit(Uint8Array.from([...Array(6).fill(0xff), ...mac, 0x88, 0xb5, ...Array(46).fill(7)]));
    return Object.fromEntries(others.map(([name, one], index) => [name, one.received - (before[index] ?? 0)]));
  }

  async cut(a: number, b: number): Promise<void> {
    this.#lab.fleet.cut(a, b);
  }

  async heal(a: number, b: number): Promise<void> {
    this.#lab.fleet.heal(a, b);
  }

  async holdings(number: number): Promise<HostHoldings> {
    const { database, vswitchd } = this.#host(number);
    const bridge = vswitchd.bridgeNamed(BRIDGE);
    if (bridge === undefined) throw new Error(`host ${number} has no bridge`);
    const { flows, groups } = bridge.datapath;
    const rows = Object.entries(ROW_COLUMNS).map(([table, columns]): [string, RowJson[]] => {
      const layout = LAYOUTS.get(table);
      const all = [...database.rowsOf(table).values()].map(
        (row): RowJson =>
          Object.fromEntries(
            columns.map((name) => {
              const column = layout?.columns.get(name);
              return [name, column === undefined ? null : datumJson(column.type, row[column.at] ?? [])];
            }),
          ),
      );
      return [table, all];
    });
    const stats = [...flows.all()].map((flow): FlowStats => {
      const { addedMs: _, usedMs: __, packets, bytes, ...held } = flow;
      return { ...held, durationSec: 0, durationNsec: 0, packetCount: packets, byteCount: bytes };
    });
    const ports = new Map([...bridge.ports].map(({ portNo, name }) => [portNo, name]));
    return { flows: stats, groups: groups.all(), ports, rows: Object.fromEntries(rows) };
  }

  async restart(settings: Settings = this.#settings): Promise<void> {
    const { ovsdbPort, openFlowPort } = this.#controller;
    await this.#controller.stop();
    this.#settings = settings;
    const listen = { ovsdb: [`ptcp:${ovsdbPort}:127.0.0.1`], openflow: [`ptcp:${openFlowPort}:127.0.0.1`] };
    this.#controller = await ControllerOnLoopback.start({ ...settings, listen });
  }

  async destroy(): Promise<void> {
    this.#lab.stop();
    await this.#controller.stop();
  }
}
