import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ControlSocket, startControlSocket } from "../../../src/api/index.ts";
import { FakeQueries, HOSTS } from "../api/fake-queries.ts";
import { BuiltProgram, ended } from "./built.ts";

const { version } = createRequire(import.meta.url)("../../../package.json");

let weft: BuiltProgram;
beforeAll(() => {
  weft = new BuiltProgram();
});
afterAll(() => weft.remove());

const sockets: ControlSocket[] = [];
let count = 0;
afterEach(async () => {
  for (const socket of sockets.splice(0)) await socket.close();
});

/** A control socket in this process, with a fabric behind it that is made up. */
async function control(queries = new FakeQueries()): Promise<string> {
  const path = join(weft.directory, `${count++}.sock`);
  sockets.push(await startControlSocket(path, queries, { version: "9.9.9" }));
  return path;
}

describe("a question", () => {
  it.each(["hosts", "tunnels", "ports", "endpoints", "networks", "topology", "status"])(
    "%s is answered as a table and as JSON",
    async (name) => {
      const path = await control();
      const table = await weft.run(["--control", path, name]);
      expect(table).toMatchObject({ code: 0, stderr: "" });
      expect(table.stdout).toMatch(/host|version/i);
      const before = await weft.run(["--json", "--control", path, name]);
      const after = await weft.run([name, "--format", "json", "--control", path]);
      expect(before.stdout).toBe(after.stdout);
      expect(before.stdout.endsWith("\n")).toBe(true);
      expect(typeof JSON.parse(before.stdout)).toBe("object");
    },
  );

  it("goes to the socket that WEFT_CONTROL names, unless --control names another", async () => {
    const env = { WEFT_CONTROL: await control() };
    expect(await weft.run(["hosts"], { env })).toMatchObject({ code: 0 });
    const other = await weft.run(["hosts", "--control", "/nowhere/else.sock"], { env });
    expect(other).toMatchObject({ code: 1, stdout: "" });
    expect(other.stderr).toBe(
      "weft: no controller answers on /nowhere/else.sock; start one with: weft controller (or name its socket: --control SOCKET)\n",
    );
  });

  it("about one host's flows names the hosts there are, where there is none of that name", async () => {
    const path = await control();
    expect((await weft.run(["--control", path, "flows", "host1"])).stdout).toMatch(/^table 0 CLASSIFY\n/);
    expect(await weft.run(["--control", path, "flows", "host9"])).toEqual({
      code: 1,
      stdout: "",
      stderr: 'weft: there is no host "host9"; the hosts are host1, host2, host3\n',
    });
    expect((await weft.run(["--control", path, "flows", "--", "--json"])).stderr).toMatch(/there is no host "--json"/);
  });

  it("approves hosts, and says who waits when the name is wrong", async () => {
    const queries = new FakeQueries();
    const path = await control(queries);
    expect(await weft.run(["--control", path, "hosts", "approve", "host4"])).toMatchObject({ code: 0 });
    expect(queries.approved).toEqual(["host4"]);
    expect(await weft.run(["--control", path, "hosts", "approve", "host5"])).toMatchObject({
      code: 1,
      stderr: 'weft: no host "host5" waits to be approved; waiting: host4\n',
    });
    expect(await weft.run(["--control", path, "tls", "reload"])).toMatchObject({ code: 0 });
  });

  it("forgets a host, and not one that is connected", async () => {
    const queries = new FakeQueries();
    const path = await control(queries);
    expect(await weft.run(["--control", path, "hosts", "forget", "host3"])).toMatchObject({ code: 0 });
    expect(queries.forgotten).toEqual(["host3"]);
    expect(await weft.run(["--control", path, "hosts", "forget", "host1"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^weft: host1 is connected/),
    });
  });

  it("in CSV comes with all fields, and the topology says that it has none", async () => {
    const path = await control();
    expect((await weft.run(["--control", path, "hosts", "--format", "csv"])).stdout.split("\n")).toHaveLength(
      HOSTS.length + 2,
    );
    expect(await weft.run(["--control", path, "topology", "--format", "csv"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/has no CSV form/),
    });
  });

  it("whose answer nobody reads to the end does not complain", async () => {
    class Endless extends FakeQueries {
      override hosts() {
        return Array.from({ length: 20_000 }, () => HOSTS[0]!);
      }
    }
    const child = weft.start(["--control", await control(new Endless()), "hosts", "--json"]);
    child.stdout.once("data", () => child.stdout.destroy());
    const { code, stderr } = await ended(child);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("the version", () => {
  it("is that of package.json, with or without a controller", async () => {
    expect(await weft.run(["version"])).toMatchObject({ code: 0, stdout: `weft ${version}\n` });
    expect(await weft.run(["--version"])).toMatchObject({ code: 0, stdout: `weft ${version}\n` });
    expect(JSON.parse((await weft.run(["version", "--json"])).stdout)).toEqual({ name: "weft", version });
  });
});

describe("a wrong command line", () => {
  it.each([
    [["hosst"], /^weft: unknown command 'hosst'\n\(Did you mean hosts\?\)/],
    [["hosts", "now"], /^weft: too many arguments for 'hosts'/],
    [["hosts", "--jsn"], /^weft: unknown option '--jsn'\n\(Did you mean --json\?\)/],
    [["hosts", "--json", "--format", "csv"], /'--json' cannot be used with option '--format/],
    [["hosts", "--format", "yaml"], /Allowed choices are table, json, csv/],
    [["flows"], /missing required argument 'host'/],
    [["controller", "--ovsdb", "6640"], /^weft: --ovsdb: "6640" is not a connection method/],
    [["controller", "--ovsdb", "ptcp:99999"], /"99999" is not a port/],
    [["controller", "--ovsdb", "ptcp:6640:::1"], /an IPv6 address goes in brackets, as in \[::1\]/],
    [["controller", "--ovsdb", "pssl:99999"], /"99999" is not a port/],
    [
      ["controller", "--openflow", "ssl:192.0.2.1"],
      /"ssl:192\.0\.2\.1" cannot be used here: switches call the controller/,
    ],
    [["hosts", "approve"], /missing required argument 'id'/],
    [["pki", "host"], /missing required argument 'name'/],
    [
      ["controller", "--openflow", "tcp:192.0.2.1:6653"],
      /^weft: --openflow: "tcp:192\.0\.2\.1:6653" cannot be used here: switches call the controller/,
    ],
    [["controller", "--log-level", "loud"], /Allowed choices are silent, fatal/],
    [
      ["controller", "--log-file", "/dev/null/x", "--ovsdb", "ptcp:0:127.0.0.1"],
      /^weft: cannot write the log file \/dev\/null\/x/,
    ],
    [["lab", "up"], /missing required argument 'hosts'/],
    [["lab", "up", "-3"], /expected a number of hosts/],
    [["lab", "up", "1e3"], /expected a number of hosts, a whole number from 1 to 4000/],
    [["lab", "up", "3", "--controller", "::1:6640"], /expected ADDRESS:PORT/],
    [["lab", "up", "3", "--tunnel", "stt"], /Allowed choices are gre, vxlan, geneve/],
    [["demo", "--hosts", "0"], /expected a number of hosts, a whole number from 1 to 32/],
    [["demo", "--guests", "99"], /expected a number of guests, a whole number from 1 to 26/],
  ])("%j exits with 2 and says what was expected", async (args, message) => {
    const { code, stdout, stderr } = await weft.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it("without any command shows what there is", async () => {
    const { code, stderr } = await weft.run([]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Usage: weft/);
  });
});

describe("standard output", () => {
  it("that finds the disk full is told in words", () => {
    const run = () =>
      execFileSync("sh", ["-c", `exec "$0" "$1" version > /dev/full`, process.execPath, weft.bin], {
        encoding: "utf8",
        stdio: "pipe",
      });
    expect(run).toThrow(
      expect.objectContaining({
        status: 1,
        stderr: expect.stringMatching(/^weft: cannot write to standard output: .*ENOSPC.*\n$/),
      }),
    );
  });
});

describe("help", () => {
  it.each(
    [
      [],
      ["controller"],
      ["hosts"],
      ["hosts", "approve"],
      ["hosts", "forget"],
      ["pki"],
      ["pki", "init"],
      ["pki", "host"],
      ["pki", "revoke"],
      ["tls", "reload"],
      ["tunnels"],
      ["ports"],
      ["endpoints"],
      ["networks"],
      ["topology"],
      ["flows"],
      ["status"],
      ["version"],
      ["lab"],
      ["lab", "up"],
      ["lab", "down"],
      ["lab", "exec"],
      ["lab", "status"],
      ["demo"],
    ].map((words) => [words]),
  )("for %j has examples", async (words) => {
    const { code, stdout } = await weft.run([...words, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nExamples:\n {2}(weft|ovs-vsctl) /);
  });

  it("fits a terminal of 80 columns", async () => {
    const { stdout } = await weft.run(["--help"]);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });
});

describe("a configuration file that is wrong", () => {
  it("is told line by line, in the form that editors jump by", async () => {
    const file = join(weft.directory, "weft.yaml");
    writeFileSync(file, "tunel: {}\nnetworks:\n  blue: { tag: 0 }\n");
    const { code, stderr } = await weft.run(["controller", "--config", file]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `${file}:1:1: tunel: unknown key; did you mean tunnel?\n${file}:3:16: networks.blue.tag: expected a VLAN tag, a whole number from 1 to 4094, found 0\n`,
    });
  });

  it("is told when it is not there, or asks for listeners that cannot be", async () => {
    expect(await weft.run(["controller", "--config", "/nowhere.yaml"])).toMatchObject({
      code: 1,
      stderr: "weft: cannot read the configuration file /nowhere.yaml: there is no such file\n",
    });
    const file = join(weft.directory, "listen.yaml");
    writeFileSync(file, 'listen: { ovsdb: ["ptcp:x"] }');
    expect((await weft.run(["controller", "--config", file])).stderr).toMatch(
      /^weft: "ptcp:x" is not a connection method/,
    );
  });
});

describe("bin/weft", () => {
  it("says what to do where it was not built", async () => {
    const dist = join(weft.directory, "dist");
    renameSync(dist, `${dist}.away`);
    try {
      const { code, stderr } = await weft.run(["version"]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: "weft: it is not built yet; run: npm ci && npm run build\n",
      });
    } finally {
      renameSync(`${dist}.away`, dist);
    }
  });

  it("is executable, and runs through a link from another directory", () => {
    const link = join(weft.directory, "elsewhere");
    mkdirSync(link);
    execFileSync("ln", ["-s", weft.bin, join(link, "weft")]);
    expect(execFileSync(join(link, "weft"), ["version"], { cwd: "/", encoding: "utf8" })).toBe(`weft ${version}\n`);
    expect(readFileSync(weft.bin, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});
