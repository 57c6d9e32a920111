// What switches hold alike is kept once when they are read, and none of what they say of hosts is lost by it.
import { describe, expect, it } from "vitest";
import type { RememberedFact, SwitchFact } from "../../../src/model/facts.ts";
import { compileSwitch } from "../../../src/pipeline/compile.ts";
import type { DesiredFlow, DesiredSwitch } from "../../../src/pipeline/desired.ts";
import { readBackOwn, sharedMemories } from "../../../src/pipeline/memories.ts";
import { shareFlows } from "../../../src/pipeline/shared-flows.ts";
import type { InstalledSwitch } from "../../../src/reconcile/installed.ts";
import { InternedFlows } from "../../../src/reconcile/interned-flows.ts";
import { planSwitch } from "../../../src/reconcile/switch-plan.ts";
import { derive, hostFact, own, portFact, receiving, stored, switchFact, tunnelTo } from "../model/facts-for-tests.ts";

const VNI = 7;
const HOSTS = 4;
const SETTINGS = { idleTimeoutSec: 300, puntsPerSecond: 100, puntBurst: 100 };
const numbers = Array.from({ length: HOSTS }, (_, at) => at + 1);

/** A guest with its addresses: how many, and whether it routes. */
interface Guest {
  readonly ips: number;
  readonly router?: boolean;
}

function factOf(host: number) {
  const peers = numbers.filter((peer) => peer !== host);
  return hostFact({
    ...{ id: `h${host}`, dpid: `${host}`.padStart(16, "0"), stored: stored(`h${host}`, host) },
    tunnelIp: `10.9.0.${host}`,
    tunnels: peers.map((peer) => tunnelTo(`h${peer}`, peer, `10.9.0.${peer}`)),
    ports: [portFact({ name: "a", ofport: 1, vlan: { tag: VNI, trunks: [], vlanMode: null } })],
  });
}

function heldAt(host: number, guests: readonly Guest[]): SwitchFact {
  const peers = numbers.filter((peer) => peer !== host);
  return switchFact({
    ...{ dpid: `${host}`.padStart(16, "0"), ownIndex: host },
    receivesOn: receiving(...peers.map((peer) => 0xa000 + peer)),
    sendsBy: new Map(peers.map((peer) => [peer, own(0xa000 + peer)])),
    observed: guests.map(({ ips, router }, at) => ({
      ...{ vni: VNI, mac: `02:00:00:00:0${host}:${at.toString(16).padStart(2, "0")}`, ofport: 1, heard: 1 },
      ips: Array.from({ length: ips }, (_, nth) => (nth === 2 ? `fd00::${host}:${at}` : `10.${host}.${nth}.${at}`)),
      ...(router === undefined ? {} : { router }),
    })),
  });
}

function guests(count: number, one: Guest): readonly Guest[] {
  return Array.from({ length: count }, () => one);
}

type Guests = Readonly<Record<number, readonly Guest[]>>;

function wantedOf(all: Guests, remembered: readonly RememberedFact[] = [], away: readonly number[] = []) {
  const there = numbers.filter((host) => !away.includes(host));
  const held = Object.fromEntries(there.map((host) => [`h${host}`, heldAt(host, all[host] ?? [])]));
  const fabric = derive(there.map(factOf), held, { remembered });
  shareFlows(fabric);
  return (host: number): DesiredSwitch => {
    const found = fabric.hosts.get(`h${host}`);
    if (found === undefined) throw new Error("there is no such host");
    return compileSwitch(fabric, found, SETTINGS);
  };
}

/** As a switch tells it that holds this: other objects, and no layers. */
function readFrom(common: InternedFlows, { flows, groups, meters }: DesiredSwitch): InstalledSwitch {
  const read = new Map([...flows].map(([key, flow]): [string, DesiredFlow] => [key, { ...flow }]));
  return { flows: common.absorb(read), groups, meters, foreign: new Set() };
}

function rememberedBy({ flows, groups }: InstalledSwitch): readonly RememberedFact[] {
  return [...readBackOwn(flows, groups).remembered, ...sharedMemories(flows).flat()];
}

describe("what is remembered of a host that is away", () => {
  it.each<[string, Guests]>([
    ["few guests with many addresses", { 2: guests(40, { ips: 3 }) }],
    ["many guests, of which few have an address", { 2: [...guests(50, { ips: 0 }), ...guests(50, { ips: 1 })] }],
    ["guests that route, or do not", { 2: [...guests(11, { ips: 3, router: true }), ...guests(11, { ips: 3 })] }],
    [
      "guests of others, who have most of the network",
      { 1: guests(30, { ips: 3 }), 2: guests(30, { ips: 3 }), 3: guests(80, { ips: 2 }) },
    ],
  ])("has its addresses, so that nothing is written meanwhile: %s", (_, all) => {
    const before = wantedOf(all);
    const common = new InternedFlows();
    const read = new Map([3, 1, 4].map((host) => [host, readFrom(common, before(host))]));
    const remembered = [...read.values()].flatMap(rememberedBy);
    const after = wantedOf(all, remembered, [2]);
    for (const [host, installed] of read) expect(planSwitch(after(host), installed).changes).toEqual([]);
  });

  it("has them where its ways are among what is common, and an answer is not, and the other way round", () => {
    const common = new InternedFlows();
    const all: Guests = { 2: guests(40, { ips: 3, router: true }), 3: guests(40, { ips: 3 }) };
    const before = wantedOf(all)(1);
    readFrom(common, before);
    // What another holds in place of what is common: other answers at one, fewer and others at the next.
    const others = wantedOf({ 2: guests(40, { ips: 3, router: false }), 3: guests(40, { ips: 3 }) })(1);
    const more = wantedOf({ 2: [...guests(40, { ips: 3 }), ...guests(80, { ips: 1 })], 3: guests(40, { ips: 3 }) })(1);
    for (const wanted of [others, more]) {
      const installed = readFrom(common, wanted);
      const whole = readBackOwn(new Map(wanted.flows), wanted.groups).remembered;
      const told = rememberedBy(installed).flatMap(({ endpoints }) => endpoints);
      for (const endpoint of whole.flatMap(({ endpoints }) => endpoints)) {
        const said = told.filter(({ mac }) => mac === endpoint.mac);
        expect(said.flatMap(({ ips }) => ips)).toEqual(expect.arrayContaining([...endpoint.ips]));
        expect(said.map(({ router }) => router)).toContain(endpoint.router);
      }
    }
  });
});

describe("layers", () => {
  const layersOf = ({ flows }: InstalledSwitch) =>
    "shared" in flows ? [...(flows.shared as ReadonlyMap<string, unknown>).values()] : [];
  const wanted = (count: number): DesiredSwitch => wantedOf({ 2: guests(count, { ips: 1 }) })(1);

  it("of one that holds little are not those of all who hold more", () => {
    const common = new InternedFlows();
    const [small, large] = [wanted(40), wanted(200)];
    const kept = [small, large, large, large].map((one) => readFrom(common, one));
    const [first, second, ...others] = kept.map(layersOf);
    expect(first?.[0]).not.toBe(second?.[0]);
    for (const layers of others) expect(layers).toEqual(second);
    for (const layers of others) for (const [at, layer] of layers.entries()) expect(layer).toBe(second?.[at]);
  });

  it("of one that lies, however often, are not put in the place of those that others have", () => {
    const common = new InternedFlows();
    const large = wanted(200);
    const [first] = [readFrom(common, large), readFrom(common, large)];
    const lies = Array.from({ length: 6 }, (_, at) =>
      readFrom(common, wantedOf({ 3: guests(40 + at, { ips: 1 }), 4: guests(at * 40, { ips: 0 }) })(1)),
    );
    const again = readFrom(common, large);
    expect(lies).toHaveLength(6);
    for (const [at, layer] of layersOf(again).entries()) expect(layer).toBe(layersOf(first)[at]);
  });
});
