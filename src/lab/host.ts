// A host of the lab: real Open vSwitch in a namespace, its commands, daemons, guests, and what its path drops.
import { addVethGuest, type GuestSpec, type PortSpec, removeVethGuest } from "./add-guest.ts";
import { type CommandOptions, type CommandResult, run } from "./command.ts";
import { Daemon, hostDirOf, ovsEnvOf } from "./daemon.ts";
import { Faults, matchesOfTcp } from "./faults.ts";
import type { Guest } from "./guest.ts";
import { underlayAddressCommands } from "./host-start.ts";
import { addInternalPort, type InternalPortSpec, removeInternalPort } from "./internal-port.ts";
import { LabError } from "./lab-error.ts";
import { type Place, runAt } from "./place.ts";
import { addSegment, type Segment, type SegmentSpec } from "./segment.ts";
import type { LabStore } from "./state.ts";

export interface BridgeSpec {
  readonly name?: string;
  /** standalone unless given: a bridge that forwards by itself, without any controller. */
  readonly failMode?: "standalone" | "secure";
}

/** The usual ports of the controller; another port by its number. */
export type Connection = "ovsdb" | "openflow" | number;

const portOf = (connection: Connection): number =>
  connection === "ovsdb" ? 6640 : connection === "openflow" ? 6653 : connection;

export class Host implements Place {
  readonly index: number;
  /** "h1" for host 1. */
  readonly name: string;
  readonly namespace: string;
  /** The NIC in the underlay. */
  readonly device = "eth0";
  /** The underlay address, on br-phy. */
  readonly ip: string;
  readonly env: Readonly<Record<string, string>>;
  /** Database, sockets, pid files and logs. */
  readonly dir: string;
  readonly ovsdb: Daemon;
  readonly vswitchd: Daemon;
  readonly faults: Faults;
  readonly #store: LabStore;

  constructor(store: LabStore, name: string) {
    const record = store.host(name);
    this.#store = store;
    this.index = record.index;
    this.name = name;
    this.namespace = record.namespace;
    this.ip = record.ip;
    this.dir = hostDirOf(store.dir, name);
    this.env = ovsEnvOf(store.dir, this.dir);
    const place = { labDir: store.dir, hostDir: this.dir, namespace: this.namespace };
    this.ovsdb = new Daemon("ovsdb-server", { ...place, afterStart: async () => undefined });
    this.vswitchd = new Daemon("ovs-vswitchd", { ...place, afterStart: () => this.#restore() });
    this.faults = new Faults(store, name, place);
  }

  /** In the userspace datapath bridges are devices of ovs-vswitchd: they and their addresses end with it. */
  async #restore(): Promise<void> {
    const script = `set -e\n${underlayAddressCommands(this.#store.state, this.#store.host(this.name))}`;
    await this.exec(["sh", "-c", script]);
    await this.faults.reinstall();
  }

  /** Runs a program in the host's namespace, with Open vSwitch's environment of this host. */
  exec(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runAt(this, argv, options);
  }

  /** ovs-vsctl on this host; its output. */
  vsctl(...args: string[]): Promise<string> {
    return this.#output(["ovs-vsctl", "--timeout=20", ...args]);
  }

  /** ovs-ofctl with OpenFlow 1.3 on this host; its output. */
  ofctl(...args: string[]): Promise<string> {
    return this.#output(["ovs-ofctl", "-O", "OpenFlow13", "--timeout=20", ...args]);
  }

  /** ovs-appctl to this host's ovs-vswitchd; its output. */
  async appctl(...args: string[]): Promise<string> {
    return (await this.vswitchd.appctl(args)).stdout.trimEnd();
  }

  async #output(argv: readonly string[]): Promise<string> {
    return (await run(argv, { env: this.env })).stdout.trimEnd();
  }

  /** Makes the bridge by hand, as a test without a controller does. It is kept if it is there. */
  async createBridge(spec: BridgeSpec = {}): Promise<void> {
    const { name = "br-int", failMode = "standalone" } = spec;
    const columns = ["datapath_type=netdev", `fail_mode=${failMode}`];
    await this.vsctl("--may-exist", "add-br", name, "--", "set", "bridge", name, ...columns);
  }

  /** Resolves when the bridge is there and ovs-vswitchd has made it. */
  async waitForBridge(name = "br-int", timeoutSec = 15): Promise<void> {
    await this.#output(["ovs-vsctl", `--timeout=${timeoutSec}`, "wait-until", "bridge", name, "datapath_id!=[]"]);
  }

  /** A guest in its own namespace with a veth to the bridge, which is waited for. */
  addGuest(spec: GuestSpec): Promise<Guest> {
    return addVethGuest(this.#store, this.#store.host(this.name), spec);
  }

  /** With its port; one of the host's own addresses too, unless it is the bridge's. */
  async removeGuest(name: string): Promise<void> {
    const guest = this.#store.state.guests.find((other) => other.name === name && other.host === this.name);
    if (guest === undefined)
      throw new LabError("lab/no-guest", `${this.name} has no guest ${name}`, { context: { name } });
    const record = this.#store.host(this.name);
    if (guest.namespace === this.namespace) await removeInternalPort(this.#store, record, guest);
    else await removeVethGuest(this.#store, record, guest);
  }

  /** An address of the host's own on the fabric: on an internal port, or on the bridge's LOCAL port. */
  addInternalPort(spec: InternalPortSpec): Promise<Guest> {
    return addInternalPort(this.#store, this.#store.host(this.name), spec);
  }

  /** A Linux bridge behind one port, for guests whose many MACs share it, as containers behind docker0 do. */
  addSegment(spec: SegmentSpec & PortSpec): Promise<Segment> {
    return addSegment(this.#store, this.#store.host(this.name), spec);
  }

  /** Holds back a connection to the controller: no answer, no refusal, as a path that is gone. */
  async hold(connection: Connection): Promise<void> {
    const port = portOf(connection);
    await this.faults.add(`hold ${port}`, matchesOfTcp(this.#store.state.controllerIp, port));
  }

  async release(connection: Connection): Promise<void> {
    await this.faults.remove(`hold ${portOf(connection)}`);
  }
}
