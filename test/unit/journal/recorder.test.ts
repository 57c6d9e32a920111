import { beforeEach, describe, expect, it } from "vitest";
import { Journal } from "../../../src/journal/journal.ts";
import { type Known, pictureOf } from "../../../src/journal/known.ts";
import { Recorder } from "../../../src/journal/recorder.ts";
import { endpoint, HOSTS, host } from "./pictures.ts";

/** Time that is turned by hand. */
class Hands {
  ms = 0;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  readonly now = (): number => this.ms;
  readonly setTimer = (delayMs: number, callback: () => void) => {
    const timer = { atMs: this.ms + delayMs, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((one) => one !== timer);
      },
    };
  };
  turn(ms: number): void {
    const endMs = this.ms + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.ms = Math.max(this.ms, next.atMs);
      next.callback();
    }
    this.ms = endMs;
  }
}

let hands: Hands;
let journal: Journal;
let world: readonly Known[];
let isHolding: boolean;
let recorder: Recorder;
beforeEach(() => {
  hands = new Hands();
  journal = new Journal({
    path: null,
    maxBytes: 1e6,
    timers: hands,
    wallClock: () => hands.ms,
    problemChanged: () => undefined,
  });
  world = HOSTS;
  isHolding = false;
  recorder = new Recorder({ journal, picture: () => pictureOf(world), settling: () => isHolding, timers: hands });
  hands.turn(10_000);
});

const told = () => journal.since(0, 1000).map(({ kind }) => kind);

describe("the recorder", () => {
  it("tells what it sees once, and nothing while nothing changes", () => {
    expect(told()).toEqual(["host/joined", "host/joined", "host/joined"]);
    hands.turn(60_000);
    expect(told()).toHaveLength(3);
  });

  it("looks soon after something has changed", () => {
    world = [...HOSTS, endpoint()];
    recorder.changed();
    hands.turn(100);
    expect(told().at(-1)).toBe("endpoint/appeared");
  });

  it("sees what nobody told it of, a little later", () => {
    world = [host(1), host(2), host(3, { state: "down" })];
    hands.turn(2_500);
    expect(told().at(-1)).toBe("host/left");
  });

  it("tells of what flaps a few times, then seldom and how often, and at last how it is", () => {
    world = [...HOSTS, endpoint()];
    recorder.changed();
    hands.turn(100);
    const before = told().length;
    for (let at = 0; at < 300; at++) {
      world = [...HOSTS, endpoint({ host: `host${(at % 2) + 2}` })];
      recorder.changed();
      hands.turn(100);
    }
    const events = journal.since(before, 1000);
    expect(events.length).toBeLessThan(12);
    expect(events.some(({ message }) => /has changed \d\d+ times in \d+ s/.test(message))).toBe(true);
    expect(events.reduce((sum, { details }) => sum + Number(details.times ?? 1), 0)).toBeGreaterThan(250);
    hands.turn(60_000);
    expect(journal.told.get("endpoint default 02:00:00:00:00:01")).toMatchObject({ host: "host3" });
  });

  it("tells of what flapped and is as it was that it did", () => {
    world = [...HOSTS, endpoint()];
    recorder.changed();
    hands.turn(100);
    for (let at = 0; at < 19; at++) {
      world = [...HOSTS, endpoint({ host: at % 2 === 0 ? "host2" : "host1" })];
      recorder.changed();
      hands.turn(100);
    }
    const { host: last } = journal.told.get("endpoint default 02:00:00:00:00:01") as { host: string };
    world = [...HOSTS, endpoint({ host: last })];
    hands.turn(30_000);
    expect(journal.last).toMatchObject({ kind: "endpoint/flapping", severity: "warning" });
    expect(journal.last?.message).toMatch(/times in \d+ s, and is as it was$/);
    const { length } = told();
    hands.turn(60_000);
    expect(told()).toHaveLength(length);
  });

  it("after a start tells nothing as gone until hosts had time to come back, and then what is", async () => {
    const before = journal.since(0, 1000).length;
    recorder.stop();
    world = [];
    isHolding = true;
    const next = new Recorder({ journal, picture: () => pictureOf(world), settling: () => isHolding, timers: hands });
    hands.turn(10_000);
    world = [host(1)];
    next.changed();
    hands.turn(3_000);
    expect(journal.since(before, 1000)).toEqual([]);
    isHolding = false;
    world = [host(1), host(2, { state: "down", openflow: false }), host(3)];
    next.changed();
    hands.turn(3_000);
    expect(journal.since(before, 1000).map(({ kind, host }) => `${kind} ${host}`)).toEqual(["host/left host2"]);
    next.stop();
  });

  it("looks no more once it is stopped", () => {
    recorder.stop();
    world = [];
    recorder.changed();
    hands.turn(60_000);
    expect(told()).toHaveLength(3);
  });
});
