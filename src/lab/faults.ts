// What a host's br-phy is told to drop: paths cut between hosts, connections to the controller held back.

import { run } from "./command.ts";
import { type DaemonPlace, ovsEnvOf } from "./daemon.ts";
import type { FaultRecord, LabStore } from "./state.ts";

/** Above the one flow of a standalone bridge, whatever its priority. */
const faultPriority = 60_000;

/** "WEFTLAB" in the upper bits, so that healing removes the lab's flows and no others. */
const cookieOf = (id: number): string => `0x5745465400${id.toString(16).padStart(6, "0")}`;

const isIpv6 = (ip: string): boolean => ip.includes(":");

/** Everything this host sends to an address, ARP as well. */
export const matchesTo = (ip: string): string[] =>
  isIpv6(ip)
    ? [`ipv6,ipv6_dst=${ip}`, `icmp6,icmp_type=135,nd_target=${ip}`]
    : [`ip,nw_dst=${ip}`, `arp,arp_tpa=${ip}`];

/** Everything that reaches this host from an address, ARP as well. */
export const matchesFrom = (ip: string): string[] =>
  isIpv6(ip) ? [`ipv6,ipv6_src=${ip}`] : [`ip,nw_src=${ip}`, `arp,arp_spa=${ip}`];

/** Both directions of the TCP connections between this host and a port of the controller. */
export const matchesOfTcp = (ip: string, port: number): string[] =>
  isIpv6(ip)
    ? [`tcp6,ipv6_dst=${ip},tp_dst=${port}`, `tcp6,ipv6_src=${ip},tp_src=${port}`]
    : [`tcp,nw_dst=${ip},tp_dst=${port}`, `tcp,nw_src=${ip},tp_src=${port}`];

const flowsOf = (fault: FaultRecord): string[] =>
  fault.matches.map((match) => `cookie=${cookieOf(fault.id)},priority=${faultPriority},${match},actions=drop`);

export class Faults {
  readonly #store: LabStore;
  readonly #host: string;
  readonly #place: Pick<DaemonPlace, "labDir" | "hostDir">;

  constructor(store: LabStore, host: string, place: Pick<DaemonPlace, "labDir" | "hostDir">) {
    this.#store = store;
    this.#host = host;
    this.#place = place;
  }

  get names(): string[] {
    return this.#store.host(this.#host).faults.map((fault) => fault.name);
  }

  add(name: string, matches: readonly string[]): Promise<void> {
    return this.addAll([{ name, matches }]);
  }

  /** At one moment. A fault of the same name that is there already stays as it is. */
  async addAll(wanted: readonly { readonly name: string; readonly matches: readonly string[] }[]): Promise<void> {
    const present = this.#store.host(this.#host).faults;
    const first = 1 + Math.max(0, ...present.map((other) => other.id));
    const faults = wanted
      .filter(({ name }) => !present.some((fault) => fault.name === name))
      .map(({ name, matches }, at) => ({ id: first + at, name, matches: [...matches] }));
    if (faults.length === 0) return;
    this.#store.updateHost(this.#host, (host) => ({ ...host, faults: [...host.faults, ...faults] }));
    await this.#install(faults);
  }

  /** A fault that is not there is healed already. */
  async remove(name: string): Promise<void> {
    const fault = this.#store.host(this.#host).faults.find((other) => other.name === name);
    if (fault === undefined) return;
    this.#store.updateHost(this.#host, (host) => ({
      ...host,
      faults: host.faults.filter((other) => other.id !== fault.id),
    }));
    await this.#ofctl(["del-flows", "br-phy", `cookie=${cookieOf(fault.id)}/-1`]);
    await this.#settle();
  }

  /** After a restart of ovs-vswitchd, which forgets all flows. */
  async reinstall(): Promise<void> {
    await this.#install(this.#store.host(this.#host).faults);
  }

  async #install(faults: readonly FaultRecord[]): Promise<void> {
    if (faults.length === 0) return;
    await this.#ofctl(["add-flows", "br-phy", "-"], `${faults.flatMap(flowsOf).join("\n")}\n`);
    await this.#settle();
  }

  #ofctl(args: readonly string[], input = ""): Promise<unknown> {
    const { labDir, hostDir } = this.#place;
    return run(["ovs-ofctl", "-O", "OpenFlow13", "--timeout=20", ...args], { env: ovsEnvOf(labDir, hostDir), input });
  }

  /** The datapath's cached flows outlive a change of the tables until they are looked through once. */
  async #settle(): Promise<void> {
    const socket = `${this.#place.hostDir}/ovs-vswitchd.ctl`;
    await run(["ovs-appctl", "--timeout=20", "-t", socket, "revalidator/wait"], { check: false });
  }
}
