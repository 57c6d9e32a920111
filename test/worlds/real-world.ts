// A world of real Open vSwitch hosts in network namespaces.
import { type Guest, type Host, Lab, type Segment } from "../../src/lab/index.ts";
import {
  type ControllerUnderTest,
  type Question,
  type Settings,
  startInProcess,
} from "../lab/controller-under-test.ts";
import { PORTS } from "../lab/fabric.ts";
import { SwitchTap } from "../lab/switch-probe.ts";
import {
  type GuestPlace,
  type HostHoldings,
  ROW_COLUMNS,
  type RowJson,
  type SegmentPlace,
  until,
  type World,
} from "./world.ts";

const BRIDGE = "br-int";
/** Rows of the bridge by which a lab's host reaches the underlay, and not Weft's. */
const UNDERLAY = new Set(["br-phy", "eth0"]);

export class RealWorld implements World {
  readonly kind = "real";
  readonly #lab: Lab;
  readonly #guests = new Map<string, Guest>();
  readonly #segments = new Map<string, Segment>();
  readonly #gone = new Set<number>();
  #settings: Settings;
  #controller: ControllerUnderTest;

  private constructor(lab: Lab, controller: ControllerUnderTest, settings: Settings) {
    this.#lab = lab;
    this.#controller = controller;
    this.#settings = settings;
  }

  static async create(hosts: number, settings: Settings): Promise<RealWorld> {
    const lab = await Lab.create({ hosts });
    try {
      const world = new RealWorld(lab, await startInProcess(listening(lab, settings)), settings);
      await world.#join(lab.hosts);
      return world;
    } catch (error) {
      await lab.destroy();
      throw error;
    }
  }

  /** One after the other: indexes are given in the order in which hosts come. */
  async #join(hosts: readonly Host[]): Promise<void> {
    for (const host of hosts) {
      await this.#lab.join({ port: PORTS.ovsdb, hosts: [host] });
      await host.waitForBridge();
    }
  }

  get hosts(): number {
    return this.#lab.hosts.length - this.#gone.size;
  }

  volatile = async (): Promise<readonly (readonly [string, string])[]> => {
    const { fabric } = await this.ask("status");
    const all: (readonly [string, string])[] = [
      [fabric ?? "no fabric", "FABRIC"],
      [this.#lab.name, "WORLD"],
    ];
    for (const host of this.#lab.hosts) {
      all.push([host.ip, `IP(${host.index})`]);
      const found = await host.vsctl(
        "--format=json",
        "--columns=name,mac_in_use",
        "find",
        "interface",
        "type=internal",
      );
      for (const [name, mac] of (JSON.parse(found) as { data: [string, unknown][] }).data)
        if (typeof mac === "string" && !UNDERLAY.has(name)) all.push([mac, `MAC(${host.index} ${name})`]);
    }
    return all;
  };

  ask<Q extends Question>(question: Q) {
    return this.#controller.ask(question);
  }

  async addHost(): Promise<void> {
    await this.#join([await this.#lab.addHost()]);
  }

  async dropHost(number: number): Promise<void> {
    const host = this.#lab.host(number);
    const id = `${this.#lab.name}-${host.name}`;
    const isOver = (connection: "ovsdb" | "openflow") =>
      until(async () => {
        const view = (await this.ask("hosts")).find((one) => one.id === id);
        return view?.[connection] === "disconnected" ? [] : [`${connection} is still connected`];
      });
    // One after the other: while the controller hears of rows, it puts its own back.
    await host.vsctl("del-manager");
    this.#gone.add(number);
    await isOver("ovsdb");
    await host.vsctl("del-controller", BRIDGE);
    await isOver("openflow");
    await this.#controller.forget(id);
  }

  async addGuest({ host: number, ip, ids = {}, internal, ...place }: GuestPlace): Promise<void> {
    const host = this.#lab.host(number);
    const interfaceColumns = Object.fromEntries(
      Object.entries(ids).map(([key, value]) => [`external_ids:${key}`, JSON.stringify(value)]),
    );
    const spec = { ...place, ip: `${ip}/16`, interfaceColumns };
    this.#guests.set(place.name, internal === true ? await host.addInternalPort(spec) : await host.addGuest(spec));
  }

  async addSegment({ name, host, members }: SegmentPlace): Promise<void> {
    const segment = await this.#lab.host(host).addSegment({ name });
    this.#segments.set(name, segment);
    for (const member of members)
      this.#guests.set(member.name, await segment.addGuest({ ...member, ip: `${member.ip}/16` }));
  }

  async removeGuest(name: string): Promise<void> {
    await this.#lab.host(this.#guest(name).host).removeGuest(name);
    this.#guests.delete(name);
  }

  async removeSegment(name: string): Promise<void> {
    const segment = this.#segments.get(name);
    if (segment === undefined) throw new Error(`there is no segment ${name}`);
    await this.#lab.host(segment.host).vsctl("del-port", segment.port);
    for (const [guest, { port, host }] of this.#guests)
      if (port === segment.port && host === segment.host) this.#guests.delete(guest);
  }

  #guest(name: string): Guest {
    const guest = this.#guests.get(name);
    if (guest === undefined) throw new Error(`there is no guest ${name}`);
    return guest;
  }

  addressOf(name: string): string {
    const { mac, ip } = this.#guest(name);
    return `${mac} ${ip}`;
  }

  async speak(names: readonly string[]): Promise<void> {
    const guests = names.map((name) => this.#guest(name));
    await Promise.all(
      guests.map(async (guest) => {
        const other = guests.find((one) => one !== guest)?.ip ?? nextIp(guest.ip);
        const script = `ip neigh flush dev ${guest.device}; ping -n -c1 -W1 -I ${guest.device} ${other}`;
        await guest.exec(["sh", "-c", script], { check: false });
      }),
    );
  }

  async pings(names: readonly string[]): Promise<readonly string[]> {
    const guests = names.map((name) => this.#guest(name));
    const { pairs } = await this.#lab.pingMatrix(guests, { count: 1, timeoutSec: 1 });
    return pairs.filter(({ ok }) => ok).map(({ from, to }) => `${from} -> ${to}`);
  }

  async broadcast(from: string, at: readonly string[]): Promise<Readonly<Record<string, number>>> {
    const others = at.filter((name) => name !== from);
    const guests = others.map((name) => this.#guest(name));
    const { counts } = await this.#lab.countBroadcast(this.#guest(from), { count: 1, settleMs: 200, at: guests });
    return Object.fromEntries(others.map((name) => [name, counts.get(name)?.total ?? Number.NaN]));
  }

  async cut(a: number, b: number): Promise<void> {
    await this.#lab.cut(a, b);
  }

  async heal(a: number, b: number): Promise<void> {
    await this.#lab.heal(a, b);
  }

  async holdings(number: number): Promise<HostHoldings> {
    const host = this.#lab.host(number);
    const tap = await SwitchTap.connect(host, BRIDGE);
    const [flows, groups] = [await tap.flows(), await tap.groups()];
    tap.close();
    const rows: [string, RowJson[]][] = [];
    for (const [table, columns] of Object.entries(ROW_COLUMNS)) rows.push([table, await rowsOf(host, table, columns)]);
    const ports = new Map(
      (await rowsOf(host, "Interface", ["name", "ofport"])).map(({ name, ofport }) => [Number(ofport), String(name)]),
    );
    return { flows, groups, ports, rows: Object.fromEntries(rows) };
  }

  async restart(settings: Settings = this.#settings): Promise<void> {
    await this.#controller.stop();
    this.#settings = settings;
    this.#controller = await startInProcess(listening(this.#lab, settings));
    // Hosts need not wait until it is time to call again.
    const present = this.#lab.hosts.filter(({ index }) => !this.#gone.has(index));
    await Promise.all(
      present.map((host) => host.exec(["ovs-appctl", "-t", `${host.dir}/ovsdb-server.ctl`, "ovsdb-server/reconnect"])),
    );
  }

  async destroy(): Promise<void> {
    await this.#controller.stop();
    await this.#lab.destroy();
  }
}

/** Another address of the same subnet: who asks for it is heard, whether or not anybody has it. */
function nextIp(ip: string): string {
  return ip.replace(/\d+$/, (last) => `${(Number(last) % 250) + 1}`);
}

function listening(lab: Lab, settings: Settings): Settings {
  const at = (port: number): string[] => [`ptcp:${port}:${lab.controllerIp}`];
  const listen = { ovsdb: at(PORTS.ovsdb), openflow: at(PORTS.openflow) };
  return { timeouts: { startHoldSec: 0 }, ...settings, listen };
}

/** Without those of the bridge to the underlay. */
async function rowsOf(host: Host, table: string, columns: readonly string[]): Promise<RowJson[]> {
  const text = await host.vsctl("--format=json", `--columns=${columns.join(",")}`, "list", table);
  const { headings, data } = JSON.parse(text) as { headings: string[]; data: unknown[][] };
  return data
    .map((values) => Object.fromEntries(headings.map((heading, at) => [heading, values[at]])))
    .filter(({ name }) => typeof name !== "string" || !UNDERLAY.has(name));
}
