import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initPki, makeHostCertificate, type PkiFiles, revokeHostCertificate } from "../../../src/pki/index.ts";

let directory: string;
let pki: PkiFiles;
const openssl = (...args: string[]): string =>
  execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
const modeOf = (path: string): number => statSync(path).mode & 0o777;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-pki-"));
  pki = initPki(join(directory, "pki"));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("a CA of files", () => {
  it("signs the controller and hosts, and openssl agrees", () => {
    const { certificate } = makeHostCertificate(pki.directory, "9a7d3c1e-52f0-4c55-8d5b-0f3a2b1c4d5e");
    for (const one of [certificate, pki.controller.certificate]) {
      expect(openssl("verify", "-purpose", "sslclient", "-CAfile", pki.caCertificate, one)).toContain("OK");
      expect(openssl("verify", "-purpose", "sslserver", "-CAfile", pki.caCertificate, one)).toContain("OK");
    }
    expect(openssl("x509", "-in", certificate, "-noout", "-subject")).toBe(
      "subject=CN = 9a7d3c1e-52f0-4c55-8d5b-0f3a2b1c4d5e\n",
    );
  });

  it("keeps every key, and the CA's own files, to their owner", () => {
    const { privateKey } = makeHostCertificate(pki.directory, "host1");
    for (const path of [privateKey, pki.controller.privateKey, join(pki.directory, "cakey.pem")])
      expect(modeOf(path)).toBe(0o600);
    expect(modeOf(pki.directory)).toBe(0o700);
    expect(readdirSync(pki.directory).filter((name) => /new|request-/.test(name))).toEqual([]);
  });

  it("overwrites nothing", () => {
    const before = readFileSync(pki.controller.privateKey, "utf8");
    expect(() => initPki(pki.directory)).toThrow(/is there already and stays as it is/);
    makeHostCertificate(pki.directory, "host2");
    const host = readFileSync(join(pki.directory, "hosts/host2-key.pem"), "utf8");
    expect(() => makeHostCertificate(pki.directory, "host2")).toThrow(/is there already and stays as it is/);
    expect(readFileSync(pki.controller.privateKey, "utf8")).toBe(before);
    expect(readFileSync(join(pki.directory, "hosts/host2-key.pem"), "utf8")).toBe(host);
  });

  it.each(["", "../host", "-help", "a/b", "a b", "x\ny", "weft-controller", `h${"0".repeat(64)}`])(
    "does not certify %j",
    (name) => {
      expect(() => makeHostCertificate(pki.directory, name)).toThrow(/can't be certified: expected a host's system-id/);
    },
  );

  it("is not made where no directory can be, and that is said at once", () => {
    expect(() => initPki("/proc/weft/pki")).toThrow(/\/proc\/weft/);
  });

  it("says where there is no CA, and how to make one", () => {
    const nowhere = join(directory, "nowhere");
    expect(() => makeHostCertificate(nowhere, "host1")).toThrow(/no CA in .*nowhere: weft pki init makes one/);
    expect(existsSync(nowhere)).toBe(false);
    writeFileSync(join(directory, "file"), "");
    expect(() => initPki(join(directory, "file"))).toThrow(/cannot make a CA in .*file/);
  });

  it("revokes a host's certificate, after which the host can get another one", () => {
    const { certificate } = makeHostCertificate(pki.directory, "host3");
    const old = readFileSync(certificate);
    const kept = join(directory, "old.pem");
    writeFileSync(kept, old);
    revokeHostCertificate(pki.directory, "host3");
    const check = ["verify", "-crl_check", "-CRLfile", pki.crl, "-CAfile", pki.caCertificate];
    expect(() => openssl(...check, kept)).toThrow();
    makeHostCertificate(pki.directory, "host3");
    expect(openssl(...check, certificate)).toContain("OK");
    expect(() => revokeHostCertificate(pki.directory, "host9")).toThrow(/no certificate of "host9"/);
  });
});
