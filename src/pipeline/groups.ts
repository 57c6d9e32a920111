// Groups and meters: HOST(j), FLOOD(network), LOCAL(network), and the limit on each port's copies to the controller.
import { type Action, type Bucket, OFPG, OFPP } from "../../proto/openflow13/index.ts";
import type { Vni } from "../model/facts.ts";
import type { Network } from "../model/networks.ts";
import type { PlainPart } from "../model/plain-links.ts";
import type { Way } from "../model/ways.ts";
import { type CompileContext, ETHERTYPE_VLAN, outBy, outOf, output, relayBit, vlanVid } from "./context.ts";
import { type DesiredGroup, type DesiredMeter, desiredGroup, desiredMeter } from "./desired.ts";
import { setTunnelKey } from "./forward.ts";
import { madeOnce } from "./made-once.ts";
import { floodGroup, GROUPS, hostGroup, localGroup, probeMeter, puntMeter, treeGroup } from "./registry.ts";

function bucket(fields: Partial<Bucket> & Pick<Bucket, "actions">): Bucket {
  return { weight: 0, watchPort: OFPP.ANY, watchGroup: OFPG.ANY, ...fields };
}

const hostGroupOf = madeOnce<Way, DesiredGroup>();
const floodBucketOf = madeOnce<Network, Bucket>();

/** In the order in which they refer to each other. */
export function* groups(context: CompileContext): Generator<DesiredGroup> {
  const { host, fabric } = context;
  yield desiredGroup(GROUPS.alwaysLive, "indirect", [bucket({ actions: [] })]);
  for (const { vni } of context.networks) {
    const ports = context.local.filter((local) => local.attachment.network.vni === vni);
    yield desiredGroup(
      localGroup(vni),
      "all",
      ports.map((local) => bucket({ actions: outOf(local) })),
    );
  }
  if (host.plain !== null) {
    yield* plainGroups(context, host.plain);
    return;
  }
  for (const [index, way] of host.ways) yield hostGroupOf(way, index, () => hostGroupTo(index, way));
  for (const network of context.networks) {
    const { vni } = network;
    const peers = (fabric.members.get(vni) ?? []).filter((index) => index !== host.index && host.ways.has(index));
    yield desiredGroup(
      floodGroup(vni),
      "all",
      peers.map((index) => floodBucketOf(network, index, () => floodBucket(vni, index))),
    );
  }
}

/** The same on every switch. */
function floodBucket(vni: Vni, index: number): Bucket {
  return Object.freeze(bucket({ actions: [setTunnelKey(vni), { kind: "group", groupId: hostGroup(index) }] }));
}

/**
 * In an island the same groups lead out by plain links. Frames of other switches go on with the label they have, and
 * without it to the local ports; those of this switch's own ports have been given theirs in DEPART.
 */
function* plainGroups({ networks, local }: CompileContext, plain: PlainPart): Generator<DesiredGroup> {
  for (const [number, port] of plain.towards) {
    yield desiredGroup(hostGroup(number), "indirect", [bucket({ actions: [output(port)] })]);
  }
  const own = plain.trees.get(plain.number)?.on ?? [];
  const onwards = (ports: readonly number[]): readonly Bucket[] =>
    ports.map((port) => bucket({ actions: [output(port)] }));
  for (const { vni } of networks) yield desiredGroup(floodGroup(vni), "all", onwards(own));
  const here = [...new Set(local.map(({ ofport }) => ofport))];
  for (const [number, { from, on }] of plain.trees) {
    if (from === null) continue;
    const unlabelled = here.map((port) => bucket({ actions: [{ kind: "pop_vlan" }, output(port)] }));
    yield desiredGroup(treeGroup(number), "all", [...onwards(on), ...unlabelled]);
  }
}

/**
 * Fast failover: the direct tunnel while it is live; then relays, while the tunnel to the relay is; last, the direct
 * tunnel (or the first relay) again, watched by a group that is never dead: a liveness report that is wrong must not
 * mean drop.
 */
function hostGroupTo(index: number, { direct, relays }: Way): DesiredGroup {
  const label: Action = { kind: "set_field", field: vlanVid(index) };
  const ways = [
    ...(direct === null ? [] : [{ port: direct.port, actions: outBy(direct) }]),
    ...relays.map((lane) => ({
      port: lane.port,
      actions: [{ kind: "push_vlan", etherType: ETHERTYPE_VLAN } as const, label, relayBit(1n), ...outBy(lane)],
    })),
  ];
  return desiredGroup(hostGroup(index), "ff", [
    ...ways.map(({ port, actions }) => bucket({ watchPort: port, actions })),
    ...ways.slice(0, 1).map(({ actions }) => bucket({ watchGroup: GROUPS.alwaysLive, actions })),
  ]);
}

/** In a storm a probe comes back many times; once is enough, and all of it would be too much. */
const PROBES_PER_SECOND = 20;

/** One for each port with a number, and one for each network whose floods are capped; where the switch has meters. */
export function* meters(context: CompileContext): Generator<DesiredMeter> {
  const { local, probed, listening, maxMeter, settings, floodMeters } = context;
  for (const ofport of new Set([...local.map((one) => one.ofport), ...probed])) {
    const meterId = puntMeter(ofport);
    if (meterId > maxMeter) continue;
    yield desiredMeter(meterId, "pktps", settings.puntsPerSecond, settings.puntBurst);
  }
  for (const ofport of new Set([...probed, ...listening])) {
    const meterId = probeMeter(ofport);
    if (meterId <= maxMeter) yield desiredMeter(meterId, "pktps", PROBES_PER_SECOND, PROBES_PER_SECOND);
  }
  // A burst of one second's worth: BUM traffic comes in bursts, and a meter without one would drop most of each.
  for (const { meterId, kbps } of floodMeters.values()) yield desiredMeter(meterId, "kbps", kbps, kbps);
}
