// Open vSwitch's connection methods (`ptcp:6640`, `unix:/run/x.sock`, ...) between text and values; see ovsdb(7), "Connection Methods".
import { WeftError } from "../../proto/bytes/errors.ts";

/** Where to listen. Port 0 lets the kernel choose; without a host every address is served. */
export type PassiveMethod =
  | { readonly kind: "ptcp"; readonly port: number; readonly host?: string }
  | { readonly kind: "pssl"; readonly port: number; readonly host?: string }
  | { readonly kind: "punix"; readonly path: string };

/** Whom to call. */
export type ActiveMethod =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "ssl"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export type ConnectionMethod = PassiveMethod | ActiveMethod;

/** Ports that IANA assigned, and that Open vSwitch assumes when a method names none. */
export const OVSDB_PORT = 6640;
export const OPENFLOW_PORT = 6653;

const FORMS = "ptcp:[PORT][:HOST], punix:PATH, tcp:HOST[:PORT] or unix:PATH";
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;
const HOST_NAME =
  /^(?=.{1,253}$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$/;
const IPV6_LIKE = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9_.-]+)?$/;
/** `sun_path` of Linux is 108 bytes, with the closing NUL. */
const UNIX_PATH_MAX = 107;

function invalid(text: string, why: string): WeftError {
  return new WeftError("connection-method/invalid", `"${text}" is not a connection method: ${why}`, {
    context: { text },
  });
}

function parsePort(text: string, digits: string, lowest: number): number {
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : -1;
  if (port < lowest || port > 65535) {
    throw invalid(text, `"${digits}" is not a port; give a number from ${lowest} to 65535`);
  }
  return port;
}

function isIpv6(address: string): boolean {
  const plain = address.split("%", 1)[0] ?? "";
  return IPV6_LIKE.test(address) && URL.canParse(`http://[${plain}]/`);
}

function parseHost(text: string, host: string): string {
  if (host.startsWith("[") && host.endsWith("]")) {
    const address = host.slice(1, -1);
    if (!isIpv6(address)) throw invalid(text, `"${address}" is not an IPv6 address`);
    return address.toLowerCase();
  }
  if (IPV4.test(host)) return host;
  if (/^[\d.]+$/.test(host)) throw invalid(text, `"${host}" is not an IPv4 address`);
  if (HOST_NAME.test(host)) return host;
  throw invalid(text, `"${host}" is not an address or host name`);
}

/** Cuts `HOST[:PORT]` or `PORT[:HOST]` at the colon that is not inside brackets. */
function splitAtColon(text: string, rest: string): readonly [string, string | undefined] {
  const parts = rest.match(/^(\[[^\]]*\]|[^:[\]]*)(?::(\[[^\]]*\]|[^:[\]]*))?$/);
  if (parts === null) {
    const remedy = isIpv6(rest)
      ? `an IPv6 address goes in brackets, as in [${rest}]`
      : `an IPv6 address goes in brackets, as in [::1]`;
    throw invalid(text, `too many colons; ${remedy}`);
  }
  return [parts[1] ?? "", parts[2]];
}

function parsePassive(kind: "ptcp" | "pssl", text: string, rest: string, defaultPort: number): PassiveMethod {
  const [digits, host] = splitAtColon(text, rest);
  const port = digits === "" ? defaultPort : parsePort(text, digits, 0);
  return host === undefined || host === "" ? { kind, port } : { kind, port, host: parseHost(text, host) };
}

function parseActive(kind: "tcp" | "ssl", text: string, rest: string, defaultPort: number): ActiveMethod {
  const [host, digits] = splitAtColon(text, rest);
  if (host === "") throw invalid(text, `it names no host; write ${kind}:HOST:PORT`);
  return { kind, host: parseHost(text, host), port: digits === undefined ? defaultPort : parsePort(text, digits, 1) };
}

function parsePath(text: string, path: string): string {
  if (path === "") throw invalid(text, "it names no path");
  if (path.includes("\0")) throw invalid(text, "the path holds a NUL character");
  const length = new TextEncoder().encode(path).length;
  if (length > UNIX_PATH_MAX) {
    throw invalid(
      text,
      `the path has ${length} bytes and a socket's path may have ${UNIX_PATH_MAX}; choose a shorter directory`,
    );
  }
  return path;
}

/**
 * Reads a connection method. A port that is left out is `defaultPort`.
 * @throws WeftError `connection-method/invalid` with the text and the remedy.
 */
export function parseConnectionMethod(text: string, defaultPort: number = OVSDB_PORT): ConnectionMethod {
  const colon = text.indexOf(":");
  const kind = colon < 0 ? text : text.slice(0, colon);
  const rest = colon < 0 ? "" : text.slice(colon + 1);
  if (colon < 0 && kind !== "ptcp" && kind !== "pssl") throw invalid(text, `write ${FORMS}`);
  switch (kind) {
    case "ptcp":
    case "pssl":
      return Object.freeze(parsePassive(kind, text, rest, defaultPort));
    case "tcp":
    case "ssl":
      return Object.freeze(parseActive(kind, text, rest, defaultPort));
    case "punix":
    case "unix":
      return Object.freeze({ kind, path: parsePath(text, rest) });
    default:
      throw invalid(text, `"${kind}" is not a known kind; write ${FORMS}`);
  }
}

export function isPassive(method: ConnectionMethod): method is PassiveMethod {
  return method.kind === "ptcp" || method.kind === "pssl" || method.kind === "punix";
}

/** Like parseConnectionMethod, for a place where only listening makes sense. */
export function parsePassiveMethod(text: string, defaultPort: number = OVSDB_PORT): PassiveMethod {
  const method = parseConnectionMethod(text, defaultPort);
  if (!isPassive(method))
    throw invalid(text, "here something must be listened on; write ptcp:[PORT][:HOST] or punix:PATH");
  return method;
}

function bracket(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** The canonical text: what parseConnectionMethod gave, with the port always shown. */
export function formatConnectionMethod(method: ConnectionMethod): string {
  switch (method.kind) {
    case "ptcp":
    case "pssl":
      return `${method.kind}:${method.port}${method.host === undefined ? "" : `:${bracket(method.host)}`}`;
    case "tcp":
    case "ssl":
      return `${method.kind}:${bracket(method.host)}:${method.port}`;
    case "punix":
    case "unix":
      return `${method.kind}:${method.path}`;
  }
}
