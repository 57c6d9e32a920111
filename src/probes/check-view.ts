// What a check has found, judged and said: which path fails, in which direction, and what passes.
import type {
  CheckHostView,
  CheckPathView,
  CheckProblemView,
  CheckSizeView,
  CheckState,
  CheckView,
} from "../api/check-views.ts";
import { HOST_SETTINGS } from "../model/external-ids.ts";
import type { HostId } from "../model/facts.ts";
import { shellWord } from "../model/shell-word.ts";
import type { CheckResult } from "./check-run.ts";

export interface CheckedHost {
  readonly id: HostId;
  readonly name: string;
  /** Of its underlay's device, where that is known. */
  readonly underlayMtu?: number | null;
}

export interface CheckOutcome {
  readonly results: readonly CheckResult[];
  readonly hosts: readonly CheckedHost[];
  /** Of how many paths these are, and the seed of the choice; null where all are. */
  readonly possible: number;
  readonly seed: number | null;
  /** The way to a host's switch and back, at its shortest. */
  readonly delays: ReadonlyMap<HostId, number>;
  readonly sent: number;
  readonly received: number;
  readonly tookMs: number;
}

export function checkView({ results, hosts, delays, ...counts }: CheckOutcome): CheckView {
  const { possible, seed, sent, received, tookMs } = counts;
  const names = new Map(hosts.map(({ id, name }) => [id, name]));
  const nameOf = (id: HostId): string => names.get(id) ?? id;
  const back = new Map(results.map((result) => [wayKey(result, false), result]));
  const paths = results.map((result) => pathView(result, back.get(wayKey(result, true)), delays, nameOf));
  const counted = countsByHost(paths);
  return {
    ok: paths.every(({ state }) => state === "ok"),
    hosts: hosts.map(({ id, name }) => ({ id, name, ...(counted.get(id) ?? NONE) })),
    paths,
    ...{ possible, seed, sent, received, tookMs: Math.round(tookMs) },
    problems: [
      ...stillProblems(results, hosts),
      ...paths.flatMap((path, at) => (isStill(results[at]) ? [] : problemOf(path, nameOf))),
    ],
  };
}

type Counts = Pick<CheckHostView, "checked" | "failed">;

const NONE: Counts = { checked: 0, failed: 0 };

/** Of the paths that begin or end at a host. */
function countsByHost(paths: readonly CheckPathView[]): ReadonlyMap<HostId, Counts> {
  const counted = new Map<HostId, Counts>();
  for (const { from, to, state } of paths) {
    for (const id of [from, to]) {
      const { checked, failed } = counted.get(id) ?? NONE;
      counted.set(id, { checked: checked + 1, failed: failed + (state === "ok" ? 0 : 1) });
    }
  }
  return counted;
}

/** The same kind of way between the same two. */
function wayKey({ path: { kind, from, to, type, vni } }: CheckResult, reversed: boolean): string {
  const ends = reversed ? [to, from] : [from, to];
  return JSON.stringify([kind, ends, type, vni]);
}

function stateOf({ path, sizes, stillLoses, stalled }: CheckResult): CheckState {
  if (path.unchecked !== null || stalled !== null) return "unchecked";
  const small = sizes.find(({ name }) => name === "small");
  if (small === undefined || small.sent === 0) return "unchecked";
  if (small.received === 0) return "dead";
  if (sizes.some(({ sent, received }) => sent > 0 && received === 0)) return "mtu";
  const lost = sizes.reduce((sum, size) => sum + size.sent - size.received, 0);
  return lost > 1 || stillLoses ? "loss" : "ok";
}

function pathView(
  result: CheckResult,
  reverse: CheckResult | undefined,
  delays: ReadonlyMap<HostId, number>,
  nameOf: (id: HostId) => string,
): CheckPathView {
  const { path, sizes, fits } = result;
  const { kind, from, to, name, type } = path;
  const state = stateOf(result);
  return {
    ...{ kind, from, to, name, type, state, sizes, fits },
    roundTripUs: roundTripUs(result, reverse, delays),
    reason: reasonOf(state, result, reverse, nameOf),
    remedy: remedyOf(state, result, nameOf),
  };
}

/** There by one direction and back by the other, each with one way to each of the two switches in it. */
function roundTripUs(
  { path, leastMs }: CheckResult,
  reverse: CheckResult | undefined,
  delays: ReadonlyMap<HostId, number>,
): number | null {
  if (leastMs === null || reverse?.leastMs == null) return null;
  const ways = (delays.get(path.from) ?? 0) + (delays.get(path.to) ?? 0);
  const us = Math.round((leastMs + reverse.leastMs - ways) * 1000);
  // The ways to the controller are not always equally long: what is left of a short path may be nothing.
  return us > 0 ? us : null;
}

function reasonOf(
  state: CheckState,
  result: CheckResult,
  reverse: CheckResult | undefined,
  nameOf: (id: HostId) => string,
): string | null {
  const { path, sizes, fits, strayedTo } = result;
  const [from, to] = [nameOf(path.from), nameOf(path.to)];
  switch (state) {
    case "ok":
      return null;
    case "unchecked":
      if (path.unchecked !== null) return path.unchecked;
      return result.stalled === null ? "there was no time left for it" : stallText(result, nameOf);
    case "loss":
      return `${lossText(sizes)} are lost from ${from} to ${to}`;
    case "mtu":
      return mtuText(result, fits ?? 0, from, to);
    case "dead": {
      if (strayedTo !== null) return `what ${from} sends to ${to} comes out at ${nameOf(strayedTo)}`;
      const small = sizes.find(({ name }) => name === "small");
      return `nothing of ${small?.sent ?? 0} probes that ${from} sends comes to ${to}${otherWay(reverse, from, to)}`;
    }
  }
}

/** Of a way back that was not checked there is nothing to say. */
function otherWay(reverse: CheckResult | undefined, from: string, to: string): string {
  const state = reverse === undefined ? "unchecked" : stateOf(reverse);
  if (state === "unchecked") return "";
  return state === "dead" ? ", in either direction" : `, while what ${to} sends to ${from} does`;
}

/** Of what the way from the controller to a switch does not let through nobody can say whether tunnels would. */
function stallText({ stalled }: CheckResult, nameOf: (id: HostId) => string): string {
  if (stalled === null) return "";
  const { host, bytes } = stalled;
  const since = bytes === 0 ? "" : ` since probes of ${bytes} bytes were to be sent there`;
  return `the connection between the controller and ${nameOf(host)} stands still${since}`;
}

function lossText(sizes: readonly CheckSizeView[]): string {
  const [sent, received] = [sum(sizes, "sent"), sum(sizes, "received")];
  return `${sent - received} of ${sent} probes`;
}

function sum(sizes: readonly CheckSizeView[], field: "sent" | "received"): number {
  return sizes.reduce((total, size) => total + size[field], 0);
}

function mtuText({ path, sizes }: CheckResult, fits: number, from: string, to: string): string {
  const least = Math.min(...sizes.filter(({ received }) => received === 0).map(({ bytes }) => bytes));
  const told = `packets of ${fits} bytes pass from ${from} to ${to}, and those of ${least} do not`;
  const { underlay } = path;
  if (underlay === null) return told;
  return `${told}: the underlay passes ${fits + underlay.overhead} bytes there, and ${least + underlay.overhead} are needed`;
}

function remedyOf(
  state: CheckState,
  { path, fits, strayedTo, stalled }: CheckResult,
  nameOf: (id: HostId) => string,
): string | null {
  const { underlay } = path;
  const [from, to] = [nameOf(path.from), nameOf(path.to)];
  switch (state) {
    case "ok":
      return null;
    case "unchecked":
      if (stalled !== null)
        return `see that packets of 1500 bytes pass between the controller and ${nameOf(stalled.host)}`;
      return path.unchecked === null
        ? `weft check ${shellWord(path.from)} takes less time`
        : "weft hosts tells what is wrong there";
    case "mtu":
      return underlay === null
        ? `weft check tells which tunnel it is`
        : `raise the MTU between ${underlay.from} and ${underlay.to}; or on ${shellWord(from)}: ovs-vsctl set open_vswitch . external_ids:${HOST_SETTINGS.underlayMtu}=${(fits ?? 0) + underlay.overhead}`;
    default:
      if (underlay === null)
        return path.kind === "network"
          ? "weft check tells which tunnel it is"
          : `see to the cable at port ${path.name} of ${from}`;
      if (strayedTo !== null) return `see which host has the address ${underlay.to}: ${to}, or ${nameOf(strayedTo)}`;
      return `see that firewalls and routes pass ${underlay.protocol} from ${underlay.from} to ${underlay.to}`;
  }
}

function problemOf(path: CheckPathView, nameOf: (id: HostId) => string): readonly CheckProblemView[] {
  const { state, kind, name, reason, remedy, from, to } = path;
  if (state === "ok") return [];
  const what = kind === "network" ? `network ${name}` : name;
  const message = `${nameOf(from)} -> ${nameOf(to)} (${what}): ${reason ?? ""}`;
  return [{ code: `check/${state}`, message, remedy: remedy ?? "" }];
}

/** Untested since the way from the controller to one of its ends stands still. */
function isStill(result: CheckResult | undefined): boolean {
  return result !== undefined && result.path.unchecked === null && result.stalled !== null;
}

/** Of each host to which the way stands still, once, whatever paths end there. */
function stillProblems(results: readonly CheckResult[], hosts: readonly CheckedHost[]): readonly CheckProblemView[] {
  const byHost = new Map<HostId, CheckResult[]>();
  for (const result of results) {
    if (result.stalled === null || !isStill(result)) continue;
    byHost.set(result.stalled.host, [...(byHost.get(result.stalled.host) ?? []), result]);
  }
  return [...byHost].flatMap(([id, own]) => {
    const host = hosts.find((one) => one.id === id);
    const name = host?.name ?? id;
    const [first] = [...own].sort((a, b) => (a.stalled?.bytes ?? 0) - (b.stalled?.bytes ?? 0));
    if (first === undefined) return [];
    const mtu = host?.underlayMtu ?? null;
    const narrow = mtu !== null && mtu < USUAL_MTU ? `; ${name}'s underlay has an MTU of ${mtu}` : "";
    const count = own.length === 1 ? "one path from or to it is" : `${own.length} paths from or to it are`;
    return [
      {
        code: "check/unchecked",
        message: `${stallText(first, () => name)}: ${count} untested${narrow}`,
        remedy: remedyOf("unchecked", first, () => name) ?? "",
      },
    ];
  });
}

const USUAL_MTU = 1500;
