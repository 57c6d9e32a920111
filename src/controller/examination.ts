// The questions that look at hosts and switches anew: gathers what the doctor, and the comparison with intent, judge.
import type { PortDesc } from "../../proto/openflow13/index.ts";
import { concerns, type DeviationView, type DriftView, type FindingView } from "../api/doctor-views.ts";
import { inSlices, type Rest } from "../api/in-slices.ts";
import { type ExaminedHost, examine, findingKey, isPassing } from "../doctor/index.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import type { HostId } from "../model/facts.ts";
import { takesPart } from "../model/identity.ts";
import type { DesiredSwitch } from "../pipeline/desired.ts";
import { isOwnCookie } from "../pipeline/registry.ts";
import type { DesiredRows } from "../pipeline/rows.ts";
import { type Deviation, hostDeviations, switchDeviations } from "../reconcile/deviation.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { HostEntry, Hosts } from "./hosts.ts";
import type { SwitchEntry } from "./switch-entry.ts";
import { within } from "./within.ts";

export interface ExaminationOptions {
  readonly hosts: Hosts;
  readonly timers: Timers;
  /** Of the tunnel fabric, then of islands. */
  readonly everyHost: () => readonly { readonly fabric: Fabric; readonly host: FabricHost }[];
  readonly switchOf: (host: FabricHost) => SwitchEntry | null;
  readonly problemsOf: (fabric: Fabric, host: FabricHost, entry: SwitchEntry | null) => readonly Diagnostic[];
  /** Of no single host. */
  readonly problems: () => readonly Diagnostic[];
  /** When the journal told first that something is used in two places. */
  readonly disputedSince: (what: string) => string | null;
  /** For certificates alone. */
  readonly wallClock: () => number;
  /** Neither throws. */
  readonly desiredRows: (entry: HostEntry) => DesiredRows | null;
  readonly desiredSwitch: (entry: SwitchEntry) => DesiredSwitch | null;
}

/** A switch with many flows takes a second to tell them. */
const ANSWER_MS = 5_000;
/** So many switches are asked at once. */
const AT_ONCE = 16;
/** After so long a tunnel that was just made is up, and a flow that ran out of time is forgotten. */
const NEXT_LOOK_MS = 1_500;
/** What is another trouble at each look is told after so many: better once too often than never. */
const MOST_LOOKS = 4;
const AGED_MS = 500;

export interface Examination {
  /** @param only the host whose findings are wanted; null for all. */
  doctor(only: HostId | null): Promise<readonly FindingView[]>;
  drift(only: HostId | null): Promise<readonly DriftView[]>;
}

export function makeExamination(options: ExaminationOptions): Examination {
  const { hosts, timers, everyHost, switchOf } = options;
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void timers.setTimer(ms, resolve));

  async function examinedHost(fabric: Fabric, host: FabricHost, rest: Rest): Promise<ExaminedHost> {
    await rest();
    const entry = switchOf(host);
    const session = hosts.entries.get(host.id)?.session ?? null;
    return {
      fabric,
      host,
      ovsdb: session !== null,
      openflow: entry?.session != null,
      rows: session?.rows ?? null,
      ...(entry?.session == null ? {} : { switchPorts: numbersOf(entry.session.ports.values()) }),
      ovsVersion: host.fact?.ovsVersion ?? entry?.session?.desc.sw ?? null,
      ...(await foreignFlows(entry)),
      certificateEndsMs: session?.certificate?.endsMs ?? null,
      problems: options.problemsOf(fabric, host, entry),
    };
  }

  /** Which they are the audit knows; what they do the switch is asked. */
  async function foreignFlows(
    entry: SwitchEntry | null,
  ): Promise<Pick<ExaminedHost, "foreignFlows" | "foreignUntold">> {
    const known = entry?.installed?.foreign.size ?? 0;
    if (entry?.session == null || known === 0) return { foreignFlows: [], foreignUntold: 0 };
    const flows = await within(ANSWER_MS, entry.session.readFlows(), timers);
    if (flows === null) return { foreignFlows: [], foreignUntold: known };
    return { foreignFlows: flows.filter((flow) => !isOwnCookie(flow.cookie)), foreignUntold: 0 };
  }

  async function look(): Promise<readonly FindingView[]> {
    const rest = inSlices();
    const examined = await inTurns(everyHost(), ({ fabric, host }) => examinedHost(fabric, host, rest));
    await rest();
    const { disputedSince, wallClock } = options;
    return examine({ hosts: examined, problems: options.problems(), nowMs: wallClock(), disputedSince });
  }

  async function doctor(only: HostId | null): Promise<readonly FindingView[]> {
    const isMeant = (one: FindingView): boolean => only === null || concerns(one, only);
    let found = (await look()).filter(isMeant);
    let unsure = found.filter(isPassing);
    for (let looks = 1; unsure.length > 0 && looks < MOST_LOOKS; looks++) {
      await pause(NEXT_LOOK_MS);
      const before = new Set(found.map(findingKey));
      found = (await look()).filter(isMeant);
      // The same trouble may show otherwise now: two tunnels that were cut are a host that hears nobody.
      unsure = found.filter((one) => isPassing(one) && !before.has(findingKey(one)));
    }
    return found;
  }

  async function compare(
    host: FabricHost,
    rest: Rest,
  ): Promise<{ reason: string | null; deviations: readonly Deviation[] }> {
    await rest();
    const reasons: string[] = [];
    const deviations: Deviation[] = [];
    const hostEntry = hosts.entries.get(host.id);
    const session = hostEntry?.session ?? null;
    if (host.fact !== null && !takesPart(host.fact)) return { reason: "it has no place in the fabric", deviations };
    if (host.plain === null) {
      const desired = hostEntry === undefined || session === null ? null : options.desiredRows(hostEntry);
      if (session === null) reasons.push("its database is not connected");
      else if (desired === null) reasons.push("what its database should hold is not known yet");
      else deviations.push(...hostDeviations(session.rows, desired));
    }
    const entry = switchOf(host);
    if (entry?.session == null) reasons.push("its switch is not connected");
    else {
      const { session: of } = entry;
      const asked = Promise.all([of.readFlows(), of.readGroups(), of.readMeters()]);
      const held = await within(ANSWER_MS, asked, timers);
      // Of the moment of the answer: a flow that is wanted since then is not missing.
      const desired = options.desiredSwitch(entry);
      await rest();
      if (held === null) reasons.push("its switch does not answer");
      else if (desired === null) reasons.push("what its switch should hold is not known yet");
      else {
        const [flows, groups, meters] = held;
        deviations.push(...switchDeviations(desired, { flows, groups, meters }));
      }
    }
    return { reason: reasons.length === 0 ? null : reasons.join("; "), deviations };
  }

  /** A flow may run out of time between the switch's answer and the news of it: what may be that is looked for twice. */
  async function settled(host: FabricHost, rest: Rest): Promise<DriftView> {
    let { reason, deviations } = await compare(host, rest);
    if (deviations.some((one) => one.mayHaveAged)) {
      const before = new Set(deviations.map(textOf));
      await pause(AGED_MS);
      const again = await compare(host, rest);
      reason = again.reason;
      deviations = again.deviations.filter((one) => !one.mayHaveAged || before.has(textOf(one)));
    }
    return { host: host.id, reason, deviations: deviations.map(deviationView).sort(byText) };
  }

  return {
    doctor,
    drift(only) {
      const meant = everyHost().filter(({ host }) => only === null || host.id === only);
      const rest = inSlices();
      return inTurns(meant, ({ host }) => settled(host, rest));
    },
  };
}

function textOf({ what, state, wanted, held }: Omit<DeviationView, "foreign">): string {
  return JSON.stringify([what, state, wanted, held]);
}

function deviationView({ what, state, wanted, held, foreign }: Deviation): DeviationView {
  return { what, state, wanted, held, foreign };
}

const ORDER = ["row", "meter", "group", "flow"];

function byText(a: DeviationView, b: DeviationView): number {
  const [x, y] = [textOf(a), textOf(b)];
  return ORDER.indexOf(a.what) - ORDER.indexOf(b.what) || (x < y ? -1 : x > y ? 1 : 0);
}

async function inTurns<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<readonly R[]> {
  const done: R[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE) {
    done.push(...(await Promise.all(all.slice(at, at + AT_ONCE).map(work))));
  }
  return done;
}

function numbersOf(ports: Iterable<PortDesc>): ReadonlyMap<string, number> {
  return new Map([...ports].map(({ name, portNo }) => [name, portNo]));
}
