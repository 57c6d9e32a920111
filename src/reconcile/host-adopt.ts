// The transaction by which `weft adopt` says yes to a bridge: a key on the host, and all else follows from it.

import { WeftError } from "../../proto/bytes/errors.ts";
import { byUuid, mutate, type Operation } from "../../proto/ovsdb/operations.ts";
import { ovsMap, ovsSet } from "../../proto/ovsdb/values.ts";
import type { VswitchRows } from "../../proto/ovsdb/vswitch-rows.ts";
import { bridgeRefusal } from "../discovery/host-rows.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { HOST_SETTINGS, OWNER_KEY } from "../model/external-ids.ts";
import type { HostFact } from "../model/facts.ts";
import { shellWord } from "../model/shell-word.ts";

export interface AdoptOptions {
  /** null: the bridge that the host waits with. */
  readonly bridge: string | null;
  /** Not to wait for hosts at the far ends of hand-made tunnels. */
  readonly now: boolean;
}

/** @throws WeftError `host/adopted`, `host/no-bridge` or `host/refused`, saying what to do instead. */
export function planAdopt(rows: VswitchRows, fact: HostFact, options: AdoptOptions): readonly Operation[] {
  const root = rows.openVSwitch;
  const bridges = [...rows.bridges.values()];
  const name = options.bridge ?? fact.bridgeName;
  const bridge = bridges.find((row) => row.name === name);
  const owned = bridges.find((row) => row.external_ids.has(OWNER_KEY));
  const hastens = options.now && owned?.name === name && fact.adoption?.stage === "prepare";
  if (root === null || (owned !== undefined && !hastens)) {
    const why = owned?.name === name ? "is Weft's already" : `has joined with bridge ${owned?.name}`;
    throw new WeftError(
      "host/adopted",
      `host ${fact.id} ${why}; to give it another bridge, first: weft release ${shellWord(fact.id)}`,
    );
  }
  if (bridge === undefined) {
    const known = bridges.map((row) => row.name).sort();
    throw new WeftError(
      "host/no-bridge",
      `host ${fact.id} has no bridge ${name}; it has ${known.length === 0 ? "none" : known.join(", ")}`,
    );
  }
  const refused = bridgeRefusal(rows, fact.id, bridge) ?? ovnProblem(fact);
  if (refused !== undefined) throw new WeftError("host/refused", `${refused.message}; ${refused.remedy}`);
  const said = new Map([
    [HOST_SETTINGS.adopt, name],
    ...(options.now ? [[HOST_SETTINGS.adoptNow, "true"] as const] : []),
  ]);
  return [
    mutate("Open_vSwitch", byUuid(root.uuid), [
      ["external_ids", "delete", ovsSet([HOST_SETTINGS.adopt, HOST_SETTINGS.adoptNow, HOST_SETTINGS.released])],
      ["external_ids", "insert", ovsMap(said)],
    ]),
  ];
}

function ovnProblem({ standing }: HostFact): Diagnostic | undefined {
  return standing.kind === "refused" && standing.problem.code === "host/ovn-owned" ? standing.problem : undefined;
}
