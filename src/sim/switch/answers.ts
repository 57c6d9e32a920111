// What a simulated switch says of itself: the bodies of multipart replies (OpenFlow 1.3.5, section 7.3.5).
import {
  FLOW_FILTER_ALL,
  type FlowFilter,
  type FlowStats,
  type MultipartReplyBody,
  type MultipartRequestBody,
  OFPP,
  type PortStats,
} from "../../../proto/openflow13/index.ts";
import type { Datapath } from "./datapath.ts";
import type { Flow } from "./flow-tables.ts";
import { type PortCounters, portDesc } from "./ports.ts";

/** Entries that are tried to fit into a message of at most 65,535 bytes; the sender halves what does not. */
const ENTRIES_PER_MESSAGE = 100;
const NONE = 0n;

export const DESCRIPTION = Object.freeze({
  mfr: "Nicira, Inc.",
  hw: "Simulated switch",
  sw: "3.1.0",
  serial: "None",
  dp: "None",
});

function duration(fromMs: number, nowMs: number): { durationSec: number; durationNsec: number } {
  const ms = Math.max(0, nowMs - fromMs);
  return { durationSec: Math.trunc(ms / 1000), durationNsec: Math.trunc(ms % 1000) * 1_000_000 };
}

function flowStats(flow: Flow, nowMs: number): FlowStats {
  const { tableId, priority, match, cookie, idleTimeoutSec, hardTimeoutSec, flags, instructions, addedMs } = flow;
  const held = { tableId, priority, match, cookie, idleTimeoutSec, hardTimeoutSec, flags, instructions };
  return { ...held, ...duration(addedMs, nowMs), packetCount: flow.packets, byteCount: flow.bytes };
}

function portStats(portNo: number, counters: PortCounters): PortStats {
  const errors = { rxErrors: NONE, txErrors: NONE, rxFrameErrors: NONE, rxOverErrors: NONE, rxCrcErrors: NONE };
  return {
    portNo,
    rxPackets: BigInt(counters.rxPackets),
    txPackets: BigInt(counters.txPackets),
    rxBytes: BigInt(counters.rxBytes),
    txBytes: BigInt(counters.txBytes),
    rxDropped: BigInt(counters.rxDropped),
    txDropped: NONE,
    ...errors,
    collisions: NONE,
    durationSec: 0,
    durationNsec: 0,
  };
}

function pages<T>(items: readonly T[], body: (page: readonly T[]) => MultipartReplyBody): MultipartReplyBody[] {
  const bodies: MultipartReplyBody[] = [];
  for (let at = 0; at === 0 || at < items.length; at += ENTRIES_PER_MESSAGE)
    bodies.push(body(items.slice(at, at + ENTRIES_PER_MESSAGE)));
  return bodies;
}

function tablesOf(switched: Datapath): MultipartReplyBody {
  const count = new Map<number, number>();
  for (const { tableId } of switched.flows.all()) count.set(tableId, (count.get(tableId) ?? 0) + 1);
  const tables = Array.from({ length: 254 }, (_, tableId) => {
    const activeCount = count.get(tableId) ?? 0;
    return { tableId, activeCount, lookupCount: NONE, matchedCount: NONE };
  });
  return { kind: "table", tables };
}

function aggregate(switched: Datapath, filter: FlowFilter): MultipartReplyBody {
  let [packetCount, byteCount, flowCount] = [NONE, NONE, 0];
  for (const { packets, bytes } of switched.flows.matching(filter)) {
    packetCount += packets;
    byteCount += bytes;
    flowCount += 1;
  }
  return { kind: "aggregate", aggregate: { packetCount, byteCount, flowCount } };
}

/** The replies to a request, one for each message; undefined for a request that the switch does not know. */
export function answersTo(switched: Datapath, body: MultipartRequestBody): readonly MultipartReplyBody[] | undefined {
  const nowMs = switched.nowMs();
  switch (body.kind) {
    case "desc":
      return [{ kind: "desc", desc: DESCRIPTION }];
    case "port_desc":
      return pages([...switched.ports.values()].map(portDesc), (ports) => ({ kind: "port_desc", ports }));
    case "flow": {
      const flows = [...switched.flows.matching({ ...FLOW_FILTER_ALL, ...body })].map((flow) => flowStats(flow, nowMs));
      return pages(flows, (page) => ({ kind: "flow", flows: page }));
    }
    case "aggregate":
      return [aggregate(switched, body)];
    case "table":
      return [tablesOf(switched)];
    case "group_desc":
      return pages(switched.groups.all(), (groups) => ({ kind: "group_desc", groups }));
    case "meter_config":
      return pages(switched.meters.configs(body.meterId), (meters) => ({ kind: "meter_config", meters }));
    case "meter_features":
      return [
        {
          kind: "meter_features",
          features: { maxMeter: 262_144, bandTypes: 2, capabilities: 15, maxBands: 1, maxColor: 0 },
        },
      ];
    case "port_stats": {
      const wanted = [...switched.counters].filter(([port]) => body.portNo === OFPP.ANY || port === body.portNo);
      return pages(
        wanted.map(([port, counters]) => portStats(port, counters)),
        (ports) => ({ kind: "port_stats", ports }),
      );
    }
    default:
      return undefined;
  }
}
