// Where HTTP may be served and by whose leave, told before anything is served.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { httpAccess, isToken, parseHttpListen } from "../../../../src/api/http/access.ts";
import { HTTP_SETTINGS } from "../../../page/paper-server.ts";

const TOKEN = "0123456789abcdef";
const directory = mkdtempSync(join(tmpdir(), "weft-http-"));
afterAll(() => rmSync(directory, { recursive: true }));

function tokenFile(text: string, mode: number): string {
  const path = join(directory, `token-${mode}-${text.length}`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe("a place to serve HTTP", () => {
  it.each([
    ["127.0.0.1:6680", "127.0.0.1", 6680],
    ["[::1]:80", "::1", 80],
    ["0.0.0.0:0", "0.0.0.0", 0],
    ["localhost:8080", "localhost", 8080],
  ])("%s is one", (text, host, port) => {
    expect(parseHttpListen(text)).toEqual({ host, port });
  });

  it.each([
    "",
    "6680",
    ":6680",
    "127.0.0.1",
    "127.0.0.1:99999",
    "300.1.1.1:80",
    "::1:80",
    "[127.0.0.1]:80",
    "example.net:80",
  ])('"%s" is none, and it is said why', (text) => {
    expect(() => parseHttpListen(text)).toThrow(/is no place to serve HTTP: .*write ADDRESS:PORT/);
  });
});

describe("access", () => {
  it("is open to read on this machine, and needs a token beyond it", () => {
    expect(httpAccess({ ...HTTP_SETTINGS, listen: null })).toMatchObject({
      readsNeedToken: false,
      tokenHash: null,
      port: 6680,
    });
    expect(() => httpAccess({ ...HTTP_SETTINGS, listen: "0.0.0.0:80" })).toThrow(/needs a token.*http.tokenFile/);
    expect(httpAccess({ ...HTTP_SETTINGS, listen: "0.0.0.0:80", token: TOKEN })).toMatchObject({
      readsNeedToken: true,
    });
    expect(httpAccess({ ...HTTP_SETTINGS, listen: "0.0.0.0:80", reads: "open" })).toMatchObject({
      readsNeedToken: false,
    });
  });

  it("takes the token of a file that not everybody may read", () => {
    const access = httpAccess({ ...HTTP_SETTINGS, tokenFile: tokenFile(`${TOKEN}\n`, 0o600) });
    expect(isToken(access, `Bearer ${TOKEN}`)).toBe(true);
    for (const wrong of [
      undefined,
      "",
      TOKEN,
      `Basic ${TOKEN}`,
      `Bearer ${TOKEN}x`,
      "Bearer ",
      `Bearer ${"x".repeat(9_999)}`,
    ]) {
      expect(isToken(access, wrong)).toBe(false);
    }
    expect(() => httpAccess({ ...HTTP_SETTINGS, tokenFile: tokenFile(TOKEN, 0o644) })).toThrow(
      /everybody may read it; chmod 640/,
    );
    expect(() => httpAccess({ ...HTTP_SETTINGS, tokenFile: tokenFile("short", 0o600) })).toThrow(/holds no token/);
    expect(() => httpAccess({ ...HTTP_SETTINGS, tokenFile: join(directory, "none") })).toThrow(
      /can't be read.*make it:/,
    );
    expect(() => httpAccess({ ...HTTP_SETTINGS, tokenFile: directory })).toThrow(/can't be read.*chgrp GROUP/);
    expect(() => httpAccess({ ...HTTP_SETTINGS, token: TOKEN, tokenFile: "/x" })).toThrow(/keep one of them/);
  });
});
