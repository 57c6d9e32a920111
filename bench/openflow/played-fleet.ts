// Many played switches in one process: dialled straight to a controller, or as the bridges of simulated hosts that have joined Weft.
import { setTimeout as sleep } from "node:timers/promises";
import { encodeCookie, TABLES } from "../../src/pipeline/registry.ts";
import { macOf, socketIp } from "../../src/sim/addresses.ts";
import type { Bridge, BridgePort } from "../../src/sim/bridge.ts";
import { type HostWorld, SimulatedHost } from "../../src/sim/host.ts";
import { goodManners } from "../../src/sim/manners.ts";
import { Dialler } from "../../src/sim/socket.ts";
import { Datapath } from "../../src/sim/switch/datapath.ts";
import { PlayedSwitch } from "./played-switch.ts";
import { type PacketInTemplate, packetInTemplate, REASON } from "./wire-layout.ts";

/** The network of guests whose ports have no tag. */
const DEFAULT_VNI = 4095;
const BRIDGE = "br-int";
const SOURCE_PORT = "g1";
const TARGET_PORT = "g2";
const MAC_PREFIX = 0xdd;
const POLL_MS = 20;
const BFD_UP = {
  state: "up",
  forwarding: "true",
  diagnostic: "No Diagnostic",
  remote_state: "up",
  remote_diagnostic: "No Diagnostic",
  flap_count: "1",
};

/** A switch with what its guests send. */
export interface LoadedSwitch {
  readonly played: PlayedSwitch;
  /** From the port of the load's sources to the target's MAC. */
  readonly source: PacketInTemplate;
  /** From the target's own port: MAC 0 of the switch says where it is. */
  readonly target: PacketInTemplate;
}

export interface JoinOptions {
  readonly count: number;
  readonly ovsdbPort: number;
  /** Whether all guests are in one network; else those of each host have their own, and no host is told of others'. */
  readonly isShared: boolean;
  readonly timeoutMs: number;
}

export class PlayedFleet {
  readonly switches: LoadedSwitch[] = [];
  readonly #hosts: SimulatedHost[] = [];
  readonly #diallers: Dialler[] = [];
  readonly #played = new Map<Bridge, PlayedSwitch>();
  #macs = 0;

  /** Switches that know a controller by its OpenFlow port alone. */
  async dial(count: number, port: number, timeoutMs: number): Promise<void> {
    for (let number = 0; number < count; number++) {
      const datapath = new Datapath({ nowMs: () => performance.now(), transmit: () => undefined });
      for (const portNo of [1, 2]) {
        const name = portNo === 1 ? SOURCE_PORT : TARGET_PORT;
        datapath.setPort({ portNo, name, hwAddr: this.#newMac(), isUp: true, bfdForwards: null, config: 0 });
      }
      const played = new PlayedSwitch({ number, datapath, datapathId: BigInt(number + 1), keepsFlows: false });
      const punt = { reason: REASON.tableMiss, tableId: 0 };
      this.switches.push(loaded(played, { source: 1, target: 2, vni: DEFAULT_VNI, punt }));
      this.#diallers.push(
        new Dialler({
          host: "127.0.0.1",
          port,
          from: socketIp(number + 1),
          manners: goodManners(),
          open: (send) => played.open(send),
          onState: () => undefined,
        }),
      );
    }
    await this.#until(timeoutMs, () => this.switches.every(({ played }) => played.isConnected));
    // Controllers that ask for ports or write a table-miss flow do it now.
    await this.quiet(timeoutMs);
  }

  /** Hosts that `ovs-vsctl set-manager` has sent to Weft; resolves when the fabric stands and nothing is written any more. */
  async join({ count, ovsdbPort, isShared, timeoutMs }: JoinOptions): Promise<void> {
    for (let number = 1; number <= count; number++) {
      const host: SimulatedHost = new SimulatedHost(
        { number, systemId: `played-${number}` },
        this.#world(() => host),
      );
      this.#hosts.push(host);
      host.setManager(`tcp:127.0.0.1:${ovsdbPort}`);
    }
    await this.#until(timeoutMs, () => this.#hosts.every((host) => host.vswitchd.bridgeNamed(BRIDGE) !== undefined));
    for (const host of this.#hosts) this.#addGuests(host, isShared);
    await this.#until(timeoutMs, () => this.#played.size === count);
    await this.quiet(timeoutMs);
    for (const host of this.#hosts) this.switches.push(this.#ofHost(host, isShared));
  }

  /** All observed endpoints are forgotten with the ports that they were behind. */
  async forget(isShared: boolean, timeoutMs: number): Promise<void> {
    for (const host of this.#hosts) for (const port of [SOURCE_PORT, TARGET_PORT]) host.removePort(port);
    await this.quiet(timeoutMs);
    for (const host of this.#hosts) this.#addGuests(host, isShared);
    await this.quiet(timeoutMs);
    this.switches.splice(0, this.switches.length, ...this.#hosts.map((host) => this.#ofHost(host, isShared)));
  }

  /** Every switch starts again, at once: flows and connections are gone, and connections come back. */
  restartSwitches(): void {
    for (const { played } of this.switches) played.clear();
    for (const dialler of this.#diallers) dialler.drop();
    for (const host of this.#hosts) host.vswitchd.eachDialler((dialler) => dialler.drop());
  }

  /** Nothing was written to any of them for a while. */
  async quiet(timeoutMs: number, forMs = 1500): Promise<void> {
    const startMs = performance.now();
    const all = (): readonly PlayedSwitch[] =>
      this.switches.length > 0 ? this.switches.map(({ played }) => played) : [...this.#played.values()];
    await this.#until(timeoutMs, () => {
      const last = Math.max(startMs, ...all().map(({ writtenAtMs }) => writtenAtMs));
      return performance.now() - last >= forMs;
    });
  }

  stop(): void {
    for (const dialler of this.#diallers) dialler.stop();
    for (const host of this.#hosts) host.stop();
  }

  /** The switch of a host, as its guests' ports are now. */
  #ofHost(host: SimulatedHost, isShared: boolean): LoadedSwitch {
    const bridge = host.vswitchd.bridgeNamed(BRIDGE);
    const played = bridge === undefined ? undefined : this.#played.get(bridge);
    if (bridge === undefined || played === undefined) throw new Error(`host ${host.number} has no switch`);
    return loaded(played, {
      source: ofportOf(bridge, SOURCE_PORT),
      target: ofportOf(bridge, TARGET_PORT),
      vni: isShared ? DEFAULT_VNI : host.number,
      punt: { reason: REASON.action, tableId: TABLES.learn.id },
    });
  }

  #addGuests(host: SimulatedHost, isShared: boolean): void {
    const tag = isShared ? {} : { tag: host.number };
    for (const port of [SOURCE_PORT, TARGET_PORT]) {
      host.addGuest({ name: port, port, mac: this.#newMac(), ip: "192.0.2.1", ...tag });
    }
  }

  #world(hostOf: () => SimulatedHost): HostWorld {
    return {
      nowMs: () => performance.now(),
      newMac: () => this.#newMac(),
      transmit: () => undefined,
      tunnelChanged: (_bridge, port, isThere) => {
        if (!isThere || port.interface.bfd.get("enable") !== "true" || port.bfdForwards === true) return;
        setTimeout(() => hostOf().vswitchd.refresh(port.interface.uuid, { forwards: true, status: BFD_UP }), POLL_MS);
      },
      speaker: (bridge, send) => {
        const played = this.#played.get(bridge) ?? this.#newSwitch(bridge, hostOf());
        return played.open(send);
      },
    };
  }

  #newSwitch(bridge: Bridge, host: SimulatedHost): PlayedSwitch {
    const { datapath, datapathId } = bridge;
    const played = new PlayedSwitch({ number: host.number - 1, datapath, datapathId, keepsFlows: true });
    this.#played.set(bridge, played);
    return played;
  }

  #newMac(): string {
    this.#macs += 1;
    return macOf(MAC_PREFIX, this.#macs);
  }

  async #until(timeoutMs: number, holds: () => boolean): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!holds()) {
      if (performance.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s`);
      await sleep(POLL_MS);
    }
  }
}

interface Sending {
  readonly source: number;
  readonly target: number;
  readonly vni: number;
  readonly punt: { readonly reason: number; readonly tableId: number };
}

function loaded(played: PlayedSwitch, { source, target, vni, punt }: Sending): LoadedSwitch {
  const from = (inPort: number, to: number): PacketInTemplate =>
    packetInTemplate({
      switchNumber: played.number,
      inPort,
      metadata: vni,
      cookie: encodeCookie({ kind: "unknown-mac", place: inPort, vni: 0 }),
      to,
      ...punt,
    });
  return { played, source: from(source, 0), target: from(target, 1) };
}

function ofportOf(bridge: Bridge, name: string): number {
  const ports: readonly BridgePort[] = [...bridge.ports];
  const port = ports.find((one) => one.name === name);
  if (port === undefined) throw new Error(`${bridge.name} has no port ${name}`);
  return port.portNo;
}
