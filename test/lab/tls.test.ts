// Hosts that come by TLS, with ovs-vsctl set-ssl and nothing else: who they are is what their certificates say.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest, Host } from "../../src/lab/index.ts";
import {
  type CertificateFiles,
  initPki,
  makeHostCertificate,
  type PkiFiles,
  revokeHostCertificate,
} from "../../src/pki/index.ts";
import { FabricUnderTest, NO_WORK, PORTS } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const startHoldSec = 2;
/** Beside those of TLS, where a test needs both. */
const PLAIN = { ovsdb: 16_641, openflow: 16_654 };

describeLab("hosts that join by TLS", () => {
  let fabric: FabricUnderTest;
  let pki: PkiFiles;
  let guests: Guest[];
  let secretFile: string;

  const idOf = (host: Host): string => `${fabric.lab.name}-${host.name}`;
  const hostAt = (at: number): Host => fabric.lab.host(at);

  function settings(more: object = {}) {
    const ip = fabric.lab.controllerIp;
    return {
      listen: { ovsdb: [`pssl:${PORTS.ovsdb}:${ip}`], openflow: [`pssl:${PORTS.openflow}:${ip}`] },
      timeouts: { startHoldSec },
      tls: { ...pki.controller, caCertificate: pki.caCertificate, crl: pki.crl },
      ...more,
    };
  }

  function listenBoth() {
    const ip = fabric.lab.controllerIp;
    return {
      ovsdb: [`pssl:${PORTS.ovsdb}:${ip}`, `ptcp:${PLAIN.ovsdb}:${ip}`],
      openflow: [`pssl:${PORTS.openflow}:${ip}`, `ptcp:${PLAIN.openflow}:${ip}`],
    };
  }

  const target = (port: number): string => `ssl:${fabric.lab.controllerIp}:${port}`;

  /** What an administrator does on a host. @param caCertificate is there already, unless it is to be learnt. */
  async function setSsl(host: Host, files: CertificateFiles, caCertificate: string, bootstrap = false): Promise<void> {
    const options = bootstrap ? ["--bootstrap"] : [];
    await host.vsctl(...options, "set-ssl", files.privateKey, files.certificate, caCertificate);
  }

  async function joinBySsl(host: Host): Promise<void> {
    await host.vsctl("set-manager", target(PORTS.ovsdb));
  }

  async function problemCodes(): Promise<string[]> {
    return (await fabric.ask("status")).problems.map((problem) => problem.code);
  }

  /** Writes over files that are in use, as somebody who renews a certificate does. */
  function replace(files: CertificateFiles, by: CertificateFiles): void {
    copyFileSync(by.privateKey, files.privateKey);
    copyFileSync(by.certificate, files.certificate);
  }

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, join: false });
    await fabric.stop();
    pki = initPki(join(fabric.lab.dir, "pki"));
    secretFile = join(fabric.lab.dir, "approvals.key");
    await fabric.start({ settings: settings() });
  }, 60_000);

  afterAll(async () => {
    await fabric?.destroy();
  });

  test("two hosts join by set-ssl and set-manager, one of which learns the CA by --bootstrap, and their guests ping", async () => {
    const [h1, h2] = [hostAt(1), hostAt(2)];
    await setSsl(h1, makeHostCertificate(pki.directory, idOf(h1)), pki.caCertificate);
    const learnt = join(fabric.lab.dir, "learnt-ca.pem");
    await setSsl(h2, makeHostCertificate(pki.directory, idOf(h2)), learnt, true);
    await Promise.all([joinBySsl(h1), joinBySsl(h2)]);
    await Promise.all([h1, h2].map((host) => host.waitForBridge()));
    guests = await Promise.all(
      [h1, h2].map((host, at) => host.addGuest({ name: `g${at}`, ip: `10.0.0.${at + 1}/16` })),
    );
    await fabric.lab.waitUntilAllPing(guests);
    await fabric.settled({ hosts: 2 });
    expect(readFileSync(learnt, "utf8").trim()).toBe(readFileSync(pki.caCertificate, "utf8").trim());
    for (const host of [h1, h2]) {
      expect(await host.vsctl("get-controller", "br-int")).toBe(target(PORTS.openflow));
    }
    expect(await problemCodes()).toEqual([]);
  });

  test("one that goes over to TLS is told to by its Controller row; then nobody can be it without, and no ping is lost", async () => {
    const [h1, , h3] = fabric.lab.hosts as [Host, Host, Host];
    const ping = guests[0]!.startPing(guests[1]!.ip);
    await ping.waitForReply();
    const plain = `tcp:${fabric.lab.controllerIp}:${PLAIN.ovsdb}`;
    // This controller has seen the host's certificate: another one, that has not, takes it without.
    await fabric.stop();
    await fabric.start({ settings: settings({ listen: listenBoth() }) });
    await h1.vsctl("set-manager", plain);
    await fabric.until(async () => {
      const row = await h1.vsctl("get-controller", "br-int");
      return row.startsWith("tcp:") && (await fabric.hostView(1))?.state === "up" ? [] : [`its controller is ${row}`];
    });
    await joinBySsl(h1);
    await fabric.settled({ hosts: 2 });
    expect(await h1.vsctl("get-controller", "br-int")).toBe(target(PORTS.openflow));

    const own = await h3.vsctl("get", "open_vswitch", ".", "external_ids:system-id");
    await h3.vsctl("set", "open_vswitch", ".", `external_ids:system-id=${idOf(h1)}`);
    await h3.vsctl("set-manager", plain);
    await fabric.until(async () => ((await problemCodes()).includes("admission/no-certificate") ? [] : ["not told"]));
    expect((await fabric.hostView(1))?.state).toBe("up");
    await h3.vsctl("del-manager");
    await h3.vsctl("set", "open_vswitch", ".", `external_ids:system-id=${own}`);
    expect((await ping.stop()).lost).toBe(0);
  });

  test("a restart writes nothing", async () => {
    await fabric.stop();
    await fabric.start({ settings: settings() });
    await fabric.settled({ hosts: 2 });
    expect(await fabric.work()).toEqual(NO_WORK);
  });

  test("who shows another's certificate, one of another CA, or none, gets nothing, and others hear nothing of it", async () => {
    const [h1, h3] = [hostAt(1), hostAt(3)];
    const others = makeHostCertificate(pki.directory, "somebody-else");
    await setSsl(h3, others, pki.caCertificate);
    await joinBySsl(h3);
    await fabric.until(async () => ((await problemCodes()).includes("admission/certificate-name") ? [] : ["not told"]));

    const strange = initPki(join(fabric.lab.dir, "strange-pki"));
    await setSsl(h3, makeHostCertificate(strange.directory, idOf(h3)), pki.caCertificate);
    await fabric.until(async () => ((await problemCodes()).includes("admission/refused") ? [] : ["not told"]));
    const told = (await fabric.ask("status")).problems.find((problem) => problem.code === "admission/refused");
    expect(told?.message).toContain(h3.ip);
    expect(told?.message).toContain("tls.caCertificate");

    await h3.vsctl("set-manager", `tcp:${fabric.lab.controllerIp}:${PORTS.ovsdb}`);
    await fabric.until(async () => {
      const problems = (await fabric.ask("status")).problems.map((problem) => problem.message);
      return problems.some((message) => message.includes("it does not speak TLS")) ? [] : ["not told"];
    });
    // The switch of the first host, by its datapath id, with a certificate that is good and not the first host's.
    await setSsl(h3, others, pki.caCertificate);
    const dpid = (await fabric.hostView(1))?.dpid;
    await h3.createBridge({ name: "br-lie", failMode: "secure" });
    await h3.vsctl("set", "bridge", "br-lie", `other_config:datapath-id=${dpid}`);
    await h3.vsctl("set-controller", "br-lie", target(PORTS.openflow));
    await fabric.until(async () => {
      const problems = (await fabric.ask("status")).problems.map((problem) => problem.message);
      return problems.some((message) => message.includes(`the switch of ${idOf(h1)}`)) ? [] : ["not told"];
    });
    expect(await h3.ofctl("dump-flows", "br-lie")).not.toContain("cookie");
    await h3.vsctl("del-br", "br-lie");

    expect(await h3.vsctl("list-br")).toBe("br-phy");
    expect(await h3.vsctl("get", "open_vswitch", ".", "external_ids")).not.toContain("weft-fabric");
    expect((await fabric.ask("hosts")).map((host) => host.id)).toEqual([1, 2].map((at) => idOf(hostAt(at))));
    expect((await fabric.lab.pingMatrix(guests, { count: 2, intervalSec: 0.05 })).failed).toEqual([]);
    expect(await fabric.work()).toEqual(NO_WORK);

    await setSsl(h3, makeHostCertificate(pki.directory, idOf(h3)), pki.caCertificate);
    await joinBySsl(h3);
    await fabric.settled({ hosts: 3 });
  });

  test("a certificate that is revoked while its host is connected ends that, a new one brings it back, and no guest hears of it", async () => {
    const [, h2] = [hostAt(1), hostAt(2)];
    const ping = guests[0]!.startPing(guests[1]!.ip);
    await ping.waitForReply();
    const own = { privateKey: `${fabric.lab.dir}/h2-key.pem`, certificate: `${fabric.lab.dir}/h2-cert.pem` };
    writeFileSync(own.privateKey, readFileSync(join(pki.directory, "hosts", `${idOf(h2)}-key.pem`)), { mode: 0o600 });
    writeFileSync(own.certificate, readFileSync(join(pki.directory, "hosts", `${idOf(h2)}-cert.pem`)));
    await setSsl(h2, own, pki.caCertificate);
    revokeHostCertificate(pki.directory, idOf(h2));
    await fabric.until(async () => ((await fabric.hostView(2))?.ovsdb === "disconnected" ? [] : ["it is connected"]));
    await fabric.until(async () => {
      const problems = (await fabric.ask("status")).problems.map((problem) => problem.message);
      return problems.some((message) => message.includes("revoked")) ? [] : ["not told"];
    });
    await fabric.until(async () => ((await fabric.hostView(1))?.ovsdb === "connected" ? [] : ["host 1 is not back"]));
    replace(own, makeHostCertificate(pki.directory, idOf(h2)));
    await fabric.settled({ hosts: 3 });
    const { lost } = await ping.stop();
    expect(lost).toBe(0);
  });

  test("keys that do not belong together are told by their paths, and the old ones stay in use until there are better ones", async () => {
    const other = initPki(join(fabric.lab.dir, "other-pki"));
    const key = readFileSync(pki.controller.privateKey);
    copyFileSync(other.controller.privateKey, pki.controller.privateKey);
    fabric.controller.reload();
    const problem = (await fabric.ask("status")).problems.find(({ code }) => code === "tls/mismatch");
    expect(problem?.message).toContain(pki.controller.privateKey);
    expect(problem?.message).toContain(pki.controller.certificate);
    await hostAt(1).vsctl("del-manager");
    await joinBySsl(hostAt(1));
    await fabric.settled({ hosts: 3 });
    writeFileSync(pki.controller.privateKey, key);
    fabric.controller.reload();
    expect((await problemCodes()).filter((code) => code.startsWith("tls/"))).toEqual([]);
  });

  test("with admit: approve hosts wait until they are approved, and are known by it after a restart", async () => {
    const approving = settings({ admit: "approve", admission: { secretFile } });
    await fabric.stop();
    await fabric.start({ settings: approving });
    const all = fabric.lab.hosts.map(idOf);
    const waiting = async (): Promise<string[]> =>
      (await fabric.ask("hosts")).filter((host) => host.state === "waiting").map((host) => host.id);
    await fabric.until(async () => ((await waiting()).length === 3 ? [] : ["not all wait"]));
    expect((await fabric.lab.pingMatrix(guests, { count: 2, intervalSec: 0.05 })).failed).toEqual([]);
    expect(await fabric.work()).toEqual(NO_WORK);
    for (const id of all) await fabric.controller.approve(id);
    await fabric.settled({ hosts: 3 });
    expect(await hostAt(1).vsctl("get", "open_vswitch", ".", "external_ids:weft-approval")).toMatch(/^"?[\w-]{43}"?$/);

    await fabric.stop();
    await fabric.start({ settings: approving });
    await fabric.settled({ hosts: 3 });
    expect(await waiting()).toEqual([]);
    expect(await fabric.work()).toEqual(NO_WORK);

    // A code is for one host: copied to another it is worth nothing.
    const h3 = hostAt(3);
    const code = await hostAt(1).vsctl("get", "open_vswitch", ".", "external_ids:weft-approval");
    await fabric.stop();
    await h3.vsctl("set", "open_vswitch", ".", `external_ids:weft-approval=${code}`);
    await fabric.start({ settings: approving });
    await fabric.until(async () => ((await waiting()).length === 1 ? [] : ["the third does not wait"]));
    expect(await waiting()).toEqual([idOf(h3)]);
    // The others' tunnels to it stay, and it is shown once.
    await fabric.until(async () => ((await fabric.hostView(2))?.state === "up" ? [] : ["the second is not up"]));
    expect((await fabric.ask("hosts")).map((host) => host.id).sort()).toEqual(all);
    expect(await fabric.work()).toEqual(NO_WORK);
  });
});
