// A controller whose state can't be written, a file standing where the directory should: it says so, and serves.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ControllerOnLoopback, TEST_TIMEOUT_MS, until } from "../delta/controller-on-loopback.ts";
import { WireHost } from "../delta/wire-host.ts";

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS });

let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "weft-state-"));
});

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

it("tells of the journal that it can't write with the remedy, and serves hosts", async () => {
  const inTheWay = join(scratch, "state");
  writeFileSync(inTheWay, "");
  const file = join(inTheWay, "journal.jsonl");
  const controller = await ControllerOnLoopback.start({ journal: { file } });
  try {
    const host = await WireHost.connect(controller.ovsdbPort, { systemId: "h", tunnelIp: "10.4.0.1", obeys: true });
    await host.served();
    const problem = () => controller.queries.status().problems.find(({ code }) => code === "controller/journal");
    await until("it is told", () => problem() !== undefined);
    expect(problem()?.message).toContain(file);
    expect(problem()?.remedy).toContain("journal.file");
    host.socket.destroy();
  } finally {
    await controller.stop();
  }
});

it("does not start where the secret of approvals can't be made, and says where and what to do", async () => {
  const inTheWay = join(scratch, "state");
  writeFileSync(inTheWay, "");
  const secretFile = join(inTheWay, "approvals.key");
  const started = ControllerOnLoopback.start({ admit: "approve", admission: { secretFile } });
  await expect(started).rejects.toMatchObject({
    code: "admission/secret-file",
    message: expect.stringContaining(`${secretFile}: it can't be made`),
  });
  await expect(started).rejects.toThrow("name a file in a directory that this user may write");
});
