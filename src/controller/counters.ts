// What has happened since the start, in numbers.

const NAMES = [
  "bundles",
  "drifts",
  "evictions",
  "faults",
  "flowMods",
  "groupMods",
  "meterMods",
  "ovsdbTransactions",
  "packetIns",
  "recomputations",
  "refusedConnections",
  "refusedPeers",
  "sessionErrors",
] as const;

export type CounterName = (typeof NAMES)[number];

export class Counters {
  readonly #values = new Map<CounterName, number>(NAMES.map((name) => [name, 0]));

  add(name: CounterName, amount = 1): void {
    this.#values.set(name, (this.#values.get(name) ?? 0) + amount);
  }

  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#values);
  }
}
