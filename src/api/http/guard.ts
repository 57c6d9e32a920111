// What every request has to pass before anything is done for it. Pure: headers in, an error or nothing out.
import { type HttpAccess, isOwnName, isToken } from "./access.ts";
import { RequestError } from "./problem.ts";

/** `public`: files of the page and signs of life; `read`: what is known of the fabric; `write`: orders. */
export type Need = "public" | "read" | "write";

export interface AskedBy {
  readonly method: string;
  header(name: string): string | undefined;
}

const NEEDS_TOKEN = { "www-authenticate": 'Bearer realm="weft"' };

/** @throws RequestError */
export function admit(access: HttpAccess, asked: AskedBy, need: Need): void {
  if (!isOwnName(access, asked.header("host"))) {
    const message = "this server is not called that: use its address, localhost, or a name listed under http.names";
    throw new RequestError(421, "http/host", message);
  }
  // Another site may lead a person to the page, but may ask for nothing in their name.
  const site = asked.header("sec-fetch-site");
  const isLink = asked.header("sec-fetch-mode") === "navigate" && asked.method === "GET" && need === "public";
  if (site === "cross-site" && !isLink) throw new RequestError(403, "http/cross-site", "asked for by another site");
  if (need === "public") return;
  if (need === "write") {
    const origin = asked.header("origin");
    const isOwn = origin === undefined || origin.replace(/^https?:\/\//, "") === asked.header("host");
    if (!isOwn) throw new RequestError(403, "http/cross-site", "sent by a page of another site");
    if (access.tokenHash === null) {
      const message = "nothing can be changed by HTTP: no token is configured (http.tokenFile); use the command line";
      throw new RequestError(403, "http/read-only", message);
    }
  }
  if (need === "read" && !access.readsNeedToken) return;
  const authorization = asked.header("authorization");
  if (isToken(access, authorization)) return;
  const message =
    authorization === undefined ? "a token is needed: Authorization: Bearer TOKEN" : "this is not the token";
  throw new RequestError(401, "http/token", message, NEEDS_TOKEN);
}

/** For every answer. The page is made of files of its own alone, and asks nobody else. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  "content-security-policy":
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
});
