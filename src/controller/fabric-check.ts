// The wiring of checks: the switches that send and catch probes, and the bookkeeping of when they may.
import { randomBytes, randomInt } from "node:crypto";
import { WeftError } from "../../proto/bytes/errors.ts";
import { bigIntToMac, type Mac } from "../../proto/bytes/mac.ts";
import type { PacketIn } from "../../proto/openflow13/index.ts";
import type { CheckProgressView, CheckRequest, CheckView } from "../api/check-views.ts";
import { inSlices } from "../api/in-slices.ts";
import type { Fabric } from "../model/fabric.ts";
import { checkProbeFlows } from "../pipeline/probe-flows.ts";
import { decodeCookie } from "../pipeline/registry.ts";
import { CHECK_NONCE_BYTES, checkFrame, readCheckFrame } from "../probes/check-frame.ts";
import { type CheckPath, checkOffers } from "../probes/check-paths.ts";
import { CheckRun } from "../probes/check-run.ts";
import { MOST_PATHS, sampled } from "../probes/check-sample.ts";
import { checkView } from "../probes/check-view.ts";
import { CheckStations, type CheckStationsOptions } from "./check-stations.ts";
import type { Dpid } from "./switch-entry.ts";

export interface FabricChecksOptions extends CheckStationsOptions {
  readonly fabrics: () => readonly Fabric[];
  /** Of configuration, as it is now. */
  readonly underlay: () => { readonly mtu: number; readonly checksums: boolean };
}

interface Running {
  readonly run: CheckRun;
  readonly nonce: Uint8Array;
  readonly stations: CheckStations;
}

/** Seeds are short enough to be typed. */
const SEEDS = 1_000_000;
/** Of a sample, and of all paths there are: on a fabric where much is lost each is tried again and again. */
const MOST_MS = 120_000;
const MOST_FOR_ALL_MS = 30 * 60_000;

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
    const host = this.#running?.stations.hostAt(dpid);
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
    const { timers, underlay } = this.#options;
    const startedMs = timers.now();
    const fabrics = this.#options.fabrics();
    const network = request.network === undefined ? null : vniOf(fabrics, request.network);
    const all = fabrics.flatMap((fabric) => [...fabric.hosts.values()]);
    const nonce = randomBytes(CHECK_NONCE_BYTES);
    const source = sourceMac();
    const stations = new CheckStations(all, checkProbeFlows(source), this.#options);
    try {
      await stations.arm();
      const { mtu, checksums } = underlay();
      const rest = inSlices();
      const offers = checkOffers(fabrics, {
        absence: ({ id }) => stations.absence(id),
        underlayMtu: mtu,
        checksums,
        hosts: request.hosts.length === 0 ? null : new Set(request.hosts),
        network,
      });
      await rest();
      const { chosen, possible, seed } = sampled(
        offers,
        request.seed ?? randomInt(SEEDS),
        request.all === true ? Number.POSITIVE_INFINITY : MOST_PATHS,
      );
      const paths: CheckPath[] = [];
      for (const offer of chosen) {
        await rest();
        paths.push(offer.path());
      }
      const ends = new Set(paths.flatMap(({ from, to }) => [from, to]));
      const delays = await stations.delays(ends);
      const run = new CheckRun(
        paths,
        {
          ready: () => stations.arm(),
          send({ from, destination, actions }, number, bytes) {
            stations
              .session(from)
              ?.packetOut({ actions, data: checkFrame({ source, destination }, nonce, number, bytes) });
          },
          stalled: (hosts) => stations.stalled(hosts),
        },
        timers,
        request.all === true ? MOST_FOR_ALL_MS : MOST_MS,
      );
      this.#running = { run, nonce, stations };
      const results = await run.run();
      await rest();
      const hosts = all
        .filter(({ id }) => ends.has(id))
        .map(({ id, name, fact }) => ({ id, name, underlayMtu: fact?.underlayMtu ?? null }));
      return checkView({ results, hosts, possible, seed, delays, ...run.counts, tookMs: timers.now() - startedMs });
    } finally {
      await stations.disarm();
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
