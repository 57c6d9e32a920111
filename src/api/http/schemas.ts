// The views as schemas, for the OpenAPI document; each is checked here against its type, and by tests against real answers.
import { z } from "zod";
import type { DriftView, FindingView } from "../doctor-views.ts";
import type { EventView } from "../event-views.ts";
import type { MapView } from "../map-views.ts";
import type { ReadinessView } from "../measures-views.ts";
import type { RatesView } from "../rate-views.ts";
import type {
  EndpointView,
  FlowsView,
  FlowView,
  ForeignTunnelView,
  GroupView,
  HostView,
  LinkView,
  NetworkView,
  PortView,
  ProblemView,
  RelayView,
  ReloadView,
  StatusView,
  TopologyView,
  TunnelView,
  VersionView,
} from "../views.ts";

/** Names under `#/components/schemas`. */
export const components = z.registry<{ readonly id: string }>();

function named<T extends z.ZodType>(id: string, schema: T): T {
  components.add(schema, { id });
  return schema;
}

const text = z.string();
const texts = z.array(text).readonly();
const whole = z.int();
const maybe = text.nullable();
const number = whole.nullable();

export const problem = named(
  "Problem",
  z.strictObject({ code: text, message: text, remedy: text }),
) satisfies z.ZodType<ProblemView>;
const problems = z.array(problem).readonly();
const connection = z.enum(["connected", "disconnected"]);

export const host = named(
  "Host",
  z.strictObject({
    id: text,
    name: text,
    index: number,
    tunnelIp: maybe,
    bridge: maybe,
    dpid: maybe,
    ovsdb: connection,
    openflow: connection,
    state: z.enum(["up", "joining", "waiting", "refused", "down"]),
    ovsVersion: maybe,
    flows: z.strictObject({ desired: whole, installed: whole }),
    problems,
  }),
) satisfies z.ZodType<HostView>;

export const tunnel = named(
  "Tunnel",
  z.strictObject({
    from: text,
    to: text,
    type: text,
    state: z.enum(["up", "pending", "down", "error"]),
    name: maybe,
    ofport: number,
    remoteIp: text,
    reason: maybe,
  }),
) satisfies z.ZodType<TunnelView>;

export const link = named(
  "Link",
  z.strictObject({
    from: text,
    fromPort: text,
    to: text,
    toPort: text,
    state: z.enum(["up", "down"]),
    reason: maybe,
  }),
) satisfies z.ZodType<LinkView>;

export const network = named(
  "Network",
  z.strictObject({
    name: text,
    vni: whole,
    tag: number,
    hosts: texts,
    ports: whole,
    endpoints: whole,
    mtu: number,
  }),
) satisfies z.ZodType<NetworkView>;

export const port = named(
  "Port",
  z.strictObject({
    host: text,
    name: text,
    ofport: number,
    type: text,
    mode: text,
    tag: number,
    trunks: z.array(whole).readonly(),
    networks: texts,
    state: z.enum(["up", "down", "error"]),
    locked: z.boolean(),
    blocked: z.boolean(),
    mtu: number,
    problems,
  }),
) satisfies z.ZodType<PortView>;

export const endpoint = named(
  "Endpoint",
  z.strictObject({
    mac: text,
    ips: texts,
    network: text,
    host: text,
    port: maybe,
    origin: z.enum(["declared", "observed"]),
    owner: text.exactOptional(),
  }),
) satisfies z.ZodType<EndpointView>;

export const relay = named(
  "Relay",
  z.strictObject({ from: text, to: text, by: text, reason: text }),
) satisfies z.ZodType<RelayView>;

export const foreignTunnel = named(
  "ForeignTunnel",
  z.strictObject({
    host: text,
    name: text,
    type: text,
    remoteIp: text,
    to: maybe,
    state: z.enum(["in use", "heard", "unused"]),
    reason: maybe,
  }),
) satisfies z.ZodType<ForeignTunnelView>;

export const topology = named(
  "Topology",
  z.strictObject({
    fabric: maybe,
    hosts: z.array(host).readonly(),
    tunnels: z.array(tunnel).readonly(),
    relays: z.array(relay).readonly().exactOptional(),
    foreignTunnels: z.array(foreignTunnel).readonly().exactOptional(),
    links: z.array(link).readonly(),
    networks: z.array(network).readonly(),
    endpoints: z.array(endpoint).readonly(),
  }),
) satisfies z.ZodType<TopologyView>;

const flow = named(
  "Flow",
  z.strictObject({
    table: text,
    tableId: whole,
    priority: whole,
    match: text,
    actions: text,
    cookie: text,
    kind: text,
    idleTimeoutSec: whole,
    installed: z.boolean(),
  }),
) satisfies z.ZodType<FlowView>;

const group = named("Group", z.strictObject({ id: whole, name: text, text })) satisfies z.ZodType<GroupView>;

export const flows = named(
  "Flows",
  z.strictObject({ host: text, flows: z.array(flow).readonly(), groups: z.array(group).readonly() }),
) satisfies z.ZodType<FlowsView>;

export const version = named(
  "Version",
  z.strictObject({ name: z.literal("weft"), version: text }),
) satisfies z.ZodType<VersionView>;

/** What the control socket says of the controller grows: what is not named here may come beside. */
export const status = named(
  "Status",
  z.looseObject({
    version: text,
    fabric: maybe,
    uptimeSec: whole,
    hosts: z.looseObject({ total: whole, up: whole }),
    listeners: texts,
    problems: z.array(z.looseObject({ code: text, message: text, remedy: text })).readonly(),
    counters: z.record(text, whole),
  }),
) satisfies z.ZodType<StatusView>;

export const reload = named(
  "Reload",
  z.strictObject({ applied: texts, needsRestart: texts }),
) satisfies z.ZodType<ReloadView>;

export const finding = named(
  "Finding",
  z.strictObject({
    code: text,
    severity: z.enum(["critical", "warning", "note"]),
    host: maybe,
    others: z.array(text).exactOptional(),
    subject: maybe,
    message: text,
    remedy: text,
    command: maybe,
  }),
) satisfies z.ZodType<FindingView>;

export const drift = named(
  "Drift",
  z.strictObject({
    host: text,
    reason: maybe,
    deviations: z
      .array(
        z.strictObject({
          what: z.enum(["row", "flow", "group", "meter"]),
          state: z.enum(["missing", "extra", "changed"]),
          wanted: maybe,
          held: maybe,
          foreign: z.boolean(),
        }),
      )
      .readonly(),
  }),
) satisfies z.ZodType<DriftView>;

const ratesOf = {
  rxBytesPerSec: z.number(),
  txBytesPerSec: z.number(),
  rxPacketsPerSec: z.number(),
  txPacketsPerSec: z.number(),
  dropsPerSec: z.number(),
};

export const rates = named(
  "Rates",
  z.strictObject({
    at: text,
    seconds: z.number(),
    switches: z.strictObject({ asked: whole, answered: whole }),
    packetInsPerSec: z.number(),
    flowModsPerSec: z.number(),
    eventLoopLagMs: z.strictObject({ mean: z.number(), max: z.number() }),
    tunnels: z.array(z.strictObject({ ...ratesOf, host: text, name: text, peer: maybe, type: text })).readonly(),
    ports: z
      .array(z.strictObject({ ...ratesOf, host: text, name: text, networks: texts, endpoints: texts }))
      .readonly(),
  }),
) satisfies z.ZodType<RatesView>;

export const event = named(
  "Event",
  z.strictObject({
    seq: whole,
    at: text,
    kind: text,
    severity: z.enum(["info", "warning", "error"]),
    host: maybe,
    subject: maybe,
    message: text,
    details: z.record(text, z.union([text, z.number(), z.boolean(), z.null()])),
  }),
) satisfies z.ZodType<EventView>;

const count = named("TunnelCounts", z.strictObject({ up: whole, pending: whole, down: whole, error: whole }));

export const map = named(
  "Map",
  z.strictObject({
    fabric: maybe,
    version: text,
    hosts: z.array(host).readonly(),
    tunnels: z.strictObject({ total: whole, states: count, fullMesh: z.boolean() }),
    listed: z.array(tunnel).readonly(),
    unlisted: whole,
    relays: z.array(relay).readonly(),
    links: z.array(link).readonly(),
    networks: z.array(network).readonly(),
    endpoints: z.array(endpoint).readonly(),
    unlistedEndpoints: whole,
    problems: z.array(z.strictObject({ code: text, message: text, remedy: text, hosts: texts })).readonly(),
  }),
) satisfies z.ZodType<MapView>;

export const readiness = named(
  "Readiness",
  z.strictObject({ ready: z.boolean(), waitingFor: texts }),
) satisfies z.ZodType<ReadinessView>;

export const httpProblem = named(
  "HttpProblem",
  z.strictObject({ type: text, title: text, status: whole, detail: text, code: text }),
);

export const done = named("Done", z.strictObject({ done: z.literal(true), message: text }));
