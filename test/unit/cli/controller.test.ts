import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callControl } from "../../../src/api/index.ts";
import { initPki } from "../../../src/pki/index.ts";
import { BuiltProgram, type Ended, ended } from "./built.ts";

const LOOPBACK = ["--ovsdb", "ptcp:0:127.0.0.1", "--openflow", "ptcp:0:127.0.0.1"];

let weft: BuiltProgram;
// Building takes a while on a busy machine.
beforeAll(() => {
  weft = new BuiltProgram();
}, 60_000);
afterAll(() => weft.remove());

let count = 0;
const started: ReturnType<BuiltProgram["start"]>[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

interface Running {
  readonly socket: string;
  readonly child: ReturnType<BuiltProgram["start"]>;
  readonly end: Promise<Ended>;
}

async function start(
  args: readonly string[] = [],
  socket = join(weft.directory, `c${count++}`, "weft.sock"),
  env: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const child = weft.start(["--control", socket, "controller", ...LOOPBACK, ...args], { env });
  started.push(child);
  const end = ended(child);
  const gone = once(child, "exit").then(async () => {
    const { stdout, stderr } = await end;
    throw new Error(`ended before it was ready: ${stdout}${stderr}`);
  });
  gone.catch(() => undefined);
  const ready = async (): Promise<void> => {
    while ((await callControl(socket, "version", []).catch(() => undefined)) === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await Promise.race([ready(), gone]);
  return { socket, child, end };
}

const messages = (log: string) =>
  log
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("what nobody caught", () => {
  /** Runs in the controller's process, as a fault of its own would: it throws where nothing catches. */
  const faulty = (whenMs: string): string => {
    const path = join(weft.directory, `faulty-${whenMs}.mjs`);
    const text = `
      const go = () => { setTimeout(() => { throw new TypeError("nobody caught this"); }, 0);
        Promise.reject(new RangeError("nobody waited for this")); };
      if ("${whenMs}" === "now") go(); else process.on("SIGUSR2", go);`;
    writeFileSync(path, text);
    return `--import=${path}`;
  };

  it("is logged with its stack once hosts are served, and the controller goes on", async () => {
    const { socket, child, end } = await start([], undefined, { NODE_OPTIONS: faulty("later") });
    for (let round = 0; round < 3; round++) child.kill("SIGUSR2");
    const asks = async () => JSON.parse(await callControl(socket, "status", ["--json"]));
    expect(await asks()).toMatchObject({ hosts: { total: 0 } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await asks()).toMatchObject({ hosts: { total: 0 } });
    child.kill("SIGTERM");
    const { code, stdout } = await end;
    expect(code).toBe(0);
    const told = messages(stdout).filter((line) => String(line.msg).includes("the controller goes on"));
    expect(told.map((line) => [line.what, line.err.message])).toEqual(
      expect.arrayContaining([
        ["an exception", "nobody caught this"],
        ["a rejected promise", "nobody waited for this"],
      ]),
    );
    expect(told[0]?.err.stack).toContain("faulty-later.mjs");
  });

  it("ends the controller before hosts are served, and says so", async () => {
    const path = join(weft.directory, "refuses.mjs");
    // The moment in which the controller is ready to catch it, long before anybody is served.
    const text = `process.on("newListener", (event) => {
      if (event === "unhandledRejection") process.nextTick(() => { throw new TypeError("too early"); });
    });`;
    writeFileSync(path, text);
    const child = weft.start(["--control", join(weft.directory, "early.sock"), "controller", ...LOOPBACK], {
      env: { NODE_OPTIONS: `--import=${path}` },
    });
    started.push(child);
    const { code, stdout } = await ended(child);
    expect(code).toBe(1);
    expect(messages(stdout)).toContainEqual(expect.objectContaining({ level: 60, what: "an exception" }));
    expect(stdout).toContain("too early");
  });
});

describe("weft controller", () => {
  it("answers on its control socket, logs JSON to a pipe, and stops cleanly at SIGTERM", async () => {
    const { socket, child, end } = await start();
    expect(JSON.parse(await callControl(socket, "status", ["--json"]))).toMatchObject({
      hosts: { total: 0, up: 0 },
      listeners: [
        expect.stringMatching(/^openflow ptcp:\d+:127\.0\.0\.1$/),
        expect.stringMatching(/^ovsdb ptcp:\d+:127\.0\.0\.1$/),
      ],
    });
    child.kill("SIGTERM");
    const { code, stdout, stderr } = await end;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(messages(stdout).map((line) => line.msg)).toEqual(expect.arrayContaining(["ready", "stopping", "stopped"]));
    expect(existsSync(socket)).toBe(false);
  });

  it("stops at Ctrl-C, also while its standard input is open, and with standard input where it is told to", async () => {
    const first = await start();
    first.child.kill("SIGINT");
    expect((await first.end).code).toBe(0);
    const second = await start(["--until-stdin-ends"]);
    second.child.stdin.end();
    expect((await second.end).code).toBe(0);
    const third = await start(["--until-stdin-ends"]);
    third.child.kill("SIGTERM");
    expect((await third.end).code).toBe(0);
  });

  it("does not take the control socket of another, and starts again where one was killed", async () => {
    const { socket, child, end } = await start();
    const { code, stderr } = await weft.run(["--control", socket, "controller", ...LOOPBACK]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `weft: cannot listen on punix:${socket}: another process listens there; stop it or choose another path\n`,
    );
    expect(await callControl(socket, "version", [])).toMatch(/^weft /);
    child.kill("SIGKILL");
    await end;
    expect(existsSync(socket)).toBe(true);
    await start([], socket);
  });

  it("says which address is taken, and leaves nothing behind", async () => {
    const { socket } = await start();
    const { listeners } = JSON.parse(await callControl(socket, "status", ["--json"]));
    const port = /ovsdb ptcp:(\d+)/.exec(listeners.join(" "))?.[1];
    const other = join(weft.directory, `c${count++}.sock`);
    const { code, stderr } = await weft.run([
      "--control",
      other,
      "controller",
      "--ovsdb",
      `ptcp:${port}:127.0.0.1`,
      "--openflow",
      "ptcp:0:127.0.0.1",
    ]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `weft: cannot listen on ptcp:${port}:127.0.0.1: another program listens there; stop it or choose another one\n`,
    });
    expect(existsSync(other)).toBe(false);
  });

  it("takes what the command line says before what the file says, and logs to a file", async () => {
    const config = join(weft.directory, `c${count}.yaml`);
    const log = join(weft.directory, `c${count}-log`, "weft.json");
    const socket = join(weft.directory, `c${count++}.sock`);
    writeFileSync(
      config,
      `listen: { ovsdb: ["ptcp:0:127.0.0.2"], openflow: ["ptcp:0:127.0.0.2"], control: ${socket} }\nlog: { level: silent }\n`,
    );
    const child = weft.start([
      "controller",
      "--config",
      config,
      "--ovsdb",
      "ptcp:0:127.0.0.1",
      "--log-level",
      "info",
      "--log-file",
      log,
    ]);
    started.push(child);
    const end = ended(child);
    while (!existsSync(log) || !readFileSync(log, "utf8").includes('"ready"'))
      await new Promise((resolve) => setTimeout(resolve, 20));
    const { listeners } = JSON.parse(await callControl(socket, "status", ["--json"]));
    expect(listeners).toEqual([
      expect.stringMatching(/^openflow ptcp:\d+:127\.0\.0\.2$/),
      expect.stringMatching(/^ovsdb ptcp:\d+:127\.0\.0\.1$/),
    ]);
    child.kill("SIGTERM");
    expect(await end).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(messages(readFileSync(log, "utf8")).at(-1)).toMatchObject({ level: 30, msg: "stopped" });
  });

  it("reads its keys again at SIGHUP and at weft tls reload, and goes on with the old ones when the new ones are wrong", async () => {
    const pki = initPki(join(weft.directory, "pki"));
    const { privateKey, certificate } = pki.controller;
    const config = join(weft.directory, "tls.yaml");
    const settings = {
      listen: { ovsdb: ["pssl:0:127.0.0.1"], openflow: ["pssl:0:127.0.0.1"] },
      tls: { privateKey, certificate, caCertificate: pki.caCertificate },
    };
    writeFileSync(config, JSON.stringify(settings));
    const socket = join(weft.directory, "tls.sock");
    const child = weft.start(["--control", socket, "controller", "--config", config]);
    started.push(child);
    const end = ended(child);
    while ((await callControl(socket, "version", []).catch(() => undefined)) === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const problems = async () => JSON.parse(await callControl(socket, "status", ["--json"])).problems;
    expect(await problems()).toEqual([]);
    const good = readFileSync(privateKey);
    writeFileSync(privateKey, readFileSync(join(pki.directory, "cakey.pem")));
    expect(await weft.run(["--control", socket, "tls", "reload"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^weft: tls\.certificate, .* does not belong to the private key/),
    });
    expect(await problems()).toMatchObject([{ code: "tls/mismatch" }]);
    writeFileSync(privateKey, good);
    child.kill("SIGHUP");
    while ((await problems()).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const reloaded = async () => (await weft.run(["--control", socket, "tls", "reload"])).stdout;
    expect(await reloaded()).toMatch(
      new RegExp(`^tls\\.privateKey ${privateKey}: as before\\ntls\\.certificate .*: as before, good until \\d{4}-`),
    );
    expect(await reloaded()).toMatch(/nothing has changed\n$/);
    const ca = readFileSync(pki.caCertificate);
    writeFileSync(
      pki.caCertificate,
      Buffer.concat([ca, readFileSync(initPki(join(weft.directory, "pki2")).caCertificate)]),
    );
    const told = await reloaded();
    expect(told).toContain(`tls.caCertificate ${pki.caCertificate}: changed\n`);
    expect(told).toContain("whom to trust has changed: every TLS connection is made again\n");
    child.kill("SIGTERM");
    expect((await end).code).toBe(0);
  });

  it("says which key file is wrong, and does not start", async () => {
    const config = join(weft.directory, "no-keys.yaml");
    const path = "/nowhere/key.pem";
    writeFileSync(config, JSON.stringify({ tls: { privateKey: path, certificate: path, caCertificate: path } }));
    const { code, stderr } = await weft.run([
      "--control",
      join(weft.directory, "n.sock"),
      "controller",
      "--config",
      config,
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^weft: tls\.privateKey, \/nowhere\/key\.pem: it cannot be read: there is no such file; .*weft pki init/,
    );
    const bare = await weft.run([
      "--control",
      join(weft.directory, "n.sock"),
      "controller",
      "--ovsdb",
      "pssl:0:127.0.0.1",
    ]);
    expect(bare).toMatchObject({ code: 1, stderr: expect.stringContaining("set tls.privateKey, tls.certificate") });
  });

  it("warns aloud where anybody may join", async () => {
    const { child, end } = await start(["--ovsdb", "ptcp:0"]);
    child.kill("SIGTERM");
    const warnings = messages((await end).stdout).filter((line) => line.code === "admission/open");
    expect(warnings).toMatchObject([{ level: 40, listeners: [expect.stringMatching(/^ptcp:\d+$/)] }]);
  });

  describe("that is told to reload", () => {
    const reloaded = (log: string) => messages(log).filter((line) => /configuration/.test(line.msg));
    const file = (text: string): string => {
      const path = join(weft.directory, "reload.yaml");
      writeFileSync(path, text);
      return path;
    };

    it("takes over what it can, says what waits for a restart, and is quiet where nothing has changed", async () => {
      const config = file("punts: { burst: 10 }\n");
      const { socket } = await start(["--config", config]);
      const reload = () => weft.run(["--control", socket, "reload"]);
      expect(await reload()).toEqual({ code: 0, stdout: "nothing has changed\n", stderr: "" });
      file("punts: { burst: 20 }\nloops: { probeSec: 1 }\nnetworks: { blue: { tag: 7 } }\n");
      expect((await reload()).stdout).toBe(
        "applied: networks.blue, punts.burst\nneeds a restart of the controller: loops.probeSec\n",
      );
      expect((await reload()).stdout).toBe("needs a restart of the controller: loops.probeSec\n");
    });

    it.each([
      ["a typo", "punts: { burst: 20 }\nnetwroks: {}\n", ":2:1: netwroks: unknown key; did you mean networks?"],
      ["a text that ends in the middle", "networks: {\n  blue: { tag: 7", ":2:17: "],
      ["a last line that does not end", "punts:\n  burst: 2", ":2:11: the last line does not end"],
      ["nothing", "", ":1:1: the file is empty"],
    ])("refuses %s with line and column, and runs on with what it had", async (_, text, words) => {
      const config = file("punts: { burst: 10 }\n");
      const { socket } = await start(["--config", config]);
      file(text);
      const { code, stdout, stderr } = await weft.run(["--control", socket, "reload"]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain(`${config}${words}`);
      file("punts: { burst: 10 }\n");
      expect((await weft.run(["--control", socket, "reload"])).stdout).toBe("nothing has changed\n");
    });

    it("by SIGHUP tells its log how it went", async () => {
      const config = file("punts: { burst: 10 }\n");
      const { child, end } = await start(["--config", config]);
      let log = "";
      child.stdout.on("data", (bytes) => {
        log += bytes;
      });
      const told = async (times: number) => {
        while (log.split("\n").filter((line) => /"msg":".*configuration/.test(line)).length < times) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      file("punts: { burst: 20 }\n");
      child.kill("SIGHUP");
      await told(1);
      file("punts: { bursts: 20 }\n");
      child.kill("SIGHUP");
      await told(2);
      child.kill("SIGTERM");
      const { code, stdout } = await end;
      expect(code).toBe(0);
      expect(reloaded(stdout)).toMatchObject([
        { level: 30, applied: ["punts.burst"], needsRestart: [] },
        { level: 50, code: "config/invalid", error: expect.stringContaining(":1:10: punts.bursts: unknown key") },
      ]);
    });

    it("says that there is nothing to reload where it was started without a file", async () => {
      const { socket } = await start();
      const { code, stderr } = await weft.run(["--control", socket, "reload"]);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("start it with --config FILE") });
    });
  });

  it("goes on when the reader of its log has gone", async () => {
    const { socket, child } = await start(["--log-level", "trace"]);
    child.stdout.destroy();
    await callControl(socket, "status", []);
    expect(await callControl(socket, "hosts", [])).toMatch(/^No host has joined yet/);
    expect(child.exitCode).toBeNull();
  });
});
