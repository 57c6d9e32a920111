// Where HTTP is served and who may ask what, from the configuration.
import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { WeftError } from "../../../proto/bytes/errors.ts";
import { isIpv6, tryParseIp } from "../../../proto/bytes/ip.ts";

/** The `http` section of weft.yaml. */
export interface HttpSettings {
  readonly enabled: boolean;
  readonly listen: string | null;
  readonly names: readonly string[];
  readonly reads: "open" | "token" | null;
  readonly token: string | null;
  readonly tokenFile: string | null;
}

export interface HttpAccess {
  /** An address or a name. */
  readonly host: string;
  readonly port: number;
  /** Whether somebody has asked for this place, so that it is an error when it can't be had. */
  readonly isAsked: boolean;
  /** In lower case. */
  readonly names: ReadonlySet<string>;
  readonly readsNeedToken: boolean;
  /** What a token has to hash to; null where nobody may change anything. */
  readonly tokenHash: Uint8Array | null;
}

export const DEFAULT_HTTP_LISTEN = "127.0.0.1:6680";
const TOKEN = /^[A-Za-z0-9._~+/=-]{16,512}$/;

function invalid(text: string, why: string): WeftError {
  const message = `"${text}" is no place to serve HTTP: ${why}; write ADDRESS:PORT, such as ${DEFAULT_HTTP_LISTEN} or [::1]:6680`;
  return new WeftError("http/listen", message, { context: { text } });
}

/** @throws WeftError `http/listen` naming the text and the remedy. */
export function parseHttpListen(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits = ""] = /^(?:\[([^\]]*)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text) ?? [];
  const given = bracketed ?? plain ?? "";
  if (given === "") throw invalid(text, "it is not an address and a port");
  if (Number(digits) > 65_535) throw invalid(text, `${digits} is not a port`);
  const host = tryParseIp(given);
  if (host !== undefined && isIpv6(host) === (bracketed !== undefined)) return { host, port: Number(digits) };
  if (bracketed === undefined && given.toLowerCase() === "localhost")
    return { host: "localhost", port: Number(digits) };
  throw invalid(text, `"${given}" is not an address of this machine`);
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function tokenProblem(path: string, why: string, remedy: string, cause?: unknown): WeftError {
  return new WeftError("http/token-file", `http.tokenFile, ${path}: ${why}; ${remedy}`, { cause, context: { path } });
}

function readToken(path: string): string {
  let text: string;
  let mode: number;
  try {
    ({ mode } = statSync(path));
    text = readFileSync(path, "utf8").trim();
  } catch (cause) {
    const why = `it can't be read: ${cause instanceof Error ? cause.message : String(cause)}`;
    // One that is there is not to be written over.
    const isThere = cause instanceof Error && "code" in cause && cause.code !== "ENOENT";
    const remedy = isThere
      ? `let the controller's user read it: chgrp GROUP ${path}; chmod 640 ${path}`
      : `make it: (umask 077; openssl rand -hex 32 > ${path})`;
    throw tokenProblem(path, why, remedy, cause);
  }
  if ((mode & 0o007) !== 0) throw tokenProblem(path, "everybody may read it", `chmod 640 ${path}`);
  if (TOKEN.test(text)) return text;
  throw tokenProblem(
    path,
    "it holds no token of 16 to 512 letters, digits or -._~+/=",
    "openssl rand -hex 32 makes one",
  );
}

const hashOf = (token: string): Uint8Array => createHash("sha256").update(token).digest();

/** @throws WeftError `http/listen`, `http/token-file`, `http/two-tokens`, `http/open` */
export function httpAccess(settings: HttpSettings): HttpAccess {
  const { listen, names, token, tokenFile } = settings;
  const { host, port } = parseHttpListen(listen ?? DEFAULT_HTTP_LISTEN);
  if (token !== null && tokenFile !== null) {
    throw new WeftError("http/two-tokens", "http.token and http.tokenFile are both given: keep one of them");
  }
  const secret = tokenFile === null ? token : readToken(tokenFile);
  const reads = settings.reads ?? (isLoopback(host) ? "open" : "token");
  if (reads === "token" && secret === null) {
    const whom = isLoopback(host) ? "http.reads is token" : `${host} is reached by other machines`;
    const remedy = "name one with http.tokenFile, or say http.reads: open";
    throw new WeftError("http/open", `HTTP needs a token, since ${whom}: ${remedy}`, { context: { host } });
  }
  return {
    host,
    port,
    isAsked: listen !== null,
    names: new Set(names.map((name) => name.toLowerCase())),
    readsNeedToken: reads === "token",
    tokenHash: secret === null ? null : hashOf(secret),
  };
}

/** Takes the same time for every wrong token, whatever it has in common with the right one. */
export function isToken(access: HttpAccess, authorization: string | undefined): boolean {
  const [, given] = /^Bearer +(\S{1,512})$/i.exec(authorization ?? "") ?? [];
  if (access.tokenHash === null || given === undefined) return false;
  return timingSafeEqual(hashOf(given), access.tokenHash);
}

/**
 * Whether a request's Host header may be one of ours. A page of elsewhere can have its own name lead to this machine (DNS
 * rebinding), and reads answers then as if they were its own; it can't have an address for a name.
 */
export function isOwnName(access: HttpAccess, header: string | undefined): boolean {
  const [, bracketed, plain = ""] = /^(?:\[([^\]]{1,64})\]|([^:[\]\s/]{1,255}))(?::\d{1,5})?$/.exec(header ?? "") ?? [];
  if (bracketed !== undefined) return tryParseIp(bracketed) !== undefined;
  const name = plain.toLowerCase().replace(/\.$/, "");
  return name === "localhost" || access.names.has(name) || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name);
}
