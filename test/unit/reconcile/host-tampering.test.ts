// What is said of others' hands on a host's rows, on a real ovsdb-server: only what is Weft's, and what it puts right.
import { describe, expect, it } from "vitest";
import type { DesiredRows } from "../../../src/pipeline/rows.ts";
import { planHost } from "../../../src/reconcile/host-plan.ts";
import { type Tampering, tampering } from "../../../src/reconcile/host-tampering.ts";
import type { OvsdbSession } from "../../../src/southbound/ovsdb/index.ts";
import type { RealServer } from "../southbound/ovsdb/real-server.ts";
import { useDatabase } from "./database-for-tests.ts";
import { desiredRows } from "./desired-rows-for-tests.ts";

let server: RealServer;
let session: OvsdbSession;

useDatabase((database) => {
  ({ server, session } = database);
});

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
    const { mended, lost } = await told(desiredRows(), "del-br", "br-int");
    expect(mended).toEqual(["bridge br-int was deleted"]);
    expect(lost).toEqual(["its ports tap0 went with it (ovs-vsctl add-port br-int PORT)"]);
  });

  it("is told where Weft puts it right", async () => {
    await administrator("add-br", "br-int");
    expect((await told(desiredRows(), "del-fail-mode", "br-int")).mended).toEqual(["fail_mode of br-int was cleared"]);
    expect((await told(desiredRows(), "set", "bridge", "br-int", "stp_enable=true")).mended).toEqual([
      "STP of br-int was turned on",
    ]);
  });

  it("is not told as put right on a bridge that is adopted, where it stays as it is", async () => {
    await administrator("add-br", "br-int", "--", "set-fail-mode", "br-int", "secure");
    const rows = desiredRows({ stage: "prepare", drops: [] });
    expect((await told(rows, "del-fail-mode", "br-int")).mended).toEqual([]);
    expect((await told(rows, "set", "bridge", "br-int", "stp_enable=true")).mended).toEqual([]);
    const done = desiredRows({ stage: "done", drops: [] });
    expect((await told(done, "set", "bridge", "br-int", "rstp_enable=true")).mended).toEqual([
      "RSTP of br-int was turned on",
    ]);
  });
});
