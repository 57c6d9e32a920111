import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { BuiltProgram, ended } from "./built.ts";

/** systemd's end of the socket: prints each datagram as a line of JSON. What it does not take of file descriptors is closed. */
const RECEIVER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True: print(json.dumps(s.recv(8192).decode()), flush=True)
`;

let weft: BuiltProgram;
let receiver: ChildProcess;
let socket: string;
let path = process.env.PATH ?? "";
const heard: string[] = [];

beforeAll(async () => {
  weft = new BuiltProgram();
  if (!hasSystemdNotify()) {
    process.stderr.write("\nThis machine has no systemd-notify: a stand-in sends what it would.\n\n");
    path = `${standIn()}:${path}`;
  }
  socket = join(weft.directory, "notify");
  receiver = spawn("/usr/bin/python3", ["-c", RECEIVER, socket], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  receiver.stdout?.on("data", (bytes) => {
    text += bytes;
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines.filter((line) => line !== "bound")) hear(JSON.parse(line));
  });
  await vi.waitUntil(() => existsSync(socket), { timeout: 20_000 });
}, 60_000);
afterAll(() => {
  receiver?.kill();
  weft?.remove();
});

/** systemd-notify waits, by a barrier, until what it said was read. */
function hear(datagram: string): void {
  heard.push(...datagram.split("\n").filter((news) => news !== "" && news !== "BARRIER=1"));
}

function hasSystemdNotify(): boolean {
  try {
    execFileSync("systemd-notify", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function standIn(): string {
  const directory = join(weft.directory, "stand-in");
  mkdirSync(directory);
  const send = `import os, socket, sys\nsocket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto("\\n".join(sys.argv[1:]).encode(), os.environ["NOTIFY_SOCKET"])\n`;
  writeFileSync(join(directory, "systemd-notify"), `#!/usr/bin/python3\n${send}`);
  chmodSync(join(directory, "systemd-notify"), 0o755);
  return directory;
}

const LISTEN = ["--ovsdb", "ptcp:0:127.0.0.1", "--openflow", "ptcp:0:127.0.0.1"];

function start(name: string, env: Record<string, string>, config = "log: { level: info }\n") {
  const file = join(weft.directory, `${name}.yaml`);
  writeFileSync(file, config);
  const control = join(weft.directory, `${name}.sock`);
  const child = weft.start(["--control", control, "controller", "--config", file, ...LISTEN], {
    env: { PATH: path, ...env },
  });
  return { file, control, child, over: ended(child, 60_000) };
}

/** The news but for the watchdog's, a line each. */
const told = (): string => heard.filter((news) => news !== "WATCHDOG=1").join("\n");

const soon = { timeout: 20_000, interval: 50 };

describe("a controller that systemd has started", () => {
  it("says when it is ready, reloads and stops, and keeps the watchdog content", async () => {
    heard.length = 0;
    const { file, control, child, over } = start("told", { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "400000" });
    await expect.poll(told, soon).toMatch(/^STATUS=Serves hosts: .*ovsdb ptcp:\d+:127/m);
    expect(heard[0]).toBe("READY=1");
    await expect.poll(() => heard.filter((news) => news === "WATCHDOG=1").length, soon).toBeGreaterThan(2);

    heard.length = 0;
    writeFileSync(file, "log: { level: loud }\n");
    child.kill("SIGHUP");
    await expect.poll(told, soon).toMatch(/^STATUS=The configuration is not taken.*log\.level/m);
    expect(told()).toMatch(/^RELOADING=1\nREADY=1\n/);

    heard.length = 0;
    writeFileSync(file, "log: { level: debug }\n");
    expect(await weft.run(["--control", control, "reload"])).toMatchObject({ code: 0 });
    await expect.poll(told, soon).toMatch(/^STATUS=Serves hosts/m);

    child.kill("SIGTERM");
    expect(await over).toMatchObject({ code: 0, stderr: "" });
    await expect.poll(() => heard.at(-1), soon).toBe("STOPPING=1");
  });

  it("says what it could not say at once, and goes on keeping the watchdog content", async () => {
    heard.length = 0;
    const flaky = join(weft.directory, "flaky");
    mkdirSync(flaky);
    const script = `#!/bin/sh
if [ ! -e "$0.tried" ]; then touch "$0.tried"; exit 1; fi
PATH=${path} exec systemd-notify "$@"
`;
    writeFileSync(join(flaky, "systemd-notify"), script, { mode: 0o755 });
    const env = { PATH: `${flaky}:${path}`, NOTIFY_SOCKET: socket, WATCHDOG_USEC: "400000" };
    const { child, over } = start("flaky", env);
    await expect.poll(() => heard.filter((news) => news === "WATCHDOG=1").length, soon).toBeGreaterThan(1);
    expect(told()).toMatch(/^READY=1\nSTATUS=Serves hosts: [^\n]*$/);
    child.kill("SIGTERM");
    const { code, stdout } = await over;
    expect(code).toBe(0);
    expect(stdout.match(/systemd is not told how the controller is/g)).toHaveLength(1);
  });

  it("runs where nothing can tell systemd, and says so once", async () => {
    const bare = join(weft.directory, "bare");
    mkdirSync(bare);
    symlinkSync(process.execPath, join(bare, "node"));
    const { control, child, over } = start("bare", { PATH: bare, NOTIFY_SOCKET: socket, WATCHDOG_USEC: "100000" });
    await expect
      .poll(async () => (await weft.run(["--control", control, "hosts", "--json"])).stdout, soon)
      .toBe("[]\n");
    child.kill("SIGTERM");
    const { code, stdout } = await over;
    expect(code).toBe(0);
    expect(stdout.match(/systemd is not told how the controller is/g)).toHaveLength(1);
  });

  it("that is not root has its socket where systemd says", async () => {
    const program = `import { defaultControlPath } from ${JSON.stringify(join(weft.directory, "dist/src/cli/settings.js"))};
process.getuid = () => 61234; console.log(defaultControlPath());`;
    const env = { ...process.env, RUNTIME_DIRECTORY: "/run/weft" };
    const args = ["--input-type=module", "-e", program];
    expect(execFileSync(process.execPath, args, { encoding: "utf8", env })).toBe("/run/weft/weft.sock\n");
  });
});
