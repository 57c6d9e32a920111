// A probe between two guests: who is silent for how long while something happens.
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Guest } from "../../src/lab/index.ts";
import { INTERVAL_MS, KINDS, type Kind } from "./wire.ts";

/** Silence in milliseconds; null: it was not over when nobody waited any longer. */
export type Outage = Readonly<Record<Kind, number | null>>;

export interface Silence extends Outage {
  /** Answers and broadcasts that never came. */
  readonly lost: number;
  /** Those that came more than once. */
  readonly duplicates: number;
}

/** What passes for the machine having something else to do. */
const HICCUP_MS = 150;
/** Silent for so long at the end: not back. */
const LOST_MS = 1000;

const now = (): number => performance.timeOrigin + performance.now();

export class Probe {
  readonly #children: readonly ChildProcess[];
  readonly #arrivals: Record<Kind, number[]> = { unicast: [], broadcast: [] };
  readonly #seen: Record<Kind, Set<number>> = { unicast: new Set(), broadcast: new Set() };
  readonly #newest: Record<Kind, number> = { unicast: -1, broadcast: -1 };
  #duplicates = 0;

  constructor(from: Guest, to: Guest) {
    const program = (name: string, ...args: string[]): string[] => [
      process.execPath,
      join(import.meta.dirname, `${name}.js`),
      ...args,
    ];
    this.#children = [to.spawn(program("receiver")), from.spawn(program("sender", from.ip, to.ip))];
    for (const { stdout } of this.#children)
      if (stdout !== null) createInterface({ input: stdout }).on("line", (line) => this.#read(line));
  }

  #read(line: string): void {
    const [kind, text, at] = line.split(" ");
    if (kind !== "unicast" && kind !== "broadcast") return;
    const sequence = Number(text);
    if (this.#seen[kind].has(sequence)) this.#duplicates++;
    this.#seen[kind].add(sequence);
    this.#newest[kind] = Math.max(this.#newest[kind], sequence);
    this.#arrivals[kind].push(Number(at));
  }

  /** Resolves when both kinds arrive. */
  async first(timeoutSec: number): Promise<void> {
    const deadline = now() + timeoutSec * 1000;
    while (KINDS.some((kind) => this.#arrivals[kind].length === 0)) {
      if (now() > deadline) throw new Error(`nothing has arrived within ${timeoutSec} s`);
      await sleep(10);
    }
  }

  /** The longest silence since a moment, whether it has ended, and whether nothing has been missing for so long. */
  #silence(kind: Kind, since: number, calmMs: number) {
    const arrivals = this.#arrivals[kind];
    const end = now();
    let [longest, next, lastSilence] = [0, Number.NaN, since];
    // Backwards, to the last one before the moment: with that one the silence began.
    for (let at = arrivals.length - 1; at >= 0; at--) {
      const arrival = arrivals[at] ?? 0;
      const gap = next - arrival;
      if (gap > HICCUP_MS) lastSilence = Math.max(lastSilence, next);
      if (gap > longest) longest = gap;
      next = arrival;
      if (arrival < since) break;
    }
    const last = arrivals.at(-1) ?? 0;
    const back = last > since && end - last < LOST_MS;
    return { ms: longest, back, over: back && end - last < HICCUP_MS && end - lastSilence >= calmMs };
  }

  /** Of what was sent since a number: what has not come, though something sent after it has. */
  #lostSince(kind: Kind, from: number): number {
    let came = 0;
    for (let sequence = from + 1; sequence <= this.#newest[kind]; sequence++)
      if (this.#seen[kind].has(sequence)) came++;
    return this.#newest[kind] - from - came;
  }

  /** Does something and waits until both kinds have come without a gap for a while. */
  async during(action: () => Promise<void>, limits: { calmMs: number; giveUpMs: number }): Promise<Silence> {
    const since = now();
    const before = this.#duplicates;
    const newest = { ...this.#newest };
    await action();
    const measure = () => KINDS.map((kind) => this.#silence(kind, since, limits.calmMs));
    while (now() - since < limits.giveUpMs && measure().some(({ over }) => !over)) await sleep(50);
    // A machine that is never calm has got over the cut nevertheless.
    const [unicast, broadcast] = measure().map(({ ms, back }) => (back ? Math.max(0, ms - INTERVAL_MS) : null));
    const lost = KINDS.reduce((sum, kind) => sum + this.#lostSince(kind, newest[kind]), 0);
    const duplicates = this.#duplicates - before;
    return { unicast: unicast ?? null, broadcast: broadcast ?? null, lost, duplicates };
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        const closed = new Promise((resolve) => child.once("close", resolve));
        child.kill("SIGTERM");
        await closed;
      }),
    );
  }
}
