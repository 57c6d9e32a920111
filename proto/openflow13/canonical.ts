// One text for all forms of the same flow, group or meter, so that what is wanted can be compared with what a switch reads
// back.
import { toHex } from "../bytes/hex.ts";
import type { Bucket, GroupType } from "./bucket.ts";
import { canonicalActions } from "./canonical-actions.ts";
import { canonicalMatch } from "./canonical-match.ts";
import { OFPFF } from "./constants.ts";
import type { Instruction } from "./instruction.ts";
import type { MeterBand } from "./meter-band.ts";
import type { Match } from "./oxm.ts";

/** In the order of execution (section 5.9), whatever the order on the wire. */
const INSTRUCTION_ORDER: readonly Instruction["kind"][] = [
  "meter",
  "apply_actions",
  "clear_actions",
  "write_actions",
  "write_metadata",
  "goto_table",
  "experimenter",
];

function canonicalInstruction(instruction: Instruction): string {
  switch (instruction.kind) {
    case "apply_actions":
    case "write_actions":
      return `${instruction.kind}(${canonicalActions(instruction.actions)})`;
    case "goto_table":
      return `goto_table:${instruction.tableId}`;
    case "write_metadata": {
      const { metadata, mask } = instruction;
      return `write_metadata:${(metadata & mask).toString(16)}/${mask.toString(16)}`;
    }
    case "meter":
      return `meter:${instruction.meterId}`;
    case "clear_actions":
      return "clear_actions";
    case "experimenter":
      return `experimenter:${instruction.experimenter.toString(16)}:${toHex(instruction.bytes)}`;
  }
}

/** Sorted by order of execution; an empty apply_actions does nothing and is dropped. */
export function canonicalInstructions(instructions: readonly Instruction[]): string {
  return instructions
    .filter((instruction) => instruction.kind !== "apply_actions" || instruction.actions.length > 0)
    .map((instruction) => [INSTRUCTION_ORDER.indexOf(instruction.kind), canonicalInstruction(instruction)] as const)
    .sort((a, b) => a[0] - b[0])
    .map((pair) => pair[1])
    .join(";");
}

/** Of frozen buckets alone, which many groups have in common. */
const bucketTexts = new WeakMap<Bucket, string>();

function canonicalBucket(bucket: Bucket): string {
  const known = bucketTexts.get(bucket);
  if (known !== undefined) return known;
  const watch = `watch_port=${bucket.watchPort},watch_group=${bucket.watchGroup}`;
  const text = `${watch},actions=${canonicalActions(bucket.actions)}`;
  if (Object.isFrozen(bucket)) bucketTexts.set(bucket, text);
  return text;
}

/** Buckets in their order: in a fast-failover group it is their rank. */
export function canonicalGroup(type: GroupType, buckets: readonly Bucket[]): string {
  const parts = buckets.map((bucket) => {
    const weight = type === "select" ? `weight=${bucket.weight},` : "";
    return `bucket(${weight}${canonicalBucket(bucket)})`;
  });
  return `${type}:${parts.join("")}`;
}

export function canonicalMeter(flags: number, bands: readonly MeterBand[]): string {
  const parts = bands.map((band) => {
    const common = `${band.kind}:${band.rate},${band.burstSize}`;
    if (band.kind === "drop") return common;
    if (band.kind === "dscp_remark") return `${common},${band.precLevel}`;
    return `${common},${band.experimenter.toString(16)}:${toHex(band.bytes)}`;
  });
  return `flags=${flags}:${parts.join(";")}`;
}

interface FlowLike {
  readonly tableId: number;
  readonly priority: number;
  readonly match: Match;
  readonly instructions: readonly Instruction[];
  readonly cookie: bigint;
  readonly idleTimeoutSec: number;
  readonly hardTimeoutSec: number;
  readonly flags: number;
}

/** What makes two flows the same entry of a table: an add with an equal key replaces. */
export function canonicalFlowKey(flow: Pick<FlowLike, "tableId" | "priority" | "match">): string {
  return `table=${flow.tableId},priority=${flow.priority},${canonicalMatch(flow.match)}`;
}

/** Flags that stay with a flow; the others only say how to add it. */
const LASTING_FLAGS = OFPFF.SEND_FLOW_REM | OFPFF.NO_PKT_COUNTS | OFPFF.NO_BYT_COUNTS;

/** Everything of a flow that a controller decides. Counters and durations are not part of it. */
export function canonicalFlow(flow: FlowLike): string {
  const timeouts = `idle=${flow.idleTimeoutSec},hard=${flow.hardTimeoutSec}`;
  const rest = `cookie=${flow.cookie.toString(16)},${timeouts},flags=${flow.flags & LASTING_FLAGS}`;
  return `${canonicalFlowKey(flow)} ${rest} ${canonicalInstructions(flow.instructions)}`;
}
