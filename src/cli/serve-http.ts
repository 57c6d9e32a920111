// Starts the HTTP server of a controller; its libraries are loaded by nobody else.
import type { HttpServer, HttpServerOptions } from "../api/http/index.ts";
import type { Log } from "./log.ts";

/** @returns null where nobody has asked for a place, and the usual one is taken. */
export async function serveHttp(options: HttpServerOptions, logger: Log["logger"]): Promise<HttpServer | null> {
  const { startHttpServer } = await import("../api/http/index.ts");
  const found = await startHttpServer({
    ...options,
    onInternalError: (error, what) => logger.error({ err: error, what }, "a question by HTTP could not be answered"),
  });
  if (!("taken" in found)) return found;
  const remedy = "give it a place of its own: --http ADDRESS:PORT";
  logger.warn({ place: found.taken, remedy }, "the usual place of HTTP is taken: none is served here");
  return null;
}
