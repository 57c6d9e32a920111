// What has no place on a connection that was greeted: a second HELLO, and what only controllers say.
import type { OpenFlowMessage } from "../../../proto/openflow13/index.ts";

const ORDERS: ReadonlySet<OpenFlowMessage["kind"]> = new Set<OpenFlowMessage["kind"]>([
  "features_request",
  "get_config_request",
  "set_config",
  "packet_out",
  "flow_mod",
  "group_mod",
  "port_mod",
  "table_mod",
  "meter_mod",
  "multipart_request",
  "barrier_request",
  "queue_get_config_request",
  "role_request",
  "get_async_request",
  "set_async",
  "bundle_add",
]);

/** Why the message ends the connection; undefined where it has its place. */
export function misplaced({ kind }: OpenFlowMessage): { readonly code: string; readonly reason: string } | undefined {
  if (kind === "hello") return { code: "openflow/second-hello", reason: "a second HELLO on one connection" };
  if (!ORDERS.has(kind)) return undefined;
  return { code: "openflow/not-a-switch", reason: `a ${kind}, which only a controller sends: the peer is no switch` };
}
