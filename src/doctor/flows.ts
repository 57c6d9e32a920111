// Flows that somebody else has put into a bridge of Weft's.
import { type Action, type FlowStats, formatInstructions, formatMatch, OFPP } from "../../proto/openflow13/index.ts";
import { shellWord } from "../model/shell-word.ts";
import { tableName } from "../pipeline/registry.ts";
import type { Examined, ExaminedHost, Finding } from "./examined.ts";

/** More of one host are counted, not named. */
const MAX_NAMED = 8;

export function flowFindings({ hosts }: Examined): readonly Finding[] {
  return hosts.flatMap(ofHost);
}

function ofHost({ host, foreignFlows, foreignUntold }: ExaminedHost): readonly Finding[] {
  // Before its turn a bridge forwards by flows that are not Weft's.
  if (host.fact?.adoption?.stage === "prepare") return [];
  const bridge = host.fact?.bridgeName || null;
  const sorted = [...foreignFlows].sort((a, b) => Number(usesNormal(b)) - Number(usesNormal(a)));
  const found = sorted.slice(0, MAX_NAMED).map((flow) => ofFlow(host.id, bridge, flow));
  const more = sorted.length - found.length + foreignUntold;
  if (more <= 0) return found;
  return [
    ...found,
    {
      ...{ code: "flow/foreign", severity: "warning", host: host.id, subject: bridge },
      message: `${bridge === null ? `switch ${host.id}` : `bridge ${bridge}`} holds ${more}${found.length === 0 ? "" : " more"} ${more === 1 ? "flow" : "flows"} that Weft did not write${foreignUntold === 0 ? "" : ", and does not answer which"}`,
      remedy: "the command lists them as foreign",
      command: `weft flows ${shellWord(host.id)}`,
    },
  ];
}

/** @param bridge null for a switch without OVSDB, of which the name is not known. */
function ofFlow(id: string, bridge: string | null, flow: FlowStats): Finding {
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
      ? `${what} is somebody else's and forwards by NORMAL: frames that match it leave Weft's tables, and go past networks, locks and tunnels' rules`
      : `${what} is somebody else's: Weft leaves it alone, and it may take frames from Weft's`,
    remedy: `take it away${bridge === null ? ` (${deletion("BRIDGE", where)})` : ""}, and find who writes it`,
    command: bridge === null ? null : deletion(shellWord(bridge), where),
  };
}

function deletion(bridge: string, where: string): string {
  return `ovs-ofctl -O OpenFlow13 --strict del-flows ${bridge} '${where}'`;
}

function usesNormal({ instructions }: FlowStats): boolean {
  const isNormal = (action: Action): boolean => action.kind === "output" && action.port === OFPP.NORMAL;
  return instructions.some(
    (one) => (one.kind === "apply_actions" || one.kind === "write_actions") && one.actions.some(isNormal),
  );
}
