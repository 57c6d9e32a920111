// What a switch answers that is not so: the true answer, falsified.
import { type FlowStats, type MultipartReplyBody, OFPFF, type OxmTlv } from "../../../proto/openflow13/index.ts";
import type { Flow } from "./flow-tables.ts";

/** A switch that lies of its counters counts down from here. */
const FULL = 2n ** 62n;
/** A guest that never spoke. */
const NOBODY = 0x02_ff_ff_ff_ff_01n;

function untrueCounters<T extends { readonly packetCount: bigint; readonly byteCount: bigint }>(stats: T): T {
  return { ...stats, packetCount: FULL - stats.packetCount, byteCount: FULL - stats.byteCount };
}

function aboutNobody(tlv: OxmTlv): OxmTlv {
  return tlv.field === "eth_src" || tlv.field === "eth_dst" ? { field: tlv.field, value: NOBODY } : tlv;
}

/** Copies of flows that name a guest, for one who was never there. */
function phantoms(flows: readonly FlowStats[]): readonly FlowStats[] {
  const seen = new Set<number>();
  return flows.flatMap((flow) => {
    const isAboutOne = flow.match.some((tlv) => /^eth_(src|dst)$/.test(tlv.field) && !("mask" in tlv));
    if (!isAboutOne || seen.has(flow.tableId)) return [];
    seen.add(flow.tableId);
    return [{ ...flow, match: flow.match.map(aboutNobody) }];
  });
}

/** A multipart reply as a switch gives it that lies about these. */
export function falsified(body: MultipartReplyBody, lies: ReadonlySet<string>): MultipartReplyBody {
  if (body.kind === "flow") {
    const more = lies.has("phantom-flows") ? [...body.flows, ...phantoms(body.flows)] : body.flows;
    return { ...body, flows: lies.has("counters") ? more.map(untrueCounters) : more };
  }
  if (body.kind === "aggregate" && lies.has("phantom-flows"))
    return { ...body, aggregate: { ...body.aggregate, flowCount: body.aggregate.flowCount + 1 } };
  if (body.kind === "port_stats" && lies.has("counters")) {
    const ports = body.ports.map((port) => ({
      ...port,
      rxPackets: FULL - port.rxPackets,
      txPackets: FULL - port.txPackets,
      rxBytes: FULL - port.rxBytes,
      txBytes: FULL - port.txBytes,
    }));
    return { ...body, ports };
  }
  return body;
}

/** Flows whose end it tells though they are there: all whose end a controller wants to hear of. */
export function falselyRemoved(flows: Iterable<Flow>): readonly Flow[] {
  return [...flows].filter(({ flags }) => (flags & OFPFF.SEND_FLOW_REM) !== 0);
}
