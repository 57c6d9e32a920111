// A simulated fleet with a lab's names and habits: h1, h2, ... with guests g1a, g1b, ..., joined by set-manager alone.
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "../../../proto/ovsdb/json-text.ts";
import { Fleet } from "../../sim/fleet.ts";
import type { Guest } from "../../sim/guest.ts";
import type { SimulatedHost } from "../../sim/host.ts";
import { type Misbehaviour, misbehaviourText } from "../../sim/manners.ts";
import { guestMtu } from "../guest-mtu.ts";
import { labMac } from "../host-start.ts";
import { LabError } from "../lab-error.ts";
import { checkLinkName, checkMemberName, defaultPortOf, guestNameOf, hostNameOf } from "../names.ts";
import type { PingMatrix, PingPair } from "../ping-matrix.ts";
import { splitCidr } from "../subnet.ts";
import { Chatter } from "./chatter.ts";
import type { SimulatedGuestSpec, SimulatedGuestView, SimulatedHostView, SimulatedLabView } from "./views.ts";

/** Of the tunnels; no device of this machine has an address of it. */
export const SIMULATED_SUBNET = "10.128.0.0/12";
/** What `weft hosts` and `weft doctor` are told for a version of Open vSwitch. */
const VERSION = "simulated";
const MTU = guestMtu(1500);
const GUEST_KIND = 0x53;
const BRIDGE = "br-int";
const LOOK_EVERY_MS = 20;

interface Member {
  readonly view: SimulatedGuestView;
  readonly guest: Guest;
}

export interface FleetLabOptions {
  readonly name: string;
  /** Of host 1 on; "NAME-h1" unless given. */
  readonly systemIds?: readonly string[];
  /** More `external_ids` of every host. */
  readonly externalIds?: Readonly<Record<string, string>>;
  /** false: guests speak only when they are made to. */
  readonly chatter?: boolean;
}

export class FleetLab {
  readonly name: string;
  readonly fleet = new Fleet();
  readonly #options: FleetLabOptions;
  readonly #guests = new Map<string, Member>();
  readonly #managers = new Map<string, string>();
  readonly #chatter = new Chatter();

  constructor(options: FleetLabOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get view(): SimulatedLabView {
    const hosts = this.fleet.hosts.map(({ number, systemId, tunnelIp: ip }): SimulatedHostView => {
      const name = hostNameOf(number);
      const misbehaviour = this.fleet.misbehaviourOf(number);
      const misbehaves = misbehaviour === undefined ? null : misbehaviourText(misbehaviour);
      return { name, systemId, ip, manager: this.#managers.get(name) ?? null, misbehaves };
    });
    const cuts = this.fleet.cuts.map(([a, b]) => [hostNameOf(a), hostNameOf(b)] as const);
    const guests = [...this.#guests.values()].map(({ view }) => view);
    return { name: this.name, subnet: SIMULATED_SUBNET, pid: process.pid, hosts, guests, cuts };
  }

  addHosts(count: number): readonly SimulatedHost[] {
    return Array.from({ length: count }, () => {
      const number = this.fleet.hosts.length + 1;
      const systemId = this.#options.systemIds?.[number - 1] ?? `${this.name}-${hostNameOf(number)}`;
      const { externalIds = {} } = this.#options;
      return this.fleet.addHost({ number, systemId, ovsVersion: VERSION, externalIds });
    });
  }

  host(name: string): SimulatedHost {
    const host = this.fleet.hosts.find(({ number }) => hostNameOf(number) === name);
    if (host !== undefined) return host;
    const has = `it has ${this.fleet.hosts.length === 1 ? "h1" : `h1 to h${this.fleet.hosts.length}`}`;
    throw new LabError("lab/no-host", `the lab has no host ${name}; ${has}`, { context: { name } });
  }

  /** @param target where the controller is, as `ovs-vsctl set-manager` takes it */
  async join(target: string, names = this.view.hosts.map(({ name }) => name)): Promise<void> {
    for (const name of names) {
      const host = this.host(name);
      if (this.#managers.has(name)) host.delManager();
      host.setManager(target);
      this.#managers.set(name, target);
      // In their order, as one types: they have their indexes by it.
      await sleep(1);
    }
  }

  /** Resolves when the hosts have their bridges; rejects with those that have none once no other gets one for so long. */
  async bridges(names: readonly string[], patienceSec: number, bridge = BRIDGE): Promise<void> {
    const hosts = names.map((name) => ({ name, host: this.host(name) }));
    let [left, since] = [hosts.length, Date.now()];
    for (;;) {
      const without = hosts.filter(({ host }) => host.vswitchd.bridgeNamed(bridge) === undefined);
      if (without.length === 0) return;
      if (without.length < left) [left, since] = [without.length, Date.now()];
      if (Date.now() - since > patienceSec * 1000) {
        const list = without.map(({ name }) => name);
        const some = `${list.slice(0, 5).join(", ")}${list.length > 5 ? ` and ${list.length - 5} more` : ""}`;
        throw new LabError("lab/no-bridge", `there is no bridge ${bridge} on ${some}`, { context: { hosts: list } });
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  guest(name: string): Member {
    const found = this.#guests.get(name);
    if (found !== undefined) return found;
    const names = [...this.#guests.keys()];
    const some = names.length === 0 ? "none" : `${names.slice(0, 10).join(", ")}${names.length > 10 ? ", ..." : ""}`;
    throw new LabError("lab/no-guest", `the lab has no guest ${name}; it has ${some}`, { context: { name } });
  }

  hasGuest(name: string): boolean {
    return this.#guests.has(name);
  }

  /** A guest's device comes, and its port is added to the bridge, which is there. */
  addGuest(
    spec: SimulatedGuestSpec,
    rows: { readonly bridge?: string; readonly port?: JsonObject; readonly interface?: JsonObject } = {},
  ): SimulatedGuestView {
    const host = this.host(spec.host);
    const { name, at } = this.#freeName(host, spec.name);
    checkMemberName(name);
    if (this.#guests.has(name))
      throw new LabError("lab/taken", `the lab has a guest ${name} already`, { context: { name } });
    const { ip } = splitCidr(spec.ip ?? `10.${host.number >>> 8}.${host.number & 0xff}.${at + 1}/8`);
    const mac =
      spec.mac?.toLowerCase() ?? labMac(GUEST_KIND, host.number >>> 8, ((host.number & 0xff) << 8) | (at + 1));
    const port = checkLinkName(spec.port ?? defaultPortOf(name));
    if (host.guests.has(port))
      throw new LabError("lab/taken", `${spec.host} has a port ${port} already`, { context: { port } });
    const view: SimulatedGuestView = { name, host: spec.host, ip, mac, port };
    const guest = host.addGuest({
      ...{ name, mac, ip, port, mtu: MTU, bridge: rows.bridge ?? BRIDGE },
      ...(spec.tag === undefined ? {} : { tag: spec.tag }),
      ...(spec.attachedMac === true ? { externalIds: { "attached-mac": mac } } : {}),
      portRow: {
        ...(spec.network === undefined ? {} : { external_ids: ["map", [["weft-network", spec.network]]] }),
        ...rows.port,
      },
      interfaceRow: rows.interface ?? {},
    });
    this.#guests.set(name, { view, guest });
    if (this.#options.chatter !== false) this.#chatter.add(name, guest);
    return view;
  }

  /** The usual name of the next guest of a host, and how many there were before it. */
  #freeName(host: SimulatedHost, wanted: string | undefined): { readonly name: string; readonly at: number } {
    const taken = new Set([...this.#guests.values()].map(({ view }) => view.ip));
    const isFree = (at: number): boolean => {
      const hasName = this.#guests.has(guestNameOf(host.number, at));
      return !hasName && !taken.has(`10.${host.number >>> 8}.${host.number & 0xff}.${at + 1}`);
    };
    let at = 0;
    while (!isFree(at)) at += 1;
    return { name: wanted ?? guestNameOf(host.number, at), at };
  }

  removeGuest(name: string): void {
    const { view } = this.guest(name);
    this.host(view.host).removePort(view.port);
    this.#guests.delete(name);
    this.#chatter.remove(name);
  }

  /** The usual guests: on each host `perHost`, once its bridge is there. */
  async populate(perHost: number, names = this.view.hosts.map(({ name }) => name)): Promise<SimulatedGuestView[]> {
    await this.bridges(names, PATIENCE_SEC);
    return names.flatMap((host) => Array.from({ length: perHost }, () => this.addGuest({ host })));
  }

  /** Each ordered pair once. All of a ping happens at once, but others have their turn between two senders. */
  async pingMatrix(names: readonly string[] = [...this.#guests.keys()]): Promise<PingMatrix> {
    const members = names.map((name) => this.guest(name));
    const pairs: PingPair[] = [];
    for (const from of members) {
      for (const to of members) if (to !== from) pairs.push(pinged(from, to));
      await nextTurn();
    }
    const failed = pairs.filter(({ ok }) => !ok);
    return { guests: names, pairs, failed, ok: failed.length === 0 };
  }

  cut(from: string, to: string, oneWay = false): void {
    this.fleet.cut(this.host(from).number, this.#other(from, to).number, { oneWay });
  }

  heal(from: string, to: string): void {
    this.fleet.heal(this.host(from).number, this.#other(from, to).number);
  }

  healAll(): void {
    for (const [a, b] of this.fleet.cuts) this.fleet.heal(a, b);
  }

  #other(from: string, to: string): SimulatedHost {
    if (from === to) throw new LabError("lab/same-host", `${from} has no path to itself`, { context: { from, to } });
    return this.host(to);
  }

  misbehave(host: string, what: Misbehaviour): void {
    this.fleet.misbehave(this.host(host).number, what);
  }

  behave(host: string): void {
    this.fleet.behave(this.host(host).number);
  }

  stop(): void {
    this.#chatter.stop();
    this.fleet.stop();
  }
}

/** What a controller may take from one host to the next, where hundreds come at once. */
const PATIENCE_SEC = 300;

function pinged(from: Member, to: Member): PingPair {
  const startMs = performance.now();
  const answers = from.guest.ping(to.view.ip);
  const ms = performance.now() - startMs;
  const received = Math.min(1, answers);
  const rtt = received === 0 ? {} : { rttMs: { min: ms, avg: ms, max: ms } };
  const result = { sent: 1, received, duplicates: answers - received, lossPercent: (1 - received) * 100, ...rtt };
  return { from: from.view.name, to: to.view.name, ok: answers === 1, result };
}
