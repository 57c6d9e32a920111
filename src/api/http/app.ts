// The routes: from the tables of questions and orders, behind the guard.
import { Hono } from "hono";
import type { Vitals } from "../measures-views.ts";
import type { Queries, ReloadView } from "../views.ts";
import type { HttpAccess } from "./access.ts";
import { AnswerCache, encodeAnswer } from "./answer-cache.ts";
import { EventStreams, type EventStreamTimers } from "./event-stream.ts";
import { admit, type Need, SECURITY_HEADERS } from "./guard.ts";
import { Metrics } from "./metrics.ts";
import { openApiDocument } from "./openapi.ts";
import { ORDERS, readBody } from "./order-table.ts";
import type { PageFile } from "./page-files.ts";
import { problemResponse, RequestError } from "./problem.ts";
import { type HttpQuery, QUERIES, readParameters } from "./query-table.ts";

export interface Served {
  readonly queries: Queries;
  readonly vitals: Vitals;
}

export interface AppOptions {
  readonly access: HttpAccess;
  readonly version: string;
  /** null until the controller serves hosts. */
  readonly served: () => Served | null;
  readonly reload?: () => Promise<ReloadView>;
  readonly pageFiles: ReadonlyMap<string, PageFile>;
  readonly timers: EventStreamTimers;
  readonly nowMs: () => number;
  /** Told of failures that are no user's mistake. */
  onInternalError?(error: unknown, what: string): void;
}

export interface App {
  fetch(request: Request): Response | Promise<Response>;
  close(): void;
}

/** Orders are a name or two. */
const MAX_BODY_BYTES = 16 * 1024;
const JSON_TYPE = "application/json";
const OPEN_METRICS = "application/openmetrics-text";
const UNCHANGED = 304;

export function makeApp(options: AppOptions): App {
  const { access, version } = options;
  const app = new Hono();
  const cache = new AnswerCache(options.nowMs);
  const streams = new EventStreams(options.timers);
  let metrics: Metrics | null = null;

  const guard = (request: Request, need: Need): void =>
    admit(access, { method: request.method, header: (name) => request.headers.get(name) ?? undefined }, need);

  function served(): Served {
    const now = options.served();
    if (now !== null) return now;
    throw new RequestError(503, "http/starting", "the controller starts; try again", { "retry-after": "1" });
  }

  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.res.headers.set(name, value);
    if (!context.res.headers.has("cache-control")) context.res.headers.set("cache-control", "no-store");
  });
  app.onError((error, context) => {
    const response = problemResponse(error);
    if (response.status === 500) options.onInternalError?.(error, context.req.path);
    return response;
  });

  for (const query of QUERIES) {
    app.get(`/api/v1${query.path.replace(/\{(\w+)\}/g, ":$1")}`, (context) => {
      guard(context.req.raw, "read");
      return answerTo(query, context.req.raw, new Map(Object.entries(context.req.param() as Record<string, string>)));
    });
  }

  async function answerTo(query: HttpQuery, request: Request, path: ReadonlyMap<string, string>): Promise<Response> {
    const { queries } = served();
    const given = readParameters(query, path, new URL(request.url).searchParams);
    if (query.isOrder?.(given) === true) guard(request, "write");
    const ask = () => query.ask(queries, given, version);
    const key = JSON.stringify([query.path, ...[...given].sort()]);
    const { body, etag } = query.shared ? await cache.get(key, ask) : encodeAnswer(await ask());
    return fresh(request, { body, etag, type: JSON_TYPE }, "no-cache");
  }

  function fresh(request: Request, { body, etag, type }: PageFile, caching: string): Response {
    const headers = { "content-type": type, "cache-control": caching, etag };
    const isKnown = request.headers.get("if-none-match") === etag;
    return isKnown ? new Response(null, { status: UNCHANGED, headers }) : new Response(body, { headers });
  }

  for (const order of ORDERS) {
    app.post(`/api/v1${order.path}`, async (context) => {
      guard(context.req.raw, "write");
      const text = await bodyOf(context.req.raw);
      const given = readBody(order, context.req.header("content-type"), text);
      const { queries } = served();
      return context.json((await order.run({ queries, reload: options.reload }, given)) as object);
    });
  }

  app.get("/api/v1/openapi.json", (context) => {
    guard(context.req.raw, "read");
    const { readsNeedToken, tokenHash } = access;
    return context.json(openApiDocument({ version, readsNeedToken, hasToken: tokenHash !== null }));
  });

  app.get("/events", (context) => {
    guard(context.req.raw, "read");
    const { events } = served().queries;
    const known = context.req.header("last-event-id") ?? context.req.query("after");
    const after = known !== undefined && /^\d{1,15}$/.test(known) ? Number(known) : null;
    const last = /^\d{1,3}$/.test(context.req.query("last") ?? "") ? Number(context.req.query("last")) : 0;
    // Of an answer to HEAD nobody reads the body, or ends it: it would be a listener for good.
    const body = context.req.method === "HEAD" ? null : streams.open(events, { after, last });
    return new Response(body, { headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" } });
  });

  app.get("/metrics", async (context) => {
    guard(context.req.raw, "read");
    metrics ??= new Metrics({ ...served(), version, eventListeners: () => streams.size });
    const openMetrics = context.req.header("accept")?.includes(OPEN_METRICS) === true;
    const { body, type } = await metrics.scrape(openMetrics);
    return new Response(body, { headers: { "content-type": type } });
  });

  app.get("/healthz", (context) => {
    guard(context.req.raw, "public");
    return context.json({ alive: true });
  });

  app.get("/readyz", (context) => {
    guard(context.req.raw, "public");
    const now = options.served()?.vitals.readiness();
    const { ready, waitingFor } = now ?? { ready: false, waitingFor: ["the controller starts"] };
    // Who may not read does not learn the names of hosts here.
    const told = access.readsNeedToken ? waitingFor.map(() => "a host that has not been read yet") : waitingFor;
    return context.json({ ready, waitingFor: told }, ready ? 200 : 503);
  });

  for (const [path, file] of options.pageFiles) {
    app.get(path, (context) => {
      guard(context.req.raw, "public");
      return fresh(context.req.raw, file, "no-cache");
    });
  }

  app.all("*", (context) => {
    guard(context.req.raw, "public");
    const { method } = context.req;
    const isRead = method === "GET" || method === "HEAD";
    const isOrder = ORDERS.some((order) => context.req.path === `/api/v1${order.path}`);
    const isRoute = app.routes.some((route) => route.method === "GET" && route.path === context.req.path);
    if (isRead && isOrder && !isRoute) {
      throw new RequestError(405, "http/method", "this is an order: POST it", { allow: "POST" });
    }
    if (!isRead && isRoute) throw new RequestError(405, "http/method", "this can only be read", { allow: "GET, HEAD" });
    throw new RequestError(404, "http/unknown", "nothing is served here; /api/v1/openapi.json lists what is");
  });

  return {
    fetch: (request) => app.fetch(request),
    close: () => {
      streams.close();
      metrics?.stop();
    },
  };
}

/** @throws RequestError `http/too-large` as soon as it is */
async function bodyOf(request: Request): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      throw new RequestError(413, "http/too-large", `a body has at most ${MAX_BODY_BYTES} bytes`, {
        connection: "close",
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
