// Who hears whom, on random fabrics: in every state that is reached when switches are updated one at a time, in any order.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "../../proto/openflow13/index.ts";
import type { Endpoint } from "../../src/model/endpoints.ts";
import {
  arpFrame,
  type Frame,
  frameToBytes,
  ipv4Frame,
  ipv6Frame,
  renderTrace,
  type Trace,
  traceFrame,
  vlanTag,
  type World,
} from "../../src/trace/index.ts";
import { FabricSimulation, type SimulationEvent } from "./fabric-simulation.ts";
import {
  edit,
  edited,
  type FabricSpec,
  fabricSpec,
  guestsOf,
  MACS,
  type Member,
  membersOf,
  type PlacedGuest,
  type Way,
} from "./fabric-spec.ts";
import { runs } from "./runs.ts";

const BROADCAST = "ff:ff:ff:ff:ff:ff";
const STRANGER = "02:00:00:00:00:ff";

function frameTo(destination: string, vlan: number, source: string, kind: "arp" | "ipv4" = "ipv4"): Frame {
  const vlans = vlan === 0 ? [] : [vlanTag(vlan)];
  const base = { source, destination, vlans };
  return kind === "arp"
    ? arpFrame({ ...base, operation: 1, senderIp: "10.9.9.9", targetIp: "10.0.0.2" })
    : ipv4Frame({ ...base, ip: { source: "10.0.0.1", destination: "10.0.0.2" } });
}

const place = (host: string, port: number): string => `${host} ${port}`;
const at = (member: Member): string => place(member.host, member.ofport);
/** A place, and the tag with which the frame arrives there. */
const arrival = (member: Member): string => `${at(member)} vlan ${member.way.egress ?? "none"}`;

function arrivals(trace: Trace): readonly string[] {
  return trace.deliveries
    .map(({ host, port, frame }) => `${place(host, port)} vlan ${frame.vlans.map((tag) => tag.id).join(",") || "none"}`)
    .sort();
}

/** What holds for every frame at every moment, half-way through an update too. */
function expectSafe(trace: Trace): void {
  const ports = trace.deliveries.map(({ host, port }) => place(host, port));
  const wrong: string[] = [];
  if (trace.circulates) wrong.push("it circulates");
  if (trace.maxCrossings > 1) wrong.push(`it crosses ${trace.maxCrossings} tunnels`);
  if (new Set(ports).size !== ports.length) wrong.push(`it arrives twice at a port: ${ports.join(", ")}`);
  if (ports.includes(place(trace.root.host, trace.root.inPort)))
    wrong.push("it goes back out of the port it came from");
  if (trace.ambiguous) wrong.push("flows of equal priority match it");
  if (wrong.length > 0) throw new Error(`${wrong.join("; ")}\n${renderTrace(trace)}`);
}

function expectArrivals(trace: Trace, wanted: readonly string[]): void {
  expectSafe(trace);
  const got = arrivals(trace);
  const want = [...wanted].sort();
  if (got.join() !== want.join()) {
    throw new Error(`arrives at [${got.join("; ")}], not at [${want.join("; ")}]\n${renderTrace(trace)}`);
  }
}

/** All that a fabric at rest promises. */
function expectForwards(spec: FabricSpec, world: World): void {
  const members = membersOf(spec);
  const guests = guestsOf(spec);
  for (const from of members) {
    const others = members.filter((to) => to.way.network === from.way.network && at(to) !== at(from));
    const flooded = others.map(arrival);
    const send = (destination: string, vlan: number, source: string, kind?: "arp"): Trace =>
      traceFrame(world, from.host, from.ofport, frameTo(destination, vlan, source, kind));
    const [source] = MACS as [string];
    for (const vlan of from.way.ingress) {
      expectArrivals(send(BROADCAST, vlan, source, "arp"), flooded);
      expectArrivals(send(STRANGER, vlan, source), flooded);
      expectArrivals(send("33:33:00:00:00:01", vlan, source), flooded);
      for (const to of guests) {
        if (to.known === "silent" || to.way.network !== from.way.network) continue;
        expectArrivals(send(to.mac, vlan, STRANGER), at(to) === at(from) ? [] : [arrival(to)]);
      }
    }
    if (from.way.ingress.includes(0)) {
      // A tag of VLAN 0 is a priority and no VLAN.
      const priority = { ...frameTo(BROADCAST, 0, source), vlans: [vlanTag(0, { priority: 5 })] };
      expectArrivals(traceFrame(world, from.host, from.ofport, priority), flooded);
    }
    expectArrivals(send(BROADCAST, from.way.ingress[0] ?? 0, BROADCAST), []);
    expectArrivals(send("01:80:c2:00:00:0e", from.way.ingress[0] ?? 0, source), []);
  }
  expectNoWayIn(spec, world);
}

/** Tags that a port does not take lead nowhere. */
function expectNoWayIn(spec: FabricSpec, world: World): void {
  const members = membersOf(spec);
  for (const from of new Map(members.map((member) => [at(member), member])).values()) {
    const taken = new Set(members.filter((one) => at(one) === at(from)).flatMap((one) => one.way.ingress));
    for (const vlan of [0, 10, 20, 30, 40, 99]) {
      if (taken.has(vlan)) continue;
      expectArrivals(traceFrame(world, from.host, from.ofport, frameTo(BROADCAST, vlan, MACS[0] ?? "")), []);
    }
  }
}

function expectQuietWhereKnown(spec: FabricSpec, world: World): void {
  for (const guest of guestsOf(spec)) {
    const vlan = guest.way.ingress[0] ?? 0;
    const trace = traceFrame(world, guest.host, guest.ofport, frameTo(BROADCAST, vlan, guest.mac));
    expect(trace.copies.length, renderTrace(trace)).toBe(guest.known === "silent" ? 1 : 0);
  }
}

const SOLICITED_OVERRIDE = 0x6000_0000;

function questionFor(ip: string, asker: Endpoint, vlan: number, own: string): Frame {
  const vlans = vlan === 0 ? [] : [vlanTag(vlan)];
  if (!ip.includes(":")) {
    const base = { source: asker.mac, destination: BROADCAST, vlans };
    return arpFrame({ ...base, operation: 1, senderIp: own, targetIp: ip });
  }
  const rest = { targetMac: null, otherOptions: new Uint8Array() };
  const transport = { kind: "nd", type: 135, flags: 0, target: ip, sourceMac: asker.mac, ...rest } as const;
  const base = { source: asker.mac, destination: "33:33:ff:00:00:01", vlans };
  return ipv6Frame({ ...base, ip: { source: own, destination: "ff02::1:ff00:1", transport } });
}

/** What comes back to the one who asked, to the letter. */
function answerFor(ip: string, owner: Endpoint, asker: Endpoint, vlan: number | null, own: string): Frame {
  const vlans = vlan === null ? [] : [vlanTag(vlan)];
  const base = { source: owner.mac, destination: asker.mac, vlans };
  if (!ip.includes(":")) {
    return arpFrame({ ...base, operation: 2, senderIp: ip, targetMac: asker.mac, targetIp: own });
  }
  const rest = { sourceMac: null, otherOptions: new Uint8Array() };
  const flags = SOLICITED_OVERRIDE + (owner.router === true ? 0x8000_0000 : 0);
  const transport = { kind: "nd", type: 136, flags, target: ip, targetMac: owner.mac, ...rest } as const;
  return ipv6Frame({ ...base, ip: { source: ip, destination: own, transport } });
}

/** A known address is asked for at the asker's own switch; of what is behind the asker's own port, or not known to route, others hear. */
function expectAnswers(simulation: FabricSimulation, spec: FabricSpec): { arp: number; nd: number } {
  const world = simulation.world();
  const { endpoints, networks } = simulation.fabric;
  const answered = { arp: 0, nd: 0 };
  for (const member of membersOf(spec)) {
    const vni = networks.byName(member.way.network)?.vni;
    for (const asker of endpoints.values()) {
      if (asker.vni !== vni || asker.hostId !== member.host || asker.ofport !== member.ofport) continue;
      for (const owner of endpoints.values()) {
        if (owner.vni !== vni) continue;
        for (const own of asker.ips) {
          for (const ip of owner.ips) {
            if (ip.includes(":") !== own.includes(":")) continue;
            const question = questionFor(ip, asker, member.way.ingress[0] ?? 0, own);
            const trace = traceFrame(world, member.host, member.ofport, question);
            expect(trace.copies, renderTrace(trace)).toEqual([]);
            const homes = trace.deliveries.filter(({ host, port }) => place(host, port) === at(member));
            if (at(member) === place(owner.hostId, owner.ofport ?? 0)) {
              expect(homes, renderTrace(trace)).toEqual([]);
            } else if (ip.includes(":") && owner.router === undefined) {
              const places = trace.deliveries.map(({ host, port }) => place(host, port));
              expect(places, renderTrace(trace)).toEqual([place(owner.hostId, owner.ofport ?? 0)]);
            } else {
              const wanted = frameToBytes(answerFor(ip, owner, asker, member.way.egress, own));
              expect(
                trace.deliveries.map(({ frame }) => frameToBytes(frame)),
                renderTrace(trace),
              ).toEqual([wanted]);
              expect(homes).toHaveLength(1);
              answered[ip.includes(":") ? "nd" : "arp"]++;
            }
          }
        }
      }
    }
  }
  return answered;
}

/** One flow-mod for an endpoint serves every switch but the endpoint's own: equal bytes. */
function expectRemoteFlowsAlike(simulation: FabricSimulation): void {
  const bytesOf = new Map<string, string>();
  for (const id of simulation.fabric.hosts.keys()) {
    for (const flow of simulation.desired(id)?.flows.values() ?? []) {
      const { cookie, tableId, priority, match, instructions, idleTimeoutSec, flags } = flow;
      // Kinds "remote-endpoint" and "answer".
      if (cookie >> 40n !== 0x57450an && cookie >> 40n !== 0x574514n) continue;
      const head = { kind: "flow_mod", xid: 0, cookieMask: 0n, command: "add", hardTimeoutSec: 0 } as const;
      const tail = { bufferId: 0xffff_ffff, outPort: 0xffff_ffff, outGroup: 0xffff_ffff } as const;
      const bytes = encode({ ...head, ...tail, cookie, tableId, priority, match, instructions, idleTimeoutSec, flags });
      const hex = Buffer.from(bytes).toString("hex");
      expect(bytesOf.get(flow.key) ?? hex).toBe(hex);
      bytesOf.set(flow.key, hex);
    }
  }
}

const sameWay = (a: Way, b: Way): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Guests that a change does not concern: where they are and what their network is called is as before. */
function untouched(before: FabricSpec, after: FabricSpec): readonly PlacedGuest[] {
  const later = guestsOf(after);
  return guestsOf(before).filter(
    (guest) =>
      guest.known !== "silent" &&
      later.some(
        (same) =>
          same.mac === guest.mac &&
          at(same) === at(guest) &&
          sameWay(same.way, guest.way) &&
          same.known === guest.known,
      ),
  );
}

function settingsAlike(before: FabricSpec, after: FabricSpec, network: string): boolean {
  const find = (spec: FabricSpec): string => JSON.stringify(spec.settings.find(({ name }) => name === network) ?? null);
  return find(before) === find(after);
}

/** Half-way: safe, nothing between networks that never were one, and who is not concerned goes on talking. */
function expectGoesOn(
  before: FabricSpec,
  after: FabricSpec,
  world: World,
  pairs: readonly (readonly [PlacedGuest, PlacedGuest])[],
): void {
  const all = [...membersOf(before), ...membersOf(after)];
  const senders = new Map(all.map((member) => [`${at(member)} ${member.way.ingress[0]}`, member]));
  for (const from of senders.values()) {
    for (const vlan of from.way.ingress) {
      const networks = new Set(
        all.filter((one) => at(one) === at(from) && one.way.ingress.includes(vlan)).map((one) => one.way.network),
      );
      const allowed = new Set(all.filter((to) => networks.has(to.way.network)).map(arrival));
      for (const destination of [BROADCAST, MACS[0] ?? "", MACS[1] ?? ""]) {
        const trace = traceFrame(world, from.host, from.ofport, frameTo(destination, vlan, STRANGER));
        expectSafe(trace);
        const strays = arrivals(trace).filter((one) => !allowed.has(one));
        if (strays.length > 0) throw new Error(`passes between networks: ${strays.join("; ")}\n${renderTrace(trace)}`);
      }
    }
  }
  for (const [from, to] of pairs) {
    const trace = traceFrame(world, from.host, from.ofport, frameTo(to.mac, from.way.ingress[0] ?? 0, from.mac));
    if (!arrivals(trace).includes(arrival(to))) throw new Error(`an untouched pair is cut\n${renderTrace(trace)}`);
  }
}

function pairsOf(guests: readonly PlacedGuest[]): readonly (readonly [PlacedGuest, PlacedGuest])[] {
  return guests.flatMap((from) =>
    guests.filter((to) => to.way.network === from.way.network && at(to) !== at(from)).map((to) => [from, to] as const),
  );
}

/** Events in the order that a list of numbers chooses. */
function chooser(order: readonly number[]): (events: readonly SimulationEvent[]) => SimulationEvent {
  let next = 0;
  return (events) => events[(order[next++ % Math.max(1, order.length)] ?? 0) % events.length] as SimulationEvent;
}

const order = fc.array(fc.nat(11), { minLength: 1, maxLength: 40 });

function settled(spec: FabricSpec): FabricSimulation {
  const simulation = new FabricSimulation();
  simulation.become(spec);
  simulation.settle(chooser([0]));
  return simulation;
}

describe("a fabric at rest", () => {
  it("carries each frame to the ports that should have it, once, and to no other", () => {
    fc.assert(
      fc.property(fabricSpec({ maxHosts: 6 }), (spec) => {
        const simulation = settled(spec);
        const world = simulation.world();
        expectForwards(spec, world);
        expectQuietWhereKnown(spec, world);
        expectRemoteFlowsAlike(simulation);
      }),
      runs(60),
    );
  });
});

describe("questions for known addresses", () => {
  it("are answered by the asker's own switch, to the letter, and by nobody where the owner is behind the same port", () => {
    const answered = { arp: 0, nd: 0 };
    fc.assert(
      fc.property(fabricSpec({ maxHosts: 4 }), (spec) => {
        const { arp, nd } = expectAnswers(settled(spec), spec);
        answered.arp += arp;
        answered.nd += nd;
      }),
      runs(60),
    );
    expect(answered.arp).toBeGreaterThan(0);
    expect(answered.nd).toBeGreaterThan(0);
  });
});

describe("a fabric that is being updated", () => {
  it("is safe in every state on the way, and keeps connected whom the change does not concern", () => {
    fc.assert(
      fc.property(
        fabricSpec({ maxHosts: 4 }),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        order,
        (before, edits, choices) => {
          const simulation = settled(before);
          const after = edits.reduce(edited, before);
          const alike = untouched(before, after).filter(({ way }) => settingsAlike(before, after, way.network));
          const pairs = pairsOf(alike);
          simulation.become(after);
          simulation.settle(chooser(choices), () => expectGoesOn(before, after, simulation.world(), pairs));
          expectForwards(after, simulation.world());
          expectRemoteFlowsAlike(simulation);
        },
      ),
      runs(40),
    );
  });

  it("is safe while it is built, hosts in any order", () => {
    fc.assert(
      fc.property(fabricSpec({ maxHosts: 5 }), order, (spec, choices) => {
        const simulation = new FabricSimulation();
        simulation.become(spec);
        simulation.settle(chooser(choices), () => expectGoesOn(spec, spec, simulation.world(), []));
        expectForwards(spec, simulation.world());
      }),
      runs(30),
    );
  });
});

describe("a controller that starts with nothing", () => {
  it("changes nothing that is right, whatever the order in which hosts return and however many stay away", () => {
    fc.assert(
      fc.property(fabricSpec({ maxHosts: 5 }), order, fc.nat(60), (spec, choices, patience) => {
        const simulation = settled(spec);
        simulation.restart();
        const choose = chooser(choices);
        const pairs = pairsOf(guestsOf(spec).filter(({ known }) => known !== "silent"));
        let count = 0;
        const changes = simulation.settle(choose, (event) => {
          // Some hosts have not come back when the time of holding is over.
          if (++count === patience) simulation.holding = false;
          if (event.kind === "switch") expectGoesOn(spec, spec, simulation.world(), pairs);
        });
        expect(changes).toBe(0);
        expectForwards(spec, simulation.world());
      }),
      runs(40),
    );
  });
});
