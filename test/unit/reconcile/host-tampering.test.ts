// What is said of others' hands on a host's rows, on a real ovsdb-server: only what is Weft's, and what it puts right.
import { describe, expect, it } from "vitest";
import type { DesiredAdoption, DesiredRows } from "../../../src/pipeline/rows.ts";
import { planHost } from "../../../src/reconcile/host-plan.ts";
import { type Tampering, tampering } from "../../../src/reconcile/host-tampering.ts";
import type { OvsdbSession } from "../../../src/southbound/ovsdb/index.ts";
import type { RealServer } from "../southbound/ovsdb/real-server.ts";
import { useDatabase } from "./database-for-tests.ts";

let server: RealServer;
let session: OvsdbSession;

useDatabase((database) => {
  ({ server, session } = database);
});

function desired(adoption: DesiredAdoption | null = null): DesiredRows {
  return {
    hostId: "h1",
    hostExternalIds: new Map(),
    bridge: {
      ...{ name: "br-int", ownerKey: "weft-fabric", fabricId: "f0", datapathType: null, hwaddr: "06:00:00:00:00:01" },
      ...{ controllerTarget: "tcp:192.0.2.1:6653", adoption },
    },
    tunnels: [
      {
        ...{ name: "geneve-all", type: "geneve", peers: [], shared: true, ofportRequest: 40960 },
        options: new Map([
          ["key", "flow"],
          ["remote_ip", "flow"],
        ]),
        externalIds: new Map([
          ["weft-fabric", "f0"],
          ["weft-flow-based", "true"],
          ["weft-peer-2", "10.0.0.2 h2"],
        ]),
        bfd: new Map(),
      },
    ],
    portExternalIds: new Map(),
  };
}

async function administrator(...command: readonly string[]): Promise<void> {
  const before = session.rows;
  server.vsctl(...command);
  await expect.poll(() => session.rows !== before).toBe(true);
}

/** Weft's plan is done; then somebody runs ovs-vsctl. */
async function told(rows: DesiredRows, ...command: readonly string[]): Promise<Tampering> {
  await session.transact(planHost(session.rows, rows).operations);
  const before = session.rows;
  await administrator(...command);
  return tampering(before, session.rows, rows);
}

describe("what others do to a host's rows", () => {
  it("does not count Weft's own flow-based tunnels among the ports that went with a bridge", async () => {
    await administrator("add-br", "br-int", "--", "add-port", "br-int", "tap0");
    const { mended, lost } = await told(desired(), "del-br", "br-int");
    expect(mended).toEqual(["bridge br-int was deleted"]);
    expect(lost).toEqual(["its ports tap0 went with it (ovs-vsctl add-port br-int PORT)"]);
  });

  it("is told where Weft puts it right", async () => {
    await administrator("add-br", "br-int");
    expect((await told(desired(), "del-fail-mode", "br-int")).mended).toEqual(["fail_mode of br-int was cleared"]);
    expect((await told(desired(), "set", "bridge", "br-int", "stp_enable=true")).mended).toEqual([
      "STP of br-int was turned on",
    ]);
  });

  it("is not told as put right on a bridge that is adopted, where it stays as it is", async () => {
    await administrator("add-br", "br-int", "--", "set-fail-mode", "br-int", "secure");
    const rows = desired({ stage: "prepare", drops: [] });
    expect((await told(rows, "del-fail-mode", "br-int")).mended).toEqual([]);
    expect((await told(rows, "set", "bridge", "br-int", "stp_enable=true")).mended).toEqual([]);
    const done = desired({ stage: "done", drops: [] });
    expect((await told(done, "set", "bridge", "br-int", "rstp_enable=true")).mended).toEqual([
      "RSTP of br-int was turned on",
    ]);
  });
});
