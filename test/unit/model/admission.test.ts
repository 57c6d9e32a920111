import { describe, expect, it } from "vitest";
import { approvalCode, holdsApproval } from "../../../src/discovery/approval.ts";
import {
  type AdmissionRules,
  type Applicant,
  comesFrom,
  elsewhere,
  isCredible,
  judgeHost,
  judgeSwitch,
  type Means,
  namesHost,
  type SwitchOwner,
} from "../../../src/model/admission.ts";

const certificate = (...names: string[]): Means => ({ kind: "certificate", names });
const ADDRESS: Means = { kind: "address", address: "192.0.2.7" };

function applicant(changes: Partial<Applicant> = {}): Applicant {
  return {
    id: "host1",
    label: "ssl:192.0.2.7:4000",
    means: certificate("host1"),
    approved: false,
    certified: false,
    ...changes,
  };
}

const rules = (admit: AdmissionRules["admit"], ...known: string[]): AdmissionRules => ({
  admit,
  known: new Set(known),
});

describe("a certificate's name", () => {
  it.each([
    ["host1", "host1", true],
    ["host1 id:5d41402a-bc4b-2a76", "host1", true],
    ["host10", "host1", false],
    ["host1 id", "host1", false],
    ["host1id:5", "host1", false],
    ["x host1 id:5", "host1", false],
    ["HOST1", "host1", false],
    ["host1.", "host1", false],
    ["", "host1", false],
    [" id:5", "", true],
  ])("%j is that of %j: %j", (name, id, expected) => {
    expect(namesHost([name], id)).toBe(expected);
  });
});

describe("a host that comes", () => {
  it("with another's certificate is refused, whatever else is said for it", () => {
    for (const admit of ["all", "known", "approve"] as const) {
      const verdict = judgeHost(applicant({ means: certificate("host2"), approved: true }), rules(admit, "host1"));
      expect(verdict).toMatchObject({ kind: "refused", problem: { code: "admission/certificate-name" } });
    }
    expect(judgeHost(applicant({ means: certificate() }), rules("all")).kind).toBe("refused");
  });

  it("without a certificate is refused when the host has shown one before", () => {
    expect(judgeHost(applicant({ means: ADDRESS, certified: true }), rules("all"))).toMatchObject({
      kind: "refused",
      problem: { code: "admission/no-certificate" },
    });
    expect(judgeHost(applicant({ means: ADDRESS }), rules("all")).kind).toBe("admitted");
  });

  it.each([
    ["all", [], false, "admitted"],
    ["known", [], true, "waiting"],
    ["known", ["host1"], false, "admitted"],
    ["approve", [], false, "waiting"],
    ["approve", [], true, "admitted"],
    ["approve", ["host1"], false, "admitted"],
  ] as const)("with admit: %s, known %j, approved %j is %s", (admit, known, approved, kind) => {
    expect(judgeHost(applicant({ approved }), rules(admit, ...known)).kind).toBe(kind);
  });

  it("and waits is told of with the command that lets it in", () => {
    const verdict = judgeHost(applicant(), rules("approve"));
    expect(verdict).toMatchObject({ problem: { code: "admission/waiting", remedy: "weft hosts approve host1" } });
  });
});

const PLAIN: SwitchOwner = {
  ...{ id: "host1", certified: false, home: null, tunnelIp: null },
  ...{ controllerAddress: null, settled: false },
};

describe("a switch that comes", () => {
  it("must show a certificate of the host whose bridge it says it is", () => {
    const owner = { ...PLAIN, certified: true };
    expect(judgeSwitch("ssl:x", certificate("host1 id:7"), owner, "all")).toBeNull();
    expect(judgeSwitch("ssl:x", certificate("host2"), owner, "all")?.code).toBe("admission/certificate-name");
    expect(judgeSwitch("tcp:x", ADDRESS, owner, "all")?.code).toBe("admission/no-certificate");
  });

  it("may come without where its host does, and by the machine's own socket", () => {
    expect(judgeSwitch("tcp:x", ADDRESS, PLAIN, "all")).toBeNull();
    expect(judgeSwitch("unix:x", { kind: "local" }, { ...PLAIN, certified: true }, "approve")).toBeNull();
    expect(judgeSwitch("tcp:x", ADDRESS, null, "approve")).toBeNull();
  });
});

describe("a switch without a certificate, whose host was read", () => {
  const at = (address: string) => ({ kind: "address", address }) as const;
  const owner = { ...PLAIN, home: at("192.0.2.1"), tunnelIp: "198.51.100.1" };
  const local: SwitchOwner = { ...owner, home: { kind: "local" } };
  const own = (address: string) => ({ kind: "address", address, isOwn: true }) as const;

  it.each([
    ["its database's address", owner, at("192.0.2.1"), true],
    ["its tunnel IP", owner, at("198.51.100.1"), true],
    ["elsewhere", owner, at("203.0.113.9"), false],
    ["loopback, and is not on this machine", owner, at("127.0.0.1"), false],
    ["a socket of this machine", owner, { kind: "local" } as const, true],
    ["loopback, its database by a socket", local, at("127.0.0.7"), true],
    ["loopback by IPv6, its database by a socket", local, at("::1"), true],
    ["this machine's own address, its database by a socket", local, own("192.0.2.1"), true],
    [
      "controllerAddress, its database by a socket",
      { ...local, controllerAddress: "192.0.2.1" },
      at("192.0.2.1"),
      true,
    ],
    ["elsewhere, its database by a socket", { ...local, controllerAddress: "192.0.2.2" }, at("192.0.2.1"), false],
    ["this machine's own address, and is not on it", owner, own("203.0.113.9"), false],
    ["elsewhere, and was at home when it came", { ...owner, settled: true }, at("203.0.113.9"), true],
    ["anywhere, where nothing is known of its host", { ...owner, home: null }, at("203.0.113.9"), true],
  ])("that comes from %s", (_, host, means, isHome) => {
    for (const admit of ["known", "approve"] as const) {
      const expected = isHome ? undefined : "switch/other-address";
      expect(judgeSwitch("tcp:x", means, host, admit)?.code).toBe(expected);
    }
    // Where everybody gets a place it is told, and used as long as there is no better one.
    expect(judgeSwitch("tcp:x", means, host, "all")).toBeNull();
    expect(elsewhere("tcp:x", means, host, "used") === null).toBe(isHome);
  });

  it("is told with both addresses and the remedy", () => {
    const problem = elsewhere("tcp:203.0.113.9:4711", at("203.0.113.9"), owner, "unused");
    expect(problem?.message).toBe(
      "tcp:203.0.113.9:4711 says that it is the switch of host1, which is at 192.0.2.1 and 198.51.100.1: it is not used",
    );
    expect(problem?.remedy).toContain("get-controller");
  });

  it.each([
    ["used", "it is used until one comes from there"],
    ["unused", "it is not used"],
    ["kept", "it came from where the host was then, and is used as long as it answers"],
    ["replaced", "one that comes from there has taken its place"],
    ["refused", "it is turned away"],
  ] as const)("is told what becomes of it: %s", (outcome, words) => {
    expect(elsewhere("tcp:x", at("203.0.113.9"), owner, outcome)?.message.endsWith(`: ${words}`)).toBe(true);
  });

  it("is told how to be known where its database comes by a socket: there is no manager of that name", () => {
    const problem = elsewhere("tcp:x", at("172.17.0.2"), local, "refused");
    expect(problem?.message).toContain("which is at this machine and 198.51.100.1");
    expect(problem?.remedy).toContain("weft-tunnel-ip");
    expect(problem?.remedy).not.toContain("get-manager");
  });

  it("shows whose it is by where it is known to come from, and not by what is unknown", () => {
    expect(comesFrom(at("192.0.2.1"), owner)).toBe(true);
    expect(comesFrom(at("203.0.113.9"), owner)).toBe(false);
    expect(comesFrom(at("192.0.2.1"), { ...owner, home: null })).toBe(false);
    expect(comesFrom(at("192.0.2.1"), { ...owner, certified: true })).toBe(false);
    expect(comesFrom(certificate("host1"), { ...owner, certified: true })).toBe(true);
    expect(comesFrom(certificate("host2"), owner)).toBe(false);
    expect(comesFrom({ kind: "local" }, owner)).toBe(true);
  });
});

describe("a switch whose flows say whose it is, before that host was read", () => {
  const host = { id: "host1", tunnelIp: "192.0.2.1" };

  it("is believed where everybody gets a place, and by the machine's own socket", () => {
    expect(isCredible({ kind: "address", address: "203.0.113.9" }, host, "all")).toBe(true);
    expect(isCredible({ kind: "local" }, host, "approve")).toBe(true);
  });

  it.each(["known", "approve"] as const)(
    "with admit: %s shows the host's certificate, or is where peers know it to be",
    (admit) => {
      expect(isCredible({ kind: "address", address: "203.0.113.9" }, host, admit)).toBe(false);
      expect(isCredible({ kind: "address", address: "192.0.2.1" }, host, admit)).toBe(true);
      expect(isCredible({ kind: "address", address: "192.0.2.1" }, { ...host, tunnelIp: null }, admit)).toBe(false);
      expect(isCredible(certificate("host1"), host, admit)).toBe(true);
      expect(isCredible(certificate("host2"), host, admit)).toBe(false);
    },
  );
});

describe("an approval", () => {
  const secret = Buffer.alloc(32, 7);
  const held = (code: string): ReadonlyMap<string, string> => new Map([["weft-approval", code]]);

  it("is good for its host, and for no other, by no other means, with no other secret", () => {
    const code = approvalCode(secret, "host1", certificate("host1"));
    expect(holdsApproval(held(code), secret, "host1", certificate("host1 id:renewed"))).toBe(true);
    expect(holdsApproval(held(code), secret, "host2", certificate("host2"))).toBe(false);
    expect(holdsApproval(held(code), secret, "host1", ADDRESS)).toBe(false);
    expect(holdsApproval(held(code), Buffer.alloc(32, 8), "host1", certificate("host1"))).toBe(false);
    expect(holdsApproval(new Map(), secret, "host1", certificate("host1"))).toBe(false);
    expect(holdsApproval(held("a".repeat(5000)), secret, "host1", certificate("host1"))).toBe(false);
  });

  it("without a certificate is for the address that was seen", () => {
    const code = approvalCode(secret, "host1", ADDRESS);
    expect(holdsApproval(held(code), secret, "host1", ADDRESS)).toBe(true);
    expect(holdsApproval(held(code), secret, "host1", { kind: "address", address: "192.0.2.8" })).toBe(false);
  });
});
