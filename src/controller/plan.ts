// What another configuration would change, computed by the functions that reconciliation uses; nothing is written.

import { formatGroup } from "../../proto/openflow13/index.ts";
import { inSlices } from "../api/in-slices.ts";
import type { HostPlanView, PlanChangeView, PlanCountView, PlanView } from "../api/plan-views.ts";
import type { WeftConfig } from "../config/index.ts";
import type { HostId } from "../model/facts.ts";
import type { DesiredFlow, DesiredGroup, DesiredMeter, DesiredSwitch } from "../pipeline/desired.ts";
import { flowDifferences } from "../pipeline/layered-flows.ts";
import type { DesiredRows, RowSettings } from "../pipeline/rows.ts";
import type { Wanted } from "../pipeline/settle.ts";
import { flowText, meterText } from "../reconcile/deviation.ts";
import { planHost } from "../reconcile/host-plan.ts";
import type { Hosts } from "./hosts.ts";
import { touches } from "./plan-touches.ts";
import { reconfigured } from "./reconfigure.ts";
import { hostSettings, weaverSettings } from "./settings.ts";
import type { Weaver } from "./weaver.ts";

export interface PlanOptions {
  readonly hosts: Hosts;
  readonly weaver: Weaver;
  /** null for a host that nothing is written to. */
  readonly rowSettings: (id: HostId) => Pick<RowSettings, "controllerTarget" | "approval"> | null;
}

/** Of a host more are counted; and of each of many hosts more than its part of those of all. */
const MAX_CHANGES = 1_000;
const MAX_CHANGES_OF_ALL = 60_000;

/** @param running is what the controller runs with, @param wanted the other configuration. */
export async function planFor(options: PlanOptions, running: WeftConfig, wanted: WeftConfig): Promise<PlanView> {
  const { applied, needsRestart, config } = reconfigured(running, wanted);
  if (applied.length === 0) return { applied, needsRestart, touches: [], hosts: [] };
  const rest = inSlices();
  const foresee = (of: WeftConfig): Promise<Wanted> =>
    options.weaver.foresee(weaverSettings(of), options.hosts.factsWith(hostSettings(of)), options.rowSettings, rest);
  // Both are foreseen, so that what is under way already counts for neither; from the same moment on, so that what
  // happens meanwhile counts for neither as well.
  const [before, after] = await Promise.all([foresee(running), foresee(config)]);
  const ids = new Set([...before.fabric.hosts.keys(), ...after.fabric.hosts.keys()]);
  const most = Math.min(MAX_CHANGES, Math.ceil(MAX_CHANGES_OF_ALL / Math.max(1, ids.size)));
  const hosts: HostPlanView[] = [];
  for (const id of ids) {
    await rest();
    const changes = [...rowChanges(options.hosts, id, before, after), ...switchChanges(before, after, id)];
    if (changes.length > 0) hosts.push(hostPlan(id, changes, most));
  }
  return { applied, needsRestart, touches: await touches(before, after, rest), hosts };
}

function hostPlan(host: HostId, changes: readonly PlanChangeView[], most: number): HostPlanView {
  const count = (what: PlanChangeView["what"]): PlanCountView => {
    const own = changes.filter((one) => one.what === what);
    const of = (deed: PlanChangeView["deed"]): number => own.filter((one) => one.deed === deed).length;
    return { added: of("add"), changed: of("change"), removed: of("remove") };
  };
  return {
    ...{ host, rows: count("row"), flows: count("flow"), groups: count("group"), meters: count("meter") },
    changes: changes.slice(0, most),
    omitted: Math.max(0, changes.length - most),
  };
}

/** What would be written to the host's database as it is now, without what would be written anyway. */
function rowChanges(hosts: Hosts, id: HostId, before: Wanted, after: Wanted): readonly PlanChangeView[] {
  const rows = hosts.entries.get(id)?.session?.rows;
  if (rows === undefined || before.rows.get(id) === after.rows.get(id)) return [];
  const stepsFor = (wanted: DesiredRows | undefined) => (wanted === undefined ? [] : planHost(rows, wanted).steps);
  const anyway = new Set(stepsFor(before.rows.get(id)).map((step) => JSON.stringify(step)));
  return stepsFor(after.rows.get(id))
    .filter((step) => !anyway.has(JSON.stringify(step)))
    .map(({ deed, text }) => ({ what: "row", deed, text }));
}

const NOTHING: DesiredSwitch = { flows: new Map(), groups: new Map(), meters: new Map() };

function switchChanges(before: Wanted, after: Wanted, id: HostId): readonly PlanChangeView[] {
  const [was, will] = [before.switches.get(id) ?? NOTHING, after.switches.get(id) ?? NOTHING];
  if (was === will) return [];
  return [
    ...changesOf<number, DesiredMeter>("meter", was.meters, will.meters, meterText),
    ...changesOf<number, DesiredGroup>("group", was.groups, will.groups, formatGroup),
    ...flowChanges(was, will),
  ];
}

/** What all hosts have in common is compared once, and put into words once. */
function flowChanges(was: DesiredSwitch, will: DesiredSwitch): readonly PlanChangeView[] {
  return [...flowDifferences(was.flows, will.flows)].flatMap(({ before, after }) => {
    const [deed, flow] =
      after === undefined ? (["remove", before] as const) : ([before ? "change" : "add", after] as const);
    return flow === undefined ? [] : [{ what: "flow", deed, text: textOf(flow) } as const];
  });
}

const texts = new WeakMap<DesiredFlow, string>();

function textOf(flow: DesiredFlow): string {
  const known = texts.get(flow) ?? flowText(flow);
  texts.set(flow, known);
  return known;
}

function changesOf<K, T extends { readonly form: string }>(
  what: PlanChangeView["what"],
  was: ReadonlyMap<K, T>,
  will: ReadonlyMap<K, T>,
  text: (one: T) => string,
): readonly PlanChangeView[] {
  const changes: PlanChangeView[] = [];
  for (const [key, one] of will) {
    const held = was.get(key);
    if (held?.form === one.form) continue;
    changes.push({ what, deed: held === undefined ? "add" : "change", text: text(one) });
  }
  for (const [key, one] of was) if (!will.has(key)) changes.push({ what, deed: "remove", text: text(one) });
  return changes;
}
