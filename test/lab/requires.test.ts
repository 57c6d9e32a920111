// A machine that lacks something: the real-switch suite says so loudly, and in CI it fails rather than pass unrun.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { describeLab } from "./requires.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The bootstrap suite, which is quick, on this machine with ethtool hidden in a mount namespace. */
function runWithoutEthtool(env: NodeJS.ProcessEnv) {
  const shell = `mount --bind /dev/null "$(readlink -f "$(command -v ethtool)")"
exec "${process.execPath}" node_modules/vitest/vitest.mjs run --project lab test/lab/bootstrap.test.ts`;
  return spawnSync("unshare", ["-m", "sh", "-c", shell], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
}

describeLab("a machine without ethtool", () => {
  test("skips the suite, and names what is missing with its remedy on stderr", () => {
    const { status, stderr, stdout } = runWithoutEthtool({ CI: "" });
    expect(stderr).toContain("DID NOT RUN");
    expect(stderr).toContain("ethtool: install it: scripts/bootstrap.sh, or apt-get install ethtool");
    expect(stdout).toMatch(/[1-9]\d* skipped/);
    expect(status).toBe(0);
  });

  test("fails the suite in CI", () => {
    const { status, stderr } = runWithoutEthtool({ CI: "true" });
    expect(stderr).toContain("DID NOT RUN");
    expect(status).not.toBe(0);
  });
});
