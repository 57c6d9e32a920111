// The Controller target a host is given: the address it reached us at, and an OpenFlow listener that answers there.
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { PassiveMethod } from "../southbound/connection-method.ts";
import { formatEndpoint } from "../southbound/stream/index.ts";

export interface OpenFlowTarget {
  readonly target: string | null;
  readonly problem: Diagnostic | null;
}

const EVERY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/**
 * @param localAddress where the host's OVSDB connection arrived; null over a unix socket
 * @param configured `controllerAddress` of the configuration, for hosts whose connection shows none
 */
export function openFlowTarget(
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
  for (const method of listeners) {
    if (method.kind !== "ptcp") continue;
    if (method.host === undefined || EVERY_ADDRESS.has(method.host) || method.host === address) {
      return { target: `tcp:${formatEndpoint(address, method.port)}`, problem: null };
    }
  }
  return {
    target: null,
    problem: diagnostic(
      "host/no-openflow-listener",
      `the host reaches this controller at ${address}, where nothing listens for OpenFlow`,
      `start the controller with --openflow ptcp:6653 or --openflow ptcp:6653:${address}`,
    ),
  };
}
