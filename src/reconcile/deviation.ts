// What a switch or a host's database holds now against what it should hold, one by one, in words: nothing is written.
import {
  type FlowStats,
  formatFlow,
  formatGroup,
  formatMeter,
  type GroupDesc,
  type MeterConfig,
  OFPMF,
} from "../../proto/openflow13/index.ts";
import type { VswitchRows } from "../../proto/ovsdb/vswitch-rows.ts";
import { isSame } from "../model/kept.ts";
import { type DesiredFlow, type DesiredMeter, type DesiredSwitch, flowForm, flowKey } from "../pipeline/desired.ts";
import { isOwnCookie, isPassing } from "../pipeline/registry.ts";
import type { DesiredRows } from "../pipeline/rows.ts";
import { planHost } from "./host-plan.ts";
import { installedFrom } from "./installed.ts";

export interface Deviation {
  readonly what: "row" | "flow" | "group" | "meter";
  readonly state: "missing" | "extra" | "changed";
  /** What should be there; null where nothing should. */
  readonly wanted: string | null;
  /** What is there; null where nothing is, or `wanted` says what it is. */
  readonly held: string | null;
  /** A flow of somebody else's, which Weft leaves alone. */
  readonly foreign: boolean;
  /** Of a flow that may have run out of time just now. */
  readonly mayHaveAged: boolean;
}

type Found = Omit<Deviation, "foreign" | "mayHaveAged"> & Partial<Pick<Deviation, "foreign" | "mayHaveAged">>;

function deviation(found: Found): Deviation {
  return { foreign: false, mayHaveAged: false, ...found };
}

/** @param held as the switch has answered just now. */
export function switchDeviations(
  desired: DesiredSwitch,
  held: {
    readonly flows: readonly FlowStats[];
    readonly groups: readonly GroupDesc[];
    readonly meters: readonly MeterConfig[];
  },
): readonly Deviation[] {
  const { groups, meters } = installedFrom([], held.groups, held.meters);
  return [
    ...flowDeviations(desired, held.flows),
    ...deviationsOf("group", desired.groups, groups, formatGroup),
    ...deviationsOf("meter", desired.meters, meters, meterText),
  ];
}

/** Without what changes by itself. */
export function flowText({
  cookie,
  tableId,
  priority,
  match,
  instructions,
  flags,
  ...flow
}: DesiredFlow | FlowStats): string {
  const { idleTimeoutSec } = flow;
  const hardTimeoutSec = "hardTimeoutSec" in flow ? flow.hardTimeoutSec : 0;
  return formatFlow({ cookie, tableId, priority, match, instructions, flags, idleTimeoutSec, hardTimeoutSec });
}

function flowDeviations(desired: DesiredSwitch, flows: readonly FlowStats[]): readonly Deviation[] {
  const found: Deviation[] = [];
  const seen = new Set<string>();
  for (const flow of flows) {
    if (isPassing(flow)) continue;
    const key = flowKey(flow.tableId, flow.priority, flow.match);
    const wanted = desired.flows.get(key);
    seen.add(key);
    if (wanted !== undefined && (saysTheSame(wanted, flow) || wanted.form === flowForm(flow))) continue;
    const state = wanted === undefined ? "extra" : "changed";
    const foreign = !isOwnCookie(flow.cookie);
    const mayHaveAged = flow.idleTimeoutSec > 0;
    found.push(
      deviation({
        ...{ what: "flow", state, foreign, mayHaveAged, held: flowText(flow) },
        wanted: wanted === undefined ? null : flowText(wanted),
      }),
    );
  }
  for (const wanted of desired.flows.values()) {
    if (!seen.has(wanted.key)) found.push(missing(wanted));
  }
  return found;
}

/** Hardly ever is it anything else, and forms are texts of all that is in them. */
function saysTheSame(wanted: DesiredFlow, { cookie, idleTimeoutSec, flags, instructions }: FlowStats): boolean {
  return (
    wanted.cookie === cookie &&
    wanted.idleTimeoutSec === idleTimeoutSec &&
    wanted.flags === flags &&
    isSame(wanted.instructions, instructions)
  );
}

function missing(flow: DesiredFlow): Deviation {
  const mayHaveAged = flow.idleTimeoutSec > 0;
  return deviation({ what: "flow", state: "missing", mayHaveAged, wanted: flowText(flow), held: null });
}

function deviationsOf<T extends { readonly form: string }>(
  what: "group" | "meter",
  desired: ReadonlyMap<number, T>,
  held: ReadonlyMap<number, T>,
  text: (one: T) => string,
): readonly Deviation[] {
  const found: Deviation[] = [];
  for (const [id, wanted] of desired) {
    const have = held.get(id);
    if (have === undefined) found.push(deviation({ what, state: "missing", wanted: text(wanted), held: null }));
    else if (have.form !== wanted.form) {
      found.push(deviation({ what, state: "changed", wanted: text(wanted), held: text(have) }));
    }
  }
  for (const [id, have] of held) {
    if (!desired.has(id)) found.push(deviation({ what, state: "extra", wanted: null, held: text(have) }));
  }
  return found;
}

export function meterText({ meterId, unit, rate, burst }: DesiredMeter): string {
  return formatMeter({
    meterId,
    flags: (unit === "pktps" ? OFPMF.PKTPS : OFPMF.KBPS) | OFPMF.BURST,
    bands: [{ kind: "drop", rate, burstSize: burst }],
  });
}

const ROW_STATES = { add: "missing", change: "changed", remove: "extra" } as const;

/** What Weft would write, were it to write now. */
export function hostDeviations(rows: VswitchRows, desired: DesiredRows): readonly Deviation[] {
  return planHost(rows, desired).steps.map(({ deed, text }) =>
    deviation({
      ...{ what: "row", state: ROW_STATES[deed] },
      ...(deed === "remove" ? { wanted: null, held: text } : { wanted: text, held: null }),
    }),
  );
}
