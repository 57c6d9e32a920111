// What is broken in a fabric: directions of paths between hosts, and hosts that are gone.

export interface Failures {
  isAlive(host: string): boolean;
  /** Whether what one host sends to another by a tunnel of theirs arrives. */
  carries(from: string, to: string): boolean;
  /** Whether BFD at `host` says that its tunnel to `peer` is up: a path that fails one way is down at both ends. */
  sees(host: string, peer: string): boolean;
  /** Whether some path fails one way only: frames then get through here and there by what BFD says is down. */
  readonly oneWay: boolean;
}

const arrow = (from: string, to: string): string => `${from} > ${to}`;

/** @param cut pairs of sender and receiver between whom nothing gets through in that direction. */
export function failuresOf(cut: readonly (readonly [string, string])[], dead: readonly string[]): Failures {
  const silent = new Set(cut.map(([from, to]) => arrow(from, to)));
  const gone = new Set(dead);
  const isAlive = (host: string): boolean => !gone.has(host);
  const carries = (from: string, to: string): boolean => isAlive(from) && isAlive(to) && !silent.has(arrow(from, to));
  const oneWay = cut.some(([from, to]) => !silent.has(arrow(to, from)));
  return { isAlive, carries, sees: (host, peer) => carries(host, peer) && carries(peer, host), oneWay };
}

export const NO_FAILURES: Failures = failuresOf([], []);

/** Nothing gets through between any two of these hosts. */
export function cutAmong(hosts: readonly string[]): Failures {
  return failuresOf(
    hosts.flatMap((from) => hosts.filter((to) => to !== from).map((to) => [from, to] as const)),
    [],
  );
}
