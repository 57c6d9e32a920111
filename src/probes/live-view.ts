// What became of a probe, put beside what the flows say should become of it.
import type { TraceDeliveryView, TraceHopView, TraceOutputView, TraceView } from "../api/trace-views.ts";
import type { HostId } from "../trace/index.ts";

/** A copy of the probe that a switch has sent to the controller. */
export interface Observation {
  readonly host: HostId;
  /** `seen`: it came in here. `end`: it would have gone out to a guest here. */
  readonly what: "seen" | "end";
  /** The port it came in by, or would have gone out by. null: the receiver's. */
  readonly port: string | null;
  /** Since it was sent, with the ways to and from the controller taken off as far as they are known. */
  readonly afterUs: number;
}

export interface LiveOutcome {
  /** Of the probe by the flows, in the same fabric. */
  readonly expected: TraceView;
  readonly observations: readonly Observation[];
  /** Until one came to its end, or there was no more use in it. */
  readonly sent: number;
  readonly receiver: TraceDeliveryView | null;
  readonly notes: readonly string[];
}

export function liveView({ expected, observations, sent, receiver, notes }: LiveOutcome): TraceView {
  const nameOf = (id: HostId): string => expected.names?.[id] ?? id;
  const ends = observations.filter((one) => one.what === "end");
  const deliveries = uniqueDeliveries(ends, receiver);
  const arrivedAt = (host: HostId, port: string): boolean =>
    deliveries.some((one) => one.host === host && one.port === port);
  const seen = new Map<string, number>();
  for (const { what, host, port, afterUs } of observations) {
    if (what === "seen" && !seen.has(`${host} ${port}`)) seen.set(`${host} ${port}`, afterUs);
  }
  lowerToNext(expected.hops, seen, ends);
  const hops = expected.hops.map((hop) => withSeen(hop, seen, arrivedAt, expected.hops));
  const unforeseen = [...seen.keys()].filter((key) => !hops.some((hop) => `${hop.host} ${hop.inPort}` === key));
  const told = [
    ...notes,
    ...unforeseen.map((key) => `${nameOf(key.split(" ")[0] ?? "")} saw it too, which its flows do not explain`),
    ...(sent > 1 && deliveries.length > 0 ? [`the first ${sent - 1} of ${sent} probes came to no end`] : []),
  ];
  const view = { ...expected, live: true, hops, deliveries, notes: [...(expected.notes ?? []), ...told] };
  return { ...view, ...verdictOf(view, expected, receiver, sent, observations, nameOf) };
}

/** When a copy was heard, it was there at the latest; and before, wherever it had to come by. */
function lowerToNext(hops: readonly TraceHopView[], seen: Map<string, number>, ends: readonly Observation[]): void {
  for (const hop of [...hops].reverse()) {
    const key = `${hop.host} ${hop.inPort}`;
    const own = seen.get(key);
    if (own === undefined) continue;
    const later = [
      ...hops.filter((one) => one.fromHost === hop.host).map((one) => seen.get(`${one.host} ${one.inPort}`) ?? own),
      ...ends.filter((one) => one.host === hop.host).map(({ afterUs }) => afterUs),
    ];
    seen.set(key, Math.min(own, ...later));
  }
}

function uniqueDeliveries(
  ends: readonly Observation[],
  receiver: TraceDeliveryView | null,
): readonly TraceDeliveryView[] {
  const found = new Map<string, TraceDeliveryView>();
  for (const { host, port } of ends) {
    const at = port ?? receiver?.port ?? "";
    found.set(`${host} ${at}`, { host, port: at });
  }
  return [...found.values()].sort((a, b) => (`${a.host} ${a.port}` < `${b.host} ${b.port}` ? -1 : 1));
}

function withSeen(
  hop: TraceHopView,
  seen: ReadonlyMap<string, number>,
  arrivedAt: (host: HostId, port: string) => boolean,
  all: readonly TraceHopView[],
): TraceHopView {
  const seenUs = seen.get(`${hop.host} ${hop.inPort}`) ?? null;
  const outputs = hop.outputs.map((output): TraceOutputView => {
    const { toHost, port } = output;
    const next = all.filter((one) => one.host === toHost && one.fromHost === hop.host);
    const came =
      toHost === null ? arrivedAt(hop.host, port) : next.some((one) => seen.has(`${one.host} ${one.inPort}`));
    if (came) return { ...output, arrives: true, reason: null };
    const reason = seenUs === null ? "it was not seen here" : (output.reason ?? "it was not seen there");
    return { ...output, arrives: false, reason };
  });
  return { ...hop, seenUs, outputs };
}

function verdictOf(
  view: TraceView,
  expected: TraceView,
  receiver: TraceDeliveryView | null,
  sent: number,
  observations: readonly Observation[],
  nameOf: (id: HostId) => string,
): Pick<TraceView, "verdict" | "summary"> {
  const took = (what: Observation["what"], host?: HostId): string => {
    const times = observations.filter((one) => one.what === what && (host === undefined || one.host === host));
    return `${(Math.max(...times.map(({ afterUs }) => afterUs)) / 1000).toFixed(2)} ms`;
  };
  if (receiver !== null) {
    const { host, port } = receiver;
    if (view.deliveries.some((one) => one.host === host && one.port === port)) {
      const summary = `delivered: the probe came to ${nameOf(host)} port ${port} after ${took("end", host)}`;
      return { verdict: "delivered", summary: `${summary}, and was taken off there` };
    }
  } else if (view.deliveries.length > 0) {
    const wanted = expected.deliveries.length;
    const count = `${view.deliveries.length} of ${wanted} ports`;
    const summary = `the probe came to ${count} after ${took("end")}, and was taken off there`;
    const isWhole = view.deliveries.length >= wanted;
    return { verdict: isWhole ? "flooded" : "lost", summary: `${isWhole ? "flooded" : "lost"}: ${summary}` };
  }
  const probes = sent === 1 ? "the probe" : `${sent} probes`;
  if (expected.verdict === "dropped" && lastOf(view)?.seenUs != null) {
    const why = expected.summary.replace(/^dropped: /, "");
    return { verdict: "dropped", summary: `dropped: ${probes} went as the flows say: ${why}` };
  }
  const gap = view.hops.flatMap((hop) => hop.outputs.map((output) => ({ hop, output }))).find(isGap);
  if (gap === undefined) {
    const last = view.hops.filter((hop) => hop.seenUs !== null).at(-1);
    const where = last === undefined ? "were seen nowhere" : `were last seen on ${nameOf(last.host)}`;
    return { verdict: "lost", summary: `lost: ${probes} ${sent === 1 ? where.replace("were", "was") : where}` };
  }
  const { hop, output } = gap;
  const to = output.toHost === null ? `port ${output.port}` : `${nameOf(output.toHost)}, which has not seen it`;
  const summary = `lost: ${probes} left ${nameOf(hop.host)} by ${output.port} for ${to}`;
  return { verdict: "lost", summary };
}

function isGap({ hop, output }: { readonly hop: TraceHopView; readonly output: TraceOutputView }): boolean {
  return hop.seenUs !== null && !output.arrives;
}

function lastOf({ hops }: TraceView): TraceHopView | undefined {
  return hops.at(-1);
}
