// CLASSIFY: where did a frame come from?
import { macToBigInt } from "../../proto/bytes/mac.ts";
import type { Action, Instruction, Match, OxmTlv } from "../../proto/openflow13/index.ts";
import type { Lane } from "../model/facts.ts";
import { MAX_LABEL } from "../model/identity.ts";
import { PROBE_DESTINATION, PROBE_ETHER_TYPE } from "../model/probe-address.ts";
import { NO_VLAN } from "../model/vlan.ts";
import type { Entrance } from "../model/wanted-tunnels.ts";
import {
  ALL_METADATA,
  apply,
  type CompileContext,
  gotoTable,
  type LocalAttachment,
  moveKey,
  moveVlan,
  ONWARD,
  onPort,
  outBy,
  type PortsContext,
  relayBit,
  TAGGED,
  tagWith,
  tunnelFrom,
  vlanVid,
  WITHOUT_VLAN,
} from "./context.ts";
import { type DesiredFlow, desiredFlow } from "./desired.ts";
import { madeOnce } from "./made-once.ts";
import { CARRIER_VID, PRIORITIES, probeMeter, puntMeter, RELAY_KEY_BIT } from "./registry.ts";

/**
 * Addresses that a bridge does not forward: those of IEEE 802.1D, table 7-10 (STP, LACP, LLDP), and what else Open
 * vSwitch counts among them, of Extreme and Cisco (`other_config:forward-bpdu` in ovs-vswitchd.conf.db(5)).
 */
const RESERVED_DESTINATIONS = (
  [
    ["01:80:c2:00:00:00", "ff:ff:ff:ff:ff:f0"],
    ["00:e0:2b:00:00:00"],
    ["00:e0:2b:00:00:04", "ff:ff:ff:ff:ff:fd"],
    ["01:00:0c:00:00:00"],
    ["01:00:0c:cc:cc:c0", "ff:ff:ff:ff:ff:f8"],
    ["01:00:0c:cc:cc:cc", "ff:ff:ff:ff:ff:fe"],
    ["01:00:0c:cd:cd:cd"],
  ] as const
).map(
  ([address, mask]): OxmTlv => ({
    field: "eth_dst",
    value: macToBigInt(address),
    ...(mask === undefined ? {} : { mask: macToBigInt(mask) }),
  }),
);
const GROUP_BIT = macToBigInt("01:00:00:00:00:00");
const RELAY_BIT = 1n << BigInt(RELAY_KEY_BIT);

export function* classifyFlows(context: CompileContext): Generator<DesiredFlow> {
  yield* classifySwitchFlows(context);
  yield* classifyPortFlows(context);
}

/** What each port comes to by itself. */
export function* classifyPortFlows(context: PortsContext): Generator<DesiredFlow> {
  yield* probeFlows(context);
  yield* portFlows(context);
}

/** What is about no local port. */
export function* classifySwitchFlows(context: CompileContext): Generator<DesiredFlow> {
  yield identityFlow(context);
  const reserved = context.host.fact?.forwardBpdu === true ? [] : RESERVED_DESTINATIONS;
  for (const guarded of [{ field: "eth_src", value: GROUP_BIT, mask: GROUP_BIT } as const, ...reserved]) {
    yield desiredFlow({
      table: "classify",
      priority: PRIORITIES.classify.guard,
      match: [guarded],
      cookie: { kind: "guard", place: 0, vni: 0 },
      instructions: [],
    });
  }
  yield* relayFlows(context);
  yield* tunnelFlows(context);
}

/** Tells a controller that starts with nothing whose switch this is, before the host's OVSDB has come. */
function identityFlow({ host }: CompileContext): DesiredFlow {
  return desiredFlow({
    table: "classify",
    priority: PRIORITIES.classify.identity,
    match: [],
    // A switch of an island has no index; its number stands beside.
    cookie: { kind: "identity", place: host.plain === null ? (host.index ?? 0) : 0, vni: host.plain?.number ?? 0 },
    instructions: [],
  });
}

/** Behind a tag too: a trunk is probed in each of its networks. */
const PROBE: Match = [
  { field: "eth_dst", value: macToBigInt(PROBE_DESTINATION) },
  { field: "eth_type", value: PROBE_ETHER_TYPE },
];
const PROBE_BYTES = 1024;

function* probeFlows({ probed, blocked, maxMeter }: PortsContext): Generator<DesiredFlow> {
  for (const ofport of probed) {
    const meterId = [probeMeter(ofport), puntMeter(ofport)].find((id) => id <= maxMeter);
    const copy = {
      kind: "nx_controller2",
      maxLen: PROBE_BYTES,
      ...(meterId === undefined ? {} : { meterId }),
    } as const;
    yield desiredFlow({
      table: "classify",
      priority: PRIORITIES.classify.probe,
      match: [onPort(ofport), ...PROBE],
      cookie: { kind: "probe", place: ofport, vni: 0 },
      instructions: [apply(copy)],
    });
  }
  for (const ofport of blocked) {
    yield desiredFlow({
      table: "classify",
      priority: PRIORITIES.classify.blocked,
      match: [onPort(ofport)],
      cookie: { kind: "blocked", place: ofport, vni: 0 },
      instructions: [],
    });
  }
}

/** The outer tag becomes the carrier; see `CARRIER_VID`. */
function* portFlows({ local }: PortsContext): Generator<DesiredFlow> {
  for (const { ofport, attachment, port } of local) {
    const { vni } = attachment.network;
    const next = port.locks.has(vni) ? "guard" : "learn";
    const flow = (vlan: OxmTlv, rewrites: readonly Action[]): DesiredFlow =>
      desiredFlow({
        table: "classify",
        priority: PRIORITIES.classify.port,
        match: [onPort(ofport), vlan],
        cookie: { kind: "port", place: ofport, vni },
        instructions: [
          ...(rewrites.length === 0 ? [] : [apply(...rewrites)]),
          { kind: "write_metadata", metadata: BigInt(vni), mask: ALL_METADATA },
          gotoTable(next),
        ],
      });
    const marked = port.fact.vlan.protected === true;
    const carrier = tagWith(marked ? CARRIER_VID.protected : CARRIER_VID.plain);
    if (attachment.except !== undefined) yield* otherVlanFlows({ ofport, attachment, port }, carrier);
    for (const vlan of attachment.ingressVlans) {
      if (vlan === NO_VLAN) yield flow(WITHOUT_VLAN, marked ? [carrier] : []);
      else yield flow(vlanVid(vlan), [carrier]);
    }
  }
}

/** VLANs that are no networks go by their number, past LEARN. */
function* otherVlanFlows({ ofport, attachment, port }: LocalAttachment, carrier: Action): Generator<DesiredFlow> {
  const { vni } = attachment.network;
  const cookie = { kind: "port", place: ofport, vni } as const;
  for (const vlan of attachment.except ?? []) {
    yield desiredFlow({
      table: "classify",
      priority: PRIORITIES.classify.port,
      match: [onPort(ofport), vlanVid(vlan)],
      cookie,
      instructions: [],
    });
  }
  yield desiredFlow({
    table: "classify",
    priority: PRIORITIES.classify.otherVlans,
    match: [onPort(ofport), TAGGED],
    cookie,
    instructions: [
      apply(
        { kind: "set_field", field: { field: "metadata", value: BigInt(vni) } },
        moveVlan("vlan_vid", "metadata"),
        carrier,
      ),
      gotoTable(port.locks.has(vni) ? "guard" : "forward"),
    ],
  });
}

const relayFlowOf = madeOnce<Lane, DesiredFlow>();

/**
 * Straight out again, knowing nothing of networks or MACs. By the direct tunnel alone, and with the bit cleared: a frame
 * crosses at most two tunnels, whatever state the fabric is in.
 */
function* relayFlows({ host }: CompileContext): Generator<DesiredFlow> {
  const asked: OxmTlv = { field: "tunnel_id", value: RELAY_BIT, mask: RELAY_BIT };
  // By which kinds of tunnels frames come in: strangers on a flow-based one never get to ARRIVE.
  const tables = new Set(host.entrances.map((entrance) => (isFlowBased(entrance) ? "arrive" : "classify")));
  for (const [index, lane] of host.relaying) {
    if (index > MAX_LABEL) continue;
    for (const table of tables) {
      const onward = table === "arrive" && lane.toward !== null ? ONWARD : [];
      yield relayFlowOf(lane, `${table} ${index}`, () =>
        desiredFlow({
          table,
          priority: PRIORITIES[table].relay,
          match: [asked, vlanVid(index)],
          cookie: { kind: "relay", place: index, vni: 0 },
          instructions: [apply({ kind: "pop_vlan" }, relayBit(0n), ...onward, ...outBy(lane))],
        }),
      );
    }
  }
}

function isFlowBased({ lane }: Entrance): boolean {
  return lane.toward !== null;
}

/** The key becomes the network. A key of a network that has no port here meets nothing in DELIVER. */
const INTO_NETWORK: readonly Instruction[] = [apply(moveKey("tunnel_id", "metadata")), gotoTable("deliver")];

const entranceFlowOf = madeOnce<Entrance, DesiredFlow>();

function entranceFlow({ lane, index }: Entrance): DesiredFlow {
  const isOwn = lane.toward === null;
  return desiredFlow({
    table: "classify",
    priority: PRIORITIES.classify[isOwn ? "tunnel" : "source"],
    match: [onPort(lane.port), ...(lane.toward === null ? [] : [tunnelFrom(lane.toward)])],
    cookie: { kind: "tunnel", place: index, vni: 0 },
    instructions: isOwn ? INTO_NETWORK : [gotoTable("arrive")],
  });
}

function* tunnelFlows({ host }: CompileContext): Generator<DesiredFlow> {
  for (const entrance of host.entrances) yield entranceFlowOf(entrance, "", () => entranceFlow(entrance));
  const shared = new Set(host.entrances.filter(isFlowBased).map(({ lane }) => lane.port));
  if (shared.size === 0) return;
  const cookie = { place: 0, vni: 0 } as const;
  for (const ofport of shared) {
    yield desiredFlow({
      table: "classify",
      priority: PRIORITIES.classify.stranger,
      match: [onPort(ofport)],
      cookie: { kind: "stranger", ...cookie },
      instructions: [],
    });
  }
  yield desiredFlow({
    table: "arrive",
    priority: PRIORITIES.arrive.deliver,
    match: [],
    cookie: { kind: "arrive", ...cookie },
    instructions: INTO_NETWORK,
  });
}
