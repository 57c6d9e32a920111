// What somebody has said of a host: it reaches the one that waits, and is over when the host is forgotten.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ControllerOnLoopback, TEST_TIMEOUT_MS, until } from "./controller-on-loopback.ts";
import { WireHost } from "./wire-host.ts";

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

let directory: string;
let settings: Readonly<Record<string, unknown>>;
let controller: ControllerOnLoopback;
const hosts: WireHost[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "weft-approve-"));
  settings = { admit: "approve", admission: { secretFile: join(directory, "approvals.key") } };
  controller = await ControllerOnLoopback.start({ ...settings, hosts: { a: {}, b: {} } });
});

afterEach(async () => {
  for (const host of hosts.splice(0)) host.socket.destroy();
  await controller.stop();
  rmSync(directory, { recursive: true });
});

async function connect(systemId: string, tunnelIp: string): Promise<WireHost> {
  const host = await WireHost.connect(controller.ovsdbPort, { systemId, tunnelIp, obeys: true });
  hosts.push(host);
  return host;
}

const view = (id: string) => controller.queries.hosts().find((host) => host.id === id);

it("a host that waits is admitted by an approval, also when its tunnel IP is another's", async () => {
  await (await connect("a", "10.5.0.1")).served();
  await connect("b", "10.5.0.1");
  const taken = () => view("b")?.problems.some((one) => one.code === "host/tunnel-ip-taken") === true;
  await until("b is told that its tunnel IP is taken", taken);
  controller.reconfigure({ ...settings, hosts: { a: {} } });
  await until("b waits", () => view("b")?.state === "waiting");
  controller.queries.approveHost("b");
  await until("b is admitted", () => view("b")?.state !== "waiting");
});

it("a host that is forgotten has to be approved again", async () => {
  const first = await connect("c", "10.5.0.3");
  await until("c waits", () => view("c")?.state === "waiting");
  controller.queries.approveHost("c");
  await first.served();
  first.socket.destroy();
  await until("c is away", () => view("c")?.state === "down");
  controller.queries.forgetHost("c");
  const again = await connect("c", "10.5.0.3");
  await until("c waits again", () => view("c")?.state === "waiting");
  expect(again.transactions).toEqual([]);
});
