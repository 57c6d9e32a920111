// Flows, groups and meters as `ovs-ofctl dump-flows`, `dump-groups` and `dump-meters` show them.
import type { Bucket, GroupType } from "../bucket.ts";
import { OFPFF, OFPG, OFPMF, OFPP } from "../constants.ts";
import type { Instruction } from "../instruction.ts";
import type { MeterBand } from "../meter-band.ts";
import type { Match } from "../oxm.ts";
import { formatActions, formatInstructions } from "./format-actions.ts";
import { formatMatch } from "./format-match.ts";
import { formatPort, hex } from "./format-value.ts";

/** A FlowMod or a FlowStats: what only the latter has is shown if present. */
export interface FormattableFlow {
  readonly tableId: number;
  readonly priority: number;
  readonly cookie: bigint;
  readonly idleTimeoutSec: number;
  readonly hardTimeoutSec: number;
  readonly flags: number;
  readonly match: Match;
  readonly instructions: readonly Instruction[];
  readonly durationSec?: number;
  readonly durationNsec?: number;
  readonly packetCount?: bigint;
  readonly byteCount?: bigint;
}

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [OFPFF.SEND_FLOW_REM, "send_flow_rem"],
  [OFPFF.CHECK_OVERLAP, "check_overlap"],
  [OFPFF.RESET_COUNTS, "reset_counts"],
  [OFPFF.NO_PKT_COUNTS, "no_packet_counts"],
  [OFPFF.NO_BYT_COUNTS, "no_byte_counts"],
];

/** "cookie=0x1, table=10, idle_timeout=300, send_flow_rem priority=100,in_port=1 actions=output:2". */
export function formatFlow(flow: FormattableFlow): string {
  let out = `cookie=${hex(flow.cookie)}, `;
  if (flow.durationSec !== undefined) {
    const milliseconds = Math.floor((flow.durationNsec ?? 0) / 1e6);
    out += `duration=${flow.durationSec}.${String(milliseconds).padStart(3, "0")}s, `;
  }
  out += `table=${flow.tableId}, `;
  if (flow.packetCount !== undefined) out += `n_packets=${flow.packetCount}, `;
  if (flow.byteCount !== undefined) out += `n_bytes=${flow.byteCount}, `;
  if (flow.idleTimeoutSec !== 0) out += `idle_timeout=${flow.idleTimeoutSec}, `;
  if (flow.hardTimeoutSec !== 0) out += `hard_timeout=${flow.hardTimeoutSec}, `;
  for (const [bit, name] of FLAG_NAMES) if ((flow.flags & bit) !== 0) out += `${name} `;
  const match = formatMatch(flow.match);
  out += `priority=${flow.priority}${match === "" ? "" : `,${match}`}`;
  return `${out} actions=${formatInstructions(flow.instructions)}`;
}

/** "group_id=9,type=ff,bucket=watch_port:1,actions=output:1". */
export function formatGroup(group: {
  readonly groupId: number;
  readonly type: GroupType;
  readonly buckets: readonly Bucket[];
}): string {
  let out = `group_id=${group.groupId},type=${group.type}`;
  for (const bucket of group.buckets) {
    const attributes: string[] = [];
    // ovs-ofctl leaves the weight 1 of a select group out, and reads it in again.
    if (group.type === "select" && bucket.weight !== 1) attributes.push(`weight:${bucket.weight}`);
    if (bucket.watchPort !== OFPP.ANY) attributes.push(`watch_port:${formatPort(bucket.watchPort)}`);
    if (bucket.watchGroup !== OFPG.ANY) attributes.push(`watch_group:${bucket.watchGroup}`);
    out += `,bucket=${[...attributes, `actions=${formatActions(bucket.actions)}`].join(",")}`;
  }
  return out;
}

const METER_FLAGS: readonly (readonly [number, string])[] = [
  [OFPMF.KBPS, "kbps"],
  [OFPMF.PKTPS, "pktps"],
  [OFPMF.BURST, "burst"],
  [OFPMF.STATS, "stats"],
];

const METER_NAMES = new Map([
  [0xffffffff, "all"],
  [0xfffffffe, "controller"],
  [0xfffffffd, "slowpath"],
]);

/** "meter=5 pktps burst bands=type=drop rate=50 burst_size=10". */
export function formatMeter(meter: {
  readonly meterId: number;
  readonly flags: number;
  readonly bands: readonly MeterBand[];
}): string {
  const flags = METER_FLAGS.filter(([bit]) => (meter.flags & bit) !== 0).map(([, name]) => name);
  const bands = meter.bands.map((band) => {
    const burst = (meter.flags & OFPMF.BURST) === 0 ? "" : ` burst_size=${band.burstSize}`;
    const level = band.kind === "dscp_remark" ? ` prec_level=${band.precLevel}` : "";
    return `type=${band.kind} rate=${band.rate}${burst}${level}`;
  });
  return `meter=${METER_NAMES.get(meter.meterId) ?? meter.meterId} ${flags.join(" ")} bands=${bands.join(" ")}`;
}
