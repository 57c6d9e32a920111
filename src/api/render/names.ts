// Hosts by the names people know them by, where an answer has their ids.
import type { Answer } from "../answer.ts";
import type { HostView } from "../views.ts";

/** From a host's id to its name; a name that two hosts have stands for neither. */
export type HostNames = ReadonlyMap<string, string>;

export function namesOf(hosts: readonly HostView[]): HostNames {
  const owners = new Map<string, number>();
  for (const { name } of hosts) owners.set(name, (owners.get(name) ?? 0) + 1);
  return new Map(hosts.filter(({ name }) => owners.get(name) === 1).map(({ id, name }) => [id, name]));
}

/** The same answer for people to read. */
export function withHostNames(answer: Answer, names: HostNames): Answer {
  const nameOf = (id: string) => names.get(id) ?? id;
  switch (answer.kind) {
    case "tunnels":
      return {
        kind: "tunnels",
        view: answer.view.map((tunnel) => ({ ...tunnel, from: nameOf(tunnel.from), to: nameOf(tunnel.to) })),
      };
    case "ports":
      return { kind: "ports", view: answer.view.map((port) => ({ ...port, host: nameOf(port.host) })) };
    case "endpoints":
      return { kind: "endpoints", view: answer.view.map((guest) => ({ ...guest, host: nameOf(guest.host) })) };
    case "networks":
      return {
        kind: "networks",
        view: answer.view.map((network) => ({ ...network, hosts: network.hosts.map(nameOf) })),
      };
    default:
      return answer;
  }
}
