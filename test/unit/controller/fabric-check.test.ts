// Checks of a fabric where a switch does not take part: the others are checked all the same.
import { expect, it } from "vitest";
import { FabricChecks } from "../../../src/controller/fabric-check.ts";
import type { SwitchEntry } from "../../../src/controller/switch-entry.ts";
import type { OpenFlowSession } from "../../../src/southbound/openflow/index.ts";
import { mesh } from "../doctor/mesh.ts";

/** Time that passes at once, when nothing else is to be done. */
const timers = {
  now: () => 0,
  setTimer: (_ms: number, callback: () => void) => {
    const timer = setTimeout(callback, 5);
    return { cancel: () => clearTimeout(timer) };
  },
};

it.each([
  ["refuses the flows that catch probes", () => Promise.resolve({ ok: false, errors: [] })],
  ["is gone in the middle of it", () => Promise.reject(new Error("closed"))],
  ["does not answer", () => new Promise(() => undefined)],
])("A switch that %s is left out, is sent no probe, and the others are checked", async (_what, apply) => {
  const [{ fabric } = { fabric: null }] = mesh(3).hosts;
  const sentBy: string[] = [];
  const applied = new Map<string, number>();
  const entries = new Map(
    ["h1", "h2", "h3"].map((id) => {
      const session = {
        apply: (messages: readonly unknown[]) => {
          applied.set(id, (applied.get(id) ?? 0) + messages.length);
          return id === "h3" ? apply() : Promise.resolve({ ok: true, errors: [] });
        },
        barrier: () => Promise.resolve(),
        packetOut: () => void sentBy.push(id),
      } as unknown as OpenFlowSession;
      return [id, { dpid: id, session } as unknown as SwitchEntry];
    }),
  );
  const checks = new FabricChecks({
    fabrics: () => (fabric === null ? [] : [fabric]),
    switchOf: ({ id }) => entries.get(id) ?? null,
    isServed: () => true,
    underlay: () => ({ mtu: 1500, checksums: true }),
    timers,
  });
  const { paths } = await checks.check({ hosts: [] });
  const why = "h3 does not take the flows that catch probes, or not in time";
  expect(paths.filter(({ reason }) => reason === why)).toHaveLength(4);
  expect(new Set(sentBy)).toEqual(new Set(["h1", "h2"]));
  // Nothing is left behind where flows were taken: as many are taken away as were put in.
  expect([applied.get("h1"), applied.get("h2")]).toEqual([4, 4]);
});
