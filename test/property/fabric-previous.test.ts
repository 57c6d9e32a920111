// The fabric is concluded from what has changed since the last one: it must be the one that all facts together give.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deriveFabric, type Fabric, type FabricInput } from "../../src/model/fabric.ts";
import type { HostFact, Lane, SwitchFact, TunnelRowFact, TunnelType } from "../../src/model/facts.ts";
import {
  type Decisions,
  type IdentityInput,
  type IdentityOutcome,
  NO_DECISIONS,
  resolveIdentities,
} from "../../src/model/identity.ts";
import { laneKey } from "../../src/model/lanes.ts";
import { MESH, type Topology } from "../../src/model/topology.ts";
import { sharedTunnelPort, tunnelPort } from "../../src/model/tunnel-types.ts";
import { compileRows, type DesiredRows, type RowSettings } from "../../src/pipeline/rows.ts";
import { FABRIC, hostFact, portFact, stored, switchFact, tunnelTo } from "../unit/model/facts-for-tests.ts";
import { runs, TIMEOUT } from "./runs.ts";

const HOSTS = 6;
const TYPES: readonly TunnelType[] = ["geneve", "vxlan"];
const HUBS: Topology = { kind: "hubs", hubs: ["h1", "h2"], direct: [["h3", "h4"]] };
const ROWS: RowSettings = {
  datapathType: null,
  controllerTarget: "tcp:192.0.2.9:6653",
  tunnelOptions: { csum: null, dstPort: null, dfDefault: null, tos: null, ttl: null, localIp: true },
};
const CHANCE = 4;

const idOf = (at: number): string => `h${at}`;
const ipOf = (at: number): string => `10.0.0.${at}`;
const at = fc.integer({ min: 1, max: HOSTS });
const type = fc.constantFrom(...TYPES);

const step = fc.oneof(
  fc.record({ kind: fc.constant("host" as const), host: at, isThere: fc.boolean() }),
  fc.record({ kind: fc.constant("waits" as const), host: at, waits: fc.boolean() }),
  fc.record({ kind: fc.constant("switch" as const), host: at, isThere: fc.boolean() }),
  fc.record({ kind: fc.constant("address" as const), host: at, ip: fc.integer({ min: 1, max: HOSTS + 2 }) }),
  fc.record({ kind: fc.constant("stored" as const), host: at, index: fc.integer({ min: 1, max: HOSTS + 1 }) }),
  fc.record({
    kind: fc.constant("types" as const),
    host: at,
    types: fc.option(fc.uniqueArray(type, { minLength: 1 })),
  }),
  fc.record({ kind: fc.constant("underlay" as const), host: at, mtu: fc.option(fc.constantFrom(1500, 9000)) }),
  fc.record({
    kind: fc.constant("tunnel" as const),
    host: at,
    peer: at,
    type,
    shared: fc.boolean(),
    index: fc.option(fc.integer({ min: 1, max: HOSTS + 1 }), { freq: 8 }),
    state: fc.constantFrom("gone", "asked", "standing", "standing", "standing", "failed", "down", "elsewhere"),
  }),
  fc.record({
    kind: fc.constant("held" as const),
    host: at,
    peer: at,
    what: fc.constantFrom("receives", "sends", "relayed", "passes"),
    by: fc.option(fc.tuple(type, fc.boolean(), at)),
  }),
  fc.record({ kind: fc.constant("port" as const), host: at, port: fc.constantFrom("a", "b"), tag: fc.option(at) }),
  fc.record({
    kind: fc.constant("setting" as const),
    hubs: fc.boolean(),
    type,
    flowBased: fc.constantFrom("auto", "always", "never"),
    bfd: fc.boolean(),
    holding: fc.boolean(),
    remembered: fc.uniqueArray(fc.integer({ min: 1, max: HOSTS + 2 }), { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant("time" as const), keep: fc.integer({ min: 0, max: CHANCE }) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Facts as they come one after the other: what does not change stays the same object. */
class World {
  readonly hosts = new Map<string, HostFact>();
  readonly switches = new Map<string, SwitchFact>();
  fields: Partial<FabricInput> = {};
  holding = false;
  keep = 0;

  #host(number: number): HostFact {
    const id = idOf(number);
    return this.hosts.get(id) ?? hostFact({ id, stored: stored(id, number), tunnelIp: ipOf(number) });
  }

  #change(number: number, fields: Partial<HostFact>): void {
    const id = idOf(number);
    if (this.hosts.has(id)) this.hosts.set(id, { ...this.#host(number), ...fields });
  }

  /** A whole mesh that stands, so that few steps lead to something. */
  static meshed(): World {
    const world = new World();
    const all = Array.from({ length: HOSTS }, (_, place) => place + 1);
    for (const host of all) {
      world.apply({ kind: "host", host, isThere: true });
      world.apply({ kind: "switch", host, isThere: true });
      world.apply({ kind: "port", host, port: "a", tag: host % 2 === 0 ? 7 : null });
    }
    for (const host of all) {
      for (const peer of all) {
        if (peer === host) continue;
        world.apply({ kind: "tunnel", host, peer, type: "geneve", shared: false, index: null, state: "standing" });
        for (const what of ["receives", "sends"] as const) {
          world.apply({ kind: "held", host, peer, what, by: ["geneve", false, peer] });
        }
      }
    }
    return world;
  }

  apply(one: Step): void {
    switch (one.kind) {
      case "host":
        if (one.isThere) this.hosts.set(idOf(one.host), this.#host(one.host));
        else this.hosts.delete(idOf(one.host));
        break;
      case "waits": {
        const problem = { code: "x", message: "x", remedy: "x" };
        this.#change(one.host, { standing: one.waits ? { kind: "waiting", problem } : { kind: "owned" } });
        break;
      }
      case "switch":
        if (one.isThere) this.switches.set(idOf(one.host), switchFact({ dpid: `${one.host}`.padStart(16, "0") }));
        else this.switches.delete(idOf(one.host));
        break;
      case "address":
        this.#change(one.host, { tunnelIp: ipOf(one.ip) });
        break;
      case "stored":
        this.#change(one.host, { stored: stored(idOf(one.host), one.index) });
        break;
      case "types":
        this.#change(one.host, { tunnelTypes: one.types });
        break;
      case "underlay":
        this.#change(one.host, { underlayMtu: one.mtu });
        break;
      case "tunnel":
        this.#tunnel(one);
        break;
      case "held":
        this.#held(one);
        break;
      case "port": {
        const others = this.#host(one.host).ports.filter(({ name }) => name !== one.port);
        const vlan = { tag: one.tag, trunks: [], vlanMode: null };
        this.#change(one.host, {
          ports: [...others, portFact({ name: one.port, ofport: one.port === "a" ? 1 : 2, vlan, mtu: 1500 })],
        });
        break;
      }
      case "setting":
        this.holding = one.holding;
        this.fields = {
          topology: one.hubs ? HUBS : MESH,
          tunnelType: one.type,
          flowBased: { mode: one.flowBased, above: HOSTS - 2 },
          bfd: { enabled: one.bfd, packetsPerSecond: 200 },
          remembered: one.remembered.map((index) => ({ index, endpoints: [], vnis: index % 2 === 0 ? [7] : [] })),
        };
        break;
      case "time":
        this.keep = one.keep;
    }
  }

  #tunnel(one: Step & { readonly kind: "tunnel" }): void {
    if (one.host === one.peer) return;
    const { tunnels } = this.#host(one.host);
    const name = `${one.type}${one.shared ? "-flow" : one.peer}`;
    const others = tunnels.filter((row) => row.name !== name || row.peerId !== idOf(one.peer));
    const port = one.shared ? sharedTunnelPort(one.type) : tunnelPort(one.type, one.peer);
    const row: TunnelRowFact = tunnelTo(idOf(one.peer), one.index ?? one.peer, ipOf(one.peer), {
      name,
      type: one.type,
      ...(one.shared ? { shared: true } : {}),
      ofport: one.state === "asked" ? null : port,
      bfd: one.state === "down" ? { kind: "down", why: "test" } : { kind: one.shared ? "off" : "up" },
      error: one.state === "failed" ? "test" : null,
      fabricId: one.state === "elsewhere" ? "another" : FABRIC,
    });
    this.#change(one.host, { tunnels: one.state === "gone" ? others : [...others, row] });
  }

  #held({ host, peer, what, by }: Step & { readonly kind: "held" }): void {
    const fact = this.switches.get(idOf(host));
    if (fact === undefined || host === peer) return;
    const lane = ([kind, shared, to]: NonNullable<typeof by>): Lane =>
      shared ? { port: sharedTunnelPort(kind), toward: ipOf(to) } : { port: tunnelPort(kind, to), toward: null };
    const lanes = new Map(fact.sendsBy);
    const relays = new Map(fact.relaysBy);
    const passes = new Map(fact.relaysTo);
    const receives = new Set(fact.receivesOn);
    if (what === "receives" && by !== null) receives.add(laneKey(lane(by)));
    else if (what === "receives") receives.clear();
    else if (what === "sends" && by !== null) lanes.set(peer, lane(by));
    else if (what === "sends") lanes.delete(peer);
    else if (what === "relayed" && by !== null) relays.set(peer, [lane(by)]);
    else if (what === "relayed") relays.delete(peer);
    else if (by !== null) passes.set(peer, lane(by));
    else passes.delete(peer);
    const next = { ...fact, receivesOn: receives, sendsBy: lanes, relaysBy: relays, relaysTo: passes };
    this.switches.set(idOf(host), next);
  }

  identities(decisions: Decisions): IdentityInput {
    return {
      hosts: [...this.hosts.values()],
      settings: new Map(),
      configuredFabricId: FABRIC,
      decisions,
      holding: this.holding,
      indexesInFlows: new Set(),
      forgotten: new Set(),
      newFabricId: () => FABRIC,
    };
  }

  input({ identities }: Pick<IdentityOutcome, "identities">): FabricInput {
    return {
      fabricId: FABRIC,
      tunnelType: "geneve",
      networkSettings: [],
      identities,
      hostFacts: new Map(this.hosts),
      switchFacts: new Map(this.switches),
      remembered: [],
      holding: this.holding,
      keepTunnel: (host, peer) => (Number(host.slice(1)) * HOSTS + Number(peer.slice(1))) % CHANCE < this.keep,
      bfd: { enabled: true, packetsPerSecond: 200 },
      topology: MESH,
      ...this.fields,
    };
  }
}

/** All of it as plain data. */
function told({ networks, hosts, ...rest }: Fabric): unknown {
  return {
    ...rest,
    networks: networks.all(),
    hosts: [...hosts],
    order: [...hosts.values()].map((one) => [...one.ways]),
  };
}

function rowsOf(fabric: Fabric, before: ReadonlyMap<string, DesiredRows>): ReadonlyMap<string, DesiredRows> {
  const all = [...fabric.hosts.values()].flatMap((host) => compileRows(fabric, host, ROWS, before.get(host.id)) ?? []);
  return new Map(all.map((rows) => [rows.hostId, rows]));
}

describe("a fabric that is concluded from the one before", TIMEOUT, () => {
  it("is the one that the facts give, whatever has happened, and so are the rows wanted of each host", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const world = World.meshed();
        let known: IdentityOutcome | undefined;
        let fabric: Fabric | undefined;
        let rows: ReadonlyMap<string, DesiredRows> = new Map();
        let decisions: Decisions = NO_DECISIONS;
        for (const one of steps) {
          world.apply(one);
          const input = world.identities(decisions);
          const { tally, ...whole } = resolveIdentities(input);
          known = resolveIdentities(input, known);
          expect({ ...known, tally: undefined }).toEqual({ ...whole, tally: undefined });
          expect([...known.identities.keys()]).toEqual([...whole.identities.keys()]);
          decisions = known.decisions;
          const scratch = deriveFabric(world.input(whole));
          fabric = deriveFabric(world.input(known), fabric);
          expect(told(fabric)).toEqual(told(scratch));
          rows = rowsOf(fabric, rows);
          expect([...rows]).toEqual([...rowsOf(scratch, new Map())]);
        }
      }),
      runs(25),
    );
  });

  it("keeps every host as the same object where nothing has changed, and all but one where a tunnel of that one has", () => {
    const world = World.meshed();
    const draw = (before?: Fabric): Fabric => {
      const outcome = resolveIdentities(world.identities(NO_DECISIONS));
      return deriveFabric(world.input(outcome), before);
    };
    const first = draw();
    const second = draw(first);
    expect([...second.hosts.values()].every((host) => first.hosts.get(host.id) === host)).toBe(true);
    world.apply({ kind: "tunnel", host: 1, peer: 2, type: "geneve", shared: false, index: null, state: "failed" });
    const third = draw(second);
    const others = [...third.hosts.values()].filter((host) => second.hosts.get(host.id) !== host);
    expect(others.map(({ id }) => id)).toEqual(["h1"]);
  });
});
