// A fleet of simulated hosts in one process: what lies between them, which of it is cut, and what BFD says of it.
import { ipv4Number, ipv4Text, macOf } from "./addresses.ts";
import { type Bridge, type BridgePort, isTunnelType } from "./bridge.ts";
import { Conduct } from "./conduct.ts";
import type { Guest } from "./guest.ts";
import { SimulatedHost } from "./host.ts";
import type { GuestOptions, HostOptions } from "./host-options.ts";
import type { Misbehaviour } from "./manners.ts";
import { NO_TUNNEL, type TunnelFields } from "./switch/packet.ts";
import { Verdicts } from "./verdicts.ts";

const TICK_MS = 1000;
/** A frame that has crossed so many switches goes round in a circle. */
const MAX_HOPS = 64;
/** Silence of so many intervals is the end of a BFD session (RFC 5880, section 6.8.4). */
const DETECT_MULTIPLIER = 3;
const DEFAULT_INTERVAL_MS = 100;
const MAC_PREFIX_DEVICE = 0xde;

interface TunnelEnd {
  readonly host: SimulatedHost;
  readonly bridge: Bridge;
  port: BridgePort;
}

export class Fleet {
  readonly hosts: SimulatedHost[] = [];
  /** Frames that went round in a circle: always a fault of the flows. */
  loops = 0;
  readonly #byIp = new Map<string, SimulatedHost>();
  /** By host and the far end's address; `flow` for ports that lead where each frame says. */
  readonly #tunnels = new Map<string, Map<string, TunnelEnd>>();
  readonly #cuts = new Set<string>();
  readonly #conduct = new Conduct((number) => this.#isolationChanged(number));
  readonly #verdicts = new Verdicts((from, to) => this.#judge(from, to));
  readonly #byNumber = new Map<number, SimulatedHost>();
  readonly #keys = new Map<string, string>();
  /** BFD sessions, by the UUIDs of their interfaces. */
  readonly #sessions = new Map<string, { forwards: boolean; flaps: number }>();
  readonly #timer: NodeJS.Timeout;
  #macs = 0;
  #hops = 0;

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  addHost(options: Partial<HostOptions> = {}): SimulatedHost {
    const number = options.number ?? this.hosts.length + 1;
    const host: SimulatedHost = new SimulatedHost(
      { systemId: `sim-${number}`, ...options, number },
      {
        nowMs: () => performance.now(),
        newMac: () => {
          this.#macs += 1;
          return macOf(MAC_PREFIX_DEVICE, this.#macs);
        },
        transmit: (_bridge, port, frame, tunnel) => this.#transmit(host, port, frame, tunnel),
        tunnelChanged: (bridge, port, isThere) => this.#tunnelChanged(host, bridge, port, isThere),
      },
    );
    this.hosts.push(host);
    this.#byIp.set(host.tunnelIp, host);
    this.#byNumber.set(number, host);
    return host;
  }

  /** @throws Error where there is none */
  host(number: number): SimulatedHost {
    const host = this.#byNumber.get(number);
    if (host === undefined) throw new Error(`the fleet has no host ${number}`);
    return host;
  }

  addGuest(hostNumber: number, options: GuestOptions): Guest {
    return this.host(hostNumber).addGuest(options);
  }

  /** What one host sends another is lost; both ways unless `oneWay`. */
  cut(from: number, to: number, { oneWay = false } = {}): void {
    this.#cuts.add(`${from} ${to}`);
    if (!oneWay) this.#cuts.add(`${to} ${from}`);
    this.#reconsider(from, to);
  }

  heal(from: number, to: number): void {
    this.#cuts.delete(`${from} ${to}`);
    this.#cuts.delete(`${to} ${from}`);
    this.#reconsider(from, to);
  }

  /** Pairs between which something is lost, in the order in which they were cut. */
  get cuts(): readonly (readonly [number, number])[] {
    const pairs = new Map<string, readonly [number, number]>();
    for (const cut of this.#cuts) {
      const [from = 0, to = 0] = cut.split(" ").map(Number);
      const key = `${Math.min(from, to)} ${Math.max(from, to)}`;
      if (!pairs.has(key)) pairs.set(key, [from, to]);
    }
    return [...pairs.values()];
  }

  /** From now on the host does so, in place of what it did wrong before. */
  misbehave(number: number, what: Misbehaviour): void {
    this.#conduct.misbehave(this.host(number), what);
  }

  /** The host does as it should again. */
  behave(number: number): void {
    this.#conduct.behave(number);
  }

  misbehaviourOf(number: number): Misbehaviour | undefined {
    return this.#conduct.of(number);
  }

  #isolationChanged(number: number): void {
    for (const other of this.hosts) if (other.number !== number) this.#reconsider(number, other.number);
  }

  #isLost(from: number, to: number): boolean {
    return this.#cuts.has(`${from} ${to}`) || this.#conduct.isIsolated(from) || this.#conduct.isIsolated(to);
  }

  stop(): void {
    this.#conduct.stop();
    clearInterval(this.#timer);
    this.#verdicts.stop();
    for (const host of this.hosts) host.stop();
  }

  #tick(): void {
    for (const host of this.hosts) host.vswitchd.tick();
  }

  #transmit(host: SimulatedHost, port: BridgePort, frame: Uint8Array, tunnel: TunnelFields): void {
    const { type } = port.interface;
    if (!isTunnelType(type)) {
      host.toGuest(port.name, frame);
      return;
    }
    if (this.#hops >= MAX_HOPS) {
      this.loops += 1;
      return;
    }
    this.#hops += 1;
    try {
      this.#throughTunnel(host, port, frame, tunnel);
    } finally {
      this.#hops -= 1;
    }
  }

  #throughTunnel(host: SimulatedHost, port: BridgePort, frame: Uint8Array, tunnel: TunnelFields): void {
    const { options, type } = port.interface;
    const remote = options.get("remote_ip") ?? "";
    const target = remote === "flow" ? ipv4Text(tunnel.targetV4) : remote;
    const peer = this.#byIp.get(target);
    if (peer === undefined || this.#isLost(host.number, peer.number)) return;
    const key = options.get("key") ?? "0";
    const id = key === "flow" ? tunnel.id : BigInt(key);
    const end = this.#endAt(peer, host.tunnelIp, type, id);
    if (end === undefined) return;
    const arrived: TunnelFields = {
      ...NO_TUNNEL,
      id,
      sourceV4: ipv4Number(host.tunnelIp),
      targetV4: ipv4Number(peer.tunnelIp),
    };
    end.bridge.datapath.receive(end.port.portNo, frame, arrived);
  }

  /** The port that takes what comes from that address: the one that names it, before one for all. */
  #endAt(host: SimulatedHost, from: string, type: string, id: bigint): TunnelEnd | undefined {
    const ends = this.#tunnels.get(host.systemId);
    for (const end of [ends?.get(`${type} ${from}`), ends?.get(`${type} flow`)]) {
      const key = end?.port.interface.options.get("key") ?? "0";
      if (end !== undefined && (key === "flow" || BigInt(key) === id)) return end;
    }
    return undefined;
  }

  #tunnelChanged(host: SimulatedHost, bridge: Bridge, port: BridgePort, isThere: boolean): void {
    const ends = this.#tunnels.get(host.systemId) ?? new Map<string, TunnelEnd>();
    this.#tunnels.set(host.systemId, ends);
    const { uuid, type, options } = port.interface;
    const before = this.#keys.get(uuid);
    if (before !== undefined && ends.get(before)?.port.interface.uuid === uuid) ends.delete(before);
    this.#keys.delete(uuid);
    if (!isThere || port.interface.bfd.get("enable") !== "true") this.#sessions.delete(uuid);
    const remote = options.get("remote_ip") ?? "";
    if (isThere) {
      this.#keys.set(uuid, `${type} ${remote}`);
      ends.set(`${type} ${remote}`, { host, bridge, port });
    }
    const peer = this.#byIp.get(remote);
    if (peer !== undefined) this.#reconsider(host.number, peer.number);
  }

  /** BFD between two hosts finds out after a while: up after an interval or two, down after three silent ones. */
  #reconsider(a: number, b: number): void {
    const [one, other] = [this.#byNumber.get(a), this.#byNumber.get(b)];
    if (one === undefined || other === undefined) return;
    this.#verdicts.add(one, other, this.#detectMs(one, other));
    this.#verdicts.add(other, one, this.#detectMs(other, one));
  }

  #endsBetween(host: SimulatedHost, peer: SimulatedHost): readonly TunnelEnd[] {
    const ends = this.#tunnels.get(host.systemId);
    return ["geneve", "gre", "vxlan"].flatMap((type) => ends?.get(`${type} ${peer.tunnelIp}`) ?? []);
  }

  #detectMs(host: SimulatedHost, peer: SimulatedHost): number {
    const intervals = this.#endsBetween(host, peer).map(({ port }) =>
      Number(port.interface.bfd.get("min_rx") ?? DEFAULT_INTERVAL_MS),
    );
    return DETECT_MULTIPLIER * Math.max(DEFAULT_INTERVAL_MS, ...intervals);
  }

  #judge(host: SimulatedHost, peer: SimulatedHost): void {
    for (const end of this.#endsBetween(host, peer)) {
      const { port } = end;
      if (port.interface.bfd.get("enable") !== "true") continue;
      const type = port.interface.type;
      const far = this.#tunnels.get(peer.systemId)?.get(`${type} ${host.tunnelIp}`);
      const farHas = far?.port.interface.bfd.get("enable") === "true";
      const hears = farHas && !this.#isLost(peer.number, host.number);
      const isHeard = !this.#isLost(host.number, peer.number);
      const forwards = hears && isHeard;
      const current = host.vswitchd.bridgeNamed(end.bridge.name)?.portOf(port.interface.uuid);
      if (current === undefined) continue;
      const session = this.#sessions.get(port.interface.uuid) ?? { forwards: false, flaps: 0 };
      if (session.forwards !== forwards) session.flaps += 1;
      session.forwards = forwards;
      this.#sessions.set(port.interface.uuid, session);
      const status = { ...bfdStatus(forwards, hears), flap_count: String(session.flaps) };
      host.vswitchd.refresh(port.interface.uuid, { forwards, status });
    }
  }
}

/** As ovs-vswitchd.conf.db(5) names it. */
function bfdStatus(forwards: boolean, hears: boolean): Readonly<Record<string, string>> {
  const diagnostic = hears ? "Neighbor Signaled Session Down" : "Control Detection Time Expired";
  return {
    state: forwards ? "up" : "down",
    forwarding: String(forwards),
    diagnostic: forwards ? "No Diagnostic" : diagnostic,
    remote_state: forwards ? "up" : "down",
    remote_diagnostic: forwards ? "No Diagnostic" : "Control Detection Time Expired",
  };
}
