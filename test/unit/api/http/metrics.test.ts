// What Prometheus reads, and that the dashboard and the alerts ask for nothing that is not there.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { Counters } from "../../../../src/controller/counters.ts";
import { Durations } from "../../../../src/controller/durations.ts";
import type { PaperOptions } from "../../../page/paper-fabric.ts";
import { type PaperServer, servePaper } from "../../../page/paper-server.ts";

const root = resolve(import.meta.dirname, "../../../..");
let server: PaperServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function serve(options: PaperOptions): Promise<PaperServer> {
  server = await servePaper(options);
  const { queries } = server;
  const status = queries.status();
  queries.status = () => ({ ...status, counters: new Counters().snapshot() }) as typeof status;
  return server;
}

async function scrape({ url }: PaperServer, accept = "text/plain"): Promise<{ type: string | null; text: string }> {
  const response = await fetch(`${url}metrics`, { headers: { accept } });
  return { type: response.headers.get("content-type"), text: await response.text() };
}

/** Names of series, with the endings that a histogram has. */
function namesIn(text: string): ReadonlySet<string> {
  return new Set(text.split("\n").flatMap((line) => /^([a-z0-9_]+)(?:\{| )/.exec(line)?.[1] ?? []));
}

/** All names of metrics in an expression, which it has in front of a selector, a bracket or an operator. */
function namesAsked(expression: string): readonly string[] {
  const bare = expression
    .replace(/"[^"]*"/g, "")
    .replace(/\{[^}]*\}/g, "")
    .replace(/(?:by|without) *\([^)]*\)/g, "");
  return [...bare.matchAll(/\b(?:weft|process|nodejs)_[a-z0-9_]+/g)].map(([name]) => name);
}

describe("metrics", () => {
  it("tell hosts, tunnels, BFD, flows, times and what waits", async () => {
    const { text, type } = await scrape(await serve({ hosts: 3, away: [2] }));
    expect(type).toBe("text/plain; version=0.0.4; charset=utf-8");
    for (const line of [
      'weft_hosts{state="up"} 2',
      'weft_hosts{state="down"} 1',
      'weft_host_up{host="host2"} 0',
      'weft_host_flows_desired{host="host1"} 26',
      'weft_tunnels{type="geneve",state="down"} 1',
      'weft_tunnels{type="geneve",state="error"} 0',
      'weft_tunnels_bfd{state="up"} 5',
      'weft_pending_bytes{protocol="openflow"} 12',
      'weft_reconcile_duration_seconds_bucket{le="0.01",target="switch"} 3',
      'weft_reconcile_duration_seconds_bucket{le="+Inf",target="switch"} 6',
      'weft_reconcile_duration_seconds_sum{target="database"} 4.5',
      "weft_recompute_duration_seconds_count 6",
      "weft_packet_ins_total 0",
      "weft_ready 1",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
  });

  it("are OpenMetrics where that is asked for", async () => {
    const { text, type } = await scrape(await serve({ hosts: 2 }), "application/openmetrics-text; version=1.0.0");
    expect(type).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(text).toMatch(/# EOF\n$/);
    expect(text).toContain("# TYPE weft_packet_ins counter\nweft_packet_ins_total 0");
  });

  it("measure how late the event loop is from the second scrape on, and not before", async () => {
    const paper = await serve({ hosts: 2 });
    expect(namesIn((await scrape(paper)).text)).not.toContain("nodejs_eventloop_lag_p99_seconds");
    expect(namesIn((await scrape(paper)).text)).toContain("nodejs_eventloop_lag_p99_seconds");
  });

  it("have names as Prometheus wants them, each with help and type", async () => {
    const paper = await serve({ hosts: 2 });
    await scrape(paper);
    const { text } = await scrape(paper);
    const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]));
    for (const [name, type] of types) {
      expect(text).toMatch(new RegExp(`^# HELP ${name} .{4}`, "m"));
      expect(name).toMatch(/^(?:weft|process|nodejs)_[a-z0-9_]+$/);
      expect(String(name).endsWith("_total")).toBe(type === "counter");
    }
  });

  it("have no more series for a fabric of any size than was said, and forget hosts that are gone", async () => {
    const paper = await serve({ hosts: 4, hubs: [1] });
    const hostsOf = (text: string): number => [...text.matchAll(/^weft_host_up\{/gm)].length;
    expect(hostsOf((await scrape(paper)).text)).toBe(4);
    paper.queries.options = { hosts: 2_100, hubs: [1], endpointsPerHost: 1 };
    const { text } = await scrape(paper);
    expect([hostsOf(text), text.includes("weft_hosts_without_series 100")]).toEqual([2_000, true]);
    paper.queries.options = { hosts: 1 };
    expect(hostsOf((await scrape(paper)).text)).toBe(1);
  });

  it("stay one line each, whatever hosts call themselves", async () => {
    const paper = await serve({ hosts: 1 });
    const [host] = paper.queries.hosts();
    if (host === undefined) throw new Error("no host");
    paper.queries.hosts = () => [{ ...host, name: 'a"} 1\nweft_ready 7 \\' }];
    const { text } = await scrape(paper);
    expect(text).toContain('name="a\\"} 1\\nweft_ready 7 \\\\"');
    expect(text.split("\n").filter((line) => line.startsWith("weft_ready"))).toEqual(["weft_ready 1"]);
  });
});

describe("the files beside", () => {
  const alerts = parse(readFileSync(join(root, "contrib/prometheus/weft-alerts.yml"), "utf8"));
  const dashboard = JSON.parse(readFileSync(join(root, "contrib/grafana/weft-dashboard.json"), "utf8"));
  const expressions: readonly string[] = [
    ...alerts.groups.flatMap((group: { rules: { expr: string }[] }) => group.rules.map(({ expr }) => expr)),
    ...dashboard.panels.flatMap((panel: { targets: { expr: string }[] }) => panel.targets.map(({ expr }) => expr)),
  ];

  it("ask for metrics that there are", async () => {
    const paper = await serve({ hosts: 2, cut: [[1, 2]] });
    await scrape(paper);
    const there = new Set([...namesIn((await scrape(paper)).text), "weft_problems"]);
    const asked = new Set(expressions.flatMap(namesAsked));
    expect(asked.size).toBeGreaterThan(15);
    for (const name of asked) expect(there, name).toContain(name);
  });

  it("are told of in the documents by the same names", async () => {
    const paper = await serve({ hosts: 2 });
    await scrape(paper);
    const docs = readFileSync(join(root, "docs/http.md"), "utf8");
    for (const name of namesIn((await scrape(paper)).text))
      expect(docs).toContain(name.replace(/_(?:bucket|sum|count)$/, ""));
  });
});

describe("durations", () => {
  it("fall into the bucket that holds them, the longest into the open one", async () => {
    const durations = new Durations();
    for (const ms of [0.5, 1, 1.5, 20_000]) durations.add("recompute", ms);
    await expect(durations.of("switchWrite", async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    const { recompute, switchWrite } = durations.snapshot();
    expect([recompute.counts[0], recompute.counts[1], recompute.counts.at(-1)]).toEqual([2, 1, 1]);
    expect(recompute.sumSec).toBeCloseTo(20.003);
    expect(switchWrite.counts.reduce((sum, count) => sum + count)).toBe(1);
  });
});
