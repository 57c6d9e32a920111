// The unit file as systemd itself reads it: no mistake in it, and little that the service could do beside its work.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith } from "./present.ts";

const UNIT = resolve(import.meta.dirname, "../../../contrib/systemd/weft.service");
/** Of 100: what systemd calls OK ends at 4.9 of 10. */
const MOST_EXPOSED = 15;

describeWith("systemd-analyze", "the systemd unit", () => {
  let directory: string;
  let unit: string;
  const analyze = (...args: string[]): string =>
    execFileSync("systemd-analyze", [...args, unit], { encoding: "utf8", stdio: "pipe" });

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "weft-unit-"));
    unit = join(directory, "weft.service");
    // A program that is there: this machine need not have Weft installed.
    writeFileSync(unit, readFileSync(UNIT, "utf8").replace("/usr/bin/weft", "/bin/true"));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it("has no mistake that systemd knows", () => {
    expect(analyze("verify", "--man=no")).toBe("");
  });

  it("leaves the service little beside its work", () => {
    expect(analyze("security", "--offline=true", "--no-pager", `--threshold=${MOST_EXPOSED}`)).toContain("OK");
  });
});
