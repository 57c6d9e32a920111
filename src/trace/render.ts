// A trace as text: one line a step, indented by group and by tunnel, with the names the caller knows.
import { formatActions, formatInstructions, formatMatch, formatPort } from "../../proto/openflow13/index.ts";
import { describeFrame } from "./describe-frame.ts";
import type { Crossing, Hop, HostId, Lost, Trace } from "./fabric-trace.ts";
import type { TraceFlow } from "./flow-table.ts";
import type { PortOutput, Step } from "./steps.ts";

/** What numbers are called; the plain number where there is no name. */
export interface TraceNames {
  readonly host?: (host: HostId) => string | undefined;
  readonly port?: (host: HostId, port: number) => string | undefined;
  readonly table?: (tableId: number) => string | undefined;
  readonly group?: (groupId: number) => string | undefined;
  readonly cookie?: (cookie: bigint) => string | undefined;
}

const REASONS: Readonly<Record<string, string>> = {
  "no-flow": "no flow matches",
  "no-action": "the flow says drop",
  "ingress-port": "not out of the port it came from",
  "no-port": "there is no such port",
  "no-group": "there is no such group",
  "no-live-bucket": "no bucket is live",
  "ttl-expired": "the time to live is over",
  "too-deep": "Open vSwitch gives up: groups or resubmits nest too deep",
  "too-many-lookups": "Open vSwitch gives up: too many table lookups",
  "tunnel-down": "the tunnel is down",
  "no-switch": "the far switch is not known",
  "no-tunnel-port": "the far host has no tunnel port for it",
  circulates: "it circulates",
};

export function describeDrop(reason: string): string {
  return REASONS[reason] ?? reason;
}

/** Ends in a summary: where it arrived, what the controller saw, what was lost. */
export function renderTrace(trace: Trace, names: TraceNames = {}): string {
  const lines: string[] = [];
  new Renderer(names, lines).hop(trace.root, "");
  const { deliveries, copies, drops } = trace;
  const place = (host: HostId, port: number): string => `${hostName(names, host)} port ${portName(names, host, port)}`;
  lines.push(
    `delivered: ${deliveries.length === 0 ? "nowhere" : deliveries.map(({ host, port }) => place(host, port)).join(", ")}`,
  );
  if (copies.length > 0) lines.push(`copies to the controller: ${copies.length}`);
  const lost = drops.filter(isLoss);
  if (lost.length > 0) {
    lines.push(
      `lost: ${lost.map(({ host, reason }) => `${hostName(names, host)}: ${describeDrop(reason)}`).join(", ")}`,
    );
  }
  if (trace.ambiguous) lines.push("warning: flows of equal priority matched");
  if (trace.circulates) lines.push("warning: the frame circulates");
  return `${lines.join("\n")}\n`;
}

/** That a copy does not go back where it came from is how flooding works, not a loss. */
function isLoss(drop: Lost): boolean {
  return drop.reason !== "ingress-port";
}

function hostName(names: TraceNames, host: HostId): string {
  return names.host?.(host) ?? host;
}

function portName(names: TraceNames, host: HostId, port: number): string {
  const name = names.port?.(host, port);
  return name === undefined ? formatPort(port) : `${formatPort(port)} (${name})`;
}

class Renderer {
  readonly #names: TraceNames;
  readonly #lines: string[];

  constructor(names: TraceNames, lines: string[]) {
    this.#names = names;
    this.#lines = lines;
  }

  hop(hop: Hop, indent: string): void {
    const { host, inPort, tunnelKey, frame } = hop;
    const by = `${portName(this.#names, host, inPort)}${tunnelKey === null ? "" : ` key ${tunnelKey}`}`;
    this.#lines.push(`${indent}${hostName(this.#names, host)}, in by port ${by}: ${describeFrame(frame)}`);
    const crossings = new Map(hop.crossings.map((crossing) => [crossing.output, crossing]));
    this.#steps(host, hop.steps, crossings, `${indent}  `);
  }

  #steps(host: HostId, steps: readonly Step[], crossings: ReadonlyMap<PortOutput, Crossing>, indent: string): void {
    for (const step of steps) this.#step(host, step, crossings, indent);
  }

  #step(host: HostId, step: Step, crossings: ReadonlyMap<PortOutput, Crossing>, indent: string): void {
    const say = (text: string): void => void this.#lines.push(`${indent}${text}`);
    switch (step.kind) {
      case "table":
        say(`table ${this.#table(step.tableId)}: ${step.flow === null ? "no flow" : this.#flow(step.flow)}`);
        for (const rival of step.rivals) say(`  matches too, at the same priority: ${this.#flow(rival)}`);
        break;
      case "metadata":
        say(`metadata = ${step.value}`);
        break;
      case "rewrite":
        say(`${formatActions([step.action])}${step.changed ? "" : " (changes nothing)"}`);
        break;
      case "group": {
        const name = this.#names.group?.(step.groupId);
        say(`group ${step.groupId}${name === undefined ? "" : ` ${name}`}, type ${step.type}`);
        for (const { index, steps } of step.buckets) {
          say(`  bucket ${index + 1} of ${step.of}`);
          this.#steps(host, steps, crossings, `${indent}    `);
        }
        break;
      }
      case "resubmit":
        say(`resubmit to table ${this.#table(step.tableId)}`);
        this.#steps(host, step.steps, crossings, `${indent}  `);
        break;
      case "action_set":
        say("action set");
        this.#steps(host, step.steps, crossings, `${indent}  `);
        break;
      case "output":
        this.#output(host, step, crossings.get(step), indent);
        break;
      case "controller":
        say(`copy to the controller${step.meterId === undefined ? "" : `, limited by meter ${step.meterId}`}`);
        break;
      case "drop": {
        const what = step.port ?? step.groupId;
        say(`dropped${what === undefined ? "" : ` (${formatPort(what)})`}: ${describeDrop(step.reason)}`);
      }
    }
  }

  #output(host: HostId, output: PortOutput, crossing: Crossing | undefined, indent: string): void {
    const port = portName(this.#names, host, output.port);
    if (crossing === undefined) {
      this.#lines.push(`${indent}delivered at port ${port}: ${describeFrame(output.frame)}`);
      return;
    }
    const to = hostName(this.#names, crossing.tunnel.peerHost);
    this.#lines.push(`${indent}by tunnel port ${port}, key ${crossing.key}, to ${to}`);
    if (crossing.to !== null) this.hop(crossing.to, `${indent}  `);
    else this.#lines.push(`${indent}  lost: ${describeDrop(crossing.lost ?? "")}`);
  }

  #table(tableId: number): string {
    const name = this.#names.table?.(tableId);
    return name === undefined ? String(tableId) : `${tableId} ${name}`;
  }

  #flow(flow: TraceFlow): string {
    const cookie = flow.cookie ?? 0n;
    const match = formatMatch(flow.match);
    const name = this.#names.cookie?.(cookie) ?? `cookie 0x${cookie.toString(16)}`;
    const what = formatInstructions(flow.instructions);
    return `${name}, priority ${flow.priority}, ${match === "" ? "all frames" : match}: ${what}`;
  }
}
