// The fixture of the end-to-end suite: a lab, a controller at its address, hosts that join by set-manager alone.
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Queries } from "../../src/api/views.ts";
import { type ContinuousPingResult, type Guest, type HostPresets, type HostRef, Lab } from "../../src/lab/index.ts";
import {
  type ChildOptions,
  type ControllerUnderTest,
  type Question,
  type Settings,
  startChild,
  startInProcess,
} from "./controller-under-test.ts";

export type TunnelType = "gre" | "vxlan" | "geneve";

export interface FabricOptions {
  readonly hosts: number | readonly HostPresets[];
  readonly tunnel?: TunnelType;
  /** Of the underlay; IPv4 unless given. */
  readonly family?: "ipv4" | "ipv6";
  /** More of weft.yaml. */
  readonly settings?: Settings | ((lab: Lab) => Settings);
  /** false: hosts are told by the test where the controller is. */
  readonly join?: boolean;
  /** BFD as often as by default, and not once a second: where a test is about healing, or hosts are added. */
  readonly quickBfd?: boolean;
  /** A process of its own, that can be killed. */
  readonly child?: boolean | ChildOptions;
}

/** What a controller that finds everything right must not have done. */
const WORK = ["bundles", "flowMods", "groupMods", "meterMods", "ovsdbTransactions", "sessionErrors"] as const;
export const NO_WORK = Object.freeze(Object.fromEntries(WORK.map((name) => [name, 0])));
const QUIET_MS = 500;
/** Fewer pings than this show nothing. */
const MANY_PINGS = 20;
/** Not the usual ones, which a controller on this machine may have on every address. */
export const PORTS = Object.freeze({ ovsdb: 16_640, openflow: 16_653 });

/** Each pair once: an echo and its answer try both directions. */
export function pairsOf<T>(items: readonly T[]): [T, T][] {
  return items.flatMap((from, at) => items.slice(at + 1).map((to): [T, T] => [from, to]));
}

export class FabricUnderTest {
  readonly lab: Lab;
  readonly #options: FabricOptions;
  #tunnel: TunnelType;
  #controller: ControllerUnderTest | null = null;

  private constructor(lab: Lab, options: FabricOptions) {
    this.lab = lab;
    this.#options = options;
    this.#tunnel = options.tunnel ?? "geneve";
  }

  /**
   * A lab and a running controller; its hosts have been told where it is, and nothing else. One is known before the next is
   * told: indexes follow the order in which hosts come.
   */
  static async create(options: FabricOptions): Promise<FabricUnderTest> {
    // No tunnelType: guests' MTU fits every type.
    const { hosts, family } = options;
    const lab = await Lab.create({ hosts, ...(family === undefined ? {} : { family }) });
    const fabric = new FabricUnderTest(lab, options);
    try {
      await fabric.start();
      if (options.join !== false) for (const host of lab.hosts) await fabric.#joinAlone(host);
      return fabric;
    } catch (error) {
      await fabric.destroy();
      throw error;
    }
  }

  get tunnel(): TunnelType {
    return this.#tunnel;
  }

  /** @param changes take the place of settings the fabric was created with. */
  async start(changes: { readonly tunnel?: TunnelType; readonly settings?: Settings } = {}): Promise<void> {
    this.#tunnel = changes.tunnel ?? this.#tunnel;
    const ip = this.lab.controllerIp.includes(":") ? `[${this.lab.controllerIp}]` : this.lab.controllerIp;
    const own = this.#options.settings;
    const settings = {
      tunnel: { type: this.#tunnel },
      listen: { ovsdb: [`ptcp:${PORTS.ovsdb}:${ip}`], openflow: [`ptcp:${PORTS.openflow}:${ip}`] },
      ...(this.#options.quickBfd === true ? {} : { bfd: { packetsPerSecond: Math.max(1, this.lab.hosts.length - 1) } }),
      ...(typeof own === "function" ? own(this.lab) : own),
      ...changes.settings,
    };
    const { child = false } = this.#options;
    const how = child === true ? {} : child;
    this.#controller = await (how === false ? startInProcess(settings) : startChild(settings, this.lab.dir, how));
  }

  async #joinAlone(host: Lab["hosts"][number]): Promise<void> {
    const before = (await this.ask("hosts")).length;
    await this.join(host.index);
    await this.until(async () => {
      const known = await this.ask("hosts");
      return known.length > before ? [] : [`host ${host.index} is not known`];
    });
  }

  /** The one command on each of the hosts; on all unless given. */
  join(...hosts: readonly HostRef[]): Promise<void> {
    return this.lab.join({ port: PORTS.ovsdb, ...(hosts.length > 0 ? { hosts } : {}) });
  }

  /** The process of the controller, where it is a child. */
  get controllerPid(): number {
    if (this.#controller === null || (this.#options.child ?? false) === false)
      throw new Error("no controller runs as a child");
    return this.#controller.pid;
  }

  get isRunning(): boolean {
    return this.#controller !== null;
  }

  async stop(): Promise<void> {
    await this.#controller?.stop();
    this.#controller = null;
  }

  async kill(): Promise<void> {
    await this.#controller?.kill();
    this.#controller = null;
  }

  async destroy(): Promise<void> {
    await this.stop();
    await this.lab.destroy();
  }

  /** The controller that runs. */
  get controller(): ControllerUnderTest {
    if (this.#controller === null) throw new Error("no controller runs");
    return this.#controller;
  }

  ask<Q extends Question>(question: Q): Promise<ReturnType<Queries[Q]>> {
    return this.controller.ask(question);
  }

  async forget(ref: HostRef): Promise<void> {
    if (this.#controller === null) throw new Error("no controller runs");
    await this.#controller.forget(`${this.lab.name}-${this.lab.host(ref).name}`);
  }

  /** `weft adopt` or `weft release`, of the hosts one after the other. */
  async tell(method: "adopt" | "adopt now" | "release", ...hosts: readonly HostRef[]): Promise<void> {
    for (const ref of hosts) {
      if (this.#controller === null) throw new Error("no controller runs");
      await this.#controller.tell(method, `${this.lab.name}-${this.lab.host(ref).name}`);
    }
  }

  /** What the controller has done since it started; see `NO_WORK`. */
  async work(): Promise<Readonly<Record<string, number>>> {
    const { counters } = await this.ask("status");
    return Object.fromEntries(WORK.map((name) => [name, counters[name] ?? Number.NaN]));
  }

  async hostView(ref: HostRef) {
    const id = `${this.lab.name}-${this.lab.host(ref).name}`;
    return (await this.ask("hosts")).find((host) => host.id === id);
  }

  /** The endpoint of a guest's MAC, or of any MAC. */
  async endpoint(of: Guest | string) {
    const mac = typeof of === "string" ? of : of.mac;
    return (await this.ask("endpoints")).find((endpoint) => endpoint.mac === mac);
  }

  /** Polls until nothing is missing any more. @param missing says what is, in words. */
  async until(missing: () => Promise<readonly string[]>, timeoutSec = 30): Promise<void> {
    const deadline = Date.now() + timeoutSec * 1000;
    for (;;) {
      const list = await missing();
      if (list.length === 0) return;
      if (Date.now() > deadline) throw new Error(`after ${timeoutSec} s still: ${list.join("; ")}`);
      await sleep(20);
    }
  }

  /** Why the fabric is not yet whole: hosts, tunnels, flows and the guests' endpoints. */
  async #unfinished(hosts: number, guests: readonly Guest[], tunnels: number): Promise<string[]> {
    const view = await this.ask("topology");
    const missing: string[] = [];
    if (view.hosts.length !== hosts) missing.push(`${view.hosts.length} hosts of ${hosts}`);
    for (const { id, state, flows, problems } of view.hosts) {
      if (state !== "up") missing.push(`${id} is ${state} ${problems.map((problem) => problem.message).join(", ")}`);
      if (flows.desired !== flows.installed) missing.push(`${id} has ${flows.installed} of ${flows.desired} flows`);
    }
    if (view.tunnels.length !== tunnels) missing.push(`${view.tunnels.length} tunnels of ${tunnels}`);
    for (const { from, to, type, state, reason } of view.tunnels)
      if (state !== "up" || reason !== null || type !== this.#tunnel)
        missing.push(`${type} ${from} -> ${to} is ${state} (${reason})`);
    for (const guest of guests) {
      const host = `${this.lab.name}-${guest.host}`;
      const found = view.endpoints.some((one) => one.mac === guest.mac && one.host === host && one.port === guest.port);
      if (!found) missing.push(`no endpoint ${guest.mac} of ${guest.name} at ${host} ${guest.port}`);
    }
    return missing;
  }

  /** Resolves when every host is up, every tunnel stands, every guest is an endpoint, and the controller has come to rest. */
  async settled(
    options: { hosts?: number; guests?: readonly Guest[]; tunnels?: number; timeoutSec?: number } = {},
  ): Promise<void> {
    const { hosts = this.lab.hosts.length, guests = this.lab.guests, timeoutSec = 30 } = options;
    const { tunnels = hosts * (hosts - 1) } = options;
    let [last, since] = ["", Date.now()];
    await this.until(async () => {
      const missing = await this.#unfinished(hosts, guests, tunnels);
      const now = JSON.stringify([missing, await this.work()]);
      if (now !== last) [last, since] = [now, Date.now()];
      const quiet = missing.length > 0 || Date.now() - since >= QUIET_MS;
      return quiet ? missing : ["the controller still changes things"];
    }, timeoutSec);
  }

  /** Resolves when the controller has written nothing for a while. */
  async quiet(timeoutSec = 30): Promise<void> {
    let [last, since] = ["", Date.now()];
    await this.until(async () => {
      const now = JSON.stringify(await this.work());
      if (now !== last) [last, since] = [now, Date.now()];
      return Date.now() - since >= QUIET_MS ? [] : ["the controller still changes things"];
    }, timeoutSec);
  }

  /** Each guest asks for an address, so that its own is known: what is heard later only would be news, and be written. */
  async allHeard(guests: readonly Guest[] = this.lab.guests): Promise<void> {
    await this.until(async () => {
      const known = new Set((await this.ask("endpoints")).flatMap((one) => one.ips.map((ip) => `${one.mac} ${ip}`)));
      const silent = guests.filter((guest) => !known.has(`${guest.mac} ${guest.ip}`));
      const ask = async (guest: Guest): Promise<void> => {
        const other = guests.find((one) => one.ip !== guest.ip)?.ip ?? guest.ip;
        await guest.exec(["sh", "-c", `ip neigh flush all; ping -n -c1 -W1 -I ${guest.device} ${other}`], {
          check: false,
        });
      };
      await Promise.all(silent.map(ask));
      return silent.map((guest) => `the address of ${guest.name} has not been heard`);
    });
  }

  /** Guests on all hosts that ping each other, and have settled. */
  async populate(options: Parameters<Lab["populate"]>[0] = {}): Promise<Guest[]> {
    const guests = await this.lab.populate(options);
    await this.lab.waitUntilAllPing(guests);
    await this.settled();
    return guests;
  }
}

/**
 * What pings every 10 ms between the pairs have lost or doubled while something happened: nothing, it is expected.
 * @param mayLose so many of each pair: where ports come and go. Open vSwitch's userspace datapath drops a packet now and
 *   then when it takes a port in, also on a bridge that no controller knows (one in some hundred ports, pings every 4 ms).
 * @returns the pings of all pairs together.
 */
export async function expectNoLoss(
  pairs: readonly (readonly [Guest, Guest])[],
  during: () => Promise<void>,
  { mayLose = 0 } = {},
): Promise<{ readonly sent: number; readonly lost: number }> {
  const pings = pairs.map(([from, to]) => ({ pair: `${from.name} -> ${to.name}`, ping: from.startPing(to.ip) }));
  const results: { pair: string; result: ContinuousPingResult }[] = [];
  try {
    await Promise.all(pings.map(({ ping }) => ping.waitForReply()));
    await during();
    await Promise.all(pings.map(({ ping }) => ping.waitForReplies(MANY_PINGS)));
  } finally {
    for (const { pair, ping } of pings) results.push({ pair, result: await ping.stop() });
  }
  const bad = results.filter(({ result }) => result.lost > mayLose || result.duplicates > 0);
  const words = bad.map(
    ({ pair, result: { lost, sent, duplicates, missing } }) =>
      `${pair}: ${lost} lost of ${sent} (${missing.slice(0, 20).join(" ")}), ${duplicates} doubled`,
  );
  if (words.length > 0) throw new Error(`pings between those that nothing happened to: ${words.join("; ")}`);
  // The pings were there: a ping that was never sent is not lost either.
  expect(results.filter(({ result }) => result.sent < MANY_PINGS)).toEqual([]);
  const sum = (field: "sent" | "lost") => results.reduce((all, { result }) => all + result[field], 0);
  return { sent: sum("sent"), lost: sum("lost") };
}
