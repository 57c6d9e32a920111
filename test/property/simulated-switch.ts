// A switch that takes flow-mods and group-mods as OpenFlow 1.3 says, all or nothing, and refuses what Open vSwitch refuses.
import {
  type Action,
  canonicalMatch,
  type FlowStats,
  type GroupDesc,
  type MeterConfig,
} from "../../proto/openflow13/index.ts";
import type { SwitchChange } from "../../src/reconcile/switch-plan.ts";
import { type SwitchModel, switchModel, type TracePort } from "../../src/trace/index.ts";

type HeldFlow = Pick<
  FlowStats,
  "tableId" | "priority" | "cookie" | "idleTimeoutSec" | "flags" | "match" | "instructions"
>;

function* actionsOf(flow: HeldFlow): Generator<Action> {
  for (const one of flow.instructions)
    if (one.kind === "apply_actions" || one.kind === "write_actions") yield* one.actions;
}

export class SimulatedSwitch {
  #flows = new Map<string, HeldFlow>();
  #groups = new Map<number, GroupDesc>();
  #meters = new Map<number, MeterConfig>();
  #model: SwitchModel | null = null;
  readonly maxMeter = 262_144;

  /** @throws where a switch would answer with an error: nothing of the bundle is applied then. */
  apply(changes: readonly SwitchChange[]): void {
    const [flows, groups, meters] = [new Map(this.#flows), new Map(this.#groups), new Map(this.#meters)];
    for (const change of changes) {
      if (change.kind === "meter_mod") {
        const { meterId, bands, flags, command } = change;
        if (command === "delete") meters.delete(meterId);
        else meters.set(meterId, { meterId, bands, flags });
      } else if (change.kind === "group_mod") {
        const { groupId, type, buckets, command } = change;
        if (command === "add" && groups.has(groupId)) throw new Error(`group ${groupId} is there already`);
        if (command === "modify" && !groups.has(groupId)) throw new Error(`group ${groupId} is not there to modify`);
        if (command !== "delete") {
          groups.set(groupId, { groupId, type, buckets });
          continue;
        }
        groups.delete(groupId);
        for (const [key, flow] of flows) {
          // A switch deletes the flows with the group; a plan that counts on that is a plan that loses flows.
          for (const one of actionsOf(flow)) {
            if (one.kind === "group" && one.groupId === groupId)
              throw new Error(`flow ${key} still uses group ${groupId}`);
          }
        }
      } else {
        const key = `${change.tableId} ${change.priority} ${canonicalMatch(change.match)}`;
        if (change.command === "delete_strict") {
          if (!flows.delete(key)) throw new Error(`flow ${key} is not there to delete`);
          continue;
        }
        const before = flows.get(key);
        if (change.command === "modify_strict") {
          if (before === undefined) continue;
          flows.set(key, { ...before, instructions: change.instructions });
        } else if (change.command === "add") {
          const { tableId, priority, cookie, idleTimeoutSec, flags, match, instructions } = change;
          flows.set(key, { tableId, priority, cookie, idleTimeoutSec, flags, match, instructions });
        } else throw new Error(`${change.command} is not expected`);
        for (const one of (flows.get(key) as HeldFlow).instructions) {
          if (one.kind === "meter" && !meters.has(one.meterId))
            throw new Error(`flow ${key}: there is no meter ${one.meterId}`);
        }
        for (const one of actionsOf(flows.get(key) as HeldFlow)) {
          if (one.kind === "group" && !groups.has(one.groupId))
            throw new Error(`flow ${key}: there is no group ${one.groupId}`);
          if (one.kind === "nx_controller2" && one.meterId !== undefined && !meters.has(one.meterId)) {
            throw new Error(`flow ${key}: there is no meter ${one.meterId}`);
          }
        }
      }
    }
    [this.#flows, this.#groups, this.#meters] = [flows, groups, meters];
    this.#model = null;
  }

  get flows(): readonly FlowStats[] {
    const counters = { durationSec: 1, durationNsec: 0, hardTimeoutSec: 0, packetCount: 0n, byteCount: 0n };
    return [...this.#flows.values()].map((flow) => ({ ...counters, ...flow }));
  }

  get groups(): readonly GroupDesc[] {
    return [...this.#groups.values()];
  }

  get meters(): readonly MeterConfig[] {
    return [...this.#meters.values()];
  }

  model(ports: ReadonlyMap<number, TracePort>): SwitchModel {
    this.#model ??= switchModel({ flows: this.#flows.values(), groups: this.#groups.values(), ports });
    return { ...this.#model, ports };
  }
}
