// Packet-ins at a controller, and what comes of them: closed loops that keep so many in flight, and open loops at a fixed rate.
import { setTimeout as sleep } from "node:timers/promises";
import { Latencies, type LatencySummary } from "../harness/latencies.ts";
import { OpenLoopClock } from "../harness/open-loop.ts";
import type { LoadedSwitch } from "./played-fleet.ts";

export type Macs = "new" | "known";
/** A flow that names the packet's source; or, of a controller that answers nothing to what it knows, an echo behind a batch. */
export type Answer = "flow" | "echo";

export interface ClosedLoopOptions {
  readonly inFlight: number;
  readonly macs: Macs;
  readonly answer: Answer;
  readonly warmUpSec: number;
  readonly seconds: number;
  /** Each switch sends no more than so many new MACs. */
  readonly maxPerSwitch: number;
}

export interface OpenLoopOptions {
  readonly perSec: number;
  readonly macs: Macs;
  readonly answer: Answer;
  readonly seconds: number;
}

export interface LoopResult {
  readonly answered: number;
  readonly perSec: number;
  readonly latency: LatencySummary;
}

export interface OpenLoopResult extends LoopResult {
  readonly sent: number;
  /** Sent, and not answered within a grace after the end. */
  readonly lost: number;
}

/** MAC 0 of a switch is the target; those from here on are the sources. */
const FIRST = 1;
export const KNOWN_MACS = 64;
const LARGEST_COUNT = 0xff_ffff;
const GRACE_MS = 3_000;
/** Above what a closed loop has in flight, however much later the last of it is answered than the first. */
const CLOSED_RING = 1 << 14;

/** What one switch has sent and not got an answer to. */
interface Flight {
  readonly one: LoadedSwitch;
  /** When each was sent, or was due; by its place in the order of sending, round and round. */
  readonly sentMs: Float64Array;
  /** In which round a place was answered last, from 1. */
  readonly answeredIn: Uint8Array;
  sent: number;
  answered: number;
  /** Echo requests under way: how many packet-ins went before each. */
  readonly batches: number[];
  /** The count of the first MAC of this load. */
  readonly first: number;
}

function flightOf(one: LoadedSwitch, first: number, ring: number): Flight {
  const places = { sentMs: new Float64Array(ring), answeredIn: new Uint8Array(ring) };
  return { one, ...places, sent: 0, answered: 0, batches: [], first };
}

export class Load {
  readonly #switches: readonly LoadedSwitch[];
  /** New MACs begin here: never used before in this fleet. */
  #unused = FIRST + KNOWN_MACS;

  constructor(switches: readonly LoadedSwitch[]) {
    this.#switches = switches;
  }

  /**
   * Says where each target is, and makes the known MACs known.
   * @param isAnswered whether each of them is answered by a flow that names it: they are waited for, then
   */
  async introduce(isAnswered: boolean, timeoutMs: number): Promise<void> {
    const unheard = new Set<number>();
    for (const { played, source, target } of this.#switches) {
      for (let count = 0; count < FIRST + KNOWN_MACS; count++) {
        unheard.add(played.number * 0x100_0000 + count);
        played.sendPacketIn(count === 0 ? target : source, count);
      }
      played.listener = { flow: (_, mac) => void unheard.delete(mac), echoed: () => undefined };
    }
    const deadline = performance.now() + timeoutMs;
    while (isAnswered && unheard.size > 0) {
      if (performance.now() > deadline) throw new Error(`${unheard.size} MACs were never answered`);
      await sleep(5);
    }
    this.#deafen();
  }

  async closed(options: ClosedLoopOptions): Promise<LoopResult> {
    const { inFlight, macs, answer, warmUpSec, seconds, maxPerSwitch } = options;
    const flights = this.#flights(CLOSED_RING);
    const latencies = new Latencies();
    const from = performance.now() + warmUpSec * 1000;
    const until = from + seconds * 1000;
    let counted = 0;
    let lastMs = from;
    const batch = answer === "echo" ? Math.max(1, inFlight >> 1) : 1;
    const send = (flight: Flight, nowMs: number): void => {
      if (nowMs >= until || (macs === "new" && flight.sent >= maxPerSwitch)) return;
      for (let n = 0; n < batch; n++) this.#send(flight, macs, nowMs);
      if (answer === "echo") this.#echo(flight, batch);
    };
    this.#listen(
      flights,
      macs,
      answer,
      (flight, latencyMs, nowMs) => {
        if (nowMs >= from && nowMs < until) {
          counted += 1;
          lastMs = nowMs;
          latencies.add(latencyMs);
        }
        if (answer === "flow") send(flight, nowMs);
      },
      (flight, nowMs) => send(flight, nowMs),
    );
    const startMs = performance.now();
    for (const flight of flights) for (let n = 0; n < Math.max(1, inFlight / batch); n++) send(flight, startMs);
    const isDone = (): boolean =>
      performance.now() >= until ||
      (macs === "new" && flights.every(({ sent, answered }) => sent >= maxPerSwitch && answered >= sent));
    while (!isDone()) await sleep(5);
    await this.#settle(flights, GRACE_MS);
    this.#deafen();
    // Where all MACs were used up before the time was over, the time that it took counts.
    const spanMs = macs === "new" && flights.every(({ sent }) => sent >= maxPerSwitch) ? lastMs - from : until - from;
    return { answered: counted, perSec: (counted * 1000) / Math.max(1, spanMs), latency: latencies.summary() };
  }

  async open({ perSec, macs, answer, seconds }: OpenLoopOptions): Promise<OpenLoopResult> {
    const flights = this.#flights(Math.ceil((perSec * seconds) / this.#switches.length));
    const latencies = new Latencies();
    let answered = 0;
    this.#listen(flights, macs, answer, (_flight, latencyMs) => {
      answered += 1;
      latencies.add(latencyMs);
    });
    const startMs = performance.now() + 50;
    const clock = new OpenLoopClock(startMs, perSec, seconds);
    while (!clock.isOver) {
      const [due, end] = clock.take(performance.now());
      for (let request = due; request < end; request++) {
        const flight = flights[request % flights.length];
        if (flight !== undefined) this.#send(flight, macs, clock.dueAtMs(request));
      }
      if (answer === "echo" && end > due) {
        for (const flight of flights) {
          const open = flight.sent - flight.answered - flight.batches.reduce((sum, size) => sum + size, 0);
          if (open > 0) this.#echo(flight, open);
        }
      }
      await new Promise(setImmediate);
    }
    await this.#settle(flights, GRACE_MS);
    this.#deafen();
    return {
      sent: clock.total,
      answered,
      lost: clock.total - answered,
      perSec: answered / seconds,
      latency: latencies.summary(),
    };
  }

  #flights(ring: number): readonly Flight[] {
    const first = this.#unused;
    return this.#switches.map((one) => flightOf(one, first, ring));
  }

  #send(flight: Flight, macs: Macs, atMs: number): void {
    const { one, sentMs, sent, first } = flight;
    const count = macs === "new" ? first + sent : FIRST + (sent % KNOWN_MACS);
    if (count > LARGEST_COUNT) throw new Error("the load has no more MACs");
    if (macs === "new" && count >= this.#unused) this.#unused = count + 1;
    sentMs[sent % sentMs.length] = atMs;
    flight.sent += 1;
    one.played.sendPacketIn(one.source, count);
  }

  #echo(flight: Flight, size: number): void {
    flight.batches.push(size);
    flight.one.played.sendEcho();
  }

  /**
   * Known MACs are answered in the order in which they were sent. New ones are told apart by the MAC that the flow names,
   * since a controller that gathers may write them in any order; each counts once.
   */
  #listen(
    flights: readonly Flight[],
    macs: Macs,
    answer: Answer,
    answered: (flight: Flight, latencyMs: number, nowMs: number) => void,
    batchDone: (flight: Flight, nowMs: number) => void = () => undefined,
  ): void {
    const byNumber = new Map(flights.map((flight) => [flight.one.played.number, flight]));
    const take = (flight: Flight, place: number, nowMs: number): void => {
      flight.answered += 1;
      answered(flight, nowMs - (flight.sentMs[place % flight.sentMs.length] ?? nowMs), nowMs);
    };
    const listener = {
      flow: (number: number, mac: number): void => {
        const flight = byNumber.get(number);
        if (answer !== "flow" || flight === undefined || Math.floor(mac / 0x100_0000) !== number) return;
        const nowMs = performance.now();
        if (macs === "known") {
          if (flight.answered < flight.sent) take(flight, flight.answered, nowMs);
          return;
        }
        const place = (mac % 0x100_0000) - flight.first;
        if (place < 0 || place >= flight.sent) return;
        const { answeredIn } = flight;
        const round = (Math.floor(place / answeredIn.length) % 255) + 1;
        if (answeredIn[place % answeredIn.length] === round) return;
        answeredIn[place % answeredIn.length] = round;
        take(flight, place, nowMs);
      },
      echoed: (number: number): void => {
        const flight = byNumber.get(number);
        const size = flight?.batches.shift();
        if (answer !== "echo" || flight === undefined || size === undefined) return;
        const nowMs = performance.now();
        for (let n = 0; n < size; n++) take(flight, flight.answered, nowMs);
        batchDone(flight, nowMs);
      },
    };
    for (const { played } of this.#switches) played.listener = listener;
  }

  #deafen(): void {
    for (const { played } of this.#switches) played.listener = null;
  }

  async #settle(flights: readonly Flight[], graceMs: number): Promise<void> {
    const deadline = performance.now() + graceMs;
    while (performance.now() < deadline && flights.some(({ sent, answered }) => answered < sent)) await sleep(5);
  }
}
