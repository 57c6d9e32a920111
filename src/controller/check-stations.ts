// The switches that take part in a check: each has the flows that catch its probes. One that does not answer stops no check.
import type { FabricHost } from "../model/fabric.ts";
import type { HostId } from "../model/facts.ts";
import type { DesiredFlow } from "../pipeline/desired.ts";
import { PASSING_SEC } from "../pipeline/registry.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { OpenFlowSession } from "../southbound/openflow/index.ts";
import { answersWithin, PROBE_MS } from "./answers-within.ts";
import { concurrently } from "./concurrently.ts";
import { addPassing, removePassing } from "./passing-flows.ts";
import { roundTripMs } from "./round-trip.ts";
import type { Dpid, SwitchEntry } from "./switch-entry.ts";
import { within } from "./within.ts";

export interface CheckStationsOptions {
  readonly switchOf: (host: FabricHost) => SwitchEntry | null;
  /** Whether anything may be written to the host's switch. */
  readonly isServed: (host: FabricHost) => boolean;
  readonly timers: Timers;
}

/** Of a large fabric all have to be told in a few seconds: their flows last no longer. */
const AT_ONCE = 64;
/** A switch that takes longer to do what it is told is left out. */
const ANSWER_MS = 5_000;
/** Probes are sent while their flows have at least half of their time. */
const REARM_MS = (PASSING_SEC * 1000) / 2;

export class CheckStations {
  readonly #timers: Timers;
  readonly #flows: readonly DesiredFlow[];
  readonly #all = new Map<HostId, OpenFlowSession>();
  readonly #silent = new Set<HostId>();
  readonly #absences = new Map<HostId, string>();
  readonly #hostAt = new Map<Dpid, HostId>();
  #armedMs = Number.NEGATIVE_INFINITY;

  /** @param hosts every one: what comes out at the wrong switch is to be caught as well. */
  constructor(hosts: Iterable<FabricHost>, flows: readonly DesiredFlow[], options: CheckStationsOptions) {
    this.#timers = options.timers;
    this.#flows = flows;
    for (const host of hosts) {
      const entry = options.switchOf(host);
      if (entry?.session == null) this.#absences.set(host.id, "is not connected by OpenFlow");
      else if (!options.isServed(host)) this.#absences.set(host.id, "is not served (yet)");
      else {
        this.#all.set(host.id, entry.session);
        this.#hostAt.set(entry.dpid, host.id);
      }
    }
  }

  hostAt(dpid: Dpid): HostId | undefined {
    return this.#hostAt.get(dpid);
  }

  /** Those that answer. */
  session(host: HostId): OpenFlowSession | undefined {
    return this.#silent.has(host) ? undefined : this.#all.get(host);
  }

  /** Why probes can't be sent and caught there, as in "is not connected by OpenFlow"; null where they can. */
  absence(host: HostId): string | null {
    return this.#silent.has(host)
      ? "does not take the flows that catch probes, or not in time"
      : (this.#absences.get(host) ?? null);
  }

  /** The flows stand for some seconds more. */
  async arm(): Promise<void> {
    const now = this.#timers.now();
    if (now - this.#armedMs < REARM_MS) return;
    this.#armedMs = now;
    await concurrently(AT_ONCE, this.#all, async ([id, session]) => {
      if (this.#silent.has(id)) return;
      if (!(await answersWithin(ANSWER_MS, () => addPassing(session, this.#flows), this.#timers))) this.#silent.add(id);
    });
  }

  /** Also of those that did not answer: they may have taken them in. */
  async disarm(): Promise<void> {
    await concurrently(AT_ONCE, this.#all.values(), (session) =>
      answersWithin(ANSWER_MS, () => removePassing(session, this.#flows), this.#timers),
    );
  }

  /** How long each of these takes to answer. */
  async delays(hosts: Iterable<HostId>): Promise<ReadonlyMap<HostId, number>> {
    const delays = new Map<HostId, number>();
    await concurrently(AT_ONCE, hosts, async (id) => {
      const session = this.session(id);
      const ms =
        session === undefined ? null : await within(ANSWER_MS, roundTripMs(session, this.#timers), this.#timers);
      if (ms !== null) delays.set(id, ms);
    });
    return delays;
  }

  /** Those of these that have not done what they were sent, or have gone. */
  async stalled(hosts: ReadonlySet<HostId>): Promise<ReadonlySet<HostId>> {
    const found = new Set<HostId>();
    await concurrently(hosts.size, hosts, async (id) => {
      const session = this.session(id);
      if (session === undefined || !(await answersWithin(PROBE_MS, () => session.barrier(), this.#timers)))
        found.add(id);
    });
    return found;
  }
}
