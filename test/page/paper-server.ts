// A fabric on paper, served by the real server on a port of its own.

import type { HttpSettings } from "../../src/api/http/access.ts";
import { type HttpServer, startHttpServer } from "../../src/api/http/index.ts";
import { type PaperOptions, PaperQueries, paperVitals } from "./paper-fabric.ts";

export interface PaperServer extends HttpServer {
  readonly queries: PaperQueries;
}

export const HTTP_SETTINGS: HttpSettings = {
  enabled: true,
  listen: "127.0.0.1:0",
  names: [],
  reads: null,
  token: null,
  tokenFile: null,
};

export async function servePaper(options: PaperOptions, settings: Partial<HttpSettings> = {}): Promise<PaperServer> {
  const queries = new PaperQueries(options);
  const server = await startHttpServer({
    settings: { ...HTTP_SETTINGS, ...settings },
    version: "9.9.9",
    served: () => ({ queries, vitals: paperVitals }),
  });
  if ("taken" in server) throw new Error("the kernel has no port");
  return { ...server, queries };
}
