// A fabric under test that scenarios are written against, whether its hosts are real or simulated.
import type { FlowStats, GroupDesc } from "../../proto/openflow13/index.ts";
import type { Queries } from "../../src/api/views.ts";
import type { Question, Settings } from "../lab/controller-under-test.ts";

/** Where a guest is plugged in, and as what. Everything is told, so that both worlds have the same. */
export interface GuestPlace {
  readonly name: string;
  readonly host: number;
  readonly ip: string;
  /** Open vSwitch's choice on an internal port. */
  readonly mac?: string;
  /** `tap-NAME` unless given. */
  readonly port?: string;
  readonly tag?: number;
  readonly network?: string;
  readonly attachedMac?: boolean;
  /** `external_ids` of its Interface row. */
  readonly ids?: Readonly<Record<string, string>>;
  /** An address of the host's own, on an internal port; `br-int` is the bridge's own. */
  readonly internal?: true;
}

/** Many guests behind one port. */
export interface SegmentPlace {
  readonly name: string;
  readonly host: number;
  readonly members: readonly { readonly name: string; readonly mac: string; readonly ip: string }[];
}

/** A row as JSON of RFC 7047, by its columns. */
export type RowJson = Readonly<Record<string, unknown>>;

export interface HostHoldings {
  readonly flows: readonly FlowStats[];
  readonly groups: readonly GroupDesc[];
  /** Port names by their OpenFlow numbers. */
  readonly ports: ReadonlyMap<number, string>;
  readonly rows: Readonly<Record<string, readonly RowJson[]>>;
}

/** Columns of the rows that Weft writes, as far as they do not follow from the machine. */
export const ROW_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  Bridge: ["name", "fail_mode", "protocols", "external_ids"],
  Interface: ["name", "type", "options", "bfd", "external_ids", "ofport", "ofport_request", "mtu_request"],
  Port: ["name", "tag", "external_ids"],
  Open_vSwitch: ["external_ids"],
};

export interface World {
  readonly kind: "real" | "simulated";
  /** For how long nothing has happened where it is at rest; 400 ms unless given. */
  readonly quietMs?: number;
  /** What differs from world to world and from run to run, and what is written in its place. */
  readonly volatile: () => Promise<readonly (readonly [string, string])[]>;
  /** How many hosts there are. */
  readonly hosts: number;
  ask<Q extends Question>(question: Q): Promise<ReturnType<Queries[Q]>>;
  /** One host more, which is told where the controller is. */
  addHost(): Promise<void>;
  /** The host is sent away, and forgotten. */
  dropHost(host: number): Promise<void>;
  addGuest(place: GuestPlace): Promise<void>;
  addSegment(place: SegmentPlace): Promise<void>;
  /** With its port. */
  removeGuest(name: string): Promise<void>;
  removeSegment(name: string): Promise<void>;
  /** `MAC IP`. */
  addressOf(name: string): string;
  /** Each of them forgets what it knows of the others' addresses, and asks for them anew: its own is heard by that. */
  speak(names: readonly string[]): Promise<void>;
  /** `A -> B` of each ordered pair that gets its answer, once. */
  pings(names: readonly string[]): Promise<readonly string[]>;
  /** Copies of a broadcast from one at each of the others. */
  broadcast(from: string, at: readonly string[]): Promise<Readonly<Record<string, number>>>;
  cut(a: number, b: number): Promise<void>;
  heal(a: number, b: number): Promise<void>;
  holdings(host: number): Promise<HostHoldings>;
  /** The controller ends, and another one starts. */
  restart(settings?: Settings): Promise<void>;
  destroy(): Promise<void>;
}

const PATIENCE_MS = 45_000;
const QUIET_MS = 400;
const LOOK_EVERY_MS = 50;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls until nothing is missing any more. */
export async function until(missing: () => Promise<readonly string[]>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const list = await missing();
    if (list.length === 0) return;
    if (Date.now() > deadline) throw new Error(`after ${PATIENCE_MS / 1000} s still: ${list.join("; ")}`);
    await pause(LOOK_EVERY_MS);
  }
}

/** Resolves when every pair of them pings, and the address of each has been heard. */
export async function allPing(world: World, names: readonly string[]): Promise<void> {
  const wanted = names.length * (names.length - 1);
  await until(async () => {
    const endpoints = await world.ask("endpoints");
    const heard = new Set(endpoints.flatMap(({ mac, ips }) => ips.map((ip) => `${mac} ${ip}`)));
    const silent = names.filter((name) => !heard.has(world.addressOf(name)));
    if (silent.length > 0) await world.speak(silent);
    return silent.map((name) => `the address of ${name} has not been heard`);
  });
  await until(async () => {
    const have = await world.pings(names);
    return have.length === wanted ? [] : [`${have.length} of ${wanted} pairs ping: ${have.join(", ")}`];
  });
}

export interface Rest {
  /** Directed; of a full mesh unless given. */
  readonly tunnels?: number;
  readonly type?: string;
  /** Tunnels that are down, as they should be. */
  readonly down?: number;
}

const WORK = ["bundles", "flowMods", "groupMods", "meterMods", "ovsdbTransactions", "sessionErrors"] as const;

/** What the controller has done since it started. */
export async function workOf(world: World): Promise<Readonly<Record<string, number>>> {
  const { counters } = await world.ask("status");
  return Object.fromEntries(WORK.map((name) => [name, counters[name] ?? Number.NaN]));
}

/** Resolves when all hosts hold what they should, and the controller has had nothing to do for a while. */
export async function atRest(world: World, { tunnels, type, down = 0 }: Rest = {}): Promise<void> {
  const wanted = tunnels ?? world.hosts * (world.hosts - 1);
  let [last, since] = ["", Date.now()];
  await until(async () => {
    const view = await world.ask("topology");
    const missing = view.hosts.flatMap(({ id, state, flows }) =>
      state === "up" && flows.desired === flows.installed ? [] : [`${id} is ${state}, ${JSON.stringify(flows)}`],
    );
    if (view.hosts.length !== world.hosts) missing.push(`${view.hosts.length} hosts of ${world.hosts}`);
    const right = view.tunnels.filter((tunnel) => type === undefined || tunnel.type === type);
    if (right.length !== wanted || view.tunnels.length !== wanted) missing.push(`${right.length} tunnels of ${wanted}`);
    const notUp = view.tunnels.filter(({ state, reason }) => state !== "up" || reason !== null).length;
    if (notUp !== down) missing.push(`${notUp} tunnels are not up`);
    const now = JSON.stringify([missing, view.endpoints, await workOf(world)]);
    if (now !== last) [last, since] = [now, Date.now()];
    return missing.length > 0 || Date.now() - since >= (world.quietMs ?? QUIET_MS)
      ? missing
      : ["the controller still changes things"];
  });
}
