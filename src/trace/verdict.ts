// What becomes of a frame, in one sentence.
import type { TraceView } from "../api/trace-views.ts";
import type { Ends } from "./ends.ts";
import type { Hop, Trace } from "./fabric-trace.ts";
import { hostName, portName, whoText } from "./names.ts";
import type { Pictured } from "./pictured.ts";
import { flowReason } from "./reasons.ts";
import { describeDrop } from "./render.ts";
import { droppedOf, tablesOf } from "./walk-steps.ts";

type Verdict = Pick<TraceView, "verdict" | "summary">;

/** Losses that are how flooding works, not losses. */
const NOT_LOST = new Set(["ingress-port", "no-action", "no-flow"]);

export function verdictOf(within: Pictured, ends: Ends, trace: Trace): Verdict {
  const { source, destination } = ends;
  const sender = senderText(ends);
  const target = destination.endpoint;
  const returned = trace.deliveries.some(({ host, port }) => host === source.host.id && port === source.ofport);
  if (returned && trace.deliveries.length === 1) {
    const whom = target === null ? (destination.ip ?? destination.mac) : whoText(target);
    const summary = `answered: the switch of ${source.host.name} answers ${sender} in the name of ${whom}`;
    return { verdict: "answered", summary };
  }
  const losses = trace.drops.filter(({ reason }) => !NOT_LOST.has(reason));
  if (target === null) return manyVerdict(within, ends, trace, losses.length > 0);
  const arrived = trace.deliveries.find(({ host, port }) => host === target.host && port === target.ofport);
  if (arrived !== undefined) {
    const others = trace.deliveries.length - 1;
    const flooded = others === 0 ? "" : `, and flooded to ${others} other ${others === 1 ? "port" : "ports"}`;
    const way = wayTo(within, trace.root, target.host);
    const place = `${hostName(within.picture, target.host)} port ${portName(within.hosts.get(target.host), arrived.port)}`;
    return {
      verdict: "delivered",
      summary: `delivered: ${sender} reaches ${whoText(target)} at ${place}${way}${flooded}`,
    };
  }
  const whom = whoText(target);
  if (losses.some(({ reason }) => reason === "unsupported"))
    return {
      verdict: "unknown",
      summary: `not known is whether ${sender} reaches ${whom}: ${lossText(within, trace)}`,
    };
  if (losses.length > 0)
    return { verdict: "lost", summary: `lost: ${sender} does not reach ${whom}: ${lossText(within, trace)}` };
  if (trace.deliveries.length > 0) {
    const count = trace.deliveries.length;
    const summary = `lost: the frame for ${whom} goes to ${count} other ${count === 1 ? "port" : "ports"}, and not to it`;
    return { verdict: "lost", summary };
  }
  return { verdict: "dropped", summary: `dropped: ${sender} does not reach ${whom}: ${dropText(within, trace.root)}` };
}

function senderText({ source }: Ends): string {
  return source.ip ?? source.words.split(" is on ")[0] ?? source.mac;
}

function manyVerdict(within: Pictured, ends: Ends, trace: Trace, hasLoss: boolean): Verdict {
  const ports = trace.deliveries.length;
  const hosts = new Set(trace.deliveries.map(({ host }) => host)).size;
  const count = `${ports} ${ports === 1 ? "port" : "ports"} on ${hosts} ${hosts === 1 ? "host" : "hosts"}`;
  const sender = senderText(ends);
  if (trace.drops.some(({ reason }) => reason === "unsupported")) {
    const summary = `not known is who gets a frame of ${sender} for many, beside ${count}: ${lossText(within, trace)}`;
    return { verdict: "unknown", summary };
  }
  if (hasLoss) {
    const summary = `lost: a frame of ${sender} for many reaches ${count}, and not all: ${lossText(within, trace)}`;
    return { verdict: "lost", summary };
  }
  if (ports > 0) return { verdict: "flooded", summary: `flooded: a frame of ${sender} for many reaches ${count}` };
  return {
    verdict: "dropped",
    summary: `dropped: a frame of ${sender} reaches nobody: ${dropText(within, trace.root)}`,
  };
}

/** " over host3, by geneve3 and geneve2". */
function wayTo(within: Pictured, root: Hop, target: string): string {
  const crossings = findWay(root, target) ?? [];
  if (crossings.length === 0) return "";
  const names = crossings.map(({ host, port }) => portName(within.hosts.get(host), port));
  const between = crossings.slice(0, -1).map(({ peerHost }) => hostName(within.picture, peerHost));
  const over = between.length === 0 ? "" : ` over ${between.join(" and ")}`;
  return `${over}, by ${names.join(" and ")}`;
}

function findWay(hop: Hop, target: string): { host: string; port: number; peerHost: string }[] | null {
  if (hop.host === target) return [];
  for (const { tunnel, to } of hop.crossings) {
    const rest = to === null ? null : findWay(to, target);
    if (rest !== null) return [{ host: tunnel.host, port: tunnel.port, peerHost: tunnel.peerHost }, ...rest];
  }
  return null;
}

const MAX_LOSSES = 3;

function lossText(within: Pictured, trace: Trace): string {
  const texts = trace.drops
    .filter(({ reason }) => !NOT_LOST.has(reason))
    .map(({ host, reason, port }) => {
      const where = hostName(within.picture, host);
      const crossing = port === undefined ? undefined : crossingAt(trace.root, host, port);
      const to = crossing === undefined ? "" : ` to ${hostName(within.picture, crossing.peerHost)}`;
      const by = port === undefined ? "" : ` by ${portName(within.hosts.get(host), port)}${to}`;
      const unsupported = reason === "unsupported" ? unsupportedAt(trace.root, host) : null;
      return `on ${where}${by}, ${unsupported ?? describeDrop(reason)}`;
    });
  const each = [...new Set(texts)];
  const more = each.length > MAX_LOSSES ? ` and ${each.length - MAX_LOSSES} more` : "";
  return `${each.slice(0, MAX_LOSSES).join("; ")}${more}`;
}

function* hopsFrom(hop: Hop): Generator<Hop> {
  yield hop;
  for (const { to } of hop.crossings) if (to !== null) yield* hopsFrom(to);
}

function crossingAt(root: Hop, host: string, port: number): { readonly peerHost: string } | undefined {
  for (const hop of hopsFrom(root)) {
    const found = hop.host === host ? hop.crossings.find(({ tunnel }) => tunnel.port === port) : undefined;
    if (found !== undefined) return found.tunnel;
  }
  return undefined;
}

function unsupportedAt(root: Hop, host: string): string | null {
  for (const hop of hopsFrom(root)) if (hop.host === host && hop.unsupported !== null) return hop.unsupported;
  return null;
}

/** Of the last switch that it gets to. */
function dropText(within: Pictured, root: Hop): string {
  const hops = [...hopsFrom(root)];
  const last = hops.at(-1) ?? root;
  const host = within.hosts.get(last.host);
  const tables = tablesOf(last.steps);
  const table = tables.at(-1);
  const name = hostName(within.picture, last.host);
  if (host === undefined || table === undefined) return `on ${name}, ${droppedOf(last)}`;
  const where = `${name} in ${within.picture.tables[String(table.tableId)] ?? table.tableId}`;
  if (table.flow === null) return `on ${where}, no flow matches`;
  return `on ${where}, ${flowReason(within.picture, host, table.flow, within.factOf(table.flow))}`;
}
