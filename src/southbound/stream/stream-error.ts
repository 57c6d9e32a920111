// Turns what the kernel says about a socket into an error that names the method and the remedy.
import { WeftError } from "../../../proto/bytes/errors.ts";
import { type ConnectionMethod, formatConnectionMethod } from "../connection-method.ts";

const REMEDIES: Readonly<Record<string, readonly [code: string, remedy: string]>> = {
  EADDRINUSE: ["stream/address-in-use", "another program listens there; stop it or choose another one"],
  EADDRNOTAVAIL: ["stream/no-such-address", "this machine does not have that address; see `ip address`"],
  EACCES: [
    "stream/not-permitted",
    "the user this runs as may not; choose another port or path, or run as another user",
  ],
  EPERM: ["stream/not-permitted", "the user this runs as may not; choose another port or path, or run as another user"],
  ENOENT: ["stream/no-such-path", "the path, or its directory, does not exist; is the server running?"],
  ECONNREFUSED: ["stream/refused", "nothing listens there; is the server running?"],
  ETIMEDOUT: ["stream/timeout", "no answer; is the address right, and does a firewall let it through?"],
  EHOSTUNREACH: ["stream/unreachable", "there is no way to that address; see `ip route`"],
  ENETUNREACH: ["stream/unreachable", "there is no way to that address; see `ip route`"],
  ENOTFOUND: ["stream/no-such-host", "no address is known for that name; give the address itself"],
};

/** @param doing completes "cannot ...", as in "listen on". */
export function streamError(doing: string, method: ConnectionMethod, cause: unknown): WeftError {
  const text = formatConnectionMethod(method);
  const systemCode = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const [code, remedy] = REMEDIES[systemCode] ?? [
    "stream/failed",
    cause instanceof Error ? cause.message : String(cause),
  ];
  return new WeftError(code, `cannot ${doing} ${text}: ${remedy}`, {
    cause,
    context: { method: text, systemCode },
    retryable: true,
  });
}

export function tlsWithoutKeys(method: ConnectionMethod): WeftError {
  const text = formatConnectionMethod(method);
  return new WeftError(
    "stream/tls-without-keys",
    `"${text}" needs a key: set tls.privateKey, tls.certificate and tls.caCertificate in weft.yaml (weft pki init makes them)`,
    { context: { method: text } },
  );
}
