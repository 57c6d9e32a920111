// A bridge of a simulated host: a switch, its ports by the rows that ask for them, and its connections to controllers.
import { OFPP, OFPPC } from "../../proto/openflow13/index.ts";
import type { Manners } from "./manners.ts";
import { Dialler, type Peer } from "./socket.ts";
import { SwitchConnection } from "./switch/connection.ts";
import { Datapath, type Transmit } from "./switch/datapath.ts";
import type { SwitchPort } from "./switch/ports.ts";

export type TunnelType = "geneve" | "gre" | "vxlan";

/** What an Interface row asks for. */
export interface InterfaceConfig {
  readonly uuid: string;
  readonly name: string;
  readonly type: string;
  readonly ofportRequest: number | undefined;
  readonly options: ReadonlyMap<string, string>;
  readonly bfd: ReadonlyMap<string, string>;
  /** The VLAN that its port is an access port of, where it is one: the switch's own business, not the flows'. */
  readonly mac: string;
}

export interface BridgePort extends SwitchPort {
  readonly interface: InterfaceConfig;
}

const LOCAL_OFPORT = 65_534;
const MAX_OFPORT = 65_279;

export function isTunnelType(type: string): type is TunnelType {
  return type === "geneve" || type === "gre" || type === "vxlan";
}

/** `tcp:IP:PORT`; null for what a simulated host does not dial. */
export function targetOf(target: string): { readonly host: string; readonly port: number } | null {
  const found = /^tcp:\[?([0-9a-f.:]+?)\]?:(\d+)$/i.exec(target);
  return found?.[1] === undefined ? null : { host: found[1], port: Number(found[2]) };
}

/** What speaks OpenFlow on one connection of a bridge. */
export type Speaker = (bridge: Bridge, send: (bytes: Uint8Array) => void) => Peer;

export class Bridge {
  readonly name: string;
  readonly datapathId: bigint;
  readonly datapath: Datapath;
  readonly #byInterface = new Map<string, BridgePort>();
  readonly #byOfport = new Map<number, BridgePort>();
  readonly #controllers = new Map<string, Dialler>();
  readonly #connections = new Set<SwitchConnection>();
  readonly #speaker: Speaker | undefined;
  #lastOfport = 0;

  /** @param speaker in place of the bridge's own switch */
  constructor(name: string, datapathId: bigint, nowMs: () => number, transmit: Transmit, speaker?: Speaker) {
    this.name = name;
    this.datapathId = datapathId;
    this.#speaker = speaker;
    this.datapath = new Datapath({ nowMs, transmit });
  }

  get ports(): Iterable<BridgePort> {
    return this.#byInterface.values();
  }

  portOf(interfaceUuid: string): BridgePort | undefined {
    return this.#byInterface.get(interfaceUuid);
  }

  portByNumber(ofport: number): BridgePort | undefined {
    return this.#byOfport.get(ofport);
  }

  /** As OVSDB shows it. */
  static ofportShown(portNo: number): number {
    return portNo === OFPP.LOCAL ? LOCAL_OFPORT : portNo;
  }

  setPort(
    config: InterfaceConfig,
    state: { readonly isUp: boolean; readonly bfdForwards: boolean | null; readonly isAdminUp: boolean },
  ): BridgePort {
    const held = this.#byInterface.get(config.uuid);
    const portNo = held?.portNo ?? this.#number(config);
    const { name, mac } = config;
    const { isUp, bfdForwards, isAdminUp } = state;
    const bits = isAdminUp ? 0 : OFPPC.PORT_DOWN;
    const port: BridgePort = { portNo, name, hwAddr: mac, config: bits, interface: config, isUp, bfdForwards };
    this.#byInterface.set(config.uuid, port);
    this.#byOfport.set(portNo, port);
    this.datapath.setPort(port);
    return port;
  }

  removePort(interfaceUuid: string): BridgePort | undefined {
    const port = this.#byInterface.get(interfaceUuid);
    if (port === undefined) return undefined;
    this.#byInterface.delete(interfaceUuid);
    this.#byOfport.delete(port.portNo);
    this.datapath.removePort(port.portNo);
    return port;
  }

  #number({ name, ofportRequest }: InterfaceConfig): number {
    if (name === this.name) return OFPP.LOCAL;
    if (ofportRequest !== undefined && !this.#byOfport.has(ofportRequest)) return ofportRequest;
    // A number that has become free is not given away at once.
    do this.#lastOfport = (this.#lastOfport % MAX_OFPORT) + 1;
    while (this.#byOfport.has(this.#lastOfport));
    return this.#lastOfport;
  }

  /** @param controllers targets by the UUIDs of their rows */
  setControllers(
    controllers: ReadonlyMap<string, string>,
    from: string,
    manners: Readonly<Manners>,
    onState: (uuid: string, isConnected: boolean) => void,
  ): void {
    for (const [uuid, dialler] of this.#controllers) {
      if (controllers.has(uuid)) continue;
      dialler.stop();
      this.#controllers.delete(uuid);
    }
    for (const [uuid, text] of controllers) {
      const target = targetOf(text);
      if (this.#controllers.has(uuid) || target === null) continue;
      // The first controller takes a switch over as one that has no flows.
      if (this.#controllers.size === 0) this.datapath.flows.clear();
      const dialler = new Dialler({
        ...target,
        from,
        manners,
        onState: (isConnected) => onState(uuid, isConnected),
        open: (send) => this.#speaker?.(this, send) ?? this.#speak(send, manners),
      });
      this.#controllers.set(uuid, dialler);
    }
  }

  #speak(send: (bytes: Uint8Array) => void, manners: Readonly<Manners>): Peer {
    const lies = () => manners.lies;
    const connection = new SwitchConnection(this.datapath, { datapathId: this.datapathId, send, lies });
    this.#connections.add(connection);
    return {
      push: (bytes) => connection.push(bytes),
      close: () => {
        connection.close();
        this.#connections.delete(connection);
      },
    };
  }

  eachDialler(act: (dialler: Dialler) => void): void {
    for (const dialler of this.#controllers.values()) act(dialler);
  }

  tick(nowMs: number): void {
    this.datapath.tick();
    for (const connection of this.#connections) connection.tick(nowMs);
  }

  stop(): void {
    for (const dialler of this.#controllers.values()) dialler.stop();
    this.#controllers.clear();
  }
}
