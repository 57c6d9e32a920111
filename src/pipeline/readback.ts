// Flows and groups of a switch back to facts: what a controller that starts with nothing learns from what is installed.

import { ipv4FromNumber, ipv6FromBigInt } from "../../proto/bytes/ip.ts";
import { bigIntToMac, type Mac } from "../../proto/bytes/mac.ts";
import type { Action, Bucket, Instruction, Match, OxmName, OxmTlv } from "../../proto/openflow13/index.ts";
import type { Lane, ObservedFact, RememberedEndpoint, RememberedFact, RivalFact, Vni } from "../model/facts.ts";
import { laneKey } from "../model/lanes.ts";
import type { LinkEnd } from "../model/plain-links.ts";
import { decodeLinkNote } from "./link-note.ts";
import { ND_FLAGS } from "./neighbors.ts";
import { decodeNote } from "./note.ts";
import { decodeCookie, groupRole } from "./registry.ts";

/** What of an installed flow matters here: FlowStats and DesiredFlow both are such. */
export interface HeldFlow {
  readonly cookie: bigint;
  readonly match: Match;
  readonly instructions: readonly Instruction[];
  /** 0 where it stays until it is deleted. */
  readonly idleTimeoutSec: number;
}

export interface HeldGroup {
  readonly groupId: number;
  readonly buckets: readonly Bucket[];
}

export interface Readback {
  /** See `SwitchFact.ownIndex`. */
  readonly ownIndex: number | null;
  /** Without `heard`: the reader knows when. Not what was only declared: rows and weft.yaml say whether it still is. */
  readonly observed: readonly Omit<ObservedFact, "heard">[];
  /** Whose frames, or whose claims of an address, are dropped since another has the MAC or the address. */
  readonly rivals: readonly RivalFact[];
  /** Whether a MAC is let through at a port without a copy. */
  readonly holds: (one: Pick<ObservedFact, "vni" | "mac" | "ofport">) => boolean;
  readonly receivesOn: ReadonlySet<string>;
  readonly sendsBy: ReadonlyMap<number, Lane>;
  /** Ports that are cut off for a loop outside of the fabric. */
  readonly blocked: ReadonlySet<number>;
  readonly relaysBy: ReadonlyMap<number, readonly Lane[]>;
  readonly relaysTo: ReadonlyMap<number, Lane>;
  readonly remembered: readonly RememberedFact[];
  /** What it holds as a switch of an island; null on any other. */
  readonly plain: PlainReadback | null;
}

export interface PlainReadback {
  /** Its number in labels; 0 where it has none. */
  readonly number: number;
  /** Ports whose frames come from guests. */
  readonly guests: ReadonlySet<number>;
  /** Ports that are cabled to other switches -> the far end, where it was known. */
  readonly links: ReadonlyMap<number, LinkEnd | null>;
  /** Ports whose frames that tell of links get to the controller. */
  readonly listening: ReadonlySet<number>;
  /** Numbers of other switches that its flows name. */
  readonly others: ReadonlySet<number>;
}

function numberOf(match: Match, field: OxmName): number | null {
  const tlv = match.find((one) => one.field === field);
  return tlv === undefined || tlv.field === "unknown" ? null : Number(tlv.value);
}

function macOf(match: Match, field: "eth_src" | "eth_dst"): Mac | null {
  const tlv = match.find((one) => one.field === field);
  if (tlv === undefined || tlv.field === "unknown" || tlv.mask !== undefined) return null;
  return bigIntToMac(BigInt(tlv.value));
}

function* actionsOf(instructions: readonly Instruction[]): Generator<Action> {
  for (const instruction of instructions) if (instruction.kind === "apply_actions") yield* instruction.actions;
}

/** Adds to a set that is made on first use. */
function addTo<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}

/** An endpoint as its flows add up to it. */
interface Gathered {
  readonly vni: Vni;
  readonly mac: Mac;
  readonly ips: Set<string>;
  router?: boolean;
}

function gatheredFact({ vni, mac, ips, router }: Gathered): RememberedEndpoint {
  return { vni, mac, ips: [...ips].sort(), ...(router === undefined ? {} : { router }) };
}

function ipOf(match: Match, four: "arp_spa" | "arp_tpa", six: "ipv6_src" | "ipv6_nd_target"): string | null {
  for (const tlv of match) {
    if (tlv.field === four) return ipv4FromNumber(Number(tlv.value));
    if (tlv.field === six) return ipv6FromBigInt(BigInt(tlv.value));
  }
  return null;
}

/** The address whose owner a LEARN flow is about. */
export function senderOf(match: Match): string | null {
  return ipOf(match, "arp_spa", "ipv6_src");
}

/** The address that a usurper's flow is about; null where it is about his MAC. */
function claimedBy(match: Match): string | null {
  return senderOf(match) ?? ipOf(match, "arp_spa", "ipv6_nd_target");
}

/** What an ANSWER flow says of the address it is for: whose it is and, where the flow advertises it, whether that one routes. */
export function answerOf({
  match,
  instructions,
}: Pick<HeldFlow, "match" | "instructions">): { ip: string; mac: Mac; router?: boolean } | null {
  const ip = ipOf(match, "arp_tpa", "ipv6_nd_target");
  const written = new Map<string, bigint>();
  for (const action of actionsOf(instructions)) {
    if (action.kind === "set_field" && action.field.field !== "unknown") {
      written.set(action.field.field, BigInt(action.field.value));
    }
  }
  // An answer comes from the owner; a question that is only steered goes to it.
  const mac = written.get("eth_src") ?? written.get("eth_dst");
  if (ip === null || mac === undefined) return null;
  const flags = written.get("eric_nd_reserved");
  const router = flags === undefined ? {} : { router: (flags & BigInt(ND_FLAGS.router)) !== 0n };
  return { ip, mac: bigIntToMac(mac), ...router };
}

/** The far end of a plain link, as the note in its port's flow names it. */
function farEndOf({ instructions }: HeldFlow): LinkEnd | null {
  for (const action of actionsOf(instructions)) {
    if (action.kind === "nx_note") return decodeLinkNote(action.note);
  }
  return null;
}

/** A bucket that puts the relay label on. */
function isRelay(bucket: Bucket): boolean {
  return bucket.actions.some((action) => action.kind === "push_vlan");
}

/** The tunnel that actions end with, as `outBy` writes it. */
function outputOf(actions: Iterable<Action>): Lane | null {
  let toward: string | null = null;
  for (const action of actions) {
    if (action.kind === "output") return laneBy(action.port, toward);
    if (action.kind === "set_field") toward = addressOf(action.field, "nx_tun_ipv4_dst", "nx_tun_ipv6_dst") ?? toward;
  }
  return null;
}

/** Every host has the same port for a peer. */
const lanes = new Map<number, Lane>();

function laneBy(port: number, toward: string | null): Lane {
  if (toward !== null) return { port, toward };
  const lane = lanes.get(port) ?? Object.freeze({ port, toward });
  if (lanes.size < MAX_LANES) lanes.set(port, lane);
  return lane;
}

const MAX_LANES = 65_536;
const NO_LANES: readonly Lane[] = [];

/** null for another field, and for one that is cleared. */
function addressOf(tlv: OxmTlv, four: OxmName, six: OxmName): string | null {
  if (tlv.field === "unknown" || BigInt(tlv.value) === 0n) return null;
  if (tlv.field === four) return ipv4FromNumber(Number(tlv.value));
  return tlv.field === six ? ipv6FromBigInt(BigInt(tlv.value)) : null;
}

/** Where CLASSIFY takes frames in: a port, and on one for many hosts the address they come from. */
function entranceOf(match: Match): Lane | null {
  const port = numberOf(match, "in_port");
  const from = match.map((tlv) => addressOf(tlv, "nx_tun_ipv4_src", "nx_tun_ipv6_src")).find((ip) => ip !== null);
  return port === null ? null : { port, toward: from ?? null };
}

/** One list for all that are equal: every switch has one for every other. */
const lists = new Map<string, readonly Vni[]>();
const MAX_LISTS = 4096;

/** What an immutable flow or group says is read off it once: most are the same objects on many switches. */
function once<K extends object, V>(read: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly value: V }>();
  return (key) => {
    const before = known.get(key) ?? { value: read(key) };
    known.set(key, before);
    return before.value;
  };
}

const cookieOf = once((flow: HeldFlow) => decodeCookie(flow.cookie));

/** Of kinds that a switch has one of for each host, and that say all they say elsewhere than by a port they are at. */
const MANY: ReadonlySet<string> = new Set(["tunnel", "relay", "remote-endpoint", "answer"]);

const entranceKey = once(({ match }: HeldFlow) => {
  const entrance = entranceOf(match);
  return entrance === null ? null : laneKey(entrance);
});

const onwardLane = once(({ instructions }: HeldFlow) => outputOf(actionsOf(instructions)));

const saidBy = once(({ groupId, buckets }: HeldGroup) => {
  const role = groupRole(groupId);
  if (role?.kind === "host") {
    // The last bucket is the first one again.
    const ways = buckets.slice(0, -1);
    const first = ways.find((bucket) => !isRelay(bucket));
    const direct = first === undefined ? null : outputOf(first.actions);
    const by = ways.filter(isRelay);
    const relays = by.length === 0 ? NO_LANES : by.flatMap((bucket) => outputOf(bucket.actions) ?? []);
    return { kind: role.kind, index: role.index, direct, relays };
  }
  if (role?.kind !== "flood") return null;
  const to = buckets.flatMap(({ actions }) =>
    actions.flatMap((action) => {
      const target = action.kind === "group" ? groupRole(action.groupId) : undefined;
      return target?.kind === "host" ? [target.index] : [];
    }),
  );
  return { kind: role.kind, vni: role.vni, to };
});

/** Reads what Weft's own flows and groups say. Whatever is not ours, or not as we write it, says nothing. */
export function readBack(flows: Iterable<HeldFlow>, groups: Iterable<HeldGroup>): Readback {
  let ownIndex: number | null = null;
  let ownNumber = 0;
  const guests = new Set<number>();
  const links = new Map<number, LinkEnd | null>();
  const listening = new Set<number>();
  const others = new Set<number>();
  const observed = new Map<string, Gathered & { readonly ofport: number }>();
  const keyOf = (one: Pick<ObservedFact, "vni" | "mac" | "ofport">) => `${one.vni}/${one.ofport}/${one.mac}`;
  const held = new Set<string>();
  /** Those whose flows silence does not end: that they stand does not tell that anybody was heard. */
  const lasting = new Set<string>();
  const rivals: RivalFact[] = [];
  const receivesOn = new Set<string>();
  const blocked = new Set<number>();
  const relaysTo = new Map<number, Lane>();
  const endpointsAt = new Map<number, Map<string, Gathered>>();
  const answers: { at: number; vni: Vni; answer: NonNullable<ReturnType<typeof answerOf>> }[] = [];
  for (const flow of flows) {
    const fact = cookieOf(flow);
    const inPort = fact === undefined || MANY.has(fact.kind) ? null : numberOf(flow.match, "in_port");
    switch (fact?.kind) {
      case "identity":
        ownIndex = fact.place;
        ownNumber = fact.vni;
        break;
      case "port":
        if (inPort !== null) guests.add(inPort);
        break;
      case "link":
        if (inPort !== null) links.set(inPort, farEndOf(flow));
        break;
      case "link-news":
        if (inPort !== null) listening.add(inPort);
        break;
      case "tree":
        others.add(fact.place);
        break;
      case "tunnel": {
        const entrance = entranceKey(flow);
        if (entrance !== null) receivesOn.add(entrance);
        break;
      }
      case "blocked":
        if (inPort !== null) blocked.add(inPort);
        break;
      case "relay": {
        const lane = onwardLane(flow);
        if (lane !== null) relaysTo.set(fact.place, lane);
        break;
      }
      case "usurper": {
        const mac = macOf(flow.match, "eth_src");
        if (mac !== null && inPort !== null)
          rivals.push({ vni: fact.vni, mac, ofport: inPort, ip: claimedBy(flow.match) });
        break;
      }
      case "known-mac":
      case "known-address": {
        const mac = macOf(flow.match, "eth_src");
        if (mac === null || inPort === null) break;
        const key = keyOf({ vni: fact.vni, ofport: inPort, mac });
        if (fact.kind === "known-mac") held.add(key);
        if (fact.kind === "known-mac" && flow.idleTimeoutSec === 0) lasting.add(key);
        const known = observed.get(key) ?? { vni: fact.vni, mac, ofport: inPort, ips: new Set<string>() };
        observed.set(key, known);
        const sender = senderOf(flow.match);
        if (sender !== null) known.ips.add(sender);
        for (const action of actionsOf(flow.instructions)) {
          if (action.kind !== "nx_note") continue;
          const { ips, router } = decodeNote(action.note);
          for (const ip of ips) known.ips.add(ip);
          if (router !== undefined) known.router = router;
        }
        break;
      }
      case "remote-endpoint": {
        const mac = macOf(flow.match, "eth_dst");
        if (mac === null) break;
        const at = endpointsAt.get(fact.place) ?? new Map<string, Gathered>();
        endpointsAt.set(fact.place, at.set(`${fact.vni}/${mac}`, { vni: fact.vni, mac, ips: new Set() }));
        break;
      }
      case "answer": {
        const answer = answerOf(flow);
        if (answer !== null) answers.push({ at: fact.place, vni: fact.vni, answer });
        break;
      }
      default:
    }
  }
  // An answer adds to an endpoint that can be reached; on the endpoint's own host LEARN tells more.
  for (const { at, vni, answer } of answers) {
    const endpoint = endpointsAt.get(at)?.get(`${vni}/${answer.mac}`);
    endpoint?.ips.add(answer.ip);
    if (endpoint !== undefined && answer.router !== undefined) endpoint.router = answer.router;
  }
  const sendsBy = new Map<number, Lane>();
  const relaysBy = new Map<number, readonly Lane[]>();
  const vnisAt = new Map<number, Set<Vni>>();
  for (const group of groups) {
    const said = saidBy(group);
    if (said?.kind === "host") {
      if (said.direct !== null) sendsBy.set(said.index, said.direct);
      relaysBy.set(said.index, said.relays);
    } else if (said?.kind === "flood") {
      for (const index of said.to) addTo(vnisAt, index, said.vni);
    }
  }
  const told = [endpointsAt, vnisAt, sendsBy, relaysBy, relaysTo].flatMap((map) => [...map.keys()]);
  const indexes = [...new Set(told)].sort((a, b) => a - b);
  const known = (vnis: ReadonlySet<Vni> | undefined): readonly Vni[] => {
    const sorted = [...(vnis ?? [])].sort((a, b) => a - b);
    const text = sorted.join();
    const same = lists.get(text);
    if (same === undefined && lists.size < MAX_LISTS) lists.set(text, sorted);
    return same ?? sorted;
  };
  return {
    ownIndex,
    observed: [...observed]
      .filter(([key, { ips, router }]) => !lasting.has(key) || ips.size > 0 || router !== undefined)
      .map(([, one]) => ({ ...gatheredFact(one), ofport: one.ofport })),
    rivals,
    holds: (one) => held.has(keyOf(one)),
    receivesOn,
    sendsBy,
    blocked,
    relaysBy,
    relaysTo,
    plain: ownIndex === 0 ? { number: ownNumber, guests, links, listening, others } : null,
    remembered: indexes.map((index) => {
      const here = endpointsAt.get(index);
      const endpoints = here === undefined ? NO_ENDPOINTS : [...here.values()].map(gatheredFact);
      return { index, endpoints, vnis: known(vnisAt.get(index)) };
    }),
  };
}

const NO_ENDPOINTS: readonly RememberedEndpoint[] = [];
