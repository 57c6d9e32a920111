// A bridge on its way from somebody else's hands into Weft's: what it takes in beside, and what it holds before its turn.
import { NO_VLAN } from "../model/vlan.ts";
import {
  ALL_METADATA,
  apply,
  type CompileContext,
  gotoTable,
  onPort,
  tagWith,
  vlanVid,
  WITHOUT_VLAN,
} from "./context.ts";
import { type DesiredFlow, type DesiredSwitch, desiredFlow } from "./desired.ts";
import { layered } from "./layered-flows.ts";
import { CARRIER_VID, decodeCookie, groupRole, PRIORITIES, TABLES } from "./registry.ts";

/**
 * Frames that come by hand-made tunnels of hosts that are not yet taken: to local ports alone, as those of Weft's own
 * tunnels. A hand-made tunnel is a trunk unless its columns say otherwise; its VLANs are the networks of those tags.
 */
export function* heardFlows({ fabric, host }: CompileContext): Generator<DesiredFlow> {
  for (const { name, ofport, vlan } of host.adoption?.hears ?? []) {
    if (ofport === null) continue;
    const columns = vlan.tag === null && vlan.vlanMode === null ? { ...vlan, vlanMode: "trunk" } : vlan;
    const port = {
      ...{ name, ofport, type: "", networkName: null, storedVni: null, declaredMacs: [], problems: [] },
      ...{ vlan: columns, up: true, inUse: true, excluded: null },
    };
    for (const { network, ingressVlans } of fabric.networks.attachments(port)) {
      for (const id of ingressVlans) {
        yield desiredFlow({
          table: "classify",
          priority: PRIORITIES.classify.tunnel,
          match: [onPort(ofport), id === NO_VLAN ? WITHOUT_VLAN : vlanVid(id)],
          cookie: { kind: "heard", place: ofport, vni: network.vni },
          instructions: [
            ...(id === NO_VLAN ? [] : [apply(tagWith(CARRIER_VID.plain))]),
            { kind: "write_metadata", metadata: BigInt(network.vni), mask: ALL_METADATA },
            gotoTable("deliver"),
          ],
        });
      }
    }
  }
}

/** What comes by Weft's tunnels, by flow-based ones too: those of hosts that are known, and into their networks. */
const TAKES_IN: ReadonlySet<string> = new Set(["tunnel", "stranger", "arrive"]);

/**
 * While a bridge is prepared it forwards as it did; all that is added is what comes by Weft's tunnels, which the bridge
 * itself sees as ports of a VLAN that nobody uses. The flow that names the host stands where it changes nothing.
 */
export function prepared(whole: DesiredSwitch, host: { readonly index: number | null }): DesiredSwitch {
  const later = new Set<number>([TABLES.deliver.id, TABLES.egress.id]);
  // Those that it shares with other switches are of FORWARD and ANSWER.
  const flows = [...layered(whole.flows).own.values()].filter(
    (flow) => later.has(flow.tableId) || TAKES_IN.has(decodeCookie(flow.cookie)?.kind ?? ""),
  );
  const identity = desiredFlow({
    table: "deliver",
    priority: PRIORITIES.deliver.identity,
    match: [],
    cookie: { kind: "identity", place: host.index ?? 0, vni: 0 },
    instructions: [],
  });
  return {
    flows: new Map([...flows, identity].map((flow) => [flow.key, flow])),
    groups: new Map([...whole.groups].filter(([id]) => groupRole(id)?.kind === "local")),
    meters: new Map(),
  };
}
