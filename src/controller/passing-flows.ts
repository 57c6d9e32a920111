// Flows that catch probes: put into switches for a moment, and taken out again. They go by themselves should that fail.
import { WeftError } from "../../proto/bytes/errors.ts";
import { OFP_NO_BUFFER, OFPG, OFPP } from "../../proto/openflow13/index.ts";
import type { DesiredFlow } from "../pipeline/desired.ts";
import { PASSING_SEC } from "../pipeline/registry.ts";
import type { ApplicableMessage, OpenFlowSession } from "../southbound/openflow/index.ts";

function flowMod(command: "add" | "delete_strict", flow: DesiredFlow): ApplicableMessage {
  return {
    kind: "flow_mod",
    ...{ command, cookie: flow.cookie, cookieMask: 0n, tableId: flow.tableId, priority: flow.priority, flags: 0 },
    ...{
      idleTimeoutSec: 0,
      hardTimeoutSec: PASSING_SEC,
      bufferId: OFP_NO_BUFFER,
      outPort: OFPP.ANY,
      outGroup: OFPG.ANY,
    },
    match: flow.match,
    instructions: command === "add" ? flow.instructions : [],
  };
}

/** Resolves when the switch has them. Again for flows that it has: their time begins anew. @throws WeftError */
export async function addPassing(session: OpenFlowSession, flows: readonly DesiredFlow[]): Promise<void> {
  const result = await session.apply(flows.map((flow) => flowMod("add", flow)));
  if (result.ok) return;
  const why = result.errors[0]?.error.message ?? "for no reason that it tells";
  throw new WeftError("trace/no-probe", `${session.label} refuses the flows that would catch a probe: ${why}`);
}

/** Never rejects: what is left goes by itself. */
export async function removePassing(session: OpenFlowSession, flows: readonly DesiredFlow[]): Promise<void> {
  await session.apply(flows.map((flow) => flowMod("delete_strict", flow))).catch(() => undefined);
}
