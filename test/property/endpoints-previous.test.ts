// Endpoints, and what every switch should hold of them, are made of what has changed: they must be what all facts together give.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fabric, FabricHost, FabricInput } from "../../src/model/fabric.ts";
import type { HostFact, ObservedFact, PortFact, RememberedFact, SwitchFact } from "../../src/model/facts.ts";
import { compileSwitch } from "../../src/pipeline/compile.ts";
import { type DesiredFlow, type DesiredSwitch, flowForm, flowKey } from "../../src/pipeline/desired.ts";
import { layered } from "../../src/pipeline/layered-flows.ts";
import { readBackOwn, sharedMemories } from "../../src/pipeline/memories.ts";
import { type Readback, readBack } from "../../src/pipeline/readback.ts";
import { shareFlows } from "../../src/pipeline/shared-flows.ts";
import { type InstalledSwitch, NOTHING_INSTALLED } from "../../src/reconcile/installed.ts";
import { InternedFlows } from "../../src/reconcile/interned-flows.ts";
import { planSwitch, type SwitchChange } from "../../src/reconcile/switch-plan.ts";
import {
  derive,
  hostFact,
  own,
  portFact,
  receiving,
  stored,
  switchFact,
  tunnelTo,
} from "../unit/model/facts-for-tests.ts";
import { naiveForms } from "./naive-compile.ts";
import { naiveTable } from "./naive-endpoints.ts";
import { runs, TIMEOUT } from "./runs.ts";

const HOSTS = 4;
const MACS = ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03", "02:00:00:00:00:04"];
const IPS = ["10.0.0.1", "10.0.0.2", "fd00::1"];
const PORTS = ["a", "b"];
const SETTINGS = { idleTimeoutSec: 300, puntsPerSecond: 100, puntBurst: 100 };

const at = fc.integer({ min: 1, max: HOSTS });
const mac = fc.constantFrom(...MACS);
const ips = fc.subarray(IPS);
const port = fc.constantFrom(...PORTS);
const vni = fc.constantFrom(7, 8);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("heard" as const),
      ...{ host: at, port, vni, mac, ips, router: fc.option(fc.boolean()) },
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("silent" as const), host: at, mac }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("port" as const),
      ...{ host: at, port, tag: fc.option(vni), up: fc.boolean(), locked: fc.boolean() },
      ...{ macs: fc.subarray(MACS, { maxLength: 2 }), ips: fc.option(ips), owner: fc.option(fc.constant("vm")) },
      guest: fc.option(fc.record({ id: fc.constantFrom("g1", "g2"), active: fc.boolean() })),
      numbered: fc.constantFrom(true, true, true, false),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("host" as const), host: at, isThere: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("switch" as const), host: at, isThere: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("away" as const), host: at, isAway: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("kernel" as const), host: at, isKernel: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("tunnel" as const), host: at, peer: at, isThere: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("settings" as const),
      answer: fc.boolean(),
      configured: fc.array(fc.record({ mac, ips, host: at, port }), { maxLength: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("remembered" as const),
      facts: fc.array(fc.record({ index: fc.integer({ min: 1, max: HOSTS + 2 }), vni, mac, ips }), { maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("dispute" as const),
      host: at,
      port: fc.integer({ min: 1, max: 2 }),
      vni,
      mac,
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const idOf = (number: number): string => `h${number}`;
const dpidOf = (number: number): string => `${number}`.padStart(16, "0");

class World {
  readonly #hosts = new Map<string, HostFact>();
  readonly #gone = new Set<string>();
  readonly #switches = new Map<string, SwitchFact>();
  #fields: Partial<FabricInput> = {};
  #heard = 0;

  constructor() {
    const all = Array.from({ length: HOSTS }, (_, place) => place + 1);
    for (const host of all) {
      const peers = all.filter((peer) => peer !== host);
      this.#hosts.set(
        idOf(host),
        hostFact({
          ...{ id: idOf(host), dpid: dpidOf(host), stored: stored(idOf(host), host), tunnelIp: `10.9.0.${host}` },
          tunnels: peers.map((peer) => tunnelTo(idOf(peer), peer, `10.9.0.${peer}`)),
          ports: PORTS.map((name, place) => this.#port(name, place === 0 ? 7 : 8)),
        }),
      );
      this.#switches.set(
        idOf(host),
        switchFact({
          ...{ dpid: dpidOf(host), ownIndex: host, maxMeter: host % 2 === 0 ? 0 : 1000 },
          receivesOn: receiving(...peers.map((peer) => 0xa000 + peer)),
          sendsBy: new Map(peers.map((peer) => [peer, own(0xa000 + peer)])),
        }),
      );
    }
  }

  #port(name: string, tag: number | null, fields: Partial<PortFact> = {}): PortFact {
    return portFact({ name, ofport: PORTS.indexOf(name) + 1, vlan: { tag, trunks: [], vlanMode: null }, ...fields });
  }

  #change(number: number, change: (fact: HostFact) => Partial<HostFact>): void {
    const fact = this.#hosts.get(idOf(number));
    if (fact !== undefined) this.#hosts.set(fact.id, { ...fact, ...change(fact) });
  }

  #observe(number: number, change: (observed: readonly ObservedFact[]) => readonly ObservedFact[]): void {
    const fact = this.#switches.get(idOf(number));
    if (fact !== undefined) this.#switches.set(idOf(number), { ...fact, observed: change(fact.observed) });
  }

  apply(one: Step): void {
    switch (one.kind) {
      case "heard": {
        const { vni: network, mac: source, ips: said, router } = one;
        this.#heard += 1;
        const heard: ObservedFact = {
          ...{ vni: network, mac: source, ofport: PORTS.indexOf(one.port) + 1, ips: said, heard: this.#heard },
          ...(router === null ? {} : { router }),
        };
        this.#observe(one.host, (all) => [...all.filter((fact) => fact.vni !== network || fact.mac !== source), heard]);
        break;
      }
      case "silent":
        this.#observe(one.host, (all) => all.filter((fact) => fact.mac !== one.mac));
        break;
      case "port": {
        const { tag, up, locked, macs, guest, owner } = one;
        const port = this.#port(one.port, tag, {
          ...{ up, locked, declaredMacs: macs, declaredIps: one.ips },
          ...(guest === null ? {} : { guest }),
          ...(owner === null ? {} : { owner }),
          ...(one.numbered ? {} : { ofport: null }),
        });
        this.#change(one.host, ({ ports }) => ({ ports: ports.map((fact) => (fact.name === one.port ? port : fact)) }));
        break;
      }
      case "host":
        if (one.isThere) this.#gone.delete(idOf(one.host));
        else this.#gone.add(idOf(one.host));
        break;
      case "switch":
        if (one.isThere) this.#gone.delete(`switch ${idOf(one.host)}`);
        else this.#gone.add(`switch ${idOf(one.host)}`);
        break;
      case "away":
        this.#fields = { ...this.#fields, away: new Set(one.isAway ? [idOf(one.host)] : []) };
        break;
      case "kernel":
        this.#change(one.host, () => ({ userspaceDatapath: !one.isKernel }));
        break;
      case "tunnel": {
        const { host, peer, isThere } = one;
        if (host === peer) break;
        const row = tunnelTo(idOf(peer), peer, `10.9.0.${peer}`, isThere ? {} : { ofport: null });
        this.#change(host, ({ tunnels }) => ({ tunnels: tunnels.map((old) => (old.peerIndex === peer ? row : old)) }));
        const fact = this.#switches.get(idOf(host));
        if (fact === undefined) break;
        const sendsBy = new Map(fact.sendsBy);
        if (isThere) sendsBy.set(peer, own(0xa000 + peer));
        else sendsBy.delete(peer);
        this.#switches.set(idOf(host), { ...fact, sendsBy });
        break;
      }
      case "settings":
        this.#fields = {
          ...this.#fields,
          networkSettings: [{ name: "seven", vni: 7, tag: 7, answer: one.answer }],
          endpointSettings: one.configured.map(({ mac: own, ips: said, host, port: name }) => ({
            ...{ mac: own, ips: said, network: null, host: idOf(host), port: name },
          })),
        };
        break;
      case "remembered":
        this.#fields = {
          ...this.#fields,
          remembered: one.facts.map(({ index, ...more }) => ({ index, endpoints: [more], vnis: [more.vni] })),
        };
        break;
      case "dispute": {
        const place = { dpid: dpidOf(one.host), ofport: one.port };
        const holder = { mac: one.mac, place: { dpid: dpidOf(1), ofport: 1 } };
        const dispute = { vni: one.vni, mac: one.mac, ip: null, reason: "duplicate", holder } as const;
        this.#fields = { ...this.#fields, disputes: [{ ...dispute, rivals: [{ mac: one.mac, place }] }] };
        break;
      }
    }
  }

  draw(previous?: Fabric): { readonly fabric: Fabric; readonly input: FabricInput } {
    const hosts = [...this.#hosts.values()].filter(({ id }) => !this.#gone.has(id));
    const held = [...this.#switches].filter(([id]) => !this.#gone.has(id) && !this.#gone.has(`switch ${id}`));
    const fabric = derive(hosts, Object.fromEntries(held), this.#fields, previous);
    const identities = new Map([...fabric.hosts.values()].map((host) => [host.id, host]));
    const facts = { hostFacts: new Map(hosts.map((host) => [host.id, host])), switchFacts: new Map(held) };
    const rest = { holding: false, remembered: [], ...this.#fields };
    return { fabric, input: { ...rest, ...facts, identities } as unknown as FabricInput };
  }
}

/** A switch that does as it is told, and what is believed of it. */
class Device {
  readonly forms = new Map<string, string>();
  installed: InstalledSwitch = NOTHING_INSTALLED;
  readback: Readback | null = null;
  desired: DesiredSwitch | undefined;

  apply(changes: readonly SwitchChange[]): void {
    for (const change of changes) {
      if (change.kind !== "flow_mod") continue;
      const key = flowKey(change.tableId, change.priority, change.match);
      if (change.command === "delete_strict") expect(this.forms.delete(key)).toBe(true);
      else this.forms.set(key, flowForm(change));
    }
  }

  /** One of its flows has run out of time. */
  lose(nth: number): void {
    const all = [...this.installed.flows.keys()].sort();
    const key = all[nth % Math.max(1, all.length)];
    if (key === undefined) return;
    this.forms.delete(key);
    this.installed = { ...this.installed, flows: layered(this.installed.flows).with([[key, null]]) };
  }
}

function sorted(forms: Iterable<readonly [string, string]>): readonly (readonly [string, string])[] {
  return [...forms].sort(([a], [b]) => (a < b ? -1 : 1));
}

function formsOf(flows: ReadonlyMap<string, DesiredFlow>): readonly (readonly [string, string])[] {
  const all = [...flows];
  expect(flows.size).toBe(all.length);
  expect(all.every(([key, flow]) => flow.key === key && flows.get(key) === flow)).toBe(true);
  return sorted(all.map(([key, flow]) => [key, flow.form] as const));
}

function expectEndpoints(fabric: Fabric, input: FabricInput): void {
  const naive = naiveTable(input, fabric);
  const byKey = <T>(map: ReadonlyMap<string, T>): unknown => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  expect(byKey(fabric.endpoints)).toEqual(byKey(naive.endpoints));
  expect(byKey(fabric.declared)).toEqual(byKey(naive.declared));
  expect(fabric.standbys).toEqual(naive.standbys);
  expect([...fabric.said.table.problems].flatMap(([id, list]) => list.map(() => id)).sort()).toEqual(naive.losers);
  const grouped = [...fabric.endpointsAt].flatMap(([id, list]) => list.map((one) => [id, one] as const));
  expect(grouped.length).toBe(naive.endpoints.size);
  for (const [id, one] of grouped)
    expect(fabric.endpoints.get(`${one.vni}/${one.mac}`) === one && one.hostId === id).toBe(true);
}

/** All that the flows together say of hosts is told, in whichever parts. */
function expectRemembered(flows: ReadonlyMap<string, DesiredFlow>, told: readonly RememberedFact[]): void {
  for (const { index, endpoints, vnis } of readBack(flows.values(), []).remembered) {
    const here = told.filter((fact) => fact.index === index);
    expect(here.flatMap((fact) => fact.vnis)).toEqual(expect.arrayContaining([...vnis]));
    for (const { vni: network, mac: own, ips: addresses, router } of endpoints) {
      const said = here.flatMap((fact) => fact.endpoints).filter((one) => one.vni === network && one.mac === own);
      expect(said).not.toEqual([]);
      expect(said.flatMap((one) => one.ips)).toEqual(expect.arrayContaining([...addresses]));
      if (router !== undefined) expect(said.map((one) => one.router)).toContain(router);
    }
  }
}

function expectReadback(device: Device): void {
  const { flows, groups } = device.installed;
  device.readback = readBackOwn(flows, groups, device.readback);
  const { remembered, holds, ...own } = readBack(flows.values(), groups.values());
  expect(device.readback).toMatchObject(own);
  for (const one of own.observed) {
    expect(device.readback.holds(one)).toBe(holds(one));
    expect(device.readback.holds({ ...one, ofport: one.ofport + 100 })).toBe(false);
  }
  const told = [...device.readback.remembered, ...sharedMemories(flows).flat()];
  expectRemembered(flows, told);
  for (const { index, vnis } of remembered) {
    const here = told.filter((fact) => fact.index === index);
    expect(here.flatMap((fact) => fact.vnis)).toEqual(expect.arrayContaining([...vnis]));
  }
}

/** Read again by a controller that knows nothing, with those of others. */
function expectFoundAlike({ installed, desired }: Device, others: Iterable<Device>): void {
  const common = new InternedFlows(1);
  for (const other of [...others].reverse()) {
    const read = new Map(other.installed.flows);
    const found = common.absorb(read);
    expect(formsOf(found)).toEqual(formsOf(read));
    expectRemembered(read, [...readBackOwn(found, new Map()).remembered, ...sharedMemories(found).flat()]);
  }
  const flows = common.absorb(new Map(installed.flows));
  if (desired !== undefined) expect(planSwitch(desired, { ...installed, flows }).changes).toEqual([]);
}

function isServed(host: FabricHost): boolean {
  return host.fact !== null && host.switch !== null && host.index !== null;
}

describe("endpoints that come and go, move, are declared and disputed, on hosts that come and go", TIMEOUT, () => {
  it("are concluded as from all facts at once, and every switch is led to what it should hold of them", () => {
    const steps = fc.array(fc.tuple(step, fc.nat(15), fc.option(fc.nat(500))), { minLength: 1, maxLength: 25 });
    fc.assert(
      fc.property(steps, (all) => {
        const world = new World();
        const devices = new Map(Array.from({ length: HOSTS }, (_, place) => [idOf(place + 1), new Device()]));
        let fabric: Fabric | undefined;
        for (const [one, served, lost] of all) {
          world.apply(one);
          const drawn = world.draw(fabric);
          shareFlows(drawn.fabric, fabric === undefined ? undefined : shareFlows(fabric));
          fabric = drawn.fabric;
          expectEndpoints(fabric, drawn.input);
          for (const [place, [id, device]] of [...devices].entries()) {
            const host = fabric.hosts.get(id);
            if (host === undefined || !isServed(host)) continue;
            const desired = compileSwitch(fabric, host, SETTINGS, device.desired);
            device.desired = desired;
            const naive = sorted(naiveForms(fabric, host, SETTINGS));
            expect(formsOf(desired.flows)).toEqual(naive);
            expect(compileSwitch(fabric, host, SETTINGS, desired)).toBe(desired);
            expect([...desired.groups]).toEqual([...compileSwitch(fabric, host, SETTINGS).groups]);
            if (lost !== null) device.lose(lost);
            // Some are slow, and go from one version to another that is several away.
            if ((served & (1 << place)) === 0) continue;
            const plan = planSwitch(desired, device.installed);
            device.apply(plan.changes);
            expect(sorted(device.forms)).toEqual(naive);
            device.installed = { ...desired, foreign: new Set() };
            expect(planSwitch(desired, device.installed).changes).toEqual([]);
            expectReadback(device);
            expectFoundAlike(device, devices.values());
          }
        }
      }),
      runs(15),
    );
  });
});
