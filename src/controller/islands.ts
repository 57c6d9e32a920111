// The wiring of islands: lone switches and the frames that tell of their links in, a fabric for each island out.
import { createHmac, randomBytes } from "node:crypto";
import type { Logger } from "pino";
import type { PacketIn } from "../../proto/openflow13/index.ts";
import {
  IslandPlanner,
  islandInput,
  islandNetworks,
  type LoneSwitch,
  rememberedNumbers,
  switchNumbers,
} from "../discovery/island-facts.ts";
import type { LinkFacts } from "../discovery/link-facts.ts";
import { LinkWatch } from "../discovery/link-watch.ts";
import { cabledPorts, listeningPorts, loneSwitchFact } from "../discovery/lone-switch.ts";
import { deriveFabric, type Fabric, type FabricInput } from "../model/fabric.ts";
import { decodeCookie } from "../pipeline/registry.ts";
import { shareFlows } from "../pipeline/shared-flows.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { OpenFlowSession } from "../southbound/openflow/index.ts";
import { type Dpid, type SwitchEntry, switchFact } from "./switch-entry.ts";

export interface IslandsOptions {
  readonly timers: Timers;
  readonly log: Logger;
  /** How long links of before the start are believed while a switch is not back. */
  readonly holdMs: number;
  readonly session: (dpid: Dpid) => OpenFlowSession | null;
  readonly changed: () => void;
  /** What throws in it is told, and ends nothing else. */
  readonly attempt: (work: () => void) => void;
}

/** What islands have from the rest: all that is not their own. */
export type IslandSettings = Pick<FabricInput, "tunnelType" | "networkSettings" | "bfd" | "topology" | "loops"> & {
  readonly watched: (key: Dpid) => Pick<FabricInput, "disputes" | "capped">;
};

const KEY_BYTES = 32;

/** A copy that CLASSIFY made of a frame that tells of a link. */
export function isLinkNews(packetIn: PacketIn): boolean {
  return decodeCookie(packetIn.cookie)?.kind === "link-news";
}

/** By which an island is known among others: the first of its switches. */
export function islandKey(island: Fabric): Dpid {
  for (const host of island.hosts.values()) return host.fact?.dpid ?? "";
  return "";
}

export class Islands {
  readonly #options: IslandsOptions;
  readonly #links: LinkWatch;
  readonly #planner = new IslandPlanner();
  #numbers: ReadonlyMap<Dpid, number> = new Map();
  #byDpid: ReadonlyMap<Dpid, Fabric> = new Map();
  #timer: { cancel(): void } | null = null;
  #stopped = false;

  /** The key dies with the controller: links of before are believed as the switches' flows tell, until they are heard again. */
  constructor(options: IslandsOptions) {
    const key = randomBytes(KEY_BYTES);
    this.#options = options;
    this.#links = new LinkWatch((bytes) => createHmac("sha256", key).update(bytes).digest(), options.holdMs);
  }

  /** Each switch with the fabric of its island. */
  get byDpid(): ReadonlyMap<Dpid, Fabric> {
    return this.#byDpid;
  }

  get all(): readonly Fabric[] {
    return [...new Set(this.#byDpid.values())];
  }

  get links(): LinkFacts {
    return this.#links.facts;
  }

  /** Nothing is written to switches of islands until it is known what still stands. */
  get settling(): boolean {
    return this.#links.facts.settling;
  }

  /** A switch was read. */
  found({ dpid, readback }: SwitchEntry): void {
    if (readback?.plain == null) this.#links.reset(dpid);
    else this.#links.remember(dpid, readback.plain, this.#options.timers.now());
  }

  /** The link of a port has gone down, or the port has gone. */
  portGone(dpid: Dpid, ofport: number): void {
    this.#links.reset(dpid, ofport);
  }

  /** @param entries lone switches, those that have just gone among them. */
  derive(entries: readonly SwitchEntry[], settings: IslandSettings): void {
    const now = this.#options.timers.now();
    const present = entries.flatMap((entry) => {
      const ports = [...((entry.session ?? entry.left)?.ports.values() ?? [])];
      const listens = entry.readback?.plain?.listening;
      return { entry, ports, watched: cabledPorts(entry.dpid, ports, (ofport) => listens?.has(ofport) === true) };
    });
    this.#links.sync(
      present.map(({ entry, watched }) => ({
        dpid: entry.dpid,
        connected: entry.session !== null && entry.isRead,
        ports: watched,
      })),
      now,
    );
    const facts = this.#links.facts;
    const switches = present.flatMap(({ entry, ports }): readonly LoneSwitch[] => {
      const fact = switchFact(entry);
      if (fact === null) return [];
      const ovsVersion = (entry.session ?? entry.left)?.desc.sw ?? null;
      const number = entry.readback?.plain?.number ?? 0;
      return [
        {
          dpid: entry.dpid,
          host: loneSwitchFact(entry.dpid, ports, ovsVersion, facts),
          fact,
          listening: listeningPorts(ports),
          heldNumber: number === 0 ? null : number,
        },
      ];
    });
    const named = entries.flatMap((entry) => [...(entry.readback?.plain?.others ?? [])]);
    const numbers = switchNumbers(switches, named, this.#numbers);
    this.#numbers = rememberedNumbers(this.#numbers, numbers);
    const byDpid = new Map(switches.map((one) => [one.dpid, one]));
    const next = new Map<Dpid, Fabric>();
    for (const island of this.#planner.plan([...byDpid.keys()].sort(), facts)) {
      const [key = ""] = island.members;
      const { switches: members, ...input } = islandInput(island, byDpid, numbers, facts);
      const { watched, networkSettings, ...others } = settings;
      const before = this.#byDpid.get(key);
      // One that can't be drawn stays as it was, and stops no other.
      this.#options.attempt(() => {
        const fabric = deriveFabric(
          {
            fabricId: null,
            ...others,
            ...watched(key),
            ...input,
            networkSettings: islandNetworks(networkSettings),
            remembered: [],
            holding: false,
            keepTunnel: () => false,
          },
          before,
        );
        shareFlows(fabric, before === undefined ? undefined : shareFlows(before));
        for (const { dpid } of members) next.set(dpid, fabric);
      });
      if (before !== undefined && !next.has(key)) for (const { dpid } of members) next.set(dpid, before);
    }
    this.#byDpid = next;
    if (present.some(({ watched }) => watched.length > 0)) this.#arm();
  }

  #arm(): void {
    if (this.#timer !== null || this.#stopped) return;
    this.#timer = this.#options.timers.setTimer(this.#links.tickMs, () => {
      this.#timer = null;
      this.#tick();
    });
  }

  #tick(): void {
    const { frames, changed } = this.#links.tick(this.#options.timers.now());
    for (const { dpid, ofport, frame } of frames) {
      this.#options.session(dpid)?.packetOut({ actions: [{ kind: "output", port: ofport, maxLen: 0 }], data: frame });
    }
    if (changed) this.#options.changed();
    if (this.#byDpid.size > 0) this.#arm();
  }

  received(dpid: Dpid, packetIn: PacketIn): void {
    const tlv = packetIn.match.find((one) => one.field === "in_port");
    if (tlv === undefined || tlv.field === "unknown") return;
    if (this.#links.received(dpid, Number(tlv.value), packetIn.data, this.#options.timers.now())) {
      this.#options.changed();
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
