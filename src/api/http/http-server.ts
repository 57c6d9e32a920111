// The HTTP server: takes its place before a host is touched, bounds what those who ask may take, and ends with the controller.
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { WeftError } from "../../../proto/bytes/errors.ts";
import type { ReloadView } from "../views.ts";
import { type HttpSettings, httpAccess } from "./access.ts";
import { makeApp, type Served } from "./app.ts";
import { readPageFiles } from "./page-files.ts";

export interface HttpServerOptions {
  readonly settings: HttpSettings;
  readonly version: string;
  readonly served: () => Served | null;
  readonly reload?: () => Promise<ReloadView>;
  onInternalError?(error: unknown, what: string): void;
}

export interface HttpServer {
  /** Such as `http://127.0.0.1:6680/`. */
  readonly url: string;
  /** Ends all conversations. */
  close(): Promise<void>;
}

/** The usual place is somebody else's: the controller runs without HTTP, and says so. */
export interface HttpPlaceTaken {
  readonly taken: string;
}

const MAX_CONNECTIONS = 256;
const MAX_HEADER_BYTES = 16 * 1024;
/** Until headers are there, until the whole request is, and how long a connection may be silent. */
const TIMEOUTS = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
};
const SILENCE_MS = 60_000;

const timers = {
  setInterval(callback: () => void, ms: number) {
    const timer = setInterval(callback, ms);
    timer.unref();
    return { cancel: () => clearInterval(timer) };
  },
};

/** @throws WeftError `http/...` where the settings can't be; `http/in-use` where somebody has asked for a place that is taken */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer | HttpPlaceTaken> {
  const access = httpAccess(options.settings);
  const app = makeApp({
    access,
    version: options.version,
    served: options.served,
    ...(options.reload === undefined ? {} : { reload: options.reload }),
    pageFiles: readPageFiles(),
    timers,
    nowMs: () => performance.now(),
    ...(options.onInternalError === undefined ? {} : { onInternalError: options.onInternalError }),
  });
  const listener = getRequestListener((request) => app.fetch(request), { overrideGlobalObjects: false });
  const server = createServer({ ...TIMEOUTS, maxHeaderSize: MAX_HEADER_BYTES }, (incoming, outgoing) => {
    void listener(incoming, outgoing);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(SILENCE_MS);
  const place = `${access.host.includes(":") ? `[${access.host}]` : access.host}:${access.port}`;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(access.port, access.host, resolve);
    });
  } catch (cause) {
    app.close();
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "EADDRINUSE" && !access.isAsked) return { taken: place };
    const why = code === "EADDRINUSE" ? "it is taken" : cause instanceof Error ? cause.message : String(cause);
    const remedy = "name another with --http ADDRESS:PORT or http.listen, or go without by --no-http";
    throw new WeftError("http/in-use", `HTTP can't be served at ${place}: ${why}; ${remedy}`, { cause });
  }
  server.on("error", (error) => options.onInternalError?.(error, "the HTTP server"));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : access.port;
  return {
    url: `http://${place.slice(0, place.lastIndexOf(":"))}:${port}/`,
    close: () =>
      new Promise((resolve) => {
        app.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
