// How long a new MAC takes to every switch of a fabric, and how long a fabric's flows take to switches that have lost them.
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadedSwitch, PlayedFleet } from "./played-fleet.ts";

export interface SpreadResult {
  /** From the packet-ins until the last switch held the flow of the last MAC. */
  readonly ms: number;
  /** All flow-mods that were written for them. */
  readonly flowMods: number;
}

export interface InstallResult {
  /** From the first new connection until nothing was left to write. */
  readonly ms: number;
  readonly flowMods: number;
  /** Of the switch that holds the fewest. */
  readonly leastFlows: number;
}

const POLL_MS = 1;
/** Above all counts that loads have used. */
const FIRST_SPREAD = 0xf0_0000;
const QUIET_MS = 500;

function written(switches: readonly LoadedSwitch[]): number {
  return switches.reduce((sum, { played }) => sum + played.flowMods, 0);
}

export class Spreading {
  readonly #switches: readonly LoadedSwitch[];
  #next = FIRST_SPREAD;

  constructor(switches: readonly LoadedSwitch[]) {
    this.#switches = switches;
  }

  /** Says so many new MACs at once, at the first switch. */
  async spread(macs: number, timeoutMs: number): Promise<SpreadResult> {
    const [first] = this.#switches;
    if (first === undefined) throw new Error("there are no switches");
    const from = this.#next;
    this.#next += macs;
    const before = written(this.#switches);
    const named = new Map(this.#switches.map(({ played }) => [played.number, new Uint8Array(macs)]));
    let missing = macs * this.#switches.length;
    let lastMs = 0;
    const listener = {
      flow: (number: number, mac: number): void => {
        const marks = named.get(number);
        const place = (mac % 0x100_0000) - from;
        if (marks === undefined || place < 0 || place >= macs || marks[place] === 1) return;
        marks[place] = 1;
        missing -= 1;
        if (missing === 0) lastMs = performance.now();
      },
      echoed: () => undefined,
    };
    for (const { played } of this.#switches) {
      played.looksAtDestinations = true;
      played.listener = listener;
    }
    const startMs = performance.now();
    for (let count = from; count < from + macs; count++) first.played.sendPacketIn(first.source, count);
    while (missing > 0) {
      if (performance.now() - startMs > timeoutMs) throw new Error(`${missing} flows are missing`);
      await sleep(POLL_MS);
    }
    for (const { played } of this.#switches) {
      played.looksAtDestinations = false;
      played.listener = null;
    }
    return { ms: lastMs - startMs, flowMods: written(this.#switches) - before };
  }
}

/** All switches lose their flows and connections at once. @param flows that each is to hold in the end, at least */
export async function reinstall(fleet: PlayedFleet, flows: number, timeoutMs: number): Promise<InstallResult> {
  const before = written(fleet.switches);
  const startMs = performance.now();
  fleet.restartSwitches();
  const least = (): number => Math.min(...fleet.switches.map(({ played }) => played.flowsTaken));
  while (least() < flows) {
    if (performance.now() - startMs > timeoutMs) throw new Error(`a switch holds ${least()} of ${flows} flows`);
    await sleep(POLL_MS);
  }
  await fleet.quiet(timeoutMs, QUIET_MS);
  const endMs = Math.max(...fleet.switches.map(({ played }) => played.writtenAtMs));
  const firstMs = Math.min(...fleet.switches.map(({ played }) => played.openedAtMs));
  return { ms: endMs - firstMs, flowMods: written(fleet.switches) - before, leastFlows: least() };
}
