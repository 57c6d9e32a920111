import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { startControlSocket } from "../../../src/api/index.ts";
import type { Queries } from "../../../src/api/views.ts";
import { loadApprovalSecret } from "../../../src/controller/approval-secret.ts";
import { makeDirectory } from "../../../src/files/make-directory.ts";
import { initPki } from "../../../src/pki/index.ts";

const root = mkdtempSync(join(tmpdir(), "weft-files-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("a directory", () => {
  it("is made with those above it, once", () => {
    const path = join(root, "a", "b", "c");
    expect(makeDirectory(path, 0o700)).toBe(true);
    expect(makeDirectory(path)).toBe(false);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it("under a file, or under /proc, which takes none, is an error at once", () => {
    writeFileSync(join(root, "file"), "");
    expect(() => makeDirectory(join(root, "file", "x"))).toThrow(/ENOTDIR|EEXIST/);
    expect(() => makeDirectory(join(root, "file"))).toThrow("EEXIST");
    expect(() => makeDirectory("/proc/weft/a/b")).toThrow("/proc/weft");
  });
});

describe("under /proc an answer comes at once, and says which file it is about,", () => {
  it("for the control socket", async () => {
    const listening = startControlSocket("/proc/weft/y/weft.sock", {} as Queries, { version: "0" });
    await expect(listening).rejects.toMatchObject({
      code: "control/directory",
      message: expect.stringContaining("/proc/weft/y/weft.sock"),
    });
  });

  it("for the approvals' secret", () => {
    const path = "/proc/weft/approvals.key";
    const fields = { code: "admission/secret-file", context: { path } };
    expect(() => loadApprovalSecret(path)).toThrow(expect.objectContaining(fields));
  });

  it("for a PKI", () => {
    expect(() => initPki("/proc/weft/pki")).toThrow(/\/proc\/weft/);
  });
});
