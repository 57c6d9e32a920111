// Says aloud where anybody who reaches this machine may connect.
import type { Logger } from "pino";
import type { PassiveMethod } from "../southbound/connection-method.ts";
import { formatConnectionMethod } from "../southbound/connection-method.ts";

const LOOPBACK = /^(?:127\.|::1$|localhost$)/;

export function openToAll(listeners: readonly PassiveMethod[], allow: readonly string[]): readonly PassiveMethod[] {
  if (allow.length > 0) return [];
  return listeners.filter((method) => method.kind === "ptcp" && !LOOPBACK.test(method.host ?? ""));
}

export function warnOfPlainListeners(listeners: readonly PassiveMethod[], allow: readonly string[], log: Logger): void {
  const open = openToAll(listeners, allow).map(formatConnectionMethod);
  if (open.length === 0) return;
  log.warn(
    { listeners: open, code: "admission/open" },
    "WHOEVER REACHES THESE PORTS MAY CALL ITSELF ANY HOST AND JOIN: they are plain TCP, and admission.allow names no ranges. Use TLS (weft pki init), or name the hosts' addresses: admission: {allow: [192.0.2.0/24]}",
  );
}
