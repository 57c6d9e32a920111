// The Controller target a host is given: the address it reached us at, and an OpenFlow listener that answers there.
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { OVSDB_PORT, type PassiveMethod, parseConnectionMethod } from "../southbound/connection-method.ts";
import { formatEndpoint, type Transport } from "../southbound/stream/index.ts";

export interface OpenFlowTarget {
  readonly target: string | null;
  readonly problem: Diagnostic | null;
}

const EVERY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** A host that has come by TLS is told to come by TLS; one on a unix socket, which has perhaps no key, where there is no other way. */
const WAYS: Readonly<
  Record<Transport, readonly (readonly [listener: PassiveMethod["kind"], target: "tcp" | "ssl"])[]>
> = {
  tcp: [["ptcp", "tcp"]],
  ssl: [["pssl", "ssl"]],
  unix: [
    ["ptcp", "tcp"],
    ["pssl", "ssl"],
  ],
};

/**
 * @param transport how the host's OVSDB connection came
 * @param localAddress where the host's OVSDB connection arrived; null over a unix socket
 * @param configured `controllerAddress` of the configuration, for hosts whose connection shows none
 */
export function openFlowTarget(
  transport: Transport,
  localAddress: string | null,
  configured: string | null,
  listeners: readonly PassiveMethod[],
): OpenFlowTarget {
  const address = localAddress ?? configured;
  if (address === null) {
    return {
      target: null,
      problem: diagnostic(
        "host/controller-address",
        "the host is connected by a unix socket, which does not show the address it can reach this controller at",
        "set controllerAddress in weft.yaml",
      ),
    };
  }
  for (const [kind, target] of WAYS[transport]) {
    for (const method of listeners) {
      if (method.kind === "punix" || method.kind !== kind) continue;
      if (method.host === undefined || EVERY_ADDRESS.has(method.host) || method.host === address) {
        return { target: `${target}:${formatEndpoint(address, method.port)}`, problem: null };
      }
    }
  }
  const [[wanted] = ["ptcp"]] = WAYS[transport];
  return {
    target: null,
    problem: diagnostic(
      "host/no-openflow-listener",
      `the host reaches this controller at ${address}, where nothing listens for OpenFlow${transport === "ssl" ? " over TLS" : ""}`,
      `start the controller with --openflow ${wanted}:6653 or --openflow ${wanted}:6653:${address}`,
    ),
  };
}

/**
 * Whether a Manager's target is the way by which a host's OVSDB connection came: the address it arrived at, and a port
 * that is served.
 */
export function leadsHere(target: string, localAddress: string | null, listeners: readonly PassiveMethod[]): boolean {
  try {
    const method = parseConnectionMethod(target, OVSDB_PORT);
    if (method.kind !== "tcp" && method.kind !== "ssl") return false;
    const served = method.kind === "tcp" ? "ptcp" : "pssl";
    return (
      method.host === localAddress &&
      listeners.some((listener) => listener.kind === served && listener.port === method.port)
    );
  } catch {
    // Whatever it is, it is not an address of ours.
    return false;
  }
}
