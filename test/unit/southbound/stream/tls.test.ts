import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as plainConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { WeftError } from "../../../../proto/bytes/errors.ts";
import { initPki, makeHostCertificate, type PkiFiles, revokeHostCertificate } from "../../../../src/pki/index.ts";
import {
  type ActiveMethod,
  type PassiveMethod,
  parseConnectionMethod,
} from "../../../../src/southbound/connection-method.ts";
import {
  type ByteStream,
  dial,
  type ListenOptions,
  listen,
  type Refusal,
  systemClock,
  type TlsFiles,
  TlsKeys,
  type TlsMaterial,
} from "../../../../src/southbound/stream/index.ts";
import { deferred } from "./deferred.ts";
import { ManualClock } from "./manual-clock.ts";

let directory: string;
let pki: PkiFiles;
let strange: PkiFiles;
const cleanups: (() => unknown)[] = [];

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-tls-"));
  pki = initPki(join(directory, "pki"));
  strange = initPki(join(directory, "strange"));
  for (const name of ["host1", "host2"]) makeHostCertificate(pki.directory, name);
  makeHostCertificate(strange.directory, "host1");
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const filesOf = (authority: PkiFiles, crl: string | null = null): TlsFiles => ({
  ...authority.controller,
  caCertificate: authority.caCertificate,
  crl,
});

function keysFor(files: TlsFiles, clock = systemClock as ManualClock | typeof systemClock) {
  const events: string[] = [];
  const keys = new TlsKeys(files, clock, {
    onReloaded: (_material: TlsMaterial, trustChanged) => events.push(trustChanged ? "trust" : "keys"),
    onFailed: (error: WeftError) => events.push(error.code),
  });
  cleanups.push(() => keys.stop());
  return { keys, events };
}

async function serve(tls: TlsKeys, options: ListenOptions = {}) {
  const streams: ByteStream[] = [];
  const refused: Refusal[] = [];
  const news = { next: deferred<void>() };
  const tell = (): void => {
    news.next.resolve();
    news.next = deferred();
  };
  const listener = await listen(
    parseConnectionMethod("pssl:0:127.0.0.1") as PassiveMethod,
    (stream) => {
      streams.push(stream);
      tell();
    },
    {
      tls,
      onRefused: (refusal) => {
        refused.push(refusal);
        tell();
      },
      ...options,
    },
  );
  cleanups.push(() => listener.close());
  cleanups.push(() => streams.map((stream) => stream.close("the test is over")));
  const { port } = listener.method as { port: number };
  return { port, streams, refused, news, listener };
}

const own = (authority: PkiFiles, name: string): ConnectionOptions => ({
  key: readFileSync(join(authority.directory, "hosts", `${name}-key.pem`)),
  cert: readFileSync(join(authority.directory, "hosts", `${name}-cert.pem`)),
});

function call(port: number, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  socket.on("error", () => undefined);
  socket.resume();
  cleanups.push(() => socket.destroy());
  return socket;
}

describe("a peer that calls by TLS", () => {
  it("is a stream with the name of its certificate, and bytes go both ways", async () => {
    const { keys } = keysFor(filesOf(pki));
    const { port, streams, news } = await serve(keys);
    const arrived = news.next.promise;
    const socket = call(port, {
      ...own(pki, "host1"),
      ca: readFileSync(pki.caCertificate),
      rejectUnauthorized: true,
      checkServerIdentity: () => undefined,
    });
    await arrived;
    const [stream] = streams;
    expect(stream?.label).toMatch(/^ssl:127\.0\.0\.1:\d+$/);
    expect(stream?.transport).toBe("ssl");
    expect(stream?.certificate?.names).toEqual(["host1"]);
    expect(stream?.certificate?.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    const said = new Promise<string>((resolve) => stream?.onData((bytes) => resolve(Buffer.from(bytes).toString())));
    socket.write("hello");
    expect(await said).toBe("hello");
    const heard = new Promise<string>((resolve) => socket.once("data", (bytes) => resolve(bytes.toString())));
    stream?.write(Buffer.from("welcome"));
    expect(await heard).toBe("welcome");
  });

  it("is sent the CA behind the certificate, as ovs-vsctl --bootstrap needs it", async () => {
    const { keys } = keysFor(filesOf(pki));
    expect(keys.material.sendsCa).toBe(true);
    const { port } = await serve(keys);
    const socket = call(port, own(pki, "host1"));
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    const leaf = socket.getPeerX509Certificate();
    expect(leaf?.issuerCertificate?.subject).toContain("Weft CA");
  });

  it.each<[string, (port: number) => unknown, RegExp]>([
    ["without a certificate", (port) => call(port), /showed no certificate/],
    ["without one, by TLS 1.2", (port) => call(port, { maxVersion: "TLSv1.2" }), /showed no certificate/],
    ["with one of another CA", (port) => call(port, own(strange, "host1")), /signed by none that tls\.caCertificate/],
    [
      "with one of another CA, by TLS 1.2",
      (port) => call(port, { ...own(strange, "host1"), maxVersion: "TLSv1.2" }),
      /signed by none that tls\.caCertificate/,
    ],
    [
      "by TLS 1.1",
      (port) =>
        call(port, {
          ...own(pki, "host1"),
          minVersion: "TLSv1.1",
          maxVersion: "TLSv1.1",
          ciphers: "DEFAULT@SECLEVEL=0",
        }),
      /older than 1\.2|no common version/,
    ],
    [
      "in plain JSON",
      (port) => plainConnect(port, "127.0.0.1").end('{"method":"echo","params":[],"id":1}'),
      /does not speak TLS/,
    ],
    ["in HTTP", (port) => plainConnect(port, "127.0.0.1").end("GET / HTTP/1.1\r\n\r\n"), /speaks HTTP/],
    [
      "and says nothing",
      (port) => cleanups.push(() => silent.destroy()) && silent.connect(port, "127.0.0.1"),
      /did not finish the TLS handshake in time/,
    ],
    ["and leaves at once", (port) => plainConnect(port, "127.0.0.1").end(), /left in the middle|TLS handshake failed/],
  ])("%s is turned away, and told of with its address and the reason", async (_what, visit, reason) => {
    const { keys } = keysFor(filesOf(pki));
    const { port, streams, refused, news } = await serve(keys, { tlsHandshakeMs: 300 });
    const told = news.next.promise;
    visit(port);
    await told;
    expect(streams).toEqual([]);
    expect(refused).toEqual([{ remoteAddress: "127.0.0.1", reason: expect.stringMatching(reason) }]);
  });
  const silent = plainConnect({ port: 1, host: "127.0.0.1" }).on("error", () => undefined);

  it("at an address that may not connect is turned away before it has said anything", async () => {
    const { keys } = keysFor(filesOf(pki));
    const { port, streams, refused, news } = await serve(keys, { mayConnect: () => false });
    const told = news.next.promise;
    call(port, own(pki, "host1"));
    await told;
    expect(streams).toEqual([]);
    expect(refused[0]?.reason).toContain("admission.allow");
  });

  it("with a certificate of ovs-pki has the name that ovs-pki gave it", async () => {
    const dir = join(directory, "ovs");
    const run = (...args: string[]): void => {
      execFileSync("ovs-pki", ["--batch", `--dir=${dir}`, `--log=${directory}/ovs-pki.log`, ...args], {
        cwd: directory,
        stdio: "ignore",
      });
    };
    run("init");
    run("req+sign", "rack1-a", "switch");
    run("req+sign", "ctl", "controller");
    // Two CAs, as ovs-pki makes them: hosts are signed by one, the controller by the other.
    writeFileSync(
      join(directory, "ctl-chain.pem"),
      [readFileSync(join(directory, "ctl-cert.pem")), readFileSync(join(dir, "controllerca/cacert.pem"))].join("\n"),
    );
    const { keys } = keysFor({
      privateKey: join(directory, "ctl-privkey.pem"),
      certificate: join(directory, "ctl-chain.pem"),
      caCertificate: join(dir, "switchca/cacert.pem"),
      crl: null,
    });
    expect(keys.material.sendsCa).toBe(true);
    const { port, streams, news } = await serve(keys);
    const arrived = news.next.promise;
    call(port, {
      key: readFileSync(join(directory, "rack1-a-privkey.pem")),
      cert: readFileSync(join(directory, "rack1-a-cert.pem")),
    });
    await arrived;
    expect(streams[0]?.certificate?.names[0]).toMatch(/^rack1-a id:/);
  }, 60_000);
});

describe("keys that change", () => {
  function copyOf(authority: PkiFiles, crl: string | null = null): TlsFiles {
    const to = mkdtempSync(join(directory, "copy-"));
    const files = {
      privateKey: join(to, "k"),
      certificate: join(to, "c"),
      caCertificate: join(to, "ca"),
      crl: crl === null ? null : join(to, "crl"),
    };
    copyFileSync(authority.controller.privateKey, files.privateKey);
    copyFileSync(authority.controller.certificate, files.certificate);
    copyFileSync(authority.caCertificate, files.caCertificate);
    if (crl !== null && files.crl !== null) copyFileSync(crl, files.crl);
    return files;
  }

  function renew(files: TlsFiles, name: string): void {
    const { privateKey, certificate } = makeHostCertificate(pki.directory, name);
    copyFileSync(privateKey, files.privateKey);
    copyFileSync(certificate, files.certificate);
  }

  it("are shown to who calls next, without a new listener", async () => {
    const files = copyOf(pki);
    const { keys, events } = keysFor(files);
    const { port } = await serve(keys);
    const nameShown = async (): Promise<unknown> => {
      const socket = call(port, own(pki, "host1"));
      await new Promise((resolve) => socket.once("secureConnect", resolve));
      return socket.getPeerCertificate().subject.CN;
    };
    expect(await nameShown()).toBe("weft-controller");
    renew(files, "renewed-1");
    expect(keys.reload()).toEqual(["privateKey", "certificate"]);
    expect(await nameShown()).toBe("renewed-1");
    expect(events).toEqual(["keys"]);
    expect(keys.reload()).toEqual([]);
  });

  it("are found by themselves, when the files have stood still", () => {
    const files = copyOf(pki);
    const clock = new ManualClock();
    const { events } = keysFor(files, clock);
    clock.advance(10_000);
    expect(events).toEqual([]);
    renew(files, "renewed-2");
    clock.advance(2_000);
    expect(events).toEqual([]);
    clock.advance(2_000);
    expect(events).toEqual(["keys"]);
    clock.advance(60_000);
    expect(events).toEqual(["keys"]);
  });

  it("that do not fit are told once, and the old ones stay", () => {
    const files = copyOf(pki);
    const clock = new ManualClock();
    const { keys, events } = keysFor(files, clock);
    const before = keys.material;
    copyFileSync(strange.controller.privateKey, files.privateKey);
    clock.advance(60_000);
    expect(events).toEqual(["tls/mismatch"]);
    expect(keys.material).toBe(before);
    expect(keys.problem?.message).toContain(files.privateKey);
    copyFileSync(strange.controller.certificate, files.certificate);
    clock.advance(60_000);
    expect(events).toEqual(["tls/mismatch", "keys"]);
    expect(keys.problem).toBeNull();
  });

  it("turn away who was revoked, and say that whom to trust has changed", async () => {
    makeHostCertificate(pki.directory, "revoked");
    const credentials = own(pki, "revoked");
    const files = copyOf(pki, pki.crl);
    const { keys, events } = keysFor(files);
    const { port, streams, refused, news } = await serve(keys);
    const arrived = news.next.promise;
    call(port, credentials);
    await arrived;
    expect(streams).toHaveLength(1);
    revokeHostCertificate(pki.directory, "revoked");
    copyFileSync(pki.crl, files.crl ?? "");
    keys.reload();
    expect(events).toEqual(["trust"]);
    const told = news.next.promise;
    call(port, credentials);
    await told;
    expect(refused.map((one) => one.reason)).toEqual([expect.stringContaining("revoked")]);
    expect(streams[0]?.certificate?.trust).not.toBe(keys.material.trust);
  });
});

describe("files that can't be used", () => {
  const good = (): TlsFiles => filesOf(pki);
  const write = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  it.each<[string, () => Partial<TlsFiles>, string, RegExp]>([
    [
      "a key that is not there",
      () => ({ privateKey: "/nowhere/key.pem" }),
      "tls/unreadable",
      /\/nowhere\/key\.pem.*no such file.*weft pki init/,
    ],
    ["a directory", () => ({ certificate: directory }), "tls/unreadable", /it is a directory/],
    ["a key that is none", () => ({ privateKey: write("x.pem", "hello") }), "tls/not-a-key", /no private key/],
    [
      "an encrypted key",
      () => {
        execFileSync("openssl", [
          "pkey",
          "-aes128",
          "-passout",
          "pass:secret",
          "-in",
          pki.controller.privateKey,
          "-out",
          join(directory, "e.pem"),
        ]);
        return { privateKey: join(directory, "e.pem") };
      },
      "tls/not-a-key",
      /encrypted.*openssl pkey -in/,
    ],
    [
      "a certificate that is none",
      () => ({ certificate: write("y.pem", "") }),
      "tls/not-a-certificate",
      /no certificate/,
    ],
    [
      "a damaged certificate",
      () => ({
        certificate: write(
          "d.pem",
          readFileSync(pki.controller.certificate, "utf8")
            .replace(/[A-Za-z]{4}/g, "AAAA")
            .replaceAll(/AAAA CERTIFICATE|BEGIN AAAA\w*|-----[^-]*-----/g, ""),
        ),
      }),
      "tls/not-a-certificate",
      /no certificate/,
    ],
    [
      "a key of somebody else",
      () => ({ privateKey: strange.controller.privateKey }),
      "tls/mismatch",
      /does not belong to the private key/,
    ],
    [
      "a CA that is a key",
      () => ({ caCertificate: pki.controller.privateKey }),
      "tls/not-a-certificate",
      /tls\.caCertificate/,
    ],
    ["a list that is none", () => ({ crl: pki.caCertificate }), "tls/crl", /no revocation list/],
  ])("%s: the error names the key, the path and the remedy", (_what, change, code, message) => {
    let thrown: unknown;
    try {
      new TlsKeys({ ...good(), ...change() }, new ManualClock(), {
        onReloaded: () => undefined,
        onFailed: () => undefined,
      });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe("calling by TLS", () => {
  it("gives a stream with the peer's names, and none with a peer of another CA", async () => {
    const server = await serve(keysFor(filesOf(pki)).keys);
    const { privateKey, certificate } = {
      privateKey: join(pki.directory, "hosts/host2-key.pem"),
      certificate: join(pki.directory, "hosts/host2-cert.pem"),
    };
    const mine = keysFor({ privateKey, certificate, caCertificate: pki.caCertificate, crl: null }).keys;
    const method = parseConnectionMethod(`ssl:127.0.0.1:${server.port}`) as ActiveMethod;
    const connected = deferred<ByteStream>();
    const arrived = server.news.next.promise;
    const dialer = dial(method, { onStream: connected.resolve }, { tls: mine });
    cleanups.push(() => dialer.close("the test is over"));
    expect((await connected.promise).certificate?.names).toEqual(["weft-controller"]);
    await arrived;
    expect(server.streams[0]?.certificate?.names).toEqual(["host2"]);

    const wary = keysFor({ privateKey, certificate, caCertificate: strange.caCertificate, crl: null }).keys;
    const failed = deferred<WeftError | undefined>();
    const other = dial(
      method,
      { onStream: () => failed.resolve(undefined), onRetry: (_ms, error) => failed.resolve(error) },
      { tls: wary },
    );
    cleanups.push(() => other.close("the test is over"));
    expect((await failed.promise)?.message).toMatch(/cannot connect to ssl:/);
  });
});
