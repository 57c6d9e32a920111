// What can be asked by HTTP: one row for each question, from which the routes and the OpenAPI document are made.
import { z } from "zod";
import { goingOnAfter } from "../event-query.ts";
import {
  orderEndpoints,
  orderFlows,
  orderHosts,
  orderNetworks,
  orderPorts,
  orderStatus,
  orderTopology,
  orderTunnels,
} from "../order.ts";
import type { Queries, TunnelView } from "../views.ts";
import { mapView } from "./map.ts";
import { RequestError } from "./problem.ts";
import * as schema from "./schemas.ts";
import { trace } from "./trace-schemas.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly description: string;
  /** Takes text, as all that stands in an address. */
  readonly schema: z.ZodType;
}

export type Given = ReadonlyMap<string, string>;

export interface HttpQuery {
  /** With `{name}` for a parameter, as OpenAPI has it. */
  readonly path: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly answer: z.ZodType;
  /** Whether one answer may be given to all who ask within a moment. */
  readonly shared: boolean;
  /** Whether it sends something to the hosts, and so needs the token. */
  isOrder?(given: Given): boolean;
  ask(queries: Queries, given: Given, version: string): unknown;
}

const MAX_EVENTS = 1_000;
const name = z.string().min(1).max(255);
const seq = z.string().regex(/^\d{1,15}$/);
const count = z.string().regex(/^[1-9]\d{0,3}$/);

function inQuery(key: string, description: string, as: z.ZodType, required = false): Parameter {
  return { name: key, in: "query", required, description, schema: as };
}

function list(path: string, summary: string, answer: z.ZodType, ask: HttpQuery["ask"]): HttpQuery {
  return { path, summary, parameters: [], answer: z.array(answer), shared: true, ask };
}

function single(path: string, summary: string, answer: z.ZodType, ask: HttpQuery["ask"]): HttpQuery {
  return { path, summary, parameters: [], answer, shared: true, ask };
}

/** Names that stand for one host or several lead to those alone: a large fabric has a million tunnels. */
function tunnelsOf(queries: Queries, given: Given): readonly TunnelView[] {
  const state = given.get("state");
  const host = given.get("host");
  const found = queries.tunnels().filter((one) => {
    const isMeant = host === undefined || one.from === host || one.to === host;
    return isMeant && (state === undefined || one.state === state);
  });
  return orderTunnels(found);
}

export const QUERIES: readonly HttpQuery[] = [
  single("/status", "How the controller is, and what it has done", schema.status, (queries) =>
    orderStatus(queries.status()),
  ),
  list("/hosts", "Hosts, with what is wrong with each", schema.host, (queries) => orderHosts(queries.hosts())),
  {
    path: "/tunnels",
    summary: "Tunnels between hosts, and why one is not up",
    parameters: [
      inQuery("host", "only those of this host, by its id", name),
      inQuery("state", "only those in this state", z.enum(["up", "pending", "down", "error"])),
    ],
    answer: z.array(schema.tunnel),
    shared: true,
    ask: tunnelsOf,
  },
  list("/ports", "Ports of guests on all hosts", schema.port, (queries) => orderPorts(queries.ports())),
  list("/endpoints", "MAC and IP addresses, and where they are", schema.endpoint, (queries) =>
    orderEndpoints(queries.endpoints()),
  ),
  list("/networks", "Networks", schema.network, (queries) => orderNetworks(queries.networks())),
  single("/topology", "The whole fabric", schema.topology, (queries) => orderTopology(queries.topology())),
  single(
    "/map",
    "The fabric as a map draws it: what is well is only counted where there is much of it",
    schema.map,
    (queries) => mapView(queries.topology(), queries.status()),
  ),
  {
    path: "/flows/{host}",
    summary: "The flows and groups that a host should hold, table by table",
    parameters: [{ name: "host", in: "path", required: true, description: "a host's id, name or index", schema: name }],
    answer: schema.flows,
    shared: false,
    ask: async (queries, given) => orderFlows(await queries.flows(given.get("host") ?? "")),
  },
  single("/version", "The version of the controller", schema.version, (_queries, _given, version) => ({
    name: "weft",
    version,
  })),
  {
    path: "/events",
    summary: "What has happened, the oldest first: after `since`, or the last ones",
    parameters: [
      inQuery("since", "the number of the last event that is known", seq),
      inQuery("limit", `at the most so many, 1 to ${MAX_EVENTS}; 100 unless given`, count),
    ],
    answer: z.array(schema.event),
    shared: false,
    ask: ({ events }, given) => {
      const limit = Math.min(Number(given.get("limit") ?? 100), MAX_EVENTS);
      const since = given.get("since");
      if (since !== undefined) return events.since(goingOnAfter(Number(since), events), limit);
      return events.since(0, Number.MAX_SAFE_INTEGER).slice(-limit);
    },
  },
  {
    path: "/doctor",
    summary: "What is odd, the worst first, with what mends it",
    parameters: [inQuery("host", "only what concerns this host, by its id, name or index", name)],
    answer: z.array(schema.finding),
    shared: true,
    ask: (queries, given) => queries.doctor(given.get("host")),
  },
  {
    path: "/drift",
    summary: "What differs from intent now, host by host",
    parameters: [inQuery("host", "only this host, by its id, name or index", name)],
    answer: z.array(schema.drift),
    shared: true,
    ask: (queries, given) => queries.drift(given.get("host")),
  },
  single("/rates", "What goes by each tunnel and port", schema.rates, (queries) => queries.rates()),
  {
    path: "/trace",
    summary: "The path of a frame over the fabric, switch by switch; with `live` a marked frame is sent on it",
    parameters: [
      inQuery("from", "a MAC, an IP address, a port (`HOST:PORT`) or an owner's name", name, true),
      inQuery("to", "a MAC, an IP address, an owner's name, or `broadcast`", name, true),
      inQuery("protocol", "such as `icmp`, `tcp`, `udp` or `arp`", z.string().regex(/^[a-z0-9]{1,16}$/)),
      inQuery("live", "`true`: a frame is sent, for which the token is needed", z.enum(["true", "false"])),
    ],
    answer: trace,
    shared: false,
    isOrder: (given) => given.get("live") === "true",
    ask: (queries, given) => {
      const [from = "", to = "", protocol] = ["from", "to", "protocol"].map((key) => given.get(key));
      const live = given.get("live") === "true";
      return queries.trace({ from, to, live, ...(protocol === undefined ? {} : { protocol }) });
    },
  },
];

/** @throws RequestError `http/parameter` naming the one that is wrong and what it may be */
export function readParameters(query: HttpQuery, path: Given, search: URLSearchParams): Given {
  const given = new Map<string, string>();
  const known = query.parameters.filter((one) => one.in === "query").map((one) => one.name);
  for (const key of search.keys()) {
    if (known.includes(key)) continue;
    const there = known.length === 0 ? "there are none here" : `there are ${known.join(", ")}`;
    throw new RequestError(400, "http/parameter", `no parameter is called "${key.slice(0, 80)}"; ${there}`);
  }
  for (const { name: key, in: where, required, schema: wanted, description } of query.parameters) {
    const values = where === "path" ? [path.get(key) ?? ""] : search.getAll(key);
    if (values.length > 1) throw new RequestError(400, "http/parameter", `the parameter "${key}" stands there twice`);
    const [value] = values;
    if (value === undefined && !required) continue;
    if (value !== undefined && wanted.safeParse(value).success) {
      given.set(key, value);
      continue;
    }
    const wrong = value === undefined ? "is missing" : "is not what it may be";
    throw new RequestError(400, "http/parameter", `the parameter "${key}" ${wrong}: ${description}`);
  }
  return given;
}
