// The one direction of data: facts of hosts and switches -> fabric -> what each should hold. Recomputed once per turn.
import type { Logger } from "pino";
import { loneHostId, loneSwitchFact } from "../discovery/lone-switch.ts";
import type { ProbedPort } from "../discovery/loop-watch.ts";
import { probedPortsOf } from "../discovery/probed-ports.ts";
import type { BfdSettings } from "../model/bfd.ts";
import { attachedPorts, deriveFabric, type Fabric, type FabricHost } from "../model/fabric.ts";
import type { EndpointSetting, HostFact, HostId, NetworkSetting, SwitchFact, TunnelType } from "../model/facts.ts";
import { type Decisions, type Identity, NO_DECISIONS, resolveIdentities, takesPart } from "../model/identity.ts";
import type { LoopFacts } from "../model/loops.ts";
import type { Place } from "../model/place.ts";
import type { Topology } from "../model/topology.ts";
import { compileSwitch } from "../pipeline/compile.ts";
import type { PipelineSettings } from "../pipeline/context.ts";
import type { DesiredSwitch } from "../pipeline/desired.ts";
import { bridgeMac, compileRows, type DesiredRows, datapathIdOf, type TunnelOptions } from "../pipeline/rows.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { OpenFlowSession } from "../southbound/openflow/index.ts";
import type { EndpointWatch } from "./endpoint-watch.ts";
import type { HostEntry, Hosts } from "./hosts.ts";
import type { HostSetting } from "./settings.ts";
import { type Dpid, rememberedBy, type SwitchEntry, type Switches, switchFact } from "./switches.ts";
import { TunnelRetirement } from "./tunnel-retirement.ts";

export interface WeaverOptions {
  readonly hosts: Hosts;
  readonly switches: Switches;
  readonly watch: EndpointWatch;
  readonly tunnelType: TunnelType;
  readonly bfd: BfdSettings;
  readonly topology: Topology;
  readonly datapathType: string | null;
  readonly tunnelOptions: TunnelOptions;
  readonly networkSettings: readonly NetworkSetting[];
  readonly endpointSettings: readonly EndpointSetting[];
  readonly hostSettings: ReadonlyMap<HostId, HostSetting>;
  readonly pipeline: PipelineSettings;
  readonly underlayMtu: number;
  readonly requestMtu: boolean;
  /** Read at each recomputation. */
  readonly loops: () => LoopFacts;
  readonly configuredFabricId: string | null;
  readonly startHoldMs: number;
  readonly newFabricId: () => string;
  readonly timers: Timers;
  readonly log: Logger;
  readonly recomputed: () => void;
  /** What throws in it is told, and ends nothing else. */
  readonly attempt: (work: () => void) => void;
}

/** How long a switch without OVSDB and without flows of ours is watched before it is taken for a lone one. */
const LONE_GRACE_MS = 3000;

/** Rests that are shorter are not worth a timer; longer ones would delay what heals. */
const MIN_REST_MS = 5;
const MAX_REST_MS = 200;

export class Weaver {
  readonly #options: WeaverOptions;
  readonly #startedAtMs: number;
  readonly #retirement: TunnelRetirement;
  readonly #forgotten = new Set<HostId>();
  #decisions: Decisions = NO_DECISIONS;
  #fabric: Fabric | null = null;
  /** Each lone switch is a fabric of its own. */
  #islands: ReadonlyMap<Dpid, Fabric> = new Map();
  #bindings: ReadonlyMap<Dpid, HostId> = new Map();
  #scheduled = false;
  #stopped = false;
  readonly #holdTimer: { cancel(): void };
  #graceTimer: { cancel(): void } | null = null;
  #restTimer: { cancel(): void } | null = null;
  #restUntilMs = 0;

  constructor(options: WeaverOptions) {
    this.#options = options;
    this.#startedAtMs = options.timers.now();
    this.#retirement = new TunnelRetirement(options.timers, () => this.changed());
    this.#holdTimer = options.timers.setTimer(options.startHoldMs, () => this.changed());
  }

  get fabric(): Fabric | null {
    return this.#fabric;
  }

  get islands(): ReadonlyMap<Dpid, Fabric> {
    return this.#islands;
  }

  /** Which host a switch is the bridge of. */
  get bindings(): ReadonlyMap<Dpid, HostId> {
    return this.#bindings;
  }

  get holding(): boolean {
    return this.#options.timers.now() - this.#startedAtMs < this.#options.startHoldMs;
  }

  /**
   * Some fact has changed: everything that follows from it is drawn again, once, after this turn of the event loop; or,
   * when that was just done, after as long a rest as it took. When many hosts come at once, it would otherwise be done
   * for each of them, and those behind would starve meanwhile.
   */
  changed(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    const restMs = this.#restUntilMs - this.#options.timers.now();
    if (restMs < MIN_REST_MS) setImmediate(() => this.#redraw());
    else this.#restTimer = this.#options.timers.setTimer(restMs, () => this.#redraw());
  }

  #redraw(): void {
    this.#scheduled = false;
    if (this.#stopped) return;
    const startMs = this.#options.timers.now();
    this.#options.attempt(() => this.#recompute());
    const endMs = this.#options.timers.now();
    this.#restUntilMs = endMs + Math.min(endMs - startMs, MAX_REST_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#holdTimer.cancel();
    this.#graceTimer?.cancel();
    this.#restTimer?.cancel();
    this.#retirement.stop();
  }

  forget(id: HostId): void {
    this.#forgotten.add(id);
    this.#options.hosts.forget(id);
    this.#decisions = {
      ...this.#decisions,
      indexes: new Map([...this.#decisions.indexes].filter(([other]) => other !== id)),
    };
    this.changed();
  }

  #recompute(): void {
    const { hosts, switches, watch, log } = this.#options;
    const facts = [...hosts.entries.values()].map((entry) => entry.fact);
    for (const fact of facts) this.#forgotten.delete(fact.id);
    const outcome = resolveIdentities({
      hosts: facts,
      settings: this.#options.hostSettings,
      configuredFabricId: this.#options.configuredFabricId,
      decisions: this.#decisions,
      holding: this.holding,
      indexesInFlows: this.#indexesInFlows(),
      forgotten: this.#forgotten,
      newFabricId: this.#options.newFabricId,
    });
    for (const [id, index] of outcome.decisions.indexes) {
      if (this.#decisions.indexes.get(id) !== index) log.info({ host: id, index }, "host has its index");
    }
    this.#decisions = outcome.decisions;
    this.#bindings = this.#bind(facts, outcome.identities);
    const switchFacts = new Map<HostId, SwitchFact>();
    for (const [dpid, id] of this.#bindings) {
      const entry = switches.entries.get(dpid);
      const fact = entry === undefined ? null : switchFact(entry);
      if (fact !== null) switchFacts.set(id, fact);
    }
    const next = deriveFabric(
      {
        fabricId: outcome.fabricId,
        tunnelType: this.#options.tunnelType,
        networkSettings: this.#options.networkSettings,
        identities: outcome.identities,
        hostFacts: new Map(facts.map((fact) => [fact.id, fact])),
        switchFacts,
        // What a lone switch holds says nothing about the fabric's hosts.
        remembered: [...switches.entries.values()]
          .filter((entry) => entry.readback?.ownIndex !== 0)
          .flatMap(rememberedBy),
        holding: this.holding,
        underlayMtu: this.#options.underlayMtu,
        tunnelChecksums: this.#options.tunnelOptions.csum === true,
        loops: this.#options.loops(),
        keepTunnel: (host, peer, type) => this.#retirement.keep(`${host} ${peer} ${type}`),
        endpointSettings: this.#options.endpointSettings,
        away: this.#awayHosts(),
        disputes: watch.fabric.disputes(),
        capped: watch.fabric.capped(),
        bfd: this.#options.bfd,
        topology: this.#options.topology,
      },
      this.#fabric ?? undefined,
    );
    this.#fabric = next;
    this.#islands = this.#deriveIslands();
    this.#retainHeard();
    watch.follow(switches.entries.values(), next, this.#islands);
    this.#options.recomputed();
    hosts.wakeAll();
    switches.wakeAll();
  }

  #retainHeard(): void {
    for (const entry of this.#options.switches.entries.values()) {
      const island = this.#islands.get(entry.dpid)?.hosts.get(loneHostId(entry.dpid));
      const host = island ?? this.#fabric?.hosts.get(this.#bindings.get(entry.dpid) ?? "");
      if (host?.fact == null || !takesPart(host.fact)) continue;
      if (entry.whereabouts.retain(entry.dpid, attachedPorts(host))) this.changed();
    }
  }

  /** Hosts of which nothing is heard, neither from their database nor from their switch. */
  #awayHosts(): ReadonlySet<HostId> {
    const { hosts, switches } = this.#options;
    const there = new Set<HostId>();
    for (const [dpid, id] of this.#bindings) if (switches.entries.get(dpid)?.session != null) there.add(id);
    const away = [...hosts.entries.values()].filter((entry) => entry.session === null && !there.has(entry.id));
    return new Set(away.map((entry) => entry.id));
  }

  /** The host and the connection of the switch that a place is on. */
  stationAt({ dpid }: Place): { readonly host: FabricHost; readonly session: OpenFlowSession } | null {
    const session = this.#options.switches.entries.get(dpid)?.session ?? null;
    const island = this.#islands.get(dpid)?.hosts.get(loneHostId(dpid));
    const host = island ?? this.#fabric?.hosts.get(this.#bindings.get(dpid) ?? "");
    return session === null || host === undefined ? null : { host, session };
  }

  #indexesInFlows(): ReadonlySet<number> {
    const indexes = new Set<number>();
    for (const entry of this.#options.switches.entries.values()) {
      if (entry.readback === null) continue;
      if (entry.readback.ownIndex !== null && entry.readback.ownIndex > 0) indexes.add(entry.readback.ownIndex);
      for (const fact of entry.readback.remembered) indexes.add(fact.index);
    }
    return indexes;
  }

  /** By datapath id where the host's rows are known; else by the index that the switch's own flows name. */
  #bind(facts: readonly HostFact[], identities: ReadonlyMap<HostId, Identity>): ReadonlyMap<Dpid, HostId> {
    const bindings = new Map<Dpid, HostId>();
    const bound = new Set<HostId>();
    for (const fact of facts) {
      if (fact.dpid === null || bindings.has(fact.dpid) || !takesPart(fact)) continue;
      bindings.set(fact.dpid, fact.id);
      bound.add(fact.id);
    }
    const byIndex = new Map([...identities.values()].map((identity) => [identity.index, identity.id]));
    for (const entry of this.#options.switches.entries.values()) {
      const index = entry.readback?.ownIndex ?? null;
      const id = index === null || index === 0 ? undefined : byIndex.get(index);
      if (bindings.has(entry.dpid) || id === undefined || bound.has(id)) continue;
      // A host whose rows are known says itself which bridge it has.
      if (facts.some((fact) => fact.id === id)) continue;
      bindings.set(entry.dpid, id);
      bound.add(id);
    }
    return bindings;
  }

  /**
   * A switch is a lone one when no host's rows name it and it holds no flows of a joined host; and, since a switch that
   * lost its flows looks the same, when some time has passed and it is not the bridge of a host that peers know.
   */
  #isLone(entry: SwitchEntry): boolean {
    if (entry.session === null || entry.readback === null || !entry.isRead) return false;
    if ((entry.readback.ownIndex ?? 0) > 0 || this.#bindings.has(entry.dpid)) return false;
    for (const { fact } of this.#options.hosts.entries.values()) if (fact.dpid === entry.dpid) return false;
    for (const id of this.#fabric?.hosts.keys() ?? []) if (datapathIdOf(bridgeMac(id)) === entry.dpid) return false;
    if (entry.readback.ownIndex === 0) return true;
    const waitMs = LONE_GRACE_MS - (this.#options.timers.now() - entry.connectedAtMs);
    if (waitMs <= 0) return true;
    this.#graceTimer ??= this.#options.timers.setTimer(waitMs + 1, () => {
      this.#graceTimer = null;
      this.changed();
    });
    return false;
  }

  #deriveIslands(): ReadonlyMap<Dpid, Fabric> {
    const islands = new Map<Dpid, Fabric>();
    for (const entry of this.#options.switches.entries.values()) {
      const session = entry.session;
      const fact = switchFact(entry);
      if (session === null || fact === null || !this.#isLone(entry)) continue;
      const id = loneHostId(entry.dpid);
      const host = loneSwitchFact(entry.dpid, session.ports.values(), session.desc.sw);
      const identity: Identity = { id, name: id, index: null, tunnelIp: null, problems: [] };
      const island = deriveFabric(
        {
          fabricId: null,
          tunnelType: this.#options.tunnelType,
          networkSettings: this.#options.networkSettings,
          identities: new Map([[id, identity]]),
          hostFacts: new Map([[id, host]]),
          switchFacts: new Map([[id, fact]]),
          remembered: [],
          loops: this.#options.loops(),
          holding: false,
          keepTunnel: () => false,
          disputes: this.#options.watch.island(entry.dpid)?.disputes() ?? [],
          capped: this.#options.watch.island(entry.dpid)?.capped() ?? [],
          bfd: this.#options.bfd,
          topology: this.#options.topology,
        },
        this.#islands.get(entry.dpid),
      );
      islands.set(entry.dpid, island);
    }
    return islands;
  }

  /** What a switch should hold; null while its host's rows are not known, or it has no place in the fabric. */
  desiredSwitch(entry: SwitchEntry): DesiredSwitch | null {
    const island = this.#islands.get(entry.dpid);
    const lone = island?.hosts.get(loneHostId(entry.dpid));
    if (island !== undefined && lone !== undefined) return compileSwitch(island, lone, this.#options.pipeline);
    const id = this.#bindings.get(entry.dpid);
    const host = id === undefined ? undefined : this.#fabric?.hosts.get(id);
    if (this.#fabric === null || host?.fact == null || host.switch === null) return null;
    if (host.index === null || !takesPart(host.fact)) return null;
    return compileSwitch(this.#fabric, host, this.#options.pipeline);
  }

  desiredRows(entry: HostEntry, controllerTarget: string): DesiredRows | null {
    const host = this.#fabric?.hosts.get(entry.id);
    if (this.#fabric === null || host === undefined) return null;
    const { datapathType, tunnelOptions, requestMtu } = this.#options;
    return compileRows(this.#fabric, host, { controllerTarget, datapathType, tunnelOptions, requestMtu });
  }

  /** Every local port whose switch is connected. */
  probedPorts(): readonly ProbedPort[] {
    const dpidOf = new Map([...this.#bindings].map(([dpid, id]) => [id, dpid]));
    for (const dpid of this.#islands.keys()) dpidOf.set(loneHostId(dpid), dpid);
    const { entries } = this.#options.switches;
    const fabrics = [...(this.#fabric === null ? [] : [this.#fabric]), ...this.#islands.values()];
    return probedPortsOf(fabrics, (id) => {
      const dpid = dpidOf.get(id);
      return dpid === undefined || entries.get(dpid)?.session == null ? null : dpid;
    });
  }
}
