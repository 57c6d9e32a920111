// How many there are of everything, and how many of them are well.
import { OFPP } from "../../proto/openflow13/index.ts";
import type { PortView, StatusView, TopologyView } from "../api/views.ts";

export function statusCounts(
  { hosts, tunnels, relays, links, networks, endpoints }: TopologyView,
  ports: readonly PortView[],
): Omit<StatusView, "version" | "fabric" | "uptimeSec" | "listeners" | "problems" | "counters"> {
  const declared = endpoints.filter(({ origin }) => origin === "declared").length;
  return {
    hosts: counted(hosts, ["up", "joining", "waiting", "refused", "down"]),
    tunnels: counted(tunnels, ["up", "pending", "down", "error"]),
    relays: relays?.length ?? 0,
    links: { total: links.length, up: links.filter(({ state }) => state === "up").length },
    networks: networks.length,
    ports: counted(
      // A bridge's own port that is down is used by nobody.
      ports.filter(({ ofport, state }) => ofport !== OFPP.LOCAL || state === "up"),
      ["up", "down", "error"],
    ),
    endpoints: { total: endpoints.length, declared, observed: endpoints.length - declared },
  };
}

function counted<State extends string>(
  all: readonly { readonly state: State }[],
  states: readonly State[],
): { readonly total: number } & Readonly<Record<State, number>> {
  const counts = Object.fromEntries(states.map((state) => [state, 0])) as Record<State, number>;
  for (const { state } of all) counts[state] += 1;
  return { total: all.length, ...counts };
}
