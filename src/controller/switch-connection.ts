// An OpenFlow session as reconciliation needs it.
import { PASSING_COOKIES } from "../pipeline/registry.ts";
import type { SwitchChange } from "../reconcile/switch-plan.ts";
import type { ApplyOutcome, SwitchConnection } from "../reconcile/switch-reconciler.ts";
import type { OpenFlowSession } from "../southbound/openflow/index.ts";
import type { Durations } from "./durations.ts";

export function connectionOf(session: OpenFlowSession, durations: Durations): SwitchConnection {
  return {
    label: session.label,
    readFlows: (tableId) => session.readFlows(tableId === undefined ? {} : { tableId }),
    countFlows: () => session.countFlows(),
    countPassing: () => session.countFlows(PASSING_COOKIES),
    monitorFlows: () => session.monitorFlows(),
    readGroups: () => session.readGroups(),
    readMeters: async () => (session.meters.maxMeter === 0 ? [] : session.readMeters()),
    async apply(changes: readonly SwitchChange[], stepwise: boolean): Promise<ApplyOutcome> {
      const result = await durations.of("switchWrite", () => session.apply(changes, { stepwise }));
      if (result.ok) return { ok: true };
      const errors = result.errors.map(({ message, error }) => ({
        ...(message === undefined ? {} : { message: message as SwitchChange }),
        text: error.message,
      }));
      return { ok: false, errors };
    },
  };
}
