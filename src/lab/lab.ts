// The lab: real Open vSwitch hosts in network namespaces, made at once, used from any process, removed without a trace.
import { join } from "node:path";
import type { PortSpec } from "./add-guest.ts";
import { type BroadcastOptions, type BroadcastResult, countBroadcast } from "./broadcast.ts";
import { Capture, type CaptureOptions } from "./capture.ts";
import { claimName } from "./claim.ts";
import { ipBatch, run } from "./command.ts";
import { matchesFrom, matchesTo } from "./faults.ts";
import { Guest } from "./guest.ts";
import { guestMtu, type TunnelType, type UnderlayFamily } from "./guest-mtu.ts";
import { Host } from "./host.ts";
import { type HostPresets, hostLinkCommands, startHost } from "./host-start.ts";
import { LabError } from "./lab-error.ts";
import { mapLimited } from "./limited.ts";
import { checkLabName, controlLinkOf, guestNameOf, hostNameOf, namespaceOf, underlayNamespaceOf } from "./names.ts";
import { orderedPairs, type PingMatrix, type PingMatrixOptions, pingMatrix, waitUntilAllPing } from "./ping-matrix.ts";
import { attachAt, type Place } from "./place.ts";
import { identityOf, isSameProcess, markOf } from "./processes.ts";
import { requireLab } from "./requirements.ts";
import { Segment } from "./segment.ts";
import { type HostRecord, type LabState, LabStore, labDirs, readState } from "./state.ts";
import { controllerIpOf, formatSubnet, hostIpOf, inMethod, ipv6Of, parseSubnet } from "./subnet.ts";
import { sweep, sweepLab } from "./sweep.ts";
import { addIpv6, makeUnderlay, takeSubnet, underlayBridge } from "./underlay.ts";

export interface LabOptions {
  /** 1 to 10 small letters and digits. Unless given, one that no other lab has. */
  readonly name?: string;
  /** How many, or what each is preset with. */
  readonly hosts?: number | readonly HostPresets[];
  /** For example "172.31.7.0/24"; unless given, one of 172.31.0.0/16 that the machine does not use. */
  readonly subnet?: string;
  /** What the hosts, the controller and the tunnels talk by; IPv4 unless given. */
  readonly family?: UnderlayFamily;
  /** 1500 unless given. */
  readonly underlayMtu?: number;
  /** The guests' MTU fits this type; unless given, it fits every type. */
  readonly tunnelType?: TunnelType;
  /** The lab stays when this process ends, until it is swept by name. */
  readonly persistent?: boolean;
}

export interface PopulateOptions extends Omit<PortSpec, "port"> {
  /** 2 unless given. */
  readonly perHost?: number;
  /** All unless given. */
  readonly hosts?: readonly HostRef[];
  readonly mtu?: number;
}

/** A host by its number or name. */
export type HostRef = number | string | Host;

let anonymous = 0;

export class Lab {
  readonly name: string;
  /** Where its state, databases, sockets and logs are. */
  readonly dir: string;
  readonly subnet: string;
  /** The address in the root namespace at which the hosts reach a controller. */
  readonly controllerIp: string;
  readonly #store: LabStore;
  readonly #hosts = new Map<string, Host>();
  #captures = 0;

  private constructor(store: LabStore) {
    const { name, subnet, controllerIp, hosts } = store.state;
    this.#store = store;
    this.dir = store.dir;
    this.name = name;
    this.subnet = subnet;
    this.controllerIp = controllerIp;
    for (const host of hosts) this.#hosts.set(host.name, new Host(store, host.name));
  }

  /** Makes a lab; what is left of a dead one of this name is removed first. Fails whole or not at all. */
  static async create(options: LabOptions = {}): Promise<Lab> {
    await requireLab();
    const name = checkLabName(options.name ?? `l${process.pid.toString(36)}x${(anonymous++).toString(36)}`);
    const wanted = options.subnet === undefined ? undefined : parseSubnet(options.subnet);
    const underlayMtu = options.underlayMtu ?? 1500;
    const owner = options.persistent === true ? undefined : identityOf(process.pid);
    const draft: LabState = {
      version: 1,
      name,
      subnet: "",
      ...(options.family === undefined ? {} : { family: options.family }),
      controllerIp: "",
      underlayMtu,
      guestMtu: guestMtu(underlayMtu, options.tunnelType, options.family),
      ...(owner === undefined ? {} : { owner }),
      hosts: [],
      guests: [],
      segments: [],
    };
    const store = new LabStore(await claimName(draft), draft);
    try {
      await makeUnderlay(store.dir, draft);
      const subnet = await takeSubnet(name, wanted);
      const ipv4 = controllerIpOf(subnet);
      const controllerIp = options.family === "ipv6" ? ipv6Of(subnet, ipv4) : ipv4;
      if (controllerIp !== ipv4) await addIpv6(name, controllerIp);
      store.update((state) => ({ ...state, subnet: formatSubnet(subnet), controllerIp }));
      const lab = new Lab(store);
      const presets = options.hosts ?? 0;
      await lab.addHosts(typeof presets === "number" ? Array.from({ length: presets }, () => ({})) : presets);
      return lab;
    } catch (error) {
      await sweepLab(name);
      throw error;
    }
  }

  /** A lab that another process has made, or this one. */
  static async open(name: string): Promise<Lab> {
    const dir = labDirs().get(checkLabName(name));
    const state = dir === undefined ? undefined : readState(dir);
    if (dir === undefined || state === undefined || state.controllerIp === "")
      throw new LabError("lab/no-lab", `there is no lab ${name}`, { context: { name, labs: [...labDirs().keys()] } });
    return new Lab(new LabStore(dir, state));
  }

  /** The names of the labs there are. */
  static list(): string[] {
    return [...labDirs().keys()].sort();
  }

  /** Whether it ends with a process that runs. */
  static isInUse(name: string): boolean {
    const dir = labDirs().get(name);
    const owner = dir === undefined ? undefined : readState(dir)?.owner;
    return owner !== undefined && isSameProcess(owner);
  }

  /** With a name, removes that lab; without, all whose process has ended. Returns the names of those removed. */
  static sweep(name?: string): Promise<string[]> {
    return sweep(name);
  }

  get hosts(): Host[] {
    return [...this.#hosts.values()];
  }

  host(ref: HostRef): Host {
    if (ref instanceof Host) return ref;
    const name = typeof ref === "number" ? hostNameOf(ref) : ref;
    const host = this.#hosts.get(name);
    if (host === undefined) throw new LabError("lab/no-host", `the lab has no host ${name}`, { context: { name } });
    return host;
  }

  get guests(): Guest[] {
    return this.#store.state.guests.map((record) => new Guest(record, markOf(this.dir)));
  }

  guest(name: string): Guest {
    const guest = this.guests.find((other) => other.name === name);
    if (guest !== undefined) return guest;
    const names = this.guests.map((other) => other.name);
    throw new LabError("lab/no-guest", `the lab has no guest ${name}; it has ${names.join(", ") || "none"}`, {
      context: { name, guests: names },
    });
  }

  get segments(): Segment[] {
    return this.#store.state.segments.map((record) => new Segment(this.#store, record));
  }

  /** The MTU its guests get unless they ask for another. */
  get guestMtu(): number {
    return this.#store.state.guestMtu;
  }

  async addHost(presets: HostPresets = {}): Promise<Host> {
    const [host] = await this.addHosts([presets]);
    if (host === undefined) throw new LabError("lab/no-host", "no host was made");
    return host;
  }

  /** Adds hosts at once; numbers go on from the last one. */
  async addHosts(presets: readonly HostPresets[]): Promise<Host[]> {
    if (presets.length === 0) return [];
    const { state } = this.#store;
    const subnet = parseSubnet(state.subnet);
    const first = 1 + Math.max(0, ...state.hosts.map((host) => host.index));
    const records = presets.map((_, offset): HostRecord => {
      const name = hostNameOf(first + offset);
      const ipv4 = hostIpOf(subnet, first + offset);
      const ip = state.family === "ipv6" ? ipv6Of(subnet, ipv4) : ipv4;
      return { index: first + offset, name, namespace: namespaceOf(this.name, name), ip, addresses: [], faults: [] };
    });
    this.#store.update((before) => ({ ...before, hosts: [...before.hosts, ...records] }));
    const underlay = underlayNamespaceOf(this.name);
    await ipBatch(records.flatMap((record) => hostLinkCommands(state, record, underlay)));
    const plug = records.map(({ name }) => `link set ${name} master ${underlayBridge} up`);
    await run(["ip", "-n", underlay, "-batch", "-"], { input: `${plug.join("\n")}\n` });
    await Promise.all(records.map((record, offset) => startHost(this.dir, state, record, presets[offset] ?? {})));
    const hosts = records.map((record) => new Host(this.#store, record.name));
    for (const host of hosts) this.#hosts.set(host.name, host);
    return hosts;
  }

  /** Tells hosts where the controller is: the one command by which they join. All hosts unless given. */
  async join(options: { readonly port?: number; readonly hosts?: readonly HostRef[] } = {}): Promise<void> {
    const target = `tcp:${inMethod(this.controllerIp)}:${options.port ?? 6640}`;
    const hosts = (options.hosts ?? this.hosts).map((ref) => this.host(ref));
    await Promise.all(hosts.map((host) => host.vsctl("set-manager", target)));
  }

  pingMatrix(guests: readonly Guest[] = this.guests, options: PingMatrixOptions = {}): Promise<PingMatrix> {
    return pingMatrix(guests, options);
  }

  /** Resolves when every pair pings, rejects with those that do not after the time. */
  waitUntilAllPing(guests: readonly Guest[] = this.guests, timeoutSec = 30): Promise<void> {
    return waitUntilAllPing(guests, timeoutSec);
  }

  /** 2 MB, or as many bytes as given, by TCP between every ordered pair. Rejects at the first that fails. */
  async tcpMatrix(guests: readonly Guest[] = this.guests, bytes = 2_000_000): Promise<void> {
    await mapLimited(orderedPairs(guests), 2, ([from, to]) => from.tcpTransfer(to, bytes));
  }

  /** Counts the copies of broadcasts from one guest at all guests, or at those given; the sender should get none. */
  countBroadcast(
    from: Guest,
    options: BroadcastOptions & { readonly at?: readonly Guest[] } = {},
  ): Promise<BroadcastResult> {
    return countBroadcast(from, options.at ?? this.guests, options);
  }

  /** Starts tcpdump with a filter of pcap-filter(7), on the underlay's bridge, on a host's NIC or on a guest's device. */
  capture(where: "underlay" | Place, filter = "", options: CaptureOptions = {}): Promise<Capture> {
    const place = where === "underlay" ? this.#underlay : where;
    return Capture.start(place, join(this.dir, `capture-${process.pid}-${this.#captures++}.pcap`), filter, options);
  }

  get #underlay(): Place {
    const namespace = underlayNamespaceOf(this.name);
    return { name: "underlay", namespace, device: underlayBridge, env: markOf(this.dir) };
  }

  /**
   * The usual guests: on each host `perHost`, named g1a, g1b, g2a, ..., with the addresses 10.0.<host>.<n>/16. Their
   * bridge is waited for.
   */
  async populate(options: PopulateOptions = {}): Promise<Guest[]> {
    const { perHost = 2, hosts = this.hosts, ...spec } = options;
    if (perHost > 26)
      throw new LabError("lab/guests", "populate makes up to 26 guests on a host", { context: { perHost } });
    const specs = hosts
      .map((ref) => this.host(ref))
      .flatMap((host) => Array.from({ length: perHost }, (_, at) => ({ host, at })));
    return mapLimited(specs, 8, ({ host, at }) => {
      const name = guestNameOf(host.index, at);
      return host.addGuest({ ...spec, name, ip: `10.0.${host.index}.${at + 1}/16` });
    });
  }

  /** Cuts the underlay between two hosts; one way only, from the first to the second, if so told. */
  async cut(from: HostRef, to: HostRef, options: { readonly oneWay?: boolean } = {}): Promise<void> {
    const [a, b] = [this.host(from), this.host(to)];
    const there = { name: `to ${b.name}`, matches: matchesTo(b.ip) };
    const back = { name: `from ${b.name}`, matches: matchesFrom(b.ip) };
    // At once: a path that fails one way first would be noticed at different times by the two.
    await a.faults.addAll(options.oneWay === true ? [there] : [there, back]);
  }

  /** Heals what was cut between two hosts, in whichever order they were given. */
  async heal(from: HostRef, to: HostRef): Promise<void> {
    const [a, b] = [this.host(from), this.host(to)];
    for (const [here, there] of [
      [a, b],
      [b, a],
    ] as const) {
      await here.faults.remove(`to ${there.name}`);
      await here.faults.remove(`from ${there.name}`);
    }
  }

  /** Pairs of hosts between which the path is cut, one way or both. */
  get cuts(): [string, string][] {
    const cut = (host: Host): [string, string][] =>
      host.faults.names.flatMap((name): [string, string][] => {
        const other = /^(?:to|from) (h\d+)$/.exec(name)?.[1];
        return other === undefined ? [] : [[host.name, other]];
      });
    const pairs = this.hosts.flatMap(cut).map((pair): [string, [string, string]] => [[...pair].sort().join(" "), pair]);
    return [...new Map(pairs).values()];
  }

  /** Heals every cut and releases every connection that is held back. */
  async healAll(): Promise<void> {
    await Promise.all(
      this.hosts.map(async (host) => {
        for (const name of host.faults.names) await host.faults.remove(name);
      }),
    );
  }

  /**
   * Runs a program in a guest or host with this process's terminal; its exit code. On a host, Open vSwitch's own commands
   * find that host's daemons.
   */
  attach(member: string, argv: readonly string[]): Promise<number> {
    return attachAt(this.#hosts.get(member) ?? this.guest(member), argv);
  }

  /** The link in the root namespace that has the controller's address. */
  get controlLink(): string {
    return controlLinkOf(this.name);
  }

  /** Removes everything of the lab. */
  async destroy(): Promise<void> {
    await sweepLab(this.name);
  }
}
