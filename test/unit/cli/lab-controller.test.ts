// Which controller a new lab's hosts are told, asked of a control socket.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { type ControlSocket, startControlSocket } from "../../../src/api/index.ts";
import { UsageError } from "../../../src/cli/failure.ts";
import { findLabController } from "../../../src/cli/lab-controller.ts";
import { FakeQueries } from "../api/fake-queries.ts";

const directory = mkdtempSync(join(tmpdir(), "weft-lab-"));
const sockets: ControlSocket[] = [];
afterAll(async () => {
  for (const socket of sockets) await socket.close();
  rmSync(directory, { recursive: true });
});

async function controllerThatListens(...listeners: readonly string[]): Promise<string> {
  const path = join(directory, `${sockets.length}.sock`);
  class Listening extends FakeQueries {
    override status() {
      return { ...super.status(), listeners: [...listeners] };
    }
  }
  sockets.push(await startControlSocket(path, new Listening(), { version: "1", onInternalError: () => undefined }));
  return path;
}

it.each([
  [["ovsdb ptcp:6640", "openflow ptcp:6653"], 6640],
  [["openflow ptcp:6653", "ovsdb pssl:6641", "ovsdb ptcp:6640:192.0.2.1", "ovsdb ptcp:16640:0.0.0.0"], 16640],
])("takes the port at which %j takes hosts on every address", async (listeners, port) => {
  const control = await controllerThatListens(...listeners);
  const found = await findLabController(undefined, control);
  expect(found).toMatchObject({ address: null, port });
  expect(found.told).toContain(control);
});

it.each([
  [["ovsdb ptcp:6640:172.31.226.254"], "at ptcp:6640:172.31.226.254 alone"],
  [["ovsdb pssl:6640"], "at pssl:6640 alone"],
  [["openflow ptcp:6653"], "nowhere"],
])("refuses %j, which no host of a new lab could reach, and says how to start another", async (listeners, where) => {
  const control = await controllerThatListens(...listeners);
  await expect(findLabController(undefined, control)).rejects.toThrow(where);
  await expect(findLabController(undefined, control)).rejects.toThrow("weft --control /run/weft/lab.sock controller");
});

it("says so when nobody answers", async () => {
  await expect(findLabController(undefined, join(directory, "nobody.sock"))).rejects.toThrow("no controller answers");
});

it("takes an address of this machine that is named, and asks nobody", async () => {
  const found = await findLabController({ address: "192.0.2.1", port: 6640 }, join(directory, "nobody.sock"));
  expect(found).toMatchObject({ address: "192.0.2.1", port: 6640 });
});

it.each(["127.0.0.1", "[::1]", "999.1.1.1", "1.2.3"])(
  "refuses %s, where a lab's hosts find nobody",
  async (address) => {
    await expect(findLabController({ address, port: 6640 }, "")).rejects.toThrow(UsageError);
  },
);
