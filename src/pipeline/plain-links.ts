// Islands of switches joined by plain links: what comes in by a link, and the label that frames get on the way into one.
import { macToBigInt } from "../../proto/bytes/mac.ts";
import type { Action, Match } from "../../proto/openflow13/index.ts";
import type { Endpoint } from "../model/endpoints.ts";
import type { Fabric } from "../model/fabric.ts";
import { LLDP_DESTINATION, LLDP_ETHER_TYPE } from "../model/link-address.ts";
import { type Network, OTHER_VLANS_VNI, policyOf } from "../model/networks.ts";
import type { PlainPart } from "../model/plain-links.ts";
import {
  ALL_METADATA,
  apply,
  type CompileContext,
  ETHERTYPE_VLAN,
  gotoTable,
  inNetwork,
  moveVlan,
  onPort,
  output,
  TAGGED,
  tagWith,
  vlanVid,
} from "./context.ts";
import { type DesiredFlow, desiredFlow } from "./desired.ts";
import { floodRules } from "./flood.ts";
import { encodeLinkNote } from "./link-note.ts";
import { hostGroup, type LabelKind, labelOf, PRIORITIES, probeMeter, puntMeter, treeGroup } from "./registry.ts";

/** Enough for any frame of ours, and for no longer one. */
const LINK_NEWS_BYTES = 512;
const POP: Action = { kind: "pop_vlan" };

export function* plainLinkFlows(context: CompileContext): Generator<DesiredFlow> {
  const { plain } = context.host;
  if (plain === null) return;
  yield* linkNewsFlows(context);
  yield* linkPortFlows(plain);
  yield* arriveFlows(context, plain);
  yield* transitFlows(context, plain);
  yield* labelFlows(context, plain);
}

/** Only two networks reach over plain links: what has no tag, and all that has one. */
function labelKind({ vni }: Network): LabelKind {
  return vni === OTHER_VLANS_VNI ? "otherVlans" : "untagged";
}

const crossingOf = new WeakMap<Fabric, readonly Network[]>();

/** Networks with a port on any switch of the island: one without guests passes their frames on. Sorted. */
function crossing(fabric: Fabric): readonly Network[] {
  const known = crossingOf.get(fabric);
  if (known !== undefined) return known;
  const attachments = [...fabric.hosts.values()].flatMap((host) => host.ports.flatMap((port) => port.attachments));
  const byVni = new Map(attachments.map(({ network }) => [network.vni, network]));
  const networks = [...byVni.values()].sort((a, b) => a.vni - b.vni);
  crossingOf.set(fabric, networks);
  return networks;
}

/** LLDP goes nowhere but here, whoever sends it. */
function* linkNewsFlows({ listening, maxMeter }: CompileContext): Generator<DesiredFlow> {
  for (const ofport of listening) {
    const meterId = [probeMeter(ofport), puntMeter(ofport)].find((id) => id <= maxMeter);
    const copy = {
      kind: "nx_controller2",
      maxLen: LINK_NEWS_BYTES,
      ...(meterId === undefined ? {} : { meterId }),
    } as const;
    yield desiredFlow({
      table: "classify",
      priority: PRIORITIES.classify.probe,
      match: [
        onPort(ofport),
        { field: "eth_dst", value: macToBigInt(LLDP_DESTINATION) },
        { field: "eth_type", value: LLDP_ETHER_TYPE },
      ],
      cookie: { kind: "link-news", place: ofport, vni: 0 },
      instructions: [apply(copy)],
    });
  }
}

/** The note is for a controller that starts with nothing: until it has heard of the link it keeps to what this says. */
function* linkPortFlows({ links }: PlainPart): Generator<DesiredFlow> {
  for (const [ofport, far] of links) {
    const note = far === null ? [] : [apply({ kind: "nx_note", note: encodeLinkNote(far) } as const)];
    yield desiredFlow({
      table: "classify",
      priority: PRIORITIES.classify.link,
      match: [onPort(ofport)],
      cookie: { kind: "link", place: ofport, vni: 0 },
      instructions: [...note, gotoTable("arrive")],
    });
  }
}

/**
 * For each switch as the source one port: what its frames come in by. Invariant of an island: however old or new what
 * each switch holds, a frame that came in at switch s is taken in at most once by each other switch and never by s. For
 * by induction along the ports that are expected, which lead back to s or in a circle that s is not part of, a frame is
 * taken in no more often than it was taken in at the switch before, and each switch sends it on by a port at most once.
 */
function* arriveFlows({ fabric }: CompileContext, { trees }: PlainPart): Generator<DesiredFlow> {
  for (const network of crossing(fabric)) {
    for (const [number, { from }] of trees) {
      if (from === null) continue;
      yield desiredFlow({
        table: "arrive",
        priority: PRIORITIES.arrive.tree,
        match: [onPort(from), vlanVid(labelOf(labelKind(network), number))],
        cookie: { kind: "tree", place: number, vni: network.vni },
        instructions: [
          { kind: "write_metadata", metadata: BigInt(network.vni), mask: ALL_METADATA },
          gotoTable("transit"),
        ],
      });
    }
  }
}

function* transitFlows(context: CompileContext, { trees }: PlainPart): Generator<DesiredFlow> {
  const { local, host, fabric } = context;
  const networks = crossing(fabric);
  const localAt = new Set(local.map(({ ofport, attachment }) => `${ofport}/${attachment.network.vni}`));
  const known = new Set(networks.map((network) => network.vni));
  for (const endpoint of fabric.endpoints.values()) {
    const { ofport, hostIndex } = endpoint;
    if (!known.has(endpoint.vni)) continue;
    if (endpoint.hostId === host.id) {
      if (ofport !== null && localAt.has(`${ofport}/${endpoint.vni}`))
        yield transitFlow(endpoint, ofport, [POP, output(ofport)]);
    } else if (hostIndex !== null && host.ways.has(hostIndex)) {
      yield transitFlow(endpoint, hostIndex, [{ kind: "group", groupId: hostGroup(hostIndex) }]);
    }
  }
  for (const network of networks) {
    const { vni } = network;
    for (const { priority, match, flood } of floodRules(policyOf(network))) {
      const flow = (kind: "withheld" | "transit-flood", place: number, more: Match, actions: readonly Action[]) =>
        desiredFlow({
          table: "transit",
          priority: PRIORITIES.transit[priority],
          match: [inNetwork(vni), ...more, ...match],
          cookie: { kind, place, vni },
          instructions: actions.length === 0 ? [] : [apply(...actions)],
        });
      if (!flood) yield flow("withheld", 0, [], []);
      for (const [number, { from }] of flood ? trees : []) {
        if (from === null) continue;
        const label = vlanVid(labelOf(labelKind(network), number));
        yield flow("transit-flood", number, [label], [{ kind: "group", groupId: treeGroup(number) }]);
      }
    }
  }
}

function transitFlow({ vni, mac }: Endpoint, place: number, actions: readonly Action[]): DesiredFlow {
  return desiredFlow({
    table: "transit",
    priority: PRIORITIES.transit.endpoint,
    // A tag is taken off only where the match says that there is one.
    match: [inNetwork(vni), TAGGED, { field: "eth_dst", value: macToBigInt(mac) }],
    cookie: { kind: "transit-endpoint", place, vni },
    instructions: [apply(...actions)],
  });
}

/** In DEPART: the frame as it came, its tag as it was, behind the label of this switch. */
function* labelFlows({ networks }: CompileContext, { number }: PlainPart): Generator<DesiredFlow> {
  for (const network of networks) {
    const kind = labelKind(network);
    const restore: readonly Action[] = kind === "otherVlans" ? [tagWith(0), moveVlan("metadata", "vlan_vid")] : [];
    yield desiredFlow({
      table: "depart",
      priority: PRIORITIES.depart.label,
      match: [inNetwork(network.vni)],
      cookie: { kind: "label", place: number, vni: network.vni },
      instructions: [
        apply(
          ...restore,
          { kind: "push_vlan", etherType: ETHERTYPE_VLAN },
          { kind: "set_field", field: vlanVid(labelOf(kind, number)) },
        ),
      ],
    });
  }
}
