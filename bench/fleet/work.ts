// What a benchmark asks of a simulated fleet; it runs where the fleet is.
import { Fleet } from "../../src/sim/fleet.ts";
import { Guest } from "../../src/sim/guest.ts";
import type { SimulatedHost } from "../../src/sim/host.ts";
import { destinationOf, ipOf, macOf, portOf } from "../endpoints.ts";
import { FlowWatch } from "./flow-watch.ts";
import { BRIDGE, isLive, isWritten, meshOf, storedIndex } from "./mesh.ts";

const LOOK_MS = 20;
/** What is looked at in one turn: the fleet must not stand still meanwhile. */
const HOSTS_A_TURN = 16;
/** Endpoints that are written in one turn. */
const CHUNK = 64;

const now = (): number => performance.timeOrigin + performance.now();

export interface JoinTimes {
  /** Milliseconds from the first `set-manager` until the last host had a bridge, and its switch a controller. */
  readonly bridgesMs: number;
  /** Until every host had its tunnels and a group for each other host. */
  readonly writtenMs: number;
  /** Until BFD said of every tunnel that it forwards. */
  readonly liveMs: number;
  readonly tunnels: number;
  readonly isFlowBased: boolean;
}

export interface FleetCounts {
  readonly transactions: number;
  readonly operations: number;
  readonly flowMods: number;
  readonly groupMods: number;
  readonly flows: number;
  readonly groups: number;
}

/** Endpoints one after the other: number n is on host n modulo the hosts, or of those that are named. */
export interface EndpointRun {
  readonly from: number;
  readonly count: number;
  /** So many hosts share a network, each with the next ones; all of them unless given. */
  readonly tenantHosts?: number;
  /** Only on hosts whose place in the fleet is a multiple of this. */
  readonly everyHost?: number;
}

/** VLANs of tenants start here; the network of all has none. */
const FIRST_TENANT_VLAN = 2;
const LAST_TENANT_VLAN = 4094;

interface Attached {
  readonly host: SimulatedHost;
  /** Null for the network of all. */
  readonly tag: number | null;
}

export class FleetWork {
  readonly #fleet = new Fleet();
  readonly #watch = new FlowWatch();
  readonly #watched = new WeakSet<object>();
  readonly #attached = new Map<number, Attached>();
  /** Of each network, how many endpoints a host has: only a host with one holds the network's flows. */
  readonly #members = new Map<number | null, Map<SimulatedHost, number>>();

  addHosts(count: number): void {
    for (let at = 0; at < count; at++) this.#fleet.addHost();
  }

  /** All hosts not yet joined do at once. */
  async join(target: string, timeoutMs: number): Promise<JoinTimes> {
    const { hosts } = this.#fleet;
    const start = now();
    for (const host of hosts) host.setManager(target);
    const until = (what: string, isSo: (host: SimulatedHost) => boolean) =>
      this.#each(what, isSo, start + timeoutMs - now());
    await until("has a bridge with a controller", (host) => {
      const bridge = host.vswitchd.bridgeNamed(BRIDGE);
      return bridge !== undefined && bridge.datapath.watcherCount > 0;
    });
    const bridgesMs = now() - start;
    await until("has its tunnels and groups", (host) => isWritten(meshOf(host), hosts.length - 1));
    const writtenMs = now() - start;
    await until("has live tunnels", (host) => isLive(meshOf(host), hosts.length - 1));
    const liveMs = now() - start;
    const meshes = hosts.map(meshOf);
    const tunnels = meshes.reduce((sum, mesh) => sum + mesh.tunnels + mesh.shared, 0);
    return { bridgesMs, writtenMs, liveMs, tunnels, isFlowBased: meshes.every(({ shared }) => shared > 0) };
  }

  /** Those that are so are not asked again: with a mesh of a million tunnels the asking would cost more than the work. */
  async #each(what: string, isSo: (host: SimulatedHost) => boolean, timeoutMs: number): Promise<void> {
    const deadline = now() + timeoutMs;
    let at = 0;
    while (at < this.#fleet.hosts.length) {
      const end = at + HOSTS_A_TURN;
      while (at < end) {
        const host = this.#fleet.hosts[at];
        if (host === undefined || !isSo(host)) break;
        at++;
      }
      if (at >= this.#fleet.hosts.length) return;
      const host = this.#fleet.hosts[at];
      if (now() > deadline)
        throw new Error(
          `${host?.systemId}, after ${at} of ${this.#fleet.hosts.length} hosts, not within ${(timeoutMs / 1000).toFixed(0)} s: ${what}: ${JSON.stringify(host === undefined ? null : meshOf(host))}`,
        );
      await new Promise((resolve) => (at === end ? setImmediate(resolve) : setTimeout(resolve, LOOK_MS)));
    }
  }

  /** Hosts that share an index: there must be none. */
  collisions(): string[] {
    const owners = new Map<string, string>();
    const found: string[] = [];
    for (const host of this.#fleet.hosts) {
      const index = storedIndex(host);
      if (index === undefined) {
        found.push(`${host.systemId} has no index`);
        continue;
      }
      const owner = owners.get(index);
      if (owner !== undefined) found.push(`${owner} and ${host.systemId} both have the index ${index}`);
      owners.set(index, host.systemId);
    }
    return found;
  }

  /** Frames between guests on some hosts, spread over the fleet: the pairs that did not ping. */
  pingLosses(guests: readonly number[]): string[] {
    const all = guests.map((number) => {
      const guest = this.#attached.get(number)?.host.guests.get(portOf(number));
      if (!(guest instanceof Guest)) throw new Error(`there is no endpoint ${number}`);
      return guest;
    });
    const lost: string[] = [];
    for (const from of all)
      for (const to of all) if (from !== to && from.ping(to.ip) !== 1) lost.push(`${from.name} -> ${to.name}`);
    if (this.#fleet.loops > 0) lost.push(`${this.#fleet.loops} frames went round in a circle`);
    return lost;
  }

  #add(number: number, { host, tag }: Attached): void {
    const mac = macOf(number);
    const externalIds = { "attached-mac": mac };
    const vlan = tag === null ? {} : { tag };
    host.addGuest({ name: portOf(number), mac, ip: ipOf(number), port: portOf(number), externalIds, ...vlan });
    this.#attached.set(number, { host, tag });
  }

  #enter({ host, tag }: Attached, by: 1 | -1): void {
    const members = this.#members.get(tag) ?? new Map<SimulatedHost, number>();
    this.#members.set(tag, members);
    const count = (members.get(host) ?? 0) + by;
    if (count > 0) members.set(host, count);
    else members.delete(host);
  }

  #placeOf(number: number, { tenantHosts, everyHost = 1 }: Omit<EndpointRun, "from" | "count">): Attached {
    const { hosts } = this.#fleet;
    const at = (number * everyHost) % hosts.length;
    const host = hosts[at];
    if (host === undefined) throw new Error("the fleet has no hosts");
    if (tenantHosts === undefined) return { host, tag: null };
    const tag = FIRST_TENANT_VLAN + Math.floor(at / tenantHosts);
    if (tag > LAST_TENANT_VLAN)
      throw new Error(`${hosts.length} hosts, ${tenantHosts} to a network, are too many VLANs`);
    return { host, tag };
  }

  /** Those with an endpoint in the network. */
  #holders(tag: number | null): Iterable<string> {
    return [...(this.#members.get(tag)?.keys() ?? [])].map(({ systemId }) => systemId);
  }

  #watchAll(): void {
    for (const host of this.#fleet.hosts) {
      const datapath = host.vswitchd.bridgeNamed(BRIDGE)?.datapath;
      if (datapath === undefined) throw new Error(`${host.systemId} has no bridge`);
      if (!this.#watched.has(datapath)) {
        this.#watched.add(datapath);
        datapath.watch({
          onPort: () => undefined,
          onPunt: () => undefined,
          onFlows: (edits) => {
            for (const { after } of edits)
              if (after !== undefined) this.#watch.saw(host.systemId, destinationOf(after.match));
          },
        });
      }
    }
  }

  /**
   * Many at once, a chunk in each turn. Resolves with the milliseconds until every host of their networks had a flow to
   * each of them.
   */
  async addEndpoints({ from, count, ...spread }: EndpointRun, timeoutMs: number): Promise<number> {
    this.#watchAll();
    const run = Array.from({ length: count }, (_, at) => ({
      number: from + at,
      place: this.#placeOf(from + at, spread),
    }));
    for (const { place } of run) this.#enter(place, 1);
    const holders = new Map<number | null, readonly string[]>();
    for (const { place } of run) holders.set(place.tag, [...this.#holders(place.tag)]);
    const start = now();
    const everywhere: Promise<number>[] = [];
    for (const { number, place } of run) {
      everywhere.push(this.#watch.everywhere(number, holders.get(place.tag) ?? [], timeoutMs));
      this.#add(number, place);
      if (number % CHUNK === CHUNK - 1) await new Promise(setImmediate);
    }
    const moments = await Promise.all(everywhere);
    return moments.reduce((last, at) => Math.max(last, at), start) - start;
  }

  /** One, in the network of all; the milliseconds from the end of its transaction until the last host had a flow to it. */
  async attach(number: number): Promise<number> {
    this.#watchAll();
    const place = this.#placeOf(number, {});
    this.#enter(place, 1);
    const everywhere = this.#watch.everywhere(number, this.#holders(place.tag));
    this.#add(number, place);
    const start = now();
    return Math.max(0, (await everywhere) - start);
  }

  /** How long until the flows are gone is not measured: what leads nowhere harms nobody. */
  remove(number: number): void {
    const place = this.#attached.get(number);
    if (place === undefined) throw new Error(`there is no endpoint ${number}`);
    place.host.removePort(portOf(number));
    this.#attached.delete(number);
    this.#enter(place, -1);
  }

  /** The guest goes to the next host. */
  async move(number: number): Promise<number> {
    this.#watchAll();
    const old = this.#attached.get(number);
    const { hosts } = this.#fleet;
    const host = old === undefined ? undefined : hosts[(hosts.indexOf(old.host) + 1) % hosts.length];
    if (old === undefined || host === undefined) throw new Error(`there is no endpoint ${number}`);
    const place = { host, tag: old.tag };
    this.remove(number);
    this.#enter(place, 1);
    const everywhere = this.#watch.everywhere(number, this.#holders(place.tag));
    this.#add(number, place);
    const start = now();
    return Math.max(0, (await everywhere) - start);
  }

  /** Of all hosts together. */
  counts(): FleetCounts {
    const sum = { transactions: 0, operations: 0, flowMods: 0, groupMods: 0, flows: 0, groups: 0 };
    for (const host of this.#fleet.hosts) {
      sum.transactions += host.counts.transactions;
      sum.operations += host.counts.operations;
      const datapath = host.vswitchd.bridgeNamed(BRIDGE)?.datapath;
      if (datapath === undefined) continue;
      sum.flowMods += datapath.counts.flowMods;
      sum.groupMods += datapath.counts.groupMods;
      sum.flows += datapath.flows.size;
      sum.groups += datapath.groups.all().length;
    }
    return sum;
  }

  stop(): void {
    this.#fleet.stop();
  }
}
