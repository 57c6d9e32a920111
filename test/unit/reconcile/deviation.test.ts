// What differs from intent: in words that give no secret away, and without what only passes.
import { expect, it } from "vitest";
import type { FlowStats } from "../../../proto/openflow13/index.ts";
import { EMPTY_VSWITCH_ROWS, type VswitchRows } from "../../../proto/ovsdb/vswitch-rows.ts";
import { encodeCookie, PASSING_SEC, TABLES } from "../../../src/pipeline/registry.ts";
import type { DesiredRows } from "../../../src/pipeline/rows.ts";
import { hostDeviations, switchDeviations } from "../../../src/reconcile/deviation.ts";

it("A host's identity is told without the code of its approval", () => {
  const openVSwitch = { uuid: "u", external_ids: new Map(), other_config: new Map() };
  const rows = { ...EMPTY_VSWITCH_ROWS, openVSwitch } as unknown as VswitchRows;
  const desired: DesiredRows = {
    hostId: "h1",
    hostExternalIds: new Map([
      ["weft-index", "3"],
      ["weft-fabric", "f0"],
      ["weft-host", "h1"],
      ["weft-approval", "s3cr3t"],
    ]),
    bridge: {
      ...{ name: "br-int", ownerKey: "weft-fabric", fabricId: "f0", datapathType: null, hwaddr: "06:00:00:00:00:01" },
      controllerTarget: "tcp:192.0.2.1:6653",
    },
    tunnels: [],
    portExternalIds: new Map(),
  };
  const told = hostDeviations(rows, desired).map(({ wanted }) => wanted);
  expect(told).toContain("identity 3 f0 h1, approved");
  expect(JSON.stringify(told)).not.toContain("s3cr3t");
});

it("Flows that catch probes are no difference from intent while they pass", () => {
  const flow = (hardTimeoutSec: number): FlowStats => ({
    ...{ tableId: TABLES.egress.id, priority: 250, durationSec: 1, durationNsec: 0, idleTimeoutSec: 0, hardTimeoutSec },
    ...{ flags: 0, packetCount: 0n, byteCount: 0n, match: [], instructions: [] },
    cookie: encodeCookie({ kind: "trace-end", place: 0, vni: 0 }),
  });
  const desired = { flows: new Map(), groups: new Map(), meters: new Map() };
  const held = (sec: number) => ({ flows: [flow(sec)], groups: [], meters: [] });
  expect(switchDeviations(desired, held(PASSING_SEC))).toEqual([]);
  expect(switchDeviations(desired, held(0))).toMatchObject([{ what: "flow", state: "extra", foreign: false }]);
});
