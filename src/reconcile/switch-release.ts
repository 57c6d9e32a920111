// What hands a switch back: Weft's flows, groups and meters go; where it forwarded by itself the flow with NORMAL comes.
import { OFPG, OFPP, OFPTT } from "../../proto/openflow13/index.ts";
import { OWN_COOKIES } from "../pipeline/registry.ts";
import type { InstalledSwitch } from "./installed.ts";
import type { SwitchChange } from "./switch-plan.ts";

const NO_BUFFER = 0xffff_ffff;

/** The first list at one instant; the second after it, since a meter would take the flows that use it along. */
export function planCleansing(
  installed: InstalledSwitch,
  { normal }: { readonly normal: boolean },
): readonly [readonly SwitchChange[], readonly SwitchChange[]] {
  const flow = {
    kind: "flow_mod",
    cookie: 0n,
    cookieMask: 0n,
    tableId: 0,
    command: "add",
    idleTimeoutSec: 0,
    hardTimeoutSec: 0,
    priority: 0,
    bufferId: NO_BUFFER,
    outPort: OFPP.ANY,
    outGroup: OFPG.ANY,
    flags: 0,
    match: [],
    instructions: [{ kind: "apply_actions", actions: [{ kind: "output", port: OFPP.NORMAL, maxLen: 0 }] }],
  } as const satisfies SwitchChange;
  const { cookie, mask } = OWN_COOKIES;
  const gone: SwitchChange = {
    ...flow,
    ...{ command: "delete", tableId: OFPTT.ALL, cookie, cookieMask: mask, instructions: [] },
  };
  const groups = [...installed.groups.values()]
    .reverse()
    .map(({ groupId, type }): SwitchChange => ({ kind: "group_mod", command: "delete", type, groupId, buckets: [] }));
  const meters = [...installed.meters.keys()].map(
    (meterId): SwitchChange => ({ kind: "meter_mod", command: "delete", flags: 0, meterId, bands: [] }),
  );
  return [[...(normal ? [flow] : []), gone, ...groups], meters];
}
