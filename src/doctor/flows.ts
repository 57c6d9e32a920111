// Flows that somebody else has put into a bridge of Weft's.
import { type Action, type FlowStats, formatInstructions, formatMatch, OFPP } from "../../proto/openflow13/index.ts";
import { tableName } from "../pipeline/registry.ts";
import type { Examined, ExaminedHost, Finding } from "./examined.ts";
import { shellWord } from "./shell-word.ts";

/** More of one host are counted, not named. */
const MAX_NAMED = 8;

export function flowFindings({ hosts }: Examined): readonly Finding[] {
  return hosts.flatMap(ofHost);
}

function ofHost({ host, foreignFlows }: ExaminedHost): readonly Finding[] {
  // Before its turn a bridge forwards by flows that are not Weft's.
  if (host.fact?.adoption?.stage === "prepare") return [];
  const bridge = host.fact?.bridgeName || "BRIDGE";
  const sorted = [...foreignFlows].sort((a, b) => Number(usesNormal(b)) - Number(usesNormal(a)));
  const found = sorted.slice(0, MAX_NAMED).map((flow) => ofFlow(host.id, bridge, flow));
  const more = sorted.length - found.length;
  if (more <= 0) return found;
  return [
    ...found,
    {
      ...{ code: "flow/foreign", severity: "warning", host: host.id, subject: bridge },
      message: `bridge ${bridge} holds ${more} more flows that Weft did not write`,
      remedy: "the command lists them as foreign",
      command: `weft flows ${shellWord(host.id)}`,
    },
  ];
}

function ofFlow(id: string, bridge: string, flow: FlowStats): Finding {
  const match = formatMatch(flow.match);
  const where = [`table=${flow.tableId}`, `priority=${flow.priority}`, ...(match === "" ? [] : [match])].join(",");
  const what = `flow "${where} actions=${formatInstructions(flow.instructions)}" in table ${tableName(flow.tableId)}`;
  const normal = usesNormal(flow);
  return {
    code: normal ? "flow/normal" : "flow/foreign",
    severity: normal ? "critical" : "warning",
    host: id,
    subject: where,
    message: normal
      ? `${what} is somebody else's and forwards by NORMAL, past all that Weft knows: in a mesh that is a loop`
      : `${what} is somebody else's: Weft leaves it alone, and it may take frames from Weft's`,
    remedy: "take it away, and find who writes it",
    command: `ovs-ofctl -O OpenFlow13 --strict del-flows ${shellWord(bridge)} '${where}'`,
  };
}

function usesNormal({ instructions }: FlowStats): boolean {
  const isNormal = (action: Action): boolean => action.kind === "output" && action.port === OFPP.NORMAL;
  return instructions.some(
    (one) => (one.kind === "apply_actions" || one.kind === "write_actions") && one.actions.some(isNormal),
  );
}
