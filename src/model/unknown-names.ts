// Hosts that configuration names and nobody is: a slip of the pen, or a host that is yet to join.
import { type Diagnostic, diagnostic } from "./diagnostic.ts";
import type { EndpointSetting, HostId } from "./facts.ts";
import type { Topology } from "./topology.ts";

/** One for each key of configuration that names such. */
export function unknownNames(
  topology: Topology,
  endpoints: readonly EndpointSetting[],
  hosts: Iterable<{ readonly id: HostId; readonly name: string }>,
): readonly Diagnostic[] {
  const known = new Set([...hosts].flatMap(({ id, name }) => [id, name]));
  const hubs = topology.kind === "hubs" ? topology.hubs : [];
  const direct = topology.kind === "hubs" ? topology.direct.flat() : [];
  const keys: readonly (readonly [key: string, names: readonly string[], effect: string])[] = [
    ["topology.hubs", hubs, "nothing goes by a hub that is not there"],
    ["topology.direct", direct, "such a pair has no tunnel of its own"],
    ["endpoints.static", endpoints.map(({ host }) => host), "such an endpoint is nowhere"],
  ];
  return keys.flatMap(([key, names, effect]) => {
    const unknown = [...new Set(names)].filter((name) => !known.has(name));
    if (unknown.length === 0) return [];
    const who =
      unknown.length === 1 ? `${unknown[0]}, which is no host's` : `${unknown.join(", ")}, which are no host's`;
    return [
      diagnostic(
        "config/unknown-host",
        `${key} names ${who} id or name: ${effect}`,
        "weft hosts shows ids and names; correct weft.yaml and weft reload, or have the host join",
        { subject: unknown[0] ?? key, command: "weft hosts" },
      ),
    ];
  });
}
