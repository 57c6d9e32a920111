// What was heard in the fabric and on each lone switch, with the clock that lets disputes end. It wires, and holds no rule.
import { type Station, Whereabouts } from "../discovery/whereabouts.ts";
import type { Fabric } from "../model/fabric.ts";
import type { MobilityRules } from "../model/mobility.ts";
import type { Timers } from "../reconcile/timers.ts";
import { islandKey } from "./islands.ts";
import type { Dpid, ForEach, SwitchEntry } from "./switch-entry.ts";

export interface EndpointWatchOptions {
  readonly rules: MobilityRules;
  readonly perPort: number;
  readonly perHost: number;
  readonly timers: Timers;
  readonly changed: () => void;
  /** Asks a station whether it still has an address. */
  readonly ask: (station: Station) => void;
  /** Tells everyone that a station has an address. */
  readonly defend: (station: Station) => void;
}

/** How often what time may change is looked at, while there is any. */
const TICK_MS = 100;

export class EndpointWatch {
  readonly #options: EndpointWatchOptions;
  readonly fabric: Whereabouts;
  readonly #islands = new Map<Dpid, Whereabouts>();
  #timer: { cancel(): void } | null = null;

  constructor(options: EndpointWatchOptions) {
    this.#options = options;
    this.fabric = this.#make();
  }

  #make(): Whereabouts {
    return new Whereabouts(this.#options.rules, this.#options.perPort, this.#options.perHost);
  }

  /** @param key see `islandKey`. */
  island(key: Dpid): Whereabouts | undefined {
    return this.#islands.get(key);
  }

  /** Of a switch that is a fabric of its own, also before it is drawn as one. */
  lone(dpid: Dpid): Whereabouts {
    const known = this.#islands.get(dpid) ?? this.#make();
    this.#islands.set(dpid, known);
    return known;
  }

  /** Each switch is heard in the fabric that it is part of now; what is declared there is known. */
  follow(switches: readonly SwitchEntry[], fabric: Fabric, islands: ReadonlyMap<Dpid, Fabric>, ofEach: ForEach): void {
    const now = this.#options.timers.now();
    let changed = false;
    for (const entry of switches) {
      const part = this.#partOf(entry, islands.get(entry.dpid));
      if (entry.whereabouts === part) continue;
      ofEach(entry, () => {
        part.load(entry.dpid, entry.whereabouts.take(entry.dpid), now);
        entry.whereabouts = part;
        changed = true;
      });
    }
    const used = new Set([...switches].map((entry) => entry.whereabouts));
    for (const [key, part] of this.#islands) if (!used.has(part)) this.#islands.delete(key);
    if (this.fabric.declare(fabric.declared, now)) changed = true;
    for (const island of new Set(islands.values())) {
      if (this.#islands.get(islandKey(island))?.declare(island.declared, now) === true) changed = true;
    }
    if (changed) this.#options.changed();
    this.#wind();
  }

  /** A lone switch that has gone is no part of the fabric either. */
  #partOf(entry: SwitchEntry, island: Fabric | undefined): Whereabouts {
    if (island !== undefined) return this.lone(islandKey(island));
    return entry.readback?.plain == null || entry.session !== null ? this.fabric : entry.whereabouts;
  }

  get #parts(): readonly Whereabouts[] {
    return [this.fabric, ...this.#islands.values()];
  }

  #wind(): void {
    if (this.#timer !== null || !this.#parts.some((part) => part.isRestless)) return;
    this.#timer = this.#options.timers.setTimer(TICK_MS, () => {
      this.#timer = null;
      this.#tick();
    });
  }

  #tick(): void {
    const now = this.#options.timers.now();
    let changed = false;
    for (const part of this.#parts) {
      if (part.tick(now)) changed = true;
      for (const station of part.questions(now)) this.#options.ask(station);
      for (const station of part.defended(now)) this.#options.defend(station);
    }
    if (changed) this.#options.changed();
    this.#wind();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
