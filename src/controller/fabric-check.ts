// The wiring of checks: the switches that send and catch probes, and the bookkeeping of when they may.
import { randomBytes } from "node:crypto";
import { WeftError } from "../../proto/bytes/errors.ts";
import { bigIntToMac, type Mac } from "../../proto/bytes/mac.ts";
import type { PacketIn } from "../../proto/openflow13/index.ts";
import type { CheckProgressView, CheckRequest, CheckView } from "../api/check-views.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import type { HostId } from "../model/facts.ts";
import { checkProbeFlows } from "../pipeline/probe-flows.ts";
import { decodeCookie, PASSING_SEC } from "../pipeline/registry.ts";
import { CHECK_NONCE_BYTES, checkFrame, readCheckFrame } from "../probes/check-frame.ts";
import { checkPaths } from "../probes/check-paths.ts";
import { CheckRun } from "../probes/check-run.ts";
import { checkView } from "../probes/check-view.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { OpenFlowSession } from "../southbound/openflow/index.ts";
import { answersWithin, PROBE_MS } from "./answers-within.ts";
import { concurrently } from "./concurrently.ts";
import { addPassing, removePassing } from "./passing-flows.ts";
import { roundTripMs } from "./round-trip.ts";
import type { Dpid, SwitchEntry } from "./switch-entry.ts";

export interface FabricChecksOptions {
  readonly fabrics: () => readonly Fabric[];
  readonly switchOf: (host: FabricHost) => SwitchEntry | null;
  /** Of configuration, as it is now. */
  readonly underlay: () => { readonly mtu: number; readonly checksums: boolean };
  readonly timers: Timers;
}

const AT_ONCE = 16;
/** Probes are sent while their flows have at least half of their time. */
const REARM_MS = (PASSING_SEC * 1000) / 2;

interface Running {
  readonly run: CheckRun;
  readonly nonce: Uint8Array;
  readonly hostAt: ReadonlyMap<Dpid, HostId>;
}

export class FabricChecks {
  readonly #options: FabricChecksOptions;
  #running: Running | null = null;
  #isBusy = false;

  constructor(options: FabricChecksOptions) {
    this.#options = options;
  }

  get progress(): CheckProgressView {
    return this.#running?.run.progress ?? { done: 0, of: 0 };
  }

  /** Whether a packet-in is a probe of a check. */
  received(dpid: Dpid, packetIn: PacketIn): boolean {
    if (decodeCookie(packetIn.cookie)?.kind !== "check-end") return false;
    const host = this.#running?.hostAt.get(dpid);
    const number = this.#running === null ? null : readCheckFrame(packetIn.data, this.#running.nonce);
    if (host !== undefined && number !== null) this.#running?.run.received(number, host, networkIn(packetIn));
    return true;
  }

  /** @throws WeftError `check/running`, `host/unknown`, `host/ambiguous`, `network/unknown` */
  async check(request: CheckRequest): Promise<CheckView> {
    if (this.#isBusy) throw new WeftError("check/running", "a check is under way already; try again when it is done");
    this.#isBusy = true;
    try {
      return await this.#check(request);
    } finally {
      this.#isBusy = false;
      this.#running = null;
    }
  }

  async #check(request: CheckRequest): Promise<CheckView> {
    const { timers, switchOf, underlay } = this.#options;
    const startedMs = timers.now();
    const fabrics = this.#options.fabrics();
    const all = fabrics.flatMap((fabric) => [...fabric.hosts.values()]);
    const sessions = new Map<HostId, OpenFlowSession>();
    const hostAt = new Map<Dpid, HostId>();
    for (const host of all) {
      const entry = switchOf(host);
      if (entry?.session == null) continue;
      sessions.set(host.id, entry.session);
      hostAt.set(entry.dpid, host.id);
    }
    const { mtu, checksums } = underlay();
    const paths = checkPaths(fabrics, {
      isConnected: (host) => sessions.has(host.id),
      underlayMtu: mtu,
      checksums,
      hosts: request.hosts.length === 0 ? null : new Set(request.hosts),
      network: request.network === undefined ? null : vniOf(fabrics, request.network),
    });
    const ends = new Set(paths.flatMap(({ from, to }) => [from, to]));
    const nonce = randomBytes(CHECK_NONCE_BYTES);
    const source = sourceMac();
    const flows = checkProbeFlows(source);
    const delays = new Map<HostId, number>();
    // Every switch: what comes out at the wrong one is to be caught as well.
    const arm = (): Promise<void> =>
      concurrently(AT_ONCE, sessions, async ([id, session]) => {
        await addPassing(session, flows);
        if (ends.has(id) && !delays.has(id)) delays.set(id, await roundTripMs(session, timers));
      });
    let armedMs = timers.now();
    const run = new CheckRun(
      paths,
      {
        ready: async () => {
          if (timers.now() - armedMs < REARM_MS) return;
          await arm();
          armedMs = timers.now();
        },
        send: ({ from, destination, actions }, number, bytes) =>
          sessions.get(from)?.packetOut({ actions, data: checkFrame({ source, destination }, nonce, number, bytes) }),
        stalled: async (hosts) => {
          const found = new Set<HostId>();
          await concurrently(hosts.size, hosts, async (id) => {
            const session = sessions.get(id);
            if (session === undefined || !(await answersWithin(PROBE_MS, () => session.barrier(), timers)))
              found.add(id);
          });
          return found;
        },
      },
      timers,
    );
    this.#running = { run, nonce, hostAt };
    try {
      await arm();
      armedMs = timers.now();
      const results = await run.run();
      const hosts = all.filter(({ id }) => ends.has(id)).map(({ id, name }) => ({ id, name }));
      return checkView({ results, hosts, delays, ...run.counts, tookMs: timers.now() - startedMs });
    } finally {
      await concurrently(AT_ONCE, sessions.values(), (session) => removePassing(session, flows));
    }
  }
}

/** Locally administered, and drawn by lot. */
function sourceMac(): Mac {
  const lot = BigInt(`0x${randomBytes(5).toString("hex")}`);
  return bigIntToMac((0x0an << 40n) | lot);
}

function networkIn({ match }: PacketIn): number | null {
  const tlv = match.find((one) => one.field === "metadata");
  return tlv === undefined || tlv.field === "unknown" ? null : Number(tlv.value);
}

function vniOf(fabrics: readonly Fabric[], name: string): number {
  const all = fabrics.flatMap((fabric) => fabric.networks.all());
  const found = all.find((network) => network.name === name || String(network.vni) === name);
  if (found !== undefined) return found.vni;
  const known = [...new Set(all.map((network) => network.name))].join(", ");
  throw new WeftError("network/unknown", `no network is called "${name}"; known: ${known === "" ? "none" : known}`);
}
