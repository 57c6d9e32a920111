// The one direction of data: facts of hosts and switches -> fabric -> what each should hold. Recomputed once per turn.
import type { Logger } from "pino";
import type { Rest } from "../api/in-slices.ts";
import { bindSwitches } from "../discovery/bindings.ts";
import { loneHostId } from "../discovery/lone-switch.ts";
import type { ProbedPort } from "../discovery/loop-watch.ts";
import { probedPortsOf } from "../discovery/probed-ports.ts";
import { rivalBridges } from "../discovery/rival-bridges.ts";
import type { BfdSettings } from "../model/bfd.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { deriveFabric, type Fabric, type FabricHost, type FabricInput } from "../model/fabric.ts";
import { attachedPorts } from "../model/fabric-endpoints.ts";
import type {
  EndpointSetting,
  HostFact,
  HostId,
  NetworkSetting,
  RememberedFact,
  SwitchFact,
  TunnelType,
} from "../model/facts.ts";
import { type FlowBasedSettings, maxIndexFor, standsFlowBased } from "../model/flow-based.ts";
import {
  type Decisions,
  type Identity,
  type IdentityInput,
  type IdentityOutcome,
  NO_DECISIONS,
  type PreviousIdentities,
  resolveIdentities,
  takesPart,
} from "../model/identity.ts";
import { kept } from "../model/kept.ts";
import { kindText } from "../model/lanes.ts";
import type { LoopFacts } from "../model/loops.ts";
import type { Place } from "../model/place.ts";
import type { Topology } from "../model/topology.ts";
import { compileSwitch } from "../pipeline/compile.ts";
import type { PipelineSettings } from "../pipeline/context.ts";
import type { DesiredSwitch } from "../pipeline/desired.ts";
import {
  bridgeMac,
  compileRows,
  type DesiredRows,
  datapathIdOf,
  type RowSettings,
  type TunnelOptions,
} from "../pipeline/rows.ts";
import { type Draw, type Situation, settle, type Wanted } from "../pipeline/settle.ts";
import { shareFlows } from "../pipeline/shared-flows.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { OpenFlowSession } from "../southbound/openflow/index.ts";
import type { EndpointWatch } from "./endpoint-watch.ts";
import type { HostEntry, Hosts } from "./hosts.ts";
import type { Islands } from "./islands.ts";
import { Quarantine } from "./quarantine.ts";
import type { HostSetting } from "./settings.ts";
import { hostKey, leftOut, type Suspects, suspectsAmong } from "./suspects.ts";
import { type Dpid, type ForEach, rememberedBy, type SwitchEntry, switchFact } from "./switch-entry.ts";
import type { Switches } from "./switches.ts";
import type { Trouble } from "./trouble.ts";
import { TunnelRetirement } from "./tunnel-retirement.ts";

export interface WeaverOptions {
  readonly hosts: Hosts;
  readonly switches: Switches;
  readonly watch: EndpointWatch;
  readonly islands: Islands;
  readonly tunnelType: TunnelType;
  readonly bfd: BfdSettings;
  readonly topology: Topology;
  readonly flowBased: FlowBasedSettings;
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
  /** How many hosts that were not read may be believed in. */
  readonly maxHosts: number;
  readonly startHoldMs: number;
  readonly newFabricId: () => string;
  readonly timers: Timers;
  readonly log: Logger;
  /** Told how many milliseconds it took. */
  readonly recomputed: (ms: number) => void;
  /** Whether a switch that belongs to no host is served. */
  readonly servesAlone: (id: HostId) => boolean;
  /** Whether a switch is taken for the host's that its flows name, before that host's rows are known. */
  readonly believes: (session: OpenFlowSession, host: Identity) => boolean;
  /** Whether a switch comes from where a host is. */
  readonly comesFrom: (session: OpenFlowSession, id: HostId) => boolean;
  /** Whether what a switch holds counts before it is known whose it is. */
  readonly trustsUnknown: boolean;
  readonly pinTunnelIps: boolean;
  /** What throws in it is told, and ends nothing else. */
  readonly attempt: (work: () => void) => void;
  readonly trouble: Trouble;
}

/** How long a switch without OVSDB and without flows of ours is watched before it is taken for a lone one; */
const LONE_GRACE_MS = 3000;
/** and how long where no host is known at all. */
const FIRST_GRACE_MS = 1000;
/** A lone switch that has gone may be back at once: so long its neighbours keep the ways through it. */
const GONE_GRACE_MS = 3000;

/** What is known, without those who are left out. */
interface Kept {
  readonly facts: readonly HostFact[];
  readonly withheld: ReadonlySet<HostId>;
  readonly entries: readonly SwitchEntry[];
}

/** Who is who, of the facts that were not left out. */
interface Identified extends IdentityOutcome, Pick<Kept, "facts" | "entries"> {
  /** Which host a switch is the bridge of, those that were left out among them: what is theirs is nobody else's. */
  readonly owners: ReadonlyMap<Dpid, HostId>;
  /** The same without those. */
  readonly bindings: ReadonlyMap<Dpid, HostId>;
  readonly rivals: ReadonlyMap<HostId, readonly Diagnostic[]>;
  /** As `leftOut` tells it. */
  readonly left: string;
}

/** What took no longer keeps nobody waiting, and a rest after it would only delay what is new; longer rests, what heals. */
const MIN_REST_MS = 25;
const MAX_REST_MS = 200;

/** Settings that say the same stay the same objects: what was made by them is known by that. */
function withKept(options: WeaverOptions, changes: Partial<WeaverOptions>): WeaverOptions {
  const same = Object.keys(changes).filter((name) => {
    const key = name as keyof WeaverOptions;
    return kept<unknown>(options[key], changes[key]) === options[key];
  });
  return { ...options, ...Object.fromEntries(Object.entries(changes).filter(([name]) => !same.includes(name))) };
}

function keyed<T>(id: HostId, one: T | null | undefined): readonly (readonly [HostId, T])[] {
  return one == null ? [] : [[id, one]];
}

export class Weaver {
  #options: WeaverOptions;
  readonly #startedAtMs: number;
  readonly #retirement: TunnelRetirement;
  readonly #forgotten = new Set<HostId>();
  /** What flows say of these is no news of a host that is yet to come back. */
  readonly #forgottenIndexes = new Set<number>();
  readonly #quarantine: Quarantine;
  /** What was wanted of each host's rows the last time. */
  readonly #rows = new WeakMap<HostEntry, DesiredRows>();
  /** Hosts whose tables or rows could not be told. */
  readonly #uncompilable = new Set<HostId>();
  #decisions: Decisions = NO_DECISIONS;
  /** What was concluded of whom the last time. */
  #known: PreviousIdentities | undefined;
  #fabric: Fabric | null = null;
  #owners: ReadonlyMap<Dpid, HostId> = new Map();
  #bindings: ReadonlyMap<Dpid, HostId> = new Map();
  #dpidOf: ReadonlyMap<HostId, Dpid> = new Map();
  #rivals: ReadonlyMap<HostId, readonly Diagnostic[]> = new Map();
  #scheduled = false;
  #redrawing = false;
  /** Until all switches are woken for what was drawn. */
  #waking: Promise<void> | null = null;
  #stopped = false;
  readonly #holdTimer: { cancel(): void };
  #graceTimer: { cancel(): void } | null = null;
  #restTimer: { cancel(): void } | null = null;
  #restUntilMs = 0;

  constructor(options: WeaverOptions) {
    this.#options = options;
    this.#startedAtMs = options.timers.now();
    this.#retirement = new TunnelRetirement(options.timers, () => this.changed());
    this.#quarantine = new Quarantine({ ...options, again: () => this.changed() });
    this.#holdTimer = options.timers.setTimer(options.startHoldMs, () => this.changed());
  }

  get fabric(): Fabric | null {
    return this.#fabric;
  }

  /** The tunnel fabric, then islands. */
  get fabrics(): readonly Fabric[] {
    return [...(this.#fabric === null ? [] : [this.#fabric]), ...this.#options.islands.all];
  }

  /** Which host a switch is the bridge of. */
  get bindings(): ReadonlyMap<Dpid, HostId> {
    return this.#bindings;
  }

  /** The tunnel IP that was concluded last, also while the fabric is yet to be drawn by it. */
  tunnelIpOf(id: HostId): string | null {
    return this.#known?.identities.get(id)?.tunnelIp ?? null;
  }

  get endpointSettings(): readonly EndpointSetting[] {
    return this.#options.endpointSettings;
  }

  /** Whether a switch is on its way from others' hands, and still forwards by their flows. */
  isPrepared(dpid: Dpid): boolean {
    return this.#fabric?.hosts.get(this.#bindings.get(dpid) ?? "")?.fact?.adoption?.stage === "prepare";
  }

  /** Of hosts whose bridges have one datapath id. */
  get rivals(): ReadonlyMap<HostId, readonly Diagnostic[]> {
    return this.#rivals;
  }

  get holding(): boolean {
    return this.#options.timers.now() - this.#startedAtMs < this.#options.startHoldMs;
  }

  /**
   * Some fact has changed: everything that follows from it is drawn again, once, after this turn of the event loop; or,
   * when that was just done, after as long a rest as it took, with what every host was told because of it. When many hosts
   * come at once, it would otherwise be done for each of them, and those behind would starve meanwhile.
   */
  changed(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    if (!this.#redrawing) this.#schedule();
  }

  #schedule(): void {
    const restMs = this.#restUntilMs - this.#options.timers.now();
    if (restMs < MIN_REST_MS) setImmediate(() => this.#redraw());
    else this.#restTimer = this.#options.timers.setTimer(restMs, () => this.#redraw());
  }

  #redraw(): void {
    this.#scheduled = false;
    if (this.#stopped) return;
    this.#redrawing = true;
    const startMs = this.#options.timers.now();
    this.#options.attempt(() => this.#recompute());
    this.#options.recomputed(this.#options.timers.now() - startMs);
    const waking = this.#waking;
    this.#waking = null;
    // The reconcilers that were woken have worked out what to write by then.
    setImmediate(() => {
      if (waking === null) this.#drawn(startMs);
      else void waking.then(() => this.#drawn(startMs));
    });
  }

  #drawn(startMs: number): void {
    const endMs = this.#options.timers.now();
    this.#restUntilMs = endMs + Math.min(endMs - startMs, MAX_REST_MS);
    this.#redrawing = false;
    if (this.#scheduled && !this.#stopped) this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#holdTimer.cancel();
    this.#graceTimer?.cancel();
    this.#restTimer?.cancel();
    this.#retirement.stop();
    this.#quarantine.stop();
  }

  /** The configuration has changed. */
  reconfigure(changes: Partial<WeaverOptions>): void {
    this.#options = { ...this.#options, ...changes };
    this.changed();
  }

  forget(id: HostId): void {
    this.#forgotten.add(id);
    const index = this.#fabric?.hosts.get(id)?.index ?? null;
    if (index !== null) this.#forgottenIndexes.add(index);
    this.#options.hosts.forget(id);
    this.#decisions = {
      ...this.#decisions,
      indexes: new Map([...this.#decisions.indexes].filter(([other]) => other !== id)),
      confirmedIps: new Map([...this.#decisions.confirmedIps].filter(([other]) => other !== id)),
    };
    this.changed();
  }

  /** Somebody says that the host's tunnel IP is what it says now. @returns whether it was another one before. */
  confirmTunnelIp(id: HostId): boolean {
    const said = this.#options.hosts.entries.get(id)?.fact.tunnelIp ?? null;
    if (!this.#options.pinTunnelIps || said === null || said === this.#fabric?.hosts.get(id)?.tunnelIp) return false;
    // It was confirmed before, and another has it.
    if (this.#decisions.confirmedIps.get(id) === said) return false;
    this.#decisions = { ...this.#decisions, confirmedIps: new Map([...this.#decisions.confirmedIps, [id, said]]) };
    this.changed();
    return true;
  }

  /** Whose facts make this controller fail is left out: nobody can stop the others. */
  #recompute(): void {
    const { hosts, switches, watch, log, attempt } = this.#options;
    const suspects = suspectsAmong(hosts.entries.values(), switches.entries, this.#owners);
    this.#quarantine.review(suspects.all);
    for (const id of hosts.entries.keys()) this.#forgotten.delete(id);
    const identified = this.#quarantine.run(suspects.all, (isLeftOut) => this.#identify(suspects, isLeftOut));
    const { identities, decisions, owners, bindings } = identified;
    for (const { index } of identities.values()) if (index !== null) this.#forgottenIndexes.delete(index);
    for (const [id, index] of decisions.indexes) {
      if (this.#decisions.indexes.get(id) !== index) log.info({ host: id, index }, "host has its index");
    }
    this.#decisions = decisions;
    this.#owners = owners;
    this.#bindings = bindings;
    this.#dpidOf = new Map([...bindings].map(([dpid, id]) => [id, dpid]));
    this.#rivals = identified.rivals;
    switches.judgeAll();
    const ofEach: ForEach = (entry, work) => this.#quarantine.attempt(suspects.of(entry.dpid), work);
    for (const dpid of this.#bindings.keys()) {
      const entry = switches.entries.get(dpid);
      if (entry !== undefined) ofEach(entry, () => switches.believe(entry));
    }
    const next = this.#quarantine.run(suspects.all, (isLeftOut) => this.#derive(suspects, isLeftOut, identified));
    const fabric = this.#uncompilable.size === 0 ? next : this.#compilable(suspects, next);
    this.#fabric = fabric;
    // What fails as a whole from here on stays as it was, and keeps nobody from what follows.
    attempt(() => this.#deriveIslands(ofEach));
    this.#retainHeard(ofEach);
    attempt(() => watch.follow([...switches.entries.values()], fabric, this.#options.islands.byDpid, ofEach));
    hosts.wakeAll();
    this.#waking = switches.wakeAll();
  }

  /** @param known the facts of all hosts */
  #kept({ keyOf }: Suspects, isLeftOut: (key: string) => boolean, known: readonly HostFact[]): Kept {
    const withheld = new Set(known.flatMap(({ id }) => (isLeftOut(hostKey(id)) ? [id] : [])));
    const facts = known.filter(({ id }) => !withheld.has(id));
    const { entries } = this.#options.switches;
    return { facts, withheld, entries: [...entries.values()].filter(({ dpid }) => !isLeftOut(keyOf(dpid))) };
  }

  #identify(suspects: Suspects, isLeftOut: (key: string) => boolean): Identified {
    const left = leftOut(suspects.all, isLeftOut);
    const known = [...this.#options.hosts.entries.values()].map(({ fact }) => fact);
    const { facts, withheld, entries } = this.#kept(suspects, isLeftOut, known);
    const outcome = resolveIdentities(this.#identityInput(this.#options, facts, entries, withheld), this.#known);
    this.#known = outcome;
    const { believes, comesFrom } = this.#options;
    const owners = bindSwitches(known, outcome.identities, entries, this.#owners, {
      credible: ({ session, believed }, host) => (session === null ? believed : believes(session, host)),
      comesFrom: ({ session }, id) => session !== null && comesFrom(session, id),
    });
    const bindings = new Map([...owners].filter(([, id]) => !withheld.has(id)));
    const rivals = rivalBridges(facts, owners, (id) => datapathIdOf(bridgeMac(id)));
    return { ...outcome, facts, entries, owners, bindings, rivals, left };
  }

  /** @param identified what was concluded of the same facts already, if nobody else is left out */
  #derive(suspects: Suspects, isLeftOut: (key: string) => boolean, identified?: Identified): Fabric {
    const isSame = identified?.left === leftOut(suspects.all, isLeftOut);
    const who = identified !== undefined && isSame ? identified : this.#identify(suspects, isLeftOut);
    const { fabricId, identities, facts, entries, bindings } = who;
    const situation = this.#held(entries, bindings, who, facts);
    const input = this.#fabricInput(this.#options, { fabricId, identities }, situation);
    const fabric = deriveFabric(input, this.#fabric ?? undefined);
    shareFlows(fabric, this.#fabric === null ? undefined : shareFlows(this.#fabric));
    return fabric;
  }

  /** Tables or rows that could not be told are tried again, and without those because of whom they can't be. */
  #compilable(suspects: Suspects, drawn: Fabric): Fabric {
    const failed = new Set(this.#uncompilable);
    this.#uncompilable.clear();
    const first = suspects.all.filter(({ key }) => [...failed].some((id) => key === hostKey(id)));
    const ordered = [...first, ...suspects.all.filter((one) => !first.includes(one))];
    try {
      return this.#quarantine.run(ordered, (isLeftOut) => {
        const fabric = this.#derive(suspects, isLeftOut);
        for (const id of failed) this.#compileAll(fabric, id);
        return fabric;
      });
    } catch {
      // It is because of nobody: told where it happened, and tried again there.
      return drawn;
    }
  }

  #compileAll(fabric: Fabric, id: HostId): void {
    const host = fabric.hosts.get(id);
    if (host?.fact == null) return;
    this.#rowsOf(fabric, host, "", null);
    if (host.switch !== null && host.index !== null) compileSwitch(fabric, host, this.#options.pipeline);
  }

  /** @returns what was concluded; where that fails it is found out because of whom when the fabric is drawn the next time. */
  #compiled<T>(id: HostId, compile: () => T): T {
    try {
      return compile();
    } catch (error) {
      if (!this.#uncompilable.has(id)) {
        this.#uncompilable.add(id);
        this.changed();
      }
      throw error;
    }
  }

  /** Of switches that are left out and are not known to be a host's. */
  get problems(): readonly Diagnostic[] {
    const { entries } = this.#options.hosts;
    const ofHosts = new Set([...entries.keys()].map(hostKey));
    return this.#quarantine.problems((key) => !ofHosts.has(key));
  }

  /** Of a host that is left out. */
  problemOf(id: HostId): Diagnostic | null {
    return this.#quarantine.problem(hostKey(id));
  }

  #identityInput(
    options: WeaverOptions,
    hosts: readonly HostFact[],
    entries: readonly SwitchEntry[],
    withheld: ReadonlySet<HostId>,
  ): IdentityInput {
    const indexesInFlows = (): ReadonlySet<number> => this.#indexesInFlows(entries);
    return {
      hosts,
      settings: options.hostSettings,
      configuredFabricId: options.configuredFabricId,
      decisions: this.#decisions,
      holding: this.holding,
      get indexesInFlows() {
        return indexesInFlows();
      },
      forgotten: this.#forgotten,
      withheld,
      away: this.#awayHosts(),
      maxIndex: maxIndexFor(options.flowBased, options.topology.kind !== "mesh", () => standsFlowBased(hosts)),
      maxAbsent: options.maxHosts,
      pinTunnelIps: options.pinTunnelIps,
      newFabricId: options.newFabricId,
    };
  }

  /** What is known of the switches of hosts; and of hosts, by the flows of others' switches. */
  #held(
    entries: readonly SwitchEntry[],
    bindings: ReadonlyMap<Dpid, HostId>,
    { identities }: Pick<IdentityOutcome, "identities">,
    facts: readonly HostFact[],
  ): Situation {
    const hosts = new Map(facts.map((fact) => [fact.id, fact]));
    const switches = new Map<HostId, SwitchFact>();
    for (const [dpid, id] of bindings) {
      const entry = this.#options.switches.entries.get(dpid);
      const fact = entry === undefined ? null : switchFact(entry);
      if (fact !== null) switches.set(id, fact);
    }
    // What a lone switch holds says nothing about the fabric's hosts.
    // Where every host was read itself, nothing that others say of it counts.
    const isRead = !this.holding && [...identities.keys()].every((id) => switches.has(id) && hosts.has(id));
    const telling = isRead ? [] : entries.filter((entry) => entry.readback?.plain == null && this.#counts(entry));
    const remembered = [...new Set(telling.flatMap(rememberedBy))]
      .flat()
      .filter((fact) => !this.#forgottenIndexes.has(fact.index));
    return { hosts, switches, remembered };
  }

  #fabricInput(
    options: WeaverOptions,
    { fabricId, identities }: Pick<IdentityOutcome, "fabricId" | "identities">,
    situation: Situation,
  ): FabricInput {
    return {
      fabricId,
      tunnelType: options.tunnelType,
      networkSettings: options.networkSettings,
      identities,
      hostFacts: situation.hosts,
      switchFacts: situation.switches,
      remembered: situation.remembered,
      holding: this.holding,
      underlayMtu: options.underlayMtu,
      tunnelChecksums: options.tunnelOptions.csum === true,
      loops: options.loops(),
      keepTunnel: (host, peer, kind) => this.#retirement.keep(`${host} ${peer} ${kindText(kind)}`),
      flowBased: options.flowBased,
      endpointSettings: options.endpointSettings,
      away: this.#awayHosts(),
      disputes: options.watch.fabric.disputes(),
      capped: options.watch.fabric.capped(),
      bfd: options.bfd,
      topology: options.topology,
    };
  }

  /**
   * What hosts with tunnels would be told under other settings, when all of it is done. Nothing is changed by asking,
   * and it takes as long as it takes. Whose facts make this controller fail is left out here as well.
   * @param known their facts under the other settings, @param rowSettings null for a host that nothing is written to, @param rest one for
   * all that is foreseen at once.
   */
  async foresee(
    changes: Partial<WeaverOptions>,
    known: readonly HostFact[],
    rowSettings: (id: HostId) => Pick<RowSettings, "controllerTarget" | "approval"> | null,
    rest: Rest,
  ): Promise<Wanted> {
    const options = withKept(this.#options, changes);
    const suspects = suspectsAmong(options.hosts.entries.values(), options.switches.entries, this.#owners);
    const isLeftOut = (key: string): boolean => this.#quarantine.problem(key) !== null;
    const { facts, withheld, entries } = this.#kept(suspects, isLeftOut, known);
    const outcome = resolveIdentities(this.#identityInput(options, facts, entries, withheld));
    const start = this.#held(entries, this.#bindings, outcome, facts);
    const input = { ...this.#fabricInput(options, outcome, start), keepTunnel: () => false };
    const now = this.#wantedNow();
    const draw: Draw = async ({ hosts, switches: held, remembered }, previous = now) => {
      await rest();
      const fabric = deriveFabric({ ...input, hostFacts: hosts, switchFacts: held, remembered }, previous?.fabric);
      await rest();
      shareFlows(fabric, previous === undefined ? undefined : shareFlows(previous.fabric));
      const rows = new Map<HostId, DesiredRows>();
      const switches = new Map<HostId, DesiredSwitch>();
      for (const host of fabric.hosts.values()) {
        const { id, fact, index } = host;
        if (fact === null || index === null || !takesPart(fact)) continue;
        await rest();
        const given = rowSettings(id);
        const wanted =
          given === null ? null : compileRows(fabric, host, { ...options, ...given }, previous?.rows.get(id));
        if (wanted !== null) rows.set(id, wanted);
        const before = previous?.switches.get(id);
        if (host.switch !== null) switches.set(id, compileSwitch(fabric, host, options.pipeline, before));
      }
      return { fabric, rows, switches };
    };
    return settle(start, draw, rest);
  }

  /** What was last drawn and compiled: whatever is the same in what is foreseen is not made again. */
  #wantedNow(): Wanted | undefined {
    if (this.#fabric === null) return undefined;
    const { hosts, switches } = this.#options;
    return {
      fabric: this.#fabric,
      rows: new Map([...hosts.entries.values()].flatMap((entry) => keyed(entry.id, this.#rows.get(entry)))),
      switches: new Map([...this.#dpidOf].flatMap(([id, dpid]) => keyed(id, switches.entries.get(dpid)?.desired))),
    };
  }

  #retainHeard(ofEach: ForEach): void {
    for (const entry of this.#options.switches.entries.values()) {
      const host = this.#hostAt(entry.dpid);
      if (host?.fact == null || !takesPart(host.fact)) continue;
      ofEach(entry, () => {
        if (entry.whereabouts.retain(entry.dpid, attachedPorts(host))) this.changed();
      });
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
    const host = this.#hostAt(dpid);
    return session === null || host === undefined ? null : { host, session };
  }

  /** The bridge of a host of any fabric. */
  switchOf(host: FabricHost): SwitchEntry | null {
    const { entries } = this.#options.switches;
    const bound = this.#dpidOf.get(host.id);
    if (bound !== undefined) return entries.get(bound) ?? null;
    const dpid = host.fact?.dpid ?? null;
    // Of two hosts with one datapath id the switch is the other's.
    return dpid === null || this.#bindings.has(dpid) ? null : (entries.get(dpid) ?? null);
  }

  #hostAt(dpid: Dpid): FabricHost | undefined {
    const lone = this.#options.islands.byDpid.get(dpid)?.hosts.get(loneHostId(dpid));
    return lone ?? this.#fabric?.hosts.get(this.#bindings.get(dpid) ?? "");
  }

  #counts(entry: SwitchEntry): boolean {
    return entry.believed || this.#options.trustsUnknown;
  }

  #indexesInFlows(entries: readonly SwitchEntry[]): ReadonlySet<number> {
    const indexes = new Set<number>();
    const lists = new Set<readonly RememberedFact[]>();
    for (const entry of entries) {
      if (entry.readback === null || entry.readback.plain !== null || !this.#counts(entry)) continue;
      if (entry.readback.ownIndex !== null && entry.readback.ownIndex > 0) indexes.add(entry.readback.ownIndex);
      for (const list of rememberedBy(entry)) lists.add(list);
    }
    for (const list of lists) for (const { index } of list) indexes.add(index);
    for (const index of this.#forgottenIndexes) indexes.delete(index);
    return indexes;
  }

  /**
   * A switch is a lone one when no host's rows name it and it holds no flows of a joined host; and, since a switch that
   * lost its flows looks the same, when some time has passed and it is not the bridge of a host that peers know.
   */
  #isLone(entry: SwitchEntry, isSomebodys: (dpid: Dpid) => boolean): boolean {
    if (entry.readback === null || !this.#options.servesAlone(loneHostId(entry.dpid))) return false;
    if (entry.session === null || !entry.isRead) {
      const wasLone = this.#options.islands.byDpid.has(entry.dpid);
      return wasLone && !this.#bindings.has(entry.dpid) && this.#waits(entry.leftAtMs + GONE_GRACE_MS);
    }
    if ((entry.readback.ownIndex ?? 0) > 0 || this.#bindings.has(entry.dpid)) return false;
    if (isSomebodys(entry.dpid)) return false;
    if (entry.readback.ownIndex === 0) return true;
    const nobody = this.#options.hosts.entries.size === 0 && (this.#fabric?.hosts.size ?? 0) === 0;
    return !this.#waits(entry.connectedAtMs + (nobody ? FIRST_GRACE_MS : LONE_GRACE_MS));
  }

  /** Of bridges that hosts say are theirs, or that hosts which are known make. */
  #claimedDpids(): ReadonlySet<Dpid> {
    const claimed = new Set<Dpid>();
    for (const { fact } of this.#options.hosts.entries.values()) if (fact.dpid !== null) claimed.add(fact.dpid);
    for (const id of this.#fabric?.hosts.keys() ?? []) claimed.add(datapathIdOf(bridgeMac(id)));
    return claimed;
  }

  /** Whether a moment is yet to come; what follows from it is looked at then. */
  #waits(untilMs: number): boolean {
    const waitMs = untilMs - this.#options.timers.now();
    if (waitMs <= 0) return false;
    this.#graceTimer ??= this.#options.timers.setTimer(waitMs + 1, () => {
      this.#graceTimer = null;
      this.changed();
    });
    return true;
  }

  #deriveIslands(ofEach: ForEach): void {
    const { islands, switches, watch, tunnelType, networkSettings, bfd, topology, loops } = this.#options;
    let claimed: ReadonlySet<Dpid> | null = null;
    const isSomebodys = (dpid: Dpid): boolean => {
      claimed ??= this.#claimedDpids();
      return claimed.has(dpid);
    };
    const lone = [...switches.entries.values()].filter((entry) => this.#isLone(entry, isSomebodys));
    for (const entry of lone) ofEach(entry, () => switches.believe(entry));
    islands.derive(lone, {
      ofEach,
      tunnelType,
      networkSettings,
      bfd,
      topology,
      loops: loops(),
      watched: (key) => ({
        disputes: watch.island(key)?.disputes() ?? [],
        capped: watch.island(key)?.capped() ?? [],
      }),
    });
  }

  /** Whether anything is written to the switch of a host. */
  isServed({ plain, fact, index, switch: held }: FabricHost): boolean {
    if (plain !== null) return !this.#options.islands.settling;
    return fact !== null && held !== null && index !== null && takesPart(fact);
  }

  /** What a switch should hold; null while its host's rows are not known, or it has no place in the fabric. */
  desiredSwitch(entry: SwitchEntry): DesiredSwitch | null {
    const { islands } = this.#options;
    const island = islands.byDpid.get(entry.dpid);
    const lone = island?.hosts.get(loneHostId(entry.dpid));
    if (island !== undefined && lone !== undefined) return islands.settling ? null : this.#compile(entry, island, lone);
    const id = this.#bindings.get(entry.dpid);
    const fabric = this.#fabric;
    const host = id === undefined ? undefined : fabric?.hosts.get(id);
    if (fabric === null || host === undefined || !this.isServed(host)) return null;
    return this.#compiled(host.id, () => this.#compile(entry, fabric, host));
  }

  #compile(entry: SwitchEntry, fabric: Fabric, host: FabricHost): DesiredSwitch {
    entry.desired = compileSwitch(fabric, host, this.#options.pipeline, entry.desired ?? undefined);
    return entry.desired;
  }

  desiredRows(entry: HostEntry, controllerTarget: string, approval: string | null): DesiredRows | null {
    const fabric = this.#fabric;
    const host = fabric?.hosts.get(entry.id);
    if (fabric === null || host === undefined) return null;
    return this.#compiled(host.id, () => {
      const rows = this.#rowsOf(fabric, host, controllerTarget, approval, this.#rows.get(entry));
      if (rows !== null) this.#rows.set(entry, rows);
      return rows;
    });
  }

  #rowsOf(
    fabric: Fabric,
    host: FabricHost,
    controllerTarget: string,
    approval: string | null,
    previous?: DesiredRows,
  ): DesiredRows | null {
    const { datapathType, tunnelOptions, requestMtu } = this.#options;
    const settings = { controllerTarget, approval, datapathType, tunnelOptions, requestMtu };
    return compileRows(fabric, host, settings, previous);
  }

  /** Every local port whose switch is connected. */
  probedPorts(): readonly ProbedPort[] {
    const dpidOf = new Map([...this.#bindings].map(([dpid, id]) => [id, dpid]));
    for (const dpid of this.#options.islands.byDpid.keys()) dpidOf.set(loneHostId(dpid), dpid);
    const { entries } = this.#options.switches;
    return probedPortsOf(this.fabrics, (id) => {
      const dpid = dpidOf.get(id);
      return dpid === undefined || entries.get(dpid)?.session == null ? null : dpid;
    });
  }
}
