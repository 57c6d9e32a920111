// When the last of many switches holds a flow to an endpoint: told by the switches, not asked of them.
interface Expected {
  /** By name of the switch. */
  readonly missing: Set<string>;
  readonly done: (atMs: number) => void;
}

export class FlowWatch {
  readonly #expected = new Map<number, Expected>();

  /** A switch has taken in a flow that leads to an endpoint; undefined for any other flow. */
  saw(name: string, number: number | undefined): void {
    const expected = number === undefined ? undefined : this.#expected.get(number);
    if (number === undefined || expected === undefined) return;
    expected.missing.delete(name);
    if (expected.missing.size > 0) return;
    this.#expected.delete(number);
    expected.done(performance.timeOrigin + performance.now());
  }

  /** The moment, in milliseconds since 1970, at which the last of the switches had a flow to the endpoint; to be asked for before. */
  everywhere(number: number, names: Iterable<string>, timeoutMs = 60_000): Promise<number> {
    const missing = new Set(names);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#expected.delete(number);
        const some = [...missing].slice(0, 5).join(", ");
        reject(new Error(`${missing.size} switches have no flow to endpoint ${number} after ${timeoutMs} ms: ${some}`));
      }, timeoutMs);
      const done = (atMs: number): void => {
        clearTimeout(timer);
        resolve(atMs);
      };
      this.#expected.set(number, { missing, done });
    });
  }
}
