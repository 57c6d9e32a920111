// A controller that runs out of file descriptors, of disk, or of a place for its socket: it says so, and goes on where it can.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callControl } from "../../../src/api/index.ts";
import { BuiltProgram } from "./built.ts";

const LISTEN = ["--ovsdb", "ptcp:0:127.0.0.1", "--openflow", "ptcp:0:127.0.0.1"];

describe("weft controller", () => {
  let weft: BuiltProgram;
  beforeAll(() => {
    weft = new BuiltProgram();
  });
  afterAll(() => weft.remove());

  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  /** @param before shell commands that make it short of something. */
  async function start(name: string, before: string, args: readonly string[] = []) {
    const socket = join(weft.directory, `${name}.sock`);
    const argv = [weft.bin, "--control", socket, "controller", ...LISTEN, ...args];
    const script = `${before}\nexec "$@"`;
    const child = spawn("sh", ["-c", script, "sh", process.execPath, ...argv], { stdio: ["ignore", "pipe", "pipe"] });
    ends.push(() => child.kill("SIGKILL"));
    const said = { text: "" };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (bytes) => {
        said.text += bytes;
      });
    }
    const status = async () => JSON.parse(await callControl(socket, "status", ["--json"]));
    await expect.poll(() => status().catch(() => undefined), { timeout: 20_000 }).toBeDefined();
    return { child, said, status };
  }

  it("turns connections away when its file descriptors are used up, says so once, answers questions, and takes new ones when there is room", async () => {
    const { said, status } = await start("files", "ulimit -n 320");
    const port = Number(/openflow ptcp:(\d+)/.exec((await status()).listeners.join(" "))?.[1]);
    const sockets: Socket[] = [];
    ends.push(() => {
      for (const socket of sockets) socket.destroy();
    });
    /** Whether the controller greets: OpenFlow's HELLO. */
    const greeted = async (): Promise<boolean> => {
      const socket = connect(port, "127.0.0.1").on("error", () => undefined);
      sockets.push(socket);
      const [first] = await Promise.race([once(socket, "data"), once(socket, "close").then(() => [null])]);
      return Buffer.isBuffer(first);
    };
    const answers: boolean[] = [];
    for (let at = 0; at < 330; at++) answers.push(await greeted());
    expect(answers.indexOf(false)).toBeGreaterThan(100);
    expect(answers.slice(answers.indexOf(false))).not.toContain(true);
    expect((await status()).hosts).toMatchObject({ total: 0, up: 0 });
    expect(said.text.match(/the file descriptors are used up/g)).toHaveLength(1);
    for (const socket of sockets.splice(0)) socket.destroy();
    await expect.poll(greeted, { timeout: 10_000 }).toBe(true);
  });

  it("goes on when its log finds the disk full", async () => {
    const { child, status } = await start("disk", ":", ["--log-file", "/dev/full", "--log-level", "trace"]);
    for (let at = 0; at < 3; at++) expect((await status()).hosts).toMatchObject({ total: 0, up: 0 });
    expect(child.exitCode).toBeNull();
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("says that the directory of its socket can't be made, and what to do", async () => {
    const directory = join(weft.directory, "file-in-the-way");
    writeFileSync(directory, "");
    const { code, stderr } = await weft.run([
      "--control",
      join(directory, "run", "weft.sock"),
      "controller",
      ...LISTEN,
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^weft: cannot make the directory of the control socket .*name another with --control\n$/);
  });
});
