// Groups and meters: HOST(j), FLOOD(network), LOCAL(network), and the limit on each port's copies to the controller.
import { type Bucket, OFPG, OFPP } from "../../proto/openflow13/index.ts";
import { type CompileContext, outOf, output } from "./context.ts";
import { type DesiredGroup, type DesiredMeter, desiredGroup, meterForm } from "./desired.ts";
import { setTunnelKey } from "./forward.ts";
import { floodGroup, GROUPS, hostGroup, localGroup, puntMeter } from "./registry.ts";

function bucket(fields: Partial<Bucket> & Pick<Bucket, "actions">): Bucket {
  return { weight: 0, watchPort: OFPP.ANY, watchGroup: OFPG.ANY, ...fields };
}

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
  for (const [index, port] of [...host.sendingPorts].sort(([a], [b]) => a - b)) yield hostGroupTo(index, port);
  for (const { vni } of context.networks) {
    const peers = (fabric.members.get(vni) ?? []).filter(
      (index) => index !== host.index && host.sendingPorts.has(index),
    );
    yield desiredGroup(
      floodGroup(vni),
      "all",
      peers.map((index) => bucket({ actions: [setTunnelKey(vni), { kind: "group", groupId: hostGroup(index) }] })),
    );
  }
}

/**
 * Fast failover: the direct tunnel while it is live; last, the direct tunnel again, watched by a group that is never
 * dead: a liveness report that is wrong must not mean drop.
 */
function hostGroupTo(index: number, port: number): DesiredGroup {
  return desiredGroup(hostGroup(index), "ff", [
    bucket({ watchPort: port, actions: [output(port)] }),
    bucket({ watchGroup: GROUPS.alwaysLive, actions: [output(port)] }),
  ]);
}

/** One meter for each port with a number, where the switch has meters. */
export function* meters({ local, maxMeter, settings }: CompileContext): Generator<DesiredMeter> {
  for (const ofport of new Set(local.map((one) => one.ofport))) {
    const meterId = puntMeter(ofport);
    if (meterId > maxMeter) continue;
    const { puntsPerSecond: ratePps, puntBurst: burst } = settings;
    yield Object.freeze({ meterId, ratePps, burst, form: meterForm(ratePps, burst) });
  }
}
