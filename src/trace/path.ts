// A trace as people read it: a sentence, then switch by switch what the frame met and why.
import { formatInstructions, formatMatch } from "../../proto/openflow13/index.ts";
import type { TraceHopView, TraceOutputView, TraceRequest, TraceStepView, TraceView } from "../api/trace-views.ts";
import { describeFrame } from "./describe-frame.ts";
import type { Ends } from "./ends.ts";
import { type Crossing, type Hop, type Trace, traceFrame } from "./fabric-trace.ts";
import { hostName, networkName, portName, whoText } from "./names.ts";
import type { PictureHost } from "./picture.ts";
import type { Pictured } from "./pictured.ts";
import { flowReason } from "./reasons.ts";
import { describeDrop } from "./render.ts";
import type { PortOutput, Step } from "./steps.ts";
import { TraceError } from "./trace-error.ts";
import type { TracedFrame } from "./traced-frame.ts";
import { verdictOf } from "./verdict.ts";
import { droppedOf, outputsOf } from "./walk-steps.ts";

/** @throws TraceError `trace/unknown` where the picture has no switch for the sender's host */
export function pathOf(
  within: Pictured,
  request: TraceRequest,
  ends: Ends,
  traced: Pick<TracedFrame, "frame" | "notes">,
): TraceView {
  const { source, destination } = ends;
  const { picture } = within;
  if (!within.world.switches.has(source.host.id)) {
    throw new TraceError("trace/unknown", `nothing is known of what the switch of ${source.host.name} holds`, {
      context: { host: source.host.id },
    });
  }
  const trace = traceFrame(within.world, source.host.id, source.ofport, traced.frame, {
    endsAtUnsupported: true,
    select: "all",
  });
  const hops: TraceHopView[] = [];
  new Path(within, hops).add(trace.root, null);
  const { verdict, summary: told } = verdictOf(within, ends, trace);
  const tooLarge = tooLargeFor(picture, ends, trace, request);
  const summary =
    tooLarge === null
      ? told
      : told.replace(
          /^delivered:/,
          `delivered, if the underlay carries packets of ${tooLarge.packet} bytes in tunnels (it is known to carry ${tooLarge.fits}):`,
        );
  return {
    request,
    from: source.words,
    to: destination.words,
    frame: describeFrame(traced.frame),
    live: false,
    verdict,
    summary,
    hops,
    deliveries: trace.deliveries.map(({ host, port }) => ({
      host,
      port: portName(within.hosts.get(host), port),
    })),
    names: Object.fromEntries(
      [...new Set(hops.flatMap((hop) => [hop.host, ...hop.outputs.flatMap(({ toHost }) => toHost ?? [])]))]
        .sort()
        .map((id) => [id, hostName(picture, id)]),
    ),
    notes: [...traced.notes, ...notesOf(within, ends, trace, request), ...sourceNotes(within, hops)].map((note) =>
      note.replaceAll(/\s+/g, " "),
    ),
  };

  function sourceNotes({ hosts }: Pictured, seen: readonly TraceHopView[]): readonly string[] {
    return [...new Set(seen.map((hop) => hop.host))].flatMap((id) => {
      const host = hosts.get(id);
      const left = within.leftOut(id);
      return [
        ...(host?.caveat == null ? [] : [`${host.name}: ${host.caveat}`]),
        ...(host?.switch?.reason == null
          ? []
          : [`${hostName(picture, id)}: by what it is known to hold, since ${host.switch.reason}`]),
        ...(left === 0
          ? []
          : [`${hostName(picture, id)}: ${left} flows that others wrote can't be followed, and are left out`]),
      ];
    });
  }
}

function notesOf({ picture }: Pictured, ends: Ends, trace: Trace, request: TraceRequest): readonly string[] {
  const notes: string[] = [];
  const { source, destination } = ends;
  const far = destination.endpoint;
  if (far !== null && source.vni !== null && far.vni !== source.vni) {
    const [near, other] = [networkName(picture, source.vni), networkName(picture, far.vni)];
    notes.push(`the sender is in network ${near} and ${whoText(far)} in ${other}: networks are kept apart`);
  }
  const tooLarge = tooLargeFor(picture, ends, trace, request);
  if (tooLarge !== null) {
    notes.push(
      `${request.size} bytes are a packet of ${tooLarge.packet}, and ${tooLarge.fits} fits the tunnels: it may be lost in the underlay (weft check tells)`,
    );
  }
  if (trace.ambiguous) notes.push("flows of equal priority match: which one a switch takes is left open");
  if (trace.circulates) notes.push("the frame circulates");
  return notes;
}

const ETHERNET_BYTES = 14;

/** A frame that crosses tunnels, and is larger than what is known to fit them; null for any other. */
function tooLargeFor(
  picture: Pictured["picture"],
  { source }: Ends,
  trace: Trace,
  { size }: TraceRequest,
): { readonly packet: number; readonly fits: number } | null {
  const fits = picture.networks.find(({ vni }) => vni === source.vni)?.mtu ?? null;
  if (size === undefined || fits === null || trace.tunnelCrossings === 0) return null;
  const packet = size - ETHERNET_BYTES;
  return packet > fits ? { packet, fits } : null;
}

class Path {
  readonly #within: Pictured;
  readonly #hops: TraceHopView[];

  constructor(within: Pictured, hops: TraceHopView[]) {
    this.#within = within;
    this.#hops = hops;
  }

  add(hop: Hop, fromHost: string | null): void {
    const { hosts } = this.#within;
    const host = hosts.get(hop.host);
    const steps: TraceStepView[] = [];
    if (host !== undefined) this.#steps(host, hop.steps, steps);
    const crossings = new Map(hop.crossings.map((crossing) => [crossing.output, crossing]));
    const outputs = outputsOf(hop.steps).map((output) => this.#output(hop, output, crossings.get(output)));
    this.#hops.push({
      host: hop.host,
      bridge: host?.bridge ?? "",
      inPort: portName(host, hop.inPort),
      fromHost,
      frame: describeFrame(hop.frame),
      steps,
      outputs,
      dropped: outputs.length > 0 ? null : droppedOf(hop),
      seenUs: null,
      source: host?.switch?.source ?? "known",
      sourceReason: host?.switch?.reason ?? null,
    });
    for (const { to } of hop.crossings) if (to !== null) this.add(to, hop.host);
  }

  #output({ host }: Hop, { port }: PortOutput, crossing: Crossing | undefined): TraceOutputView {
    const { hosts } = this.#within;
    const name = portName(hosts.get(host), port);
    if (crossing === undefined) return { port: name, ofport: port, toHost: null, arrives: true, reason: null };
    const { tunnel, lost } = crossing;
    const toHost = hosts.has(tunnel.peerHost) ? tunnel.peerHost : null;
    return {
      ...{ port: name, ofport: port, toHost },
      arrives: lost === null,
      reason: lost === null ? null : describeDrop(lost),
    };
  }

  /** @param isSubroutine where a table that has nothing to do with the frame does nothing to it. */
  #steps(host: PictureHost, steps: readonly Step[], views: TraceStepView[], isSubroutine = false): void {
    const { picture } = this.#within;
    let tableId = 0;
    for (const step of steps) {
      switch (step.kind) {
        case "table": {
          tableId = step.tableId;
          const table = picture.tables[String(tableId)] ?? String(tableId);
          const { flow } = step;
          if (flow === null && isSubroutine) break;
          if (flow === null) {
            const nothing = { priority: null, match: "", actions: "drop", cookie: null };
            views.push({ table, tableId, ...nothing, reason: "no flow matches" });
            break;
          }
          views.push({
            table,
            tableId,
            priority: flow.priority,
            match: formatMatch(flow.match),
            actions: formatInstructions(flow.instructions),
            cookie: `0x${(flow.cookie ?? 0n).toString(16).padStart(16, "0")}`,
            reason: flowReason(picture, host, flow, this.#within.factOf(flow)),
          });
          break;
        }
        case "group":
          views.push(this.#group(host, step, tableId));
          for (const bucket of step.buckets) this.#steps(host, bucket.steps, views);
          break;
        case "resubmit":
        case "action_set":
          this.#steps(host, step.steps, views, step.kind === "resubmit");
          break;
        default:
      }
    }
  }

  #group(host: PictureHost, step: Extract<Step, { kind: "group" }>, tableId: number): TraceStepView {
    const pictured = host.switch?.groups.find(({ text }) => text.startsWith(`group_id=${step.groupId},`));
    const taken = step.buckets.map(({ index }) => index + 1);
    const actions =
      step.type === "all"
        ? `all ${step.of} buckets`
        : taken.length === 0
          ? `none of ${step.of} buckets`
          : `bucket ${taken.join(", ")} of ${step.of}`;
    return {
      ...{
        table: pictured?.name ?? `group ${step.groupId}`,
        tableId,
        priority: null,
        match: "",
        actions,
        cookie: null,
      },
      reason: this.#groupReason(host, step),
    };
  }

  #groupReason(host: PictureHost, step: Extract<Step, { kind: "group" }>): string {
    if (step.buckets.length === 0) return step.type === "all" ? "there is nobody else" : "no bucket is live";
    const outputs = step.buckets.flatMap(({ steps }) => outputsOf(steps));
    const names = [...new Set(outputs.map(({ port }) => portName(host, port)))];
    if (step.type !== "ff") return names.length === 0 ? "" : `by ${names.join(", ")}`;
    const [bucket] = step.buckets;
    const [name = "no port"] = names;
    if (bucket === undefined || bucket.index === 0) return `by ${name}, the first that is live`;
    return bucket.index === step.of - 1
      ? `by ${name}, the last resort: the switch takes none of its tunnels there for live`
      : `by ${name}: what comes before it is not live`;
  }
}
