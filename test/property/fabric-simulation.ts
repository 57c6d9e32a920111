// A whole fabric without sockets: facts -> fabric -> plans -> switches, one event at a time, in any order a test likes.
import { defaultConfig } from "../../src/config/index.ts";
import { Whereabouts } from "../../src/discovery/whereabouts.ts";
import { deriveFabric, type Fabric } from "../../src/model/fabric.ts";
import type {
  HostFact,
  Lane,
  NetworkSetting,
  PortFact,
  SwitchFact,
  TunnelRowFact,
  TunnelType,
} from "../../src/model/facts.ts";
import type { FlowBasedSettings } from "../../src/model/flow-based.ts";
import { type Decisions, NO_DECISIONS, resolveIdentities } from "../../src/model/identity.ts";
import { MESH, type Topology } from "../../src/model/topology.ts";
import { compileSwitch } from "../../src/pipeline/compile.ts";
import type { DesiredSwitch } from "../../src/pipeline/desired.ts";
import { type Readback, readBack } from "../../src/pipeline/readback.ts";
import { compileRows } from "../../src/pipeline/rows.ts";
import { type InstalledSwitch, installedFrom, NOTHING_INSTALLED } from "../../src/reconcile/installed.ts";
import { planSwitch } from "../../src/reconcile/switch-plan.ts";
import { type TracePort, type TunnelEnd, type World, world } from "../../src/trace/index.ts";
import { emptyHostFact, type FabricSpec, guestsOf, hostId, portFacts, tunnelIpOf } from "./fabric-spec.ts";
import { type Failures, NO_FAILURES } from "./failures.ts";
import { SimulatedSwitch } from "./simulated-switch.ts";

const RULES = { duplicateWindowMs: 5000, quietMs: 30_000, moves: { count: 5, windowMs: 180_000 }, proofMs: 1000 };
/** Between two events of the simulation: long enough that a guest which turns up elsewhere has moved. */
const LATER_MS = 60_000;
const PIPELINE = { idleTimeoutSec: 300, puntsPerSecond: 100, puntBurst: 100, loopProbes: true };

interface SimulatedHost {
  readonly id: string;
  /** The database, as it is. */
  row: HostFact;
  /** As the controller last read it. */
  known: HostFact;
  /** Whether the controller can talk to it. Its switch forwards either way. */
  reachable: boolean;
  readonly device: SimulatedSwitch;
  /** What the controller has of it. */
  rowsRead: boolean;
  flowsRead: boolean;
  installed: InstalledSwitch;
  readback: Readback | null;
}

/** Some guests advertise their IPv6 address, and with it whether they route; others only ask from it. */
function routerFlagOf({ mac }: { readonly mac: string }, ip: string | null): boolean | null {
  if (ip?.includes(":") !== true) return null;
  const choice = Number.parseInt(mac.slice(-2), 16) % 3;
  return choice === 0 ? null : choice === 1;
}

export type SimulationEvent = {
  readonly kind: "rows" | "ofports" | "switch" | "bfd" | "read-rows" | "read-flows";
  readonly host: string;
};

export class FabricSimulation {
  readonly #hosts = new Map<string, SimulatedHost>();
  #tunnelType: TunnelType = "geneve";
  #topology: Topology = MESH;
  #flowBased: FlowBasedSettings = { mode: "never", above: 200 };
  #settings: readonly NetworkSetting[] = [];
  #fabric: Fabric | null = null;
  #decisions: Decisions = NO_DECISIONS;
  #whereabouts = new Whereabouts(RULES, 1024);
  #nowMs = 0;
  #failures: Failures = NO_FAILURES;
  holding = false;

  get fabric(): Fabric {
    if (this.#fabric === null) throw new Error("nothing is derived yet");
    return this.#fabric;
  }

  /** What administrators and guests do: rows change, frames are heard. What the controller does about it comes by events. */
  become(spec: FabricSpec): void {
    this.#tunnelType = spec.tunnelType;
    this.#topology = spec.topology;
    this.#flowBased = spec.flowBased;
    this.#settings = spec.settings;
    for (const at of spec.hosts.keys()) {
      const id = hostId(at);
      const host = this.#hosts.get(id) ?? {
        id,
        row: emptyHostFact(at),
        known: emptyHostFact(at),
        reachable: true,
        device: new SimulatedSwitch(),
        rowsRead: true,
        flowsRead: true,
        installed: NOTHING_INSTALLED,
        readback: null,
      };
      this.#hosts.set(id, host);
      const stored = (name: string): PortFact | undefined => host.row.ports.find((one) => one.name === name);
      const ports = portFacts(spec, at).map((port) => {
        const before = stored(port.name);
        return before?.networkName === port.networkName ? { ...port, storedVni: before.storedVni } : port;
      });
      host.row = { ...host.row, ports, tunnelIp: tunnelIpOf(spec, at) };
      this.#notice(host);
    }
    this.#derive();
    this.#nowMs += LATER_MS;
    this.#whereabouts.tick(this.#nowMs);
    const wanted = guestsOf(spec).filter((guest) => guest.known === "observed");
    for (const host of this.#hosts.values()) {
      // Frames are heard by way of the host's own switch.
      if (!host.reachable) continue;
      const vniOf = (network: string): number => this.fabric.networks.byName(network)?.vni ?? 0;
      const here = wanted.filter((guest) => guest.host === host.id);
      const names = new Set(here.map((guest) => `${vniOf(guest.way.network)}/${guest.mac}/${guest.ofport}`));
      // Who has gone is aged out by the switch.
      for (const fact of this.#whereabouts.observedAt(host.id)) {
        if (!names.has(`${fact.vni}/${fact.mac}/${fact.ofport}`))
          this.#whereabouts.forget(host.id, fact.vni, fact.mac, fact.ofport);
      }
      for (const guest of here) {
        const vni = vniOf(guest.way.network);
        for (const ip of [null, ...guest.ips])
          this.#whereabouts.hear(
            host.id,
            { vni, ofport: guest.ofport, mac: guest.mac, ip, announces: true, router: routerFlagOf(guest, ip) },
            this.#nowMs,
          );
      }
    }
    this.#derive();
  }

  #notice(host: SimulatedHost): void {
    if (host.reachable && host.rowsRead) host.known = host.row;
  }

  /** The way between the controller and a host is cut, or there again: then it is read anew. */
  reach(id: string, reachable: boolean): void {
    const host = this.#host(id);
    host.reachable = reachable;
    if (reachable) host.flowsRead = host.readback === null && host.device.flows.length === 0;
    this.#notice(host);
    this.#derive();
  }

  /** What breaks, or is whole again. Switches notice at once; databases say so later, one by one; hosts that are down never do. */
  fail(failures: Failures): void {
    this.#failures = failures;
    for (const id of this.#hosts.keys()) {
      const reachable = failures.isAlive(id);
      if (this.#host(id).reachable !== reachable) this.reach(id, reachable);
    }
  }

  #withBfd(host: SimulatedHost): HostFact {
    const tunnels = host.row.tunnels.map((row): TunnelRowFact => {
      if (this.#failures.sees(host.id, row.peerId))
        return row.bfd.kind === "up" ? row : { ...row, bfd: { kind: "up" } };
      return row.bfd.kind === "down" ? row : { ...row, bfd: { kind: "down", why: "Control Detection Time Expired" } };
    });
    return tunnels.every((row, at) => row === host.row.tunnels[at]) ? host.row : { ...host.row, tunnels };
  }

  /** What the switches hold, in an order of its own. */
  installed(): readonly string[] {
    const text = (value: unknown): string =>
      JSON.stringify(value, (_, one: unknown) => (typeof one === "bigint" ? `${one}n` : one));
    const held = [...this.#hosts.values()].flatMap(({ id, device }) =>
      [...device.flows, ...device.groups, ...device.meters].map((one) => `${id} ${text(one)}`),
    );
    return held.sort();
  }

  /** The controller is gone and another one starts with nothing: no host has been read. */
  restart(): void {
    this.#fabric = null;
    this.#decisions = NO_DECISIONS;
    this.holding = true;
    this.#whereabouts = new Whereabouts(RULES, 1024);
    for (const host of this.#hosts.values()) {
      host.rowsRead = false;
      host.flowsRead = false;
      host.installed = NOTHING_INSTALLED;
      host.readback = null;
    }
    this.#derive();
  }

  #switchFact(host: SimulatedHost): SwitchFact | null {
    // What a switch held stays a fact while it is away.
    if (!host.flowsRead && host.readback === null) return null;
    const {
      ownIndex = null,
      receivesOn = new Set<string>(),
      sendsBy = new Map<number, Lane>(),
      relaysBy = new Map<number, readonly Lane[]>(),
      relaysTo = new Map<number, Lane>(),
    } = host.readback ?? {};
    const { maxMeter } = host.device;
    return {
      dpid: host.row.dpid ?? "",
      ownIndex,
      maxMeter,
      observed: this.#whereabouts.observedAt(host.id),
      receivesOn,
      sendsBy,
      relaysBy,
      relaysTo,
    };
  }

  #derive(): void {
    const read = [...this.#hosts.values()].filter((host) => host.rowsRead);
    const inFlows = new Set<number>();
    for (const { readback } of this.#hosts.values()) {
      if (readback === null) continue;
      if (readback.ownIndex !== null && readback.ownIndex > 0) inFlows.add(readback.ownIndex);
      for (const { index } of readback.remembered) inFlows.add(index);
    }
    const outcome = resolveIdentities({
      hosts: read.map((host) => host.known),
      settings: new Map(),
      configuredFabricId: null,
      decisions: this.#decisions,
      holding: this.holding,
      indexesInFlows: inFlows,
      forgotten: new Set(),
      newFabricId: () => "f0",
    });
    this.#decisions = outcome.decisions;
    const switchFacts = new Map<string, SwitchFact>();
    for (const host of this.#hosts.values()) {
      const fact = this.#switchFact(host);
      // By the datapath id where the rows are known, else by the index that its own flows name.
      const id = host.rowsRead
        ? host.id
        : [...outcome.identities.values()].find(({ index }) => index !== null && index === fact?.ownIndex)?.id;
      if (fact !== null && id !== undefined) switchFacts.set(id, fact);
    }
    this.#fabric = deriveFabric(
      {
        fabricId: outcome.fabricId,
        tunnelType: this.#tunnelType,
        networkSettings: this.#settings,
        identities: outcome.identities,
        hostFacts: new Map(read.map((host) => [host.id, host.known])),
        switchFacts,
        remembered: [...this.#hosts.values()].flatMap((host) =>
          host.flowsRead ? (host.readback?.remembered ?? []) : [],
        ),
        holding: this.holding,
        keepTunnel: () => false,
        bfd: { enabled: true, packetsPerSecond: 200 },
        topology: this.#topology,
        flowBased: this.#flowBased,
      },
      this.#fabric ?? undefined,
    );
  }

  #host(id: string): SimulatedHost {
    const host = this.#hosts.get(id);
    if (host === undefined) throw new Error(`there is no host ${id}`);
    return host;
  }

  desired(id: string): DesiredSwitch | null {
    const host = this.fabric.hosts.get(id);
    if (host?.fact == null || host.switch === null || host.index === null) return null;
    return compileSwitch(this.fabric, host, PIPELINE);
  }

  #rowsAfter(host: SimulatedHost): HostFact {
    const inFabric = this.fabric.hosts.get(host.id);
    const rows =
      inFabric === undefined
        ? null
        : compileRows(this.fabric, inFabric, {
            datapathType: null,
            controllerTarget: "tcp:192.0.2.1",
            tunnelOptions: defaultConfig.tunnel,
          });
    if (rows === null || inFabric?.index == null) return host.row;
    const tunnels = rows.tunnels.flatMap(({ name, type, shared, peers }) =>
      peers.map(({ remoteIp, peerId, peerIndex }): TunnelRowFact => {
        const same = host.row.tunnels.filter((row) => row.name === name);
        const kept = same.find((row) => row.remoteIp === remoteIp && row.peerId === peerId);
        return (
          kept ?? {
            name,
            type,
            ...(shared ? { shared } : {}),
            // A further peer of a port that stands has the port's number at once.
            ofport: shared ? (same[0]?.ofport ?? null) : null,
            remoteIp,
            peerId,
            peerIndex,
            fabricId: this.fabric.id ?? "",
            linkUp: true,
            bfd: { kind: shared ? "off" : "up" },
            error: null,
          }
        );
      }),
    );
    const ports = host.row.ports.map((port) => {
      const vni = rows.portExternalIds.get(port.name)?.get("weft-vni");
      return vni === undefined ? port : { ...port, storedVni: Number(vni) };
    });
    const stored = { index: inFabric.index, fabricId: this.fabric.id ?? "", hostId: host.id };
    return { ...host.row, tunnels, ports, stored };
  }

  /** All that could happen next. */
  pending(): readonly SimulationEvent[] {
    const events: SimulationEvent[] = [];
    for (const host of this.#hosts.values()) {
      const tunnelsWithoutPort = host.row.tunnels.some((row) => row.ofport === null);
      if (tunnelsWithoutPort) events.push({ kind: "ofports", host: host.id });
      if (!host.reachable) continue;
      if (this.#withBfd(host) !== host.row) events.push({ kind: "bfd", host: host.id });
      if (!host.rowsRead) events.push({ kind: "read-rows", host: host.id });
      else if (JSON.stringify(this.#rowsAfter(host)) !== JSON.stringify(host.row))
        events.push({ kind: "rows", host: host.id });
      if (!host.flowsRead) events.push({ kind: "read-flows", host: host.id });
      else {
        const desired = this.desired(host.id);
        if (desired !== null && planSwitch(desired, host.installed).changes.length > 0)
          events.push({ kind: "switch", host: host.id });
      }
    }
    return events;
  }

  /** @returns how many flows and groups were changed. */
  happen(event: SimulationEvent): number {
    const host = this.#host(event.host);
    let changes = 0;
    switch (event.kind) {
      case "rows":
        host.row = this.#rowsAfter(host);
        break;
      case "bfd":
        host.row = this.#withBfd(host);
        break;
      case "ofports": {
        const base = { gre: 0x8000, vxlan: 0x9000, geneve: 0xa000 };
        const tunnels = host.row.tunnels.map((row) => ({
          ...row,
          ofport: row.ofport ?? base[row.type] + (row.shared === true ? 0 : row.peerIndex),
        }));
        host.row = { ...host.row, tunnels };
        break;
      }
      case "switch": {
        const desired = this.desired(host.id);
        if (desired === null) break;
        const plan = planSwitch(desired, host.installed);
        host.device.apply(plan.changes);
        host.device.apply(plan.afterwards);
        host.installed = { ...host.installed, ...desired };
        host.readback = readBack(desired.flows.values(), desired.groups.values());
        changes = plan.flowMods + plan.groupMods;
        break;
      }
      case "read-rows":
        host.rowsRead = true;
        break;
      case "read-flows": {
        const { flows, groups, meters } = host.device;
        host.flowsRead = true;
        host.installed = installedFrom(flows, groups, meters);
        host.readback = readBack(host.installed.flows.values(), host.installed.groups.values());
        this.#whereabouts.load(host.id, host.readback.observed, this.#nowMs);
      }
    }
    this.#notice(host);
    this.#derive();
    return changes;
  }

  /** Endless updating is a bug of its own. */
  settle(
    choose: (events: readonly SimulationEvent[]) => SimulationEvent,
    step: (event: SimulationEvent) => void = () => undefined,
  ): number {
    let changes = 0;
    for (let count = 0; ; count++) {
      const events = this.pending();
      if (events.length === 0) return changes;
      if (count > 400) throw new Error(`the fabric does not come to rest: ${JSON.stringify(events)}`);
      const event = choose(events);
      changes += this.happen(event);
      step(event);
    }
  }

  /**
   * The data plane: what switches hold now, whether the controller knows of it or not.
   * @param believed whether a switch takes a tunnel port of its own for live; all carry frames nevertheless.
   */
  world(believed: (host: string, port: number) => boolean = () => true): World {
    const failures = this.#failures;
    const tunnels: TunnelEnd[] = [];
    const arrival = (peer: SimulatedHost | undefined, type: TunnelType, from: string): number | null => {
      const rows = (peer?.row.tunnels ?? []).filter((row) => row.type === type && row.ofport !== null);
      // As in Open vSwitch, a port for the very address comes before one for all.
      const row = rows.find((one) => one.shared !== true && one.remoteIp === from) ?? rows.find((one) => one.shared);
      return row?.ofport ?? null;
    };
    for (const host of this.#hosts.values()) {
      const source = host.row.tunnelIp ?? "";
      for (const row of host.row.tunnels.filter((one) => one.shared !== true)) {
        if (row.ofport === null) continue;
        const peer = [...this.#hosts.values()].find((one) => one.row.tunnelIp === row.remoteIp);
        const peerPort = arrival(peer, row.type, source);
        // Nobody is at an address that a host has left.
        const up = peer !== undefined && failures.carries(host.id, row.peerId);
        tunnels.push({ host: host.id, port: row.ofport, peerHost: peer?.id ?? row.peerId, peerPort, up, source });
      }
      // A port for all leads wherever a frame says, whether Weft knows who is there or not.
      for (const row of new Map(host.row.tunnels.filter((one) => one.shared).map((one) => [one.type, one])).values()) {
        for (const peer of this.#hosts.values()) {
          if (row.ofport === null || peer === host) continue;
          const peerPort = arrival(peer, row.type, source);
          const toward = peer.row.tunnelIp ?? "";
          const up = failures.carries(host.id, peer.id);
          tunnels.push({ host: host.id, port: row.ofport, peerHost: peer.id, peerPort, up, source, toward });
        }
      }
    }
    const alive = [...this.#hosts.values()].filter((host) => failures.isAlive(host.id));
    const models = alive.map((host) => {
      const ports = new Map<number, TracePort>();
      for (const port of host.row.ports)
        if (port.ofport !== null) ports.set(port.ofport, { name: port.name, live: true });
      for (const row of host.row.tunnels)
        if (row.ofport !== null) {
          // Of a port for all nobody knows whether it leads anywhere.
          const live = row.shared === true || (believed(host.id, row.ofport) && failures.sees(host.id, row.peerId));
          ports.set(row.ofport, { name: row.name, live });
        }
      return [host.id, host.device.model(ports)] as const;
    });
    return world(new Map(models), tunnels);
  }
}
