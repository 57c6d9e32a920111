// The Debian package, built out of the bundle and installed into a folder that stands for a machine.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BuiltProgram, ended } from "../cli/built.ts";
import { describeWith } from "./present.ts";

const root = resolve(import.meta.dirname, "../../..");
const { version } = createRequire(import.meta.url)("../../../package.json");

function run(command: string, args: readonly string[], env: Record<string, string> = {}): string {
  const options = { cwd: root, encoding: "utf8", env: { ...process.env, ...env }, stdio: "pipe" } as const;
  return execFileSync(command, args, options);
}

describeWith("dpkg-deb", "the Debian package", () => {
  let built: BuiltProgram;
  let deb: string;
  let machine: string;
  const at = (path: string): string => join(machine, path);
  /** As root maintainer scripts run too, told by DPKG_ROOT to leave this machine alone. */
  const dpkg = (...args: string[]): string =>
    run("dpkg", [`--root=${machine}`, "--force-script-chrootless,depends,not-root", "--log=/dev/null", ...args]);

  beforeAll(() => {
    built = new BuiltProgram();
    const dist = join(built.directory, "dist");
    run(process.execPath, ["scripts/generate-shell.mjs", dist]);
    mkdirSync(join(built.directory, "out"));
    writeFileSync(join(built.directory, "out/of-another"), "kept");
    deb = run("scripts/deb.sh", [join(built.directory, "out")], { WEFT_DIST: dist }).trim();
    machine = join(built.directory, "machine");
    for (const path of ["var/lib/dpkg/info", "var/lib/dpkg/updates", "run"]) mkdirSync(at(path), { recursive: true });
    writeFileSync(at("var/lib/dpkg/status"), "");
    dpkg("-i", deb);
  }, 180_000);
  afterAll(() => built?.remove());

  function start(args: readonly string[]) {
    const { WEFT_CONTROL: _control, ...env } = process.env;
    return spawn(process.execPath, [at("usr/bin/weft"), ...args], { cwd: "/", env, stdio: ["pipe", "pipe", "pipe"] });
  }

  it("has the version that the program says, and asks for the Node.js that package.json asks for", async () => {
    expect(run("dpkg-deb", ["-f", deb, "Version", "Depends"])).toBe(`Version: ${version}\nDepends: nodejs (>= 20)\n`);
    expect(await ended(start(["--version"]))).toEqual({ code: 0, stdout: `weft ${version}\n`, stderr: "" });
  });

  it("is made into a directory without taking away what lies there", () => {
    expect(readFileSync(join(built.directory, "out/of-another"), "utf8")).toBe("kept");
  });

  it("is one file of program, where no libraries lie beside it", async () => {
    expect(readlinkSync(at("usr/bin/weft"))).toBe("../lib/weft/weft.mjs");
    const program = readFileSync(at("usr/lib/weft/weft.mjs"), "utf8");
    expect(program.slice(0, program.indexOf("\n"))).toBe("#!/usr/bin/node");
    expect(statSync(at("usr/lib/weft/weft.mjs")).mode & 0o777).toBe(0o755);
    const hello = '{"kind":"hello","xid":1,"version":4,"elements":[]}\n';
    expect(await ended(start(["decode", "0400000800000001"]))).toMatchObject({ code: 0, stdout: hello });
    expect((await ended(start(["controller", "--help"]))).stdout).toMatch(/Examples:/);
  });

  it("runs a controller with the configuration it brings", async () => {
    const control = join(built.directory, "deb.sock");
    const listen = ["--ovsdb", "ptcp:0:127.0.0.1", "--openflow", "ptcp:0:127.0.0.1", "--http", "127.0.0.1:0"];
    const controller = start(["--control", control, "controller", "--config", at("etc/weft/weft.yaml"), ...listen]);
    const over = ended(controller, 60_000);
    let log = "";
    controller.stdout.on("data", (bytes) => {
      log += bytes;
    });
    const hosts = async () => (await ended(start(["--control", control, "hosts", "--json"]))).stdout;
    await expect.poll(hosts, { timeout: 20_000 }).toBe("[]\n");
    expect(await ended(start(["--control", control, "reload"]))).toMatchObject({ code: 0, stderr: "" });
    // The page and its library are in the one file, too.
    const [, url = ""] = /"http":"([^"]+)"/.exec(log) ?? [];
    for (const file of ["", "main.js", "cytoscape.mjs"]) expect((await fetch(url + file)).status, file).toBe(200);
    controller.kill("SIGTERM");
    expect(await over).toMatchObject({ code: 0, stderr: "" });
  });

  it("brings its configuration, manual, completions and licences to where Debian looks for them", () => {
    const files = [
      "etc/weft/weft.yaml",
      "usr/lib/systemd/system/weft.service",
      "usr/share/man/man1/weft.1.gz",
      "usr/share/bash-completion/completions/weft",
      "usr/share/zsh/vendor-completions/_weft",
      "usr/share/fish/vendor_completions.d/weft.fish",
      "usr/share/doc/weft/copyright",
    ];
    for (const file of files) expect(statSync(at(file)).mode & 0o777, file).toBe(0o644);
    expect(run("dpkg-deb", ["-I", deb, "conffiles"])).toBe("/etc/weft/weft.yaml\n");
    const copyright = readFileSync(at("usr/share/doc/weft/copyright"), "utf8");
    for (const name of Object.keys(createRequire(import.meta.url)("../../../package.json").dependencies)) {
      expect(copyright).toContain(`\n${name} `);
    }
  });

  it("keeps a changed weft.yaml when it is installed again and removed, and takes it along when purged", () => {
    writeFileSync(at("etc/weft/weft.yaml"), "log: { level: warn }\n");
    dpkg("--force-confold", "-i", deb);
    dpkg("-r", "weft");
    expect(readFileSync(at("etc/weft/weft.yaml"), "utf8")).toBe("log: { level: warn }\n");
    mkdirSync(at("var/lib/private/weft"), { recursive: true });
    dpkg("-P", "weft");
    expect(() => statSync(at("etc/weft"))).toThrow(/ENOENT/);
    expect(() => statSync(at("var/lib/private/weft"))).toThrow(/ENOENT/);
  });
});

describeWith("systemd-analyze", "the systemd unit", () => {
  const unit = join(root, "contrib/systemd/weft.service");

  it("is well-formed", () => {
    // What it starts, and its manual, are on machines that have it installed.
    const complaints = run("sh", ["-c", `systemd-analyze verify --man=no ${unit} 2>&1 || true`]);
    expect(complaints.split("\n").filter((line) => !/^$|\/usr\/bin\/weft is not executable/.test(line))).toEqual([]);
  });

  it("leaves the controller little that it could do to the machine", () => {
    const verdict = run("systemd-analyze", ["security", "--offline=true", "--threshold=20", "--no-pager", unit]);
    expect(verdict).toMatch(/Overall exposure level for weft\.service: [01]\.\d/);
  });
});

describe("the systemd unit", () => {
  it("starts what the package brings, with the configuration it brings", () => {
    const text = readFileSync(join(root, "contrib/systemd/weft.service"), "utf8");
    expect(text).toMatch(/^ExecStart=\/usr\/bin\/weft controller --config \/etc\/weft\/weft\.yaml$/m);
    expect(text).toMatch(/^RuntimeDirectory=weft$/m);
    const descriptors = Number(/^LimitNOFILE=(\d+)$/m.exec(text)?.[1]);
    expect(descriptors).toBeGreaterThan(8192);
  });
});
