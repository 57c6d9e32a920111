// What a switch holds, as far as it is known: read back on connect, then kept up with what was confirmed.
import {
  type FlowRemoved,
  type FlowStats,
  type GroupDesc,
  type MeterConfig,
  OFPMF,
} from "../../proto/openflow13/index.ts";
import {
  type DesiredFlow,
  type DesiredGroup,
  type DesiredMeter,
  desiredMeter,
  flowForm,
  flowKey,
  groupForm,
} from "../pipeline/desired.ts";
import { layered } from "../pipeline/layered-flows.ts";
import { groupRole, isOwnCookie, isPassing } from "../pipeline/registry.ts";

export interface InstalledSwitch {
  readonly flows: ReadonlyMap<string, DesiredFlow>;
  readonly groups: ReadonlyMap<number, DesiredGroup>;
  readonly meters: ReadonlyMap<number, DesiredMeter>;
  /** Keys of flows that somebody else wrote: left alone, and told. */
  readonly foreign: ReadonlySet<string>;
}

export const NOTHING_INSTALLED: InstalledSwitch = Object.freeze({
  flows: new Map<string, DesiredFlow>(),
  groups: new Map<number, DesiredGroup>(),
  meters: new Map<number, DesiredMeter>(),
  foreign: new Set<string>(),
});

function installedFlow(stats: FlowStats): DesiredFlow {
  return { ...stats, key: flowKey(stats.tableId, stats.priority, stats.match), form: flowForm(stats) };
}

function installedMeter(config: MeterConfig): DesiredMeter {
  const [band] = config.bands;
  const unit = (config.flags & OFPMF.PKTPS) === 0 ? "kbps" : "pktps";
  const meter = desiredMeter(config.meterId, unit, band?.rate ?? 0, band?.burstSize ?? 0);
  // Any other shape of meter compares unequal, and is put right.
  return config.bands.length === 1 && band?.kind === "drop" ? meter : { ...meter, form: "other" };
}

/** From the answers of a switch to requests for all flows, groups and meters. */
export function installedFrom(
  flows: readonly FlowStats[],
  groups: readonly GroupDesc[],
  meters: readonly MeterConfig[],
): InstalledSwitch {
  const own = flows.filter((flow) => isOwnCookie(flow.cookie) && !isPassing(flow)).map(installedFlow);
  return {
    flows: new Map(own.map((flow) => [flow.key, flow])),
    groups: new Map(
      groups
        .filter((group) => groupRole(group.groupId) !== undefined)
        .map((group) => [group.groupId, { ...group, form: groupForm(group) }]),
    ),
    meters: new Map(meters.map((meter) => [meter.meterId, installedMeter(meter)])),
    foreign: new Set(
      flows
        .filter((flow) => !isOwnCookie(flow.cookie))
        .map(({ tableId, priority, match }) => flowKey(tableId, priority, match)),
    ),
  };
}

/** The flow is gone from the switch. The same object where it was not known. */
export function withoutFlow(installed: InstalledSwitch, removed: FlowRemoved): InstalledSwitch {
  const key = flowKey(removed.tableId, removed.priority, removed.match);
  return installed.flows.has(key) ? { ...installed, flows: layered(installed.flows).with([[key, null]]) } : installed;
}
