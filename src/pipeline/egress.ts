// EGRESS and DEPART: the carrier tag becomes what a local port asks for; into a tunnel it goes only if it says something.
import type { Action, Match, OxmTlv } from "../../proto/openflow13/index.ts";
import { vlanModeOf } from "../model/vlan.ts";
import {
  apply,
  type CompileContext,
  ETHERTYPE_VLAN,
  gotoTable,
  inNetwork,
  type LocalAttachment,
  moveVlan,
  output,
  PLAIN_CARRIER,
  type PortsContext,
  TAGGED,
  tagWith,
  vlanVid,
} from "./context.ts";
import { type DesiredFlow, desiredFlow } from "./desired.ts";
import { CARRIER_VID, PRIORITIES, REGISTERS } from "./registry.ts";

const TPIDS = [0x8100, 0x88a8] as const;
const NO_PRIORITY: OxmTlv = { field: "vlan_pcp", value: 0 };
const POP: Action = { kind: "pop_vlan" };

export function* egressFlows(context: CompileContext): Generator<DesiredFlow> {
  yield* egressPortFlows(context);
  yield* departFlows(context);
}

/** What each port comes to by itself. */
export function* egressPortFlows(context: PortsContext): Generator<DesiredFlow> {
  const protectedPorts = new Set(context.local.filter(({ port }) => port.fact.vlan.protected === true).map(numberOf));
  for (const ofport of protectedPorts) {
    yield egressFlow(ofport, 0, PRIORITIES.egress.protected, [vlanVid(CARRIER_VID.protected)], null);
  }
  for (const local of context.local) yield* attachmentFlows(local);
}

function numberOf({ ofport }: LocalAttachment): number {
  return ofport;
}

function toPort(ofport: number): OxmTlv {
  return { field: REGISTERS.outPort.field, value: ofport };
}

/** @param rewrites null drops. */
function egressFlow(
  ofport: number,
  vni: number,
  priority: number,
  match: Match,
  rewrites: readonly Action[] | null,
): DesiredFlow {
  return desiredFlow({
    table: "egress",
    priority,
    match: [toPort(ofport), ...(vni === 0 ? [] : [inNetwork(vni)]), ...match],
    cookie: { kind: "egress", place: ofport, vni },
    instructions: rewrites === null ? [] : [apply(...rewrites, output(ofport))],
  });
}

function* attachmentFlows({ ofport, attachment, port }: LocalAttachment): Generator<DesiredFlow> {
  const { egressVlan, priorityTags, network } = attachment;
  const flow = (priority: number, match: Match, rewrites: readonly Action[]): DesiredFlow =>
    egressFlow(ofport, network.vni, priority, match, rewrites);
  const { plain, tagged, untagged } = PRIORITIES.egress;
  if (attachment.except !== undefined) {
    yield flow(untagged, [], [tagWith(0), moveVlan("metadata", "vlan_vid")]);
    return;
  }
  if (egressVlan !== null) {
    yield flow(untagged, [], [tagWith(egressVlan)]);
    return;
  }
  if (priorityTags === "always") {
    yield flow(untagged, [], [tagWith(0)]);
    return;
  }
  yield flow(untagged, [], []);
  if (priorityTags === "never") {
    yield flow(tagged, [TAGGED], [POP]);
    return;
  }
  yield flow(plain, [TAGGED, NO_PRIORITY], [POP]);
  const keepsTpid = vlanModeOf(port.fact.vlan) === "trunk";
  yield flow(tagged, [TAGGED], keepsTpid ? [tagWith(0)] : [...NEW_PRIORITY_TAG, tagWith(0)]);
}

/** A port without tags gives a priority in a tag of its own, by 802.1Q whatever the frame came with. */
const NEW_PRIORITY_TAG: readonly Action[] = [
  movePriority("vlan_pcp", REGISTERS.priority.field),
  POP,
  { kind: "push_vlan", etherType: ETHERTYPE_VLAN },
  movePriority(REGISTERS.priority.field, "vlan_pcp"),
];

function movePriority(src: "vlan_pcp" | "nx_reg1", dst: "vlan_pcp" | "nx_reg1"): Action {
  return { kind: "nx_reg_move", nBits: REGISTERS.priority.bits, srcOfs: 0, dstOfs: 0, src, dst };
}

/**
 * A carrier without a priority says nothing, and would cost four bytes of MTU; unless another tag is behind it, which
 * the host at the other end would take for the carrier. A switch that parses one tag sees the one behind as the frame's
 * type; one that parses two does not see it before the first is gone.
 */
export function* departFlows({ host }: CompileContext): Generator<DesiredFlow> {
  if (host.plain !== null) return;
  const cookie = { kind: "depart", place: 0, vni: 0 } as const;
  const plain = vlanVid(CARRIER_VID.plain);
  for (const value of TPIDS) {
    yield desiredFlow({
      table: "depart",
      priority: PRIORITIES.depart.doubleTagged,
      match: [plain, { field: "eth_type", value }],
      cookie,
      instructions: [],
    });
  }
  yield desiredFlow({
    table: "depart",
    priority: PRIORITIES.depart.plain,
    match: [plain, NO_PRIORITY],
    cookie,
    instructions: [apply(POP), gotoTable("uncovered")],
  });
  yield desiredFlow({
    table: "uncovered",
    priority: PRIORITIES.uncovered.tagged,
    match: [TAGGED],
    cookie: { kind: "uncovered", place: 0, vni: 0 },
    instructions: [apply({ kind: "push_vlan", etherType: ETHERTYPE_VLAN }, PLAIN_CARRIER)],
  });
}
