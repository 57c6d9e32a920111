// A configuration file that is replaced: whole, with its rights, what it said before beside it, and through links.
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigError, installConfig } from "../../../src/config/index.ts";

describe("a configuration file", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "weft-install-"));
    file = join(folder, "weft.yaml");
    writeFileSync(file, "bridge: br-a\n");
    chmodSync(file, 0o640);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it("is replaced with its rights, and what it said before is kept", () => {
    const backup = installConfig(file, "bridge: br-b\n");
    expect(backup).toBe(`${file}.before`);
    expect(readFileSync(file, "utf8")).toBe("bridge: br-b\n");
    expect(readFileSync(`${file}.before`, "utf8")).toBe("bridge: br-a\n");
    expect([file, `${file}.before`].map((path) => statSync(path).mode & 0o777)).toEqual([0o640, 0o640]);
    expect(readdirSync(folder).sort()).toEqual(["weft.yaml", "weft.yaml.before"]);
  });

  it("that says the same already is left alone", () => {
    expect(installConfig(file, "bridge: br-a\n")).toBeNull();
    expect(readdirSync(folder)).toEqual(["weft.yaml"]);
  });

  it("is found behind a link, which stays", () => {
    const link = join(folder, "link.yaml");
    symlinkSync(file, link);
    installConfig(link, "bridge: br-c\n");
    expect(readFileSync(file, "utf8")).toBe("bridge: br-c\n");
    expect(readdirSync(folder).sort()).toEqual(["link.yaml", "weft.yaml", "weft.yaml.before"]);
  });

  it("is kept beside it as it was, whatever stood there: no link is written through, and nobody more may read it", () => {
    const elsewhere = join(folder, "elsewhere");
    writeFileSync(elsewhere, "precious\n");
    symlinkSync(elsewhere, `${file}.before`);
    installConfig(file, "bridge: br-b\n");
    expect(readFileSync(elsewhere, "utf8")).toBe("precious\n");
    expect(readFileSync(`${file}.before`, "utf8")).toBe("bridge: br-a\n");
    chmodSync(file, 0o600);
    chmodSync(`${file}.before`, 0o644);
    installConfig(file, "bridge: br-c\n");
    expect(statSync(`${file}.before`).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(["elsewhere", "weft.yaml", "weft.yaml.before"]);
  });

  it("that can't be written is told with what to do instead", () => {
    const missing = join(folder, "none", "weft.yaml");
    expect(() => installConfig(missing, "{}\n")).toThrow(ConfigError);
    expect(() => installConfig(missing, "{}\n")).toThrow(/is as it was.*weft reload/s);
  });
});
