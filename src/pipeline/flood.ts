// FORWARD and DELIVER of what is for many, or for nobody known: to all of the network, as its policy allows.
import { macToBigInt } from "../../proto/bytes/mac.ts";
import type { Action, Match, OxmTlv } from "../../proto/openflow13/index.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import { policyOf } from "../model/networks.ts";
import type { NetworkPolicy } from "../model/policy.ts";
import { apply, type CompileContext, floodMetersOf, inNetwork, through } from "./context.ts";
import { type DesiredFlow, desiredFlow } from "./desired.ts";
import { floodGroup, localGroup, PRIORITIES } from "./registry.ts";

const GROUP_BIT = macToBigInt("01:00:00:00:00:00");
const TO_GROUPS: OxmTlv = { field: "eth_dst", value: GROUP_BIT, mask: GROUP_BIT };

function to(mac: string, mask?: string): OxmTlv {
  return { field: "eth_dst", value: macToBigInt(mac), ...(mask === undefined ? {} : { mask: macToBigInt(mask) }) };
}

/**
 * Without these nobody finds anybody: broadcast, which ARP and DHCP use; and of IPv6 (RFC 4861) the solicited-node
 * addresses, all nodes and all routers.
 */
const ESSENTIAL: readonly OxmTlv[] = [
  to("ff:ff:ff:ff:ff:ff"),
  to("33:33:ff:00:00:00", "ff:ff:ff:00:00:00"),
  to("33:33:00:00:00:01"),
  to("33:33:00:00:00:02"),
];

export interface FloodRule {
  readonly priority: "essential" | "group" | "flood";
  readonly match: Match;
  readonly flood: boolean;
}

export function* floodRules({ multicast, unknownUnicast }: NetworkPolicy): Generator<FloodRule> {
  if (multicast === "drop") {
    for (const match of ESSENTIAL) yield { priority: "essential", match: [match], flood: true };
  }
  if (multicast !== unknownUnicast) yield { priority: "group", match: [TO_GROUPS], flood: multicast === "flood" };
  yield { priority: "flood", match: [], flood: unknownUnicast === "flood" };
}

/**
 * The same rules for frames of local ports and for those out of tunnels: a host whose picture is older than this one's
 * may take for known what is not. Only what comes from local ports is metered; on the far hosts it was already.
 */
export function* floodFlows({ networks, floodMeters }: CompileContext): Generator<DesiredFlow> {
  for (const network of networks) {
    const { vni } = network;
    const cap = floodMeters.get(vni);
    for (const { priority, match, flood } of floodRules(policyOf(network))) {
      for (const table of ["forward", "deliver"] as const) {
        const kind = !flood ? "withheld" : table === "forward" ? "flood" : "deliver-flood";
        const toLocal: Action = { kind: "group", groupId: localGroup(vni) };
        const toHosts: readonly Action[] =
          table === "forward" ? [through("depart"), { kind: "group", groupId: floodGroup(vni) }] : [];
        const metered = table === "forward" && cap !== undefined;
        yield desiredFlow({
          table,
          priority: PRIORITIES[table][priority],
          match: [inNetwork(vni), ...match],
          cookie: { kind, place: 0, vni },
          instructions: flood
            ? [...(metered ? [{ kind: "meter", meterId: cap.meterId } as const] : []), apply(toLocal, ...toHosts)]
            : [],
        });
      }
    }
  }
}

/** Caps that the switch of this host can't enforce. */
export function capProblems(fabric: Fabric, host: FabricHost): readonly Diagnostic[] {
  const maxMeter = host.switch?.maxMeter;
  if (maxMeter === undefined) return [];
  const here = new Set(host.ports.flatMap((port) => port.attachments.map((at) => at.network.vni)));
  return [...floodMetersOf(fabric)]
    .filter(([vni, { meterId }]) => here.has(vni) && meterId > maxMeter)
    .map(([vni, { kbps }]) =>
      diagnostic(
        "network/cap-not-enforced",
        `network ${fabric.networks.byVni(vni)?.name ?? vni} may flood ${kbps} kbit/s, and the switch of host ${host.id} has ${maxMeter === 0 ? "no meters" : `only ${maxMeter} meters`}: nothing limits it there`,
        "use the userspace datapath, or Linux 4.15 or later; or take networks.NAME.floodKbps out of weft.yaml",
      ),
    );
}
