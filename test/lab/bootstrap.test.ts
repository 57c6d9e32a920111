// scripts/bootstrap.sh on this machine, with programs hidden and apt-get replaced in a mount namespace of its own.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeLab } from "./requires.ts";

const script = fileURLToPath(new URL("../../scripts/bootstrap.sh", import.meta.url));

/** `prepare` is shell, run in the mount namespace before the script; `$where PROGRAM` is the file to mount over. */
function bootstrap(prepare: string, ...args: string[]) {
  const shell = `set -e
where() { readlink -f "$(command -v "$1")"; }
hide() { mount --bind /dev/null "$(where "$1")"; }
${prepare}
exec sh ${script} ${args.join(" ")}`;
  const { status, stdout, stderr } = spawnSync("unshare", ["-m", "sh", "-c", shell], { encoding: "utf8" });
  return { status, stdout, stderr };
}

describeLab("scripts/bootstrap.sh", () => {
  let dir: string;
  let log: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "weft-bootstrap-"));
    log = join(dir, "log");
    writeFileSync(log, "");
  });

  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  /** An apt-get that logs what it is asked and does `install` in its stead. */
  const withApt = (install: string): string => {
    const stub = join(dir, "apt-get");
    const policy = `[ -x /usr/sbin/policy-rc.d ] && ! /usr/sbin/policy-rc.d || echo "services may start" >> ${log}`;
    writeFileSync(stub, `#!/bin/sh\necho "$*" >> ${log}\n[ "$1" != install ] || { ${policy}\n${install}; }\n`);
    chmodSync(stub, 0o755);
    return `mount --bind ${stub} "$(where apt-get)"`;
  };

  test("is quiet and calls no apt-get when nothing is missing", () => {
    expect(bootstrap(withApt("false"))).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(readFileSync(log, "utf8")).toBe("");
  });

  test("installs just the packages that are missing, with one update, and no service may start", () => {
    const result = bootstrap(`hide ethtool; hide tcpdump; ${withApt("umount /usr/sbin/ethtool /usr/bin/tcpdump")}`);
    expect(result.stderr).toContain("installing tcpdump ethtool");
    expect(result.status).toBe(0);
    const calls = readFileSync(log, "utf8").trim().split("\n");
    expect(calls).toEqual(["update -q", "install -q -y --no-install-recommends tcpdump ethtool"]);
  });

  test("leaves no policy file behind that it has made", () => {
    const noPolicy = `cp -a /usr/sbin ${dir}/sbin; rm -f ${dir}/sbin/policy-rc.d ${dir}/sbin/ethtool; mount --bind ${dir}/sbin /usr/sbin`;
    const result =
      bootstrap(`${noPolicy}; ${withApt("printf '#!/bin/sh\\n' > /usr/sbin/ethtool; chmod 755 /usr/sbin/ethtool")}
trap 'ls /usr/sbin/policy-rc.d >> ${log} 2>&1 || true' EXIT
sh ${script}; exit`);
    expect(result.status).toBe(0);
    expect(readFileSync(log, "utf8")).not.toContain("services may start");
    expect(readFileSync(log, "utf8")).toContain("cannot access '/usr/sbin/policy-rc.d'");
  });

  test("says so and fails when apt-get fails, or when its packages do not bring what was missing", () => {
    const failing = bootstrap(`hide ethtool; ${withApt("echo no such package; exit 100")}`);
    expect(failing.status).toBe(1);
    expect(failing.stderr).toMatch(/no such package\n(.*\n)*.*apt-get failed/);
    const useless = bootstrap(`hide ethtool; ${withApt("true")}`);
    expect(useless.status).toBe(1);
    expect(useless.stderr).toContain("still missing after the installation: ethtool");
  });

  test("says what to install and fails on a system without apt-get", () => {
    const result = bootstrap("hide ovs-vswitchd; hide tcpdump; hide apt-get");
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("missing: ovs-vswitchd tcpdump");
    expect(result.stderr).toContain("your system's packages");
  });

  test("says what to run as root when it is not", () => {
    const result = bootstrap(`hide ethtool; exec setpriv --reuid 65534 --clear-groups sh ${script}`);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("run as root: apt-get install ethtool");
  });

  test("refuses an option that it does not know", () => {
    expect(bootstrap("", "--everything")).toMatchObject({ status: 2, stderr: expect.stringContaining("usage:") });
  });
});
