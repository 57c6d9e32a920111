// What a fabric promises, at rest and on the way to it, as checks on the model of its switches.
import fc from "fast-check";
import { expect } from "vitest";
import { encode } from "../../proto/openflow13/index.ts";
import type { VlanTag } from "../../proto/packet/index.ts";
import { DEFAULT_POLICY } from "../../src/model/policy.ts";
import {
  arpFrame,
  type Frame,
  ipv4Frame,
  renderTrace,
  type Trace,
  traceFrame,
  vlanTag,
  type World,
} from "../../src/trace/index.ts";
import { FabricSimulation, type SimulationEvent } from "./fabric-simulation.ts";
import {
  type Edit,
  edited,
  type FabricSpec,
  guestsOf,
  hostId,
  MACS,
  type Member,
  membersOf,
  type PlacedGuest,
  tagsInUse,
  trunksOfAll,
  tunnelIpOf,
  type Way,
} from "./fabric-spec.ts";

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
/** A tag keeps the priority, and on a trunk VLAN 0 has one for its sake. */
const arrivalWithPriority =
  (priority: number) =>
  (member: Member): string => {
    const vlan = member.way.egress ?? (member.way.keepsPriority ? 0 : null);
    return vlan === null ? arrival(member) : `${at(member)} vlan ${vlan} pcp ${priority}`;
  };
const tagText = (tag: VlanTag): string => (tag.priority === 0 ? `${tag.id}` : `${tag.id} pcp ${tag.priority}`);

function arrivals(trace: Trace): readonly string[] {
  return trace.deliveries
    .map(({ host, port, frame }) => `${place(host, port)} vlan ${frame.vlans.map(tagText).join(",") || "none"}`)
    .sort();
}

/** What holds for every frame at every moment, half-way through an update too. */
export function expectSafe(trace: Trace): void {
  const ports = trace.deliveries.map(({ host, port }) => place(host, port));
  const wrong: string[] = [];
  if (trace.circulates) wrong.push("it circulates");
  if (trace.maxCrossings > 2) wrong.push(`it crosses ${trace.maxCrossings} tunnels`);
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
export function expectForwards(spec: FabricSpec, world: World): void {
  const members = membersOf(spec);
  const guests = guestsOf(spec);
  for (const from of members) {
    const others = members.filter((to) => to.way.network === from.way.network && at(to) !== at(from));
    const flooded = others.map(arrival);
    const send = (destination: string, vlan: number, source: string, kind?: "arp"): Trace =>
      traceFrame(world, from.host, from.ofport, frameTo(destination, vlan, source, kind));
    const [source] = MACS as [string];
    const sendTagged = (vlan: number, priority: number): Trace =>
      traceFrame(world, from.host, from.ofport, {
        ...frameTo(BROADCAST, 0, source),
        vlans: [vlanTag(vlan, { priority })],
      });
    for (const vlan of from.way.ingress) {
      expectArrivals(send(BROADCAST, vlan, source, "arp"), flooded);
      // A tag within the network's own is the guests' affair.
      const inner = { ...frameTo(BROADCAST, 0, source), vlans: [vlanTag(vlan), vlanTag(99)] };
      const carried = others.map(
        (to) => `${at(to)} vlan ${[to.way.egress, 99].filter((tag) => tag !== null).join(",")}`,
      );
      expectArrivals(traceFrame(world, from.host, from.ofport, inner), carried);
      const policy = spec.settings.find(({ name }) => name === from.way.network)?.policy ?? DEFAULT_POLICY;
      expectArrivals(send(STRANGER, vlan, source), policy.unknownUnicast === "drop" ? [] : flooded);
      expectArrivals(send("01:00:5e:00:00:fb", vlan, source), policy.multicast === "drop" ? [] : flooded);
      for (const needed of ["33:33:00:00:00:01", "33:33:00:00:00:02", "33:33:ff:00:00:07"])
        expectArrivals(send(needed, vlan, source), flooded);
      for (const to of guests) {
        if (to.known === "silent" || to.way.network !== from.way.network) continue;
        expectArrivals(send(to.mac, vlan, STRANGER), at(to) === at(from) ? [] : [arrival(to)]);
      }
    }
    if (from.way.ingress.includes(0)) {
      // A tag of VLAN 0 is a priority and no VLAN.
      expectArrivals(sendTagged(0, 5), others.map(arrivalWithPriority(5)));
      expectArrivals(sendTagged(0, 0), flooded);
    }
    for (const vlan of from.way.ingress) {
      if (vlan !== 0) expectArrivals(sendTagged(vlan, 3), others.map(arrivalWithPriority(3)));
    }
    expectArrivals(send(BROADCAST, from.way.ingress[0] ?? 0, BROADCAST), []);
    expectArrivals(send("01:80:c2:00:00:0e", from.way.ingress[0] ?? 0, source), []);
  }
  expectNoWayIn(spec, world);
}

/** Whatever is broken: no frame circulates, or arrives twice. */
export function expectSafeEverywhere(spec: FabricSpec, world: World): void {
  for (const from of membersOf(spec)) {
    for (const vlan of from.way.ingress) {
      for (const destination of [BROADCAST, ...MACS]) {
        expectSafe(traceFrame(world, from.host, from.ofport, frameTo(destination, vlan, STRANGER)));
      }
    }
  }
}

/** Tags that a port does not take lead nowhere; those that no port names, from one trunk of all VLANs to the others. */
function expectNoWayIn(spec: FabricSpec, world: World): void {
  const members = membersOf(spec);
  const named = new Set(tagsInUse(spec));
  const trunks = trunksOfAll(spec).map(({ host, ofport }) => place(host, ofport));
  for (const from of new Map(members.map((member) => [at(member), member])).values()) {
    const taken = new Set(members.filter((one) => at(one) === at(from)).flatMap((one) => one.way.ingress));
    for (const vlan of [0, 10, 20, 30, 40, 99]) {
      if (taken.has(vlan)) continue;
      const free = vlan !== 0 && !named.has(vlan) && trunks.includes(at(from));
      const wanted = free ? trunks.filter((to) => to !== at(from)).map((to) => `${to} vlan ${vlan}`) : [];
      expectArrivals(traceFrame(world, from.host, from.ofport, frameTo(BROADCAST, vlan, MACS[0] ?? "")), wanted);
    }
  }
}

export function expectQuietWhereKnown(spec: FabricSpec, world: World): void {
  for (const guest of guestsOf(spec)) {
    const vlan = guest.way.ingress[0] ?? 0;
    const trace = traceFrame(world, guest.host, guest.ofport, frameTo(BROADCAST, vlan, guest.mac));
    expect(trace.copies.length, renderTrace(trace)).toBe(guest.known === "silent" ? 1 : 0);
  }
}

/** One flow-mod for an endpoint serves every switch but the endpoint's own: equal bytes. */
export function expectRemoteFlowsAlike(simulation: FabricSimulation): void {
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

/** The network of a tag that configuration only gives a name is the same one under its new name. */
function substanceOf(spec: FabricSpec, network: string): string {
  const setting = spec.settings.find(({ name }) => name === network);
  return setting?.vni === null && setting.tag !== null ? `vlan${setting.tag}` : network;
}

/**
 * Half-way: safe, nothing passes between networks that are one in none of the specs, and who is not concerned goes on
 * talking.
 */
export function expectGoesOn(
  specs: readonly FabricSpec[],
  world: World,
  pairs: readonly (readonly [PlacedGuest, PlacedGuest])[],
): void {
  const all = specs.flatMap((spec) =>
    membersOf(spec).map((member) => ({ ...member, network: substanceOf(spec, member.way.network) })),
  );
  const trunks = new Set(specs.flatMap(trunksOfAll).map(({ host, ofport }) => place(host, ofport)));
  const senders = new Map(all.map((member) => [`${at(member)} ${member.way.ingress[0]}`, member]));
  for (const from of senders.values()) {
    for (const vlan of from.way.ingress) {
      const here = all.filter((one) => at(one) === at(from) && one.way.ingress.includes(vlan));
      const networks = new Set(here.map((one) => one.network));
      const allowed = new Set(all.filter((to) => networks.has(to.network)).map(arrival));
      // A VLAN is one and the same on all trunks that carry every VLAN, whether some port names it or not.
      if (vlan !== 0 && trunks.has(at(from))) for (const trunk of trunks) allowed.add(`${trunk} vlan ${vlan}`);
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
export function chooser(order: readonly number[]): (events: readonly SimulationEvent[]) => SimulationEvent {
  let next = 0;
  return (events) => events[(order[next++ % Math.max(1, order.length)] ?? 0) % events.length] as SimulationEvent;
}

export const order = fc.array(fc.nat(11), { minLength: 1, maxLength: 40 });

export function settled(spec: FabricSpec): FabricSimulation {
  const simulation = new FabricSimulation();
  simulation.become(spec);
  simulation.settle(chooser([0]));
  return simulation;
}

function stablePairs(before: FabricSpec, after: FabricSpec): readonly (readonly [PlacedGuest, PlacedGuest])[] {
  const moved = new Set(
    [...before.hosts.keys()].filter((one) => tunnelIpOf(before, one) !== tunnelIpOf(after, one)).map(hostId),
  );
  // Others may go by a hub that moves.
  if (moved.size > 0 && [before, after].some(({ topology }) => topology.kind === "hubs")) return [];
  const guests = untouched(before, after).filter(({ host }) => !moved.has(host));
  return pairsOf(guests.filter(({ way }) => settingsAlike(before, after, way.network)));
}

/** A fabric at rest is edited; every state until it rests again. */
export function expectUpdatesSafely(before: FabricSpec, edits: readonly Edit[], choices: readonly number[]): void {
  const simulation = settled(before);
  const after = edits.reduce(edited, before);
  const pairs = stablePairs(before, after);
  simulation.become(after);
  simulation.settle(chooser(choices), () => expectGoesOn([before, after], simulation.world(), pairs));
  expectForwards(after, simulation.world());
  expectRemoteFlowsAlike(simulation);
}

/** The controller starts with nothing; `patience` is the number of events after which it waits no longer for hosts. */
export function expectRestartChangesNothing(spec: FabricSpec, choices: readonly number[], patience: number): void {
  const simulation = settled(spec);
  simulation.restart();
  const pairs = pairsOf(guestsOf(spec).filter(({ known }) => known !== "silent"));
  let count = 0;
  const changes = simulation.settle(chooser(choices), (event) => {
    if (++count === patience) simulation.holding = false;
    if (event.kind === "switch") expectGoesOn([spec], simulation.world(), pairs);
  });
  expect(changes).toBe(0);
  expectForwards(spec, simulation.world());
}

export interface AwayScenario {
  readonly before: FabricSpec;
  readonly edits: readonly Edit[];
  /** Hosts that the controller can't reach while things change. */
  readonly away: readonly number[];
  readonly restart: boolean;
  readonly patience: number;
  readonly choices: readonly number[];
}

export function expectSurvivesAbsence({ before, edits, away, restart, patience, choices }: AwayScenario): void {
  const simulation = settled(before);
  const after = edits.reduce(edited, before);
  // To the controller the ports of hosts that are away are as they were.
  const hosts = after.hosts.map((host, at) => (away.includes(at) ? (before.hosts[at] ?? host) : host));
  const specs = [before, after, { ...after, hosts }];
  const pairs = stablePairs(before, after);
  const gone = away.filter((one) => one < before.hosts.length).map(hostId);
  for (const id of gone) simulation.reach(id, false);
  if (restart) simulation.restart();
  simulation.become(after);
  const choose = chooser(choices);
  let count = 0;
  const step = (): void => {
    if (++count === patience) simulation.holding = false;
    expectGoesOn(specs, simulation.world(), pairs);
  };
  simulation.settle(choose, step);
  simulation.holding = false;
  simulation.settle(choose, step);
  for (const id of gone) {
    simulation.reach(id, true);
    simulation.settle(choose, step);
  }
  // What their guests said meanwhile was not heard.
  simulation.become(after);
  simulation.settle(choose, step);
  expectForwards(after, simulation.world());
  expectRemoteFlowsAlike(simulation);
}
