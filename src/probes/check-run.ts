// The course of a check: probes in rounds, each for what the one before has left open. It knows no sockets.
import type { CheckSizeView } from "../api/check-views.ts";
import type { HostId } from "../model/facts.ts";
import type { Timers } from "../reconcile/timers.ts";
import { type CheckPath, SMALL_BYTES } from "./check-paths.ts";

export interface CheckSender {
  /** Before each batch: the switches are to catch probes for some seconds more. */
  ready(): Promise<void>;
  send(path: CheckPath, number: number, bytes: number): void;
  /** Those of these hosts whose switches do not answer, and so may neither have taken nor told of probes. */
  stalled(hosts: ReadonlySet<HostId>): Promise<ReadonlySet<HostId>>;
}

/** What was found out of one path. */
export interface CheckResult {
  readonly path: CheckPath;
  readonly sizes: readonly CheckSizeView[];
  readonly fits: number | null;
  /** The shortest time from the controller by the path and back to it. */
  readonly leastMs: number | null;
  /** A host where a probe came out that was not for it. */
  readonly strayedTo: HostId | null;
  /** The end whose switch stood still, and what was to be sent there (0: nothing); null where both took and told of all. */
  readonly stalled: { readonly host: HostId; readonly bytes: number } | null;
  /** Whether probes were lost in the last round that was sent for it, too. */
  readonly stillLoses: boolean;
}

interface Probe {
  readonly path: number;
  readonly bytes: number;
  /** 2: sent once more, after some were lost. */
  readonly round: 1 | 2;
  sentMs: number;
  received: boolean;
}

/** A controller's share of a switch's attention stays small; and so does its own buffer. */
const BATCH = 50;
const BATCH_GAP_MS = 10;
/** After the last probe for those that are under way: a switch answers in a millisecond, a busy one in many. */
const WAIT_MS = 700;
/** So many probes altogether are no burden: with few paths each gets more of them, and small losses show. */
const PROBES_IN_ALL = 4_000;
const MANY_SMALL = 20;
const FEW_SMALL = 2;
const LADDER_STEPS = 32;
/** Paths of which the size that passes is found to the byte: where all are too narrow, a few tell as much. */
const MOST_MEASURED = 200;
/** Paths whose time is taken, and how often each. */
const MOST_TIMED = 200;
const TIMED = 3;
const TIMED_WAIT_MS = 100;

export class CheckRun {
  readonly #paths: readonly CheckPath[];
  readonly #sender: CheckSender;
  readonly #timers: Timers;
  readonly #probes: Probe[] = [];
  readonly #byPath = new Map<number, Probe[]>();
  readonly #strayed = new Map<number, HostId>();
  readonly #stalled = new Map<HostId, number>();
  readonly #leastMs = new Map<number, number>();
  #open = 0;
  #isTiming = false;
  #isAgain = false;
  #planned = 0;
  readonly #limitMs: number;
  #startedMs = 0;
  #notify: () => void = () => undefined;

  /** @param limitMs after it nothing more is sent; what was under way is still waited for. */
  constructor(
    paths: readonly CheckPath[],
    sender: CheckSender,
    timers: Timers,
    limitMs: number = Number.POSITIVE_INFINITY,
  ) {
    this.#limitMs = limitMs;
    this.#paths = paths;
    this.#sender = sender;
    this.#timers = timers;
  }

  get progress(): { readonly done: number; readonly of: number } {
    return { done: this.#probes.length, of: this.#planned };
  }

  get counts(): { readonly sent: number; readonly received: number } {
    return { sent: this.#probes.length, received: this.#probes.filter((probe) => probe.received).length };
  }

  /** A probe has come out at a host. @param vni where the switch has put it into a network */
  received(number: number, host: HostId, vni: number | null): void {
    const probe = this.#probes[number];
    const path = probe === undefined ? undefined : this.#paths[probe.path];
    if (probe === undefined || path === undefined || probe.received) return;
    if (path.to !== host) {
      this.#strayed.set(probe.path, host);
      return;
    }
    if (path.vni !== null && path.vni !== vni) return;
    probe.received = true;
    this.#open -= 1;
    if (this.#isTiming) {
      const tookMs = this.#timers.now() - probe.sentMs;
      this.#leastMs.set(probe.path, Math.min(tookMs, this.#leastMs.get(probe.path) ?? tookMs));
    }
    if (this.#open === 0) this.#notify();
  }

  async run(): Promise<readonly CheckResult[]> {
    this.#startedMs = this.#timers.now();
    const indexes = this.#paths.flatMap((path, at) => (path.unchecked === null ? [at] : []));
    const small = Math.max(FEW_SMALL, Math.min(MANY_SMALL, Math.floor(PROBES_IN_ALL / Math.max(1, indexes.length))));
    const large = small > FEW_SMALL ? 2 : 1;
    // The small ones by themselves: large ones may be too much for the way from the controller to the switch.
    const first = indexes.flatMap((at) => this.#each(at, small, large));
    await this.#send(first.filter(({ bytes }) => bytes === SMALL_BYTES));
    await this.#send(first.filter(({ bytes }) => bytes !== SMALL_BYTES));
    this.#isAgain = true;
    // Once more for what has lost some: a busy machine is no broken fabric.
    const lossy = indexes.filter((at) => this.#sizes(at).some(({ sent, received }) => received < sent));
    await this.#send(lossy.flatMap((at) => this.#each(at, MANY_SMALL, 4)));
    const tight = lossy
      .filter((at) => this.#smallest(at) > 0 && this.#sizes(at).some(({ received }) => received === 0))
      .slice(0, MOST_MEASURED);
    for (const steps of [LADDER_STEPS, LADDER_STEPS]) await this.#send(tight.flatMap((at) => this.#ladder(at, steps)));
    await this.#time(indexes.filter((at) => this.#paths[at]?.kind !== "network" && this.#smallest(at) > 0));
    return this.#paths.map((path, at) => this.#result(path, at));
  }

  /** One probe at a time: among many each would wait for those before it. */
  async #time(indexes: readonly number[]): Promise<void> {
    if (indexes.length > MOST_TIMED) return;
    this.#isTiming = true;
    for (const at of indexes) {
      for (let again = 0; again < TIMED; again++) {
        await this.#send([{ path: at, bytes: SMALL_BYTES, sentMs: 0, received: false }], TIMED_WAIT_MS);
      }
    }
    this.#isTiming = false;
  }

  #each(at: number, small: number, large: number): readonly Omit<Probe, "round">[] {
    const sizes = this.#paths[at]?.sizes ?? [];
    return sizes.flatMap(({ name, bytes }) =>
      Array.from({ length: name === "small" ? small : large }, () => ({ path: at, bytes, sentMs: 0, received: false })),
    );
  }

  /** Sizes between the largest that passes and the smallest that does not. */
  #ladder(at: number, steps: number): readonly Omit<Probe, "round">[] {
    const [passes, fails] = this.#bounds(at);
    const step = Math.max(1, Math.ceil((fails - passes) / steps));
    const probes: Omit<Probe, "round">[] = [];
    for (let bytes = passes + step; bytes < fails; bytes += step) {
      for (let again = 0; again < 2; again++) probes.push({ path: at, bytes, sentMs: 0, received: false });
    }
    return probes;
  }

  #bounds(at: number): readonly [number, number] {
    const own = this.#probesOf(at);
    const passes = Math.max(0, ...own.filter((probe) => probe.received).map(({ bytes }) => bytes));
    const fails = Math.min(...own.map(({ bytes }) => bytes).filter((bytes) => bytes > passes));
    return [passes, fails];
  }

  async #send(wanted: readonly Omit<Probe, "round">[], waitMs: number = WAIT_MS): Promise<void> {
    if (wanted.length === 0) return;
    this.#planned += wanted.length;
    for (let from = 0; from < wanted.length; from += BATCH) {
      if (this.#timers.now() - this.#startedMs >= this.#limitMs) break;
      if (from > 0) await this.#pause(BATCH_GAP_MS);
      await this.#sender.ready();
      for (const one of wanted.slice(from, from + BATCH)) {
        const number = this.#probes.length;
        const path = this.#paths[one.path];
        if (path === undefined || this.#stalled.has(path.from) || this.#stalled.has(path.to)) continue;
        const probe: Probe = { ...one, round: this.#isAgain ? 2 : 1, sentMs: this.#timers.now() };
        this.#probes.push(probe);
        this.#probesOf(one.path).push(probe);
        this.#open += 1;
        this.#sender.send(path, number, one.bytes);
      }
    }
    if (this.#open > 0) await this.#pause(waitMs, true);
    if (this.#open > 0) await this.#lookForStalls(wanted);
    this.#open = 0;
  }

  async #lookForStalls(wanted: readonly Omit<Probe, "round">[]): Promise<void> {
    const largest = new Map<HostId, number>();
    const lossy = new Set(wanted.map(({ path: at }) => at).filter((at) => this.#isOpen(at)));
    for (const { path: at, bytes } of wanted) {
      const path = this.#paths[at];
      if (path === undefined || !lossy.has(at)) continue;
      largest.set(path.from, Math.max(bytes, largest.get(path.from) ?? 0));
      largest.set(path.to, largest.get(path.to) ?? 0);
    }
    const stalled = await this.#sender.stalled(new Set(largest.keys()));
    for (const host of stalled) if (!this.#stalled.has(host)) this.#stalled.set(host, largest.get(host) ?? 0);
  }

  #isOpen(at: number): boolean {
    return this.#probesOf(at).some(({ received }) => !received);
  }

  /** @param untilAll whether it ends when all that was sent has come out. */
  #pause(ms: number, untilAll = false): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#timers.setTimer(ms, () => finish());
      const finish = (): void => {
        this.#notify = () => undefined;
        timer.cancel();
        resolve();
      };
      if (untilAll) this.#notify = finish;
    });
  }

  /** What has all come through before an end stood still is known. */
  #stalledEnd({ from, to, unchecked, sizes }: CheckPath, own: readonly Probe[]): CheckResult["stalled"] {
    if (unchecked !== null) return null;
    if (
      own.length > 0 &&
      own.every(({ received }) => received) &&
      sizes.every(({ bytes }) => own.some((probe) => probe.bytes === bytes))
    )
      return null;
    const isWhole = sizes.every(({ bytes }) => own.some((probe) => probe.bytes === bytes && probe.received));
    for (const host of [from, to]) {
      const bytes = this.#stalled.get(host);
      if (bytes === undefined || (host === to && isWhole)) continue;
      return { host, bytes };
    }
    return null;
  }

  #sizes(at: number): readonly CheckSizeView[] {
    const own = this.#probesOf(at);
    return (this.#paths[at]?.sizes ?? []).map(({ name, bytes }) => {
      const same = own.filter((probe) => probe.bytes === bytes);
      return { name, bytes, sent: same.length, received: same.filter((probe) => probe.received).length };
    });
  }

  #probesOf(at: number): Probe[] {
    const known = this.#byPath.get(at) ?? [];
    this.#byPath.set(at, known);
    return known;
  }

  #smallest(at: number): number {
    return this.#sizes(at).find(({ name }) => name === "small")?.received ?? 0;
  }

  #result(path: CheckPath, at: number): CheckResult {
    const own = this.#probesOf(at);
    const passed = own.filter((probe) => probe.received).map(({ bytes }) => bytes);
    const again = own.filter((probe) => probe.round === 2 && path.sizes.some(({ bytes }) => bytes === probe.bytes));
    return {
      path,
      sizes: this.#sizes(at),
      fits: passed.length === 0 ? null : Math.max(...passed),
      leastMs: this.#leastMs.get(at) ?? null,
      strayedTo: this.#strayed.get(at) ?? null,
      stalled: this.#stalledEnd(path, own),
      stillLoses: again.some((probe) => !probe.received),
    };
  }
}
