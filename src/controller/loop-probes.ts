// The wiring of loop probes: a timer that sends them, and the switches that bring them back.
import { createHmac, randomBytes } from "node:crypto";
import { OFPP, type PacketIn } from "../../proto/openflow13/index.ts";
import { LoopWatch, type ProbedPort, TICKS_PER_ROUND } from "../discovery/loop-watch.ts";
import type { LoopFacts } from "../model/loops.ts";
import { decodeCookie } from "../pipeline/registry.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { OpenFlowSession } from "../southbound/openflow/index.ts";

export interface LoopProbesOptions {
  /** 0: no probes are sent. */
  readonly intervalMs: number;
  readonly timers: Timers;
  readonly ports: () => readonly ProbedPort[];
  readonly session: (dpid: string) => OpenFlowSession | null;
  readonly changed: () => void;
  /** What was heard at this port is not to be believed. */
  readonly doubt: (dpid: string, ofport: number) => void;
}

/** By this controller, to all switches together. */
const MAX_PROBES_PER_SEC = 1000;
const KEY_BYTES = 32;

/** A copy that CLASSIFY made of a probe, and not of a frame. */
export function isProbe(packetIn: PacketIn): boolean {
  return decodeCookie(packetIn.cookie)?.kind === "probe";
}

export class LoopProbes {
  readonly #options: LoopProbesOptions;
  readonly #watch: LoopWatch;
  #timer: { cancel(): void } | null = null;
  #stopped = false;

  /** The key dies with the controller: after a restart probes that are still on their way count for nothing. */
  constructor(options: LoopProbesOptions) {
    const key = randomBytes(KEY_BYTES);
    this.#options = options;
    this.#watch = new LoopWatch((bytes) => createHmac("sha256", key).update(bytes).digest());
    this.#arm();
  }

  get facts(): LoopFacts {
    return this.#watch.facts;
  }

  #arm(): void {
    const { intervalMs, timers } = this.#options;
    if (intervalMs === 0 || this.#stopped) return;
    this.#timer = timers.setTimer(intervalMs / TICKS_PER_ROUND, () => {
      this.#send();
      this.#arm();
    });
  }

  #send(): void {
    const { intervalMs, session, changed, doubt } = this.#options;
    const ports = this.#options.ports();
    const limit = Math.max(1, Math.floor((MAX_PROBES_PER_SEC * intervalMs) / TICKS_PER_ROUND / 1000));
    const { probes, changed: news, doubtful } = this.#watch.tick(ports, limit);
    for (const { dpid, ofport, frame } of probes) {
      session(dpid)?.packetOut({ actions: [{ kind: "output", port: ofport, maxLen: 0 }], data: frame });
    }
    for (const { hostId, ofport } of doubtful) {
      const port = ports.find((one) => one.hostId === hostId && one.ofport === ofport);
      if (port !== undefined) doubt(port.dpid, ofport);
    }
    if (news) changed();
  }

  received(dpid: string, packetIn: PacketIn): void {
    const tlv = packetIn.match.find((one) => one.field === "in_port");
    const ofport = tlv === undefined || tlv.field === "unknown" ? OFPP.ANY : Number(tlv.value);
    if (this.#watch.received(this.#options.ports(), dpid, ofport, packetIn.data)) this.#options.changed();
  }

  /** A switch was read that has ports cut off. */
  remember(dpid: string, ofports: Iterable<number>): void {
    if (this.#options.intervalMs > 0) this.#watch.remember(dpid, ofports);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
