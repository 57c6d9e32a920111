import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigError, defaultConfig, formatConfigProblem, loadConfig, parseConfig } from "../../../src/config/index.ts";

/** The problems as text, or "valid". */
function check(source: string): string {
  const { errors } = parseConfig(source, "weft.yaml");
  return errors === undefined ? "valid" : errors.map(formatConfigProblem).join("\n");
}

describe("a valid file", () => {
  it.each(["", "# nothing but a comment\n", "---\n", "networks:\nhosts:\nlog:\n"])(
    "may be as empty as %j",
    (source) => {
      expect(parseConfig(source, "weft.yaml").config).toEqual(defaultConfig);
    },
  );

  it("overrides only the keys it has", () => {
    const source = `
bridge: br0
datapathType: netdev
fabric:
  id: lab-1
tunnel: { type: gre }
listen:
  ovsdb: [ptcp:6640, "punix:/run/weft/ovsdb.sock"]
  control: /run/weft/other.sock
http: { listen: "[::1]:8080", names: [weft.example.net], tokenFile: /etc/weft/http-token }
tls: { privateKey: /etc/weft/key.pem, certificate: /c.pem, caCertificate: /ca.pem }
admit: approve
admission: { allow: [192.0.2.0/24, "2001:db8::/64"], secretFile: /etc/weft/approvals.key }
controllerAddress: 2001:DB8::0001
networks:
  default: { vni: 5077 }
  blue: { vni: 4095, tag: 10 }
  red.2_x-y: { unknownUnicast: drop, multicast: drop, floodKbps: 8000, locked: true }
hosts:
  a5f3: { name: leaf1, tunnelIp: 192.0.2.1, bridge: br1, index: 7 }
endpoints:
  perPort: 8
  perHost: 64
  moves: { count: 3 }
  static:
    - { mac: 52:54:00:AB:CD:EF, ips: [2001:DB8::0001], host: leaf1, port: tap0 }
punts: { packetsPerSecond: 5 }
timeouts: { startHoldSec: 0 }
limits: { connections: 500, connectionsPerSource: 20, hosts: 100 }
underlayMtu: 9000
mtu: { request: true }
loops: { probeSec: 0 }
log: { level: debug }
journal: { file: /var/lib/weft/j }
`;
    expect(parseConfig(source, "weft.yaml").config).toEqual({
      journal: { file: "/var/lib/weft/j", maxBytes: 8_388_608 },
      bridge: "br0",
      datapathType: "netdev",
      fabric: { id: "lab-1" },
      tunnel: { ...defaultConfig.tunnel, type: "gre" },
      listen: {
        ovsdb: ["ptcp:6640", "punix:/run/weft/ovsdb.sock"],
        openflow: ["ptcp:6653"],
        control: "/run/weft/other.sock",
      },
      http: {
        enabled: true,
        listen: "[::1]:8080",
        names: ["weft.example.net"],
        reads: null,
        token: null,
        tokenFile: "/etc/weft/http-token",
      },
      tls: { privateKey: "/etc/weft/key.pem", certificate: "/c.pem", caCertificate: "/ca.pem", crl: null },
      admit: "approve",
      admission: { allow: ["192.0.2.0/24", "2001:db8::/64"], secretFile: "/etc/weft/approvals.key" },
      controllerAddress: "2001:db8::1",
      networks: {
        default: { vni: 5077 },
        blue: { vni: 4095, tag: 10 },
        "red.2_x-y": { unknownUnicast: "drop", multicast: "drop", floodKbps: 8000, locked: true },
      },
      hosts: { a5f3: { name: "leaf1", tunnelIp: "192.0.2.1", bridge: "br1", index: 7 } },
      endpoints: {
        idleTimeoutSec: 300,
        perPort: 8,
        perHost: 64,
        duplicateWindowSec: 5,
        freezeSec: 30,
        moves: { count: 3, windowSec: 180 },
        static: [{ mac: "52:54:00:ab:cd:ef", ips: ["2001:db8::1"], host: "leaf1", port: "tap0" }],
      },
      punts: { packetsPerSecond: 5, burst: 100 },
      timeouts: { startHoldSec: 0, probeSec: 5, handshakeSec: 10 },
      limits: { connections: 500, connectionsPerSource: 20, hosts: 100 },
      underlayMtu: 9000,
      mtu: { request: true },
      loops: { probeSec: 0 },
      topology: { hubs: [], direct: [] },
      bfd: { enabled: true, packetsPerSecond: 200 },
      log: { level: "debug" },
    });
  });

  it("yields a value that is frozen to its depth", () => {
    const { config } = parseConfig("networks: { blue: { tag: 10 } }", "weft.yaml");
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config?.networks.blue)).toBe(true);
    expect(Object.isFrozen(defaultConfig.listen.ovsdb)).toBe(true);
  });

  it("may use anchors, and errors in them are shown where they are used", () => {
    expect(check("networks:\n  a: &net { tag: 10 }\n  b: *net\n")).toBe(
      "weft.yaml:3:6: networks.b.tag: expected a value of its own, found 10, which networks.a has",
    );
  });

  it("has no names but those it wrote", () => {
    const { config } = parseConfig("networks: { blue: {} }", "weft.yaml");
    expect(config?.networks.constructor).toBeUndefined();
    expect(parseConfig("networks: { constructor: { tag: 3 } }", "x").config?.networks.constructor).toEqual({ tag: 3 });
  });
});

describe("a wrong file", () => {
  it.each([
    ["tunel:\n  type: gre\n", "weft.yaml:1:1: tunel: unknown key; did you mean tunnel?"],
    [
      "networks:\n  blue: { multicast: drpo }\n",
      'weft.yaml:2:22: networks.blue.multicast: expected one of flood, drop, found "drpo"; did you mean drop?',
    ],
    [
      "networks:\n  blue: { locked: sure }\n",
      'weft.yaml:2:19: networks.blue.locked: expected true or false, found "sure"',
    ],
    [
      "networks:\n  blue: { floodKbps: 1 }\n",
      "weft.yaml:2:22: networks.blue.floodKbps: expected kilobits a second, a whole number from 64 to 100000000, found 1",
    ],
    ["underlayMtu: 100\n", "weft.yaml:1:14: underlayMtu: expected bytes, a whole number from 576 to 65535, found 100"],
    ["tunnel:\n  typ: gre\n", "weft.yaml:2:3: tunnel.typ: unknown key; did you mean type?"],
    [
      "endpoints:\n  idle_timeout_sec: 3\n",
      "weft.yaml:2:3: endpoints.idle_timeout_sec: unknown key; did you mean idleTimeoutSec?",
    ],
    [
      "networks:\n  blue:\n    vlan: 3\n",
      "weft.yaml:3:5: networks.blue.vlan: unknown key; expected one of answer, floodKbps, locked, multicast, tag, unknownUnicast, vni",
    ],
    ["hosts:\n  a:\n    tunnel_ip: 1.2.3.4\n", "weft.yaml:3:5: hosts.a.tunnel_ip: unknown key; did you mean tunnelIp?"],
    ["punts:\n  rate: 3\n", "weft.yaml:2:3: punts.rate: unknown key; expected one of burst, packetsPerSecond"],
  ])("names an unknown key, and the near one: %j", (source, expected) => {
    expect(check(source)).toBe(expected);
  });

  it.each([
    [
      "tunnel: { type: grre }",
      'weft.yaml:1:17: tunnel.type: expected one of gre, vxlan, geneve, found "grre"; did you mean gre?',
    ],
    ["tunnel: { type: stt }", 'weft.yaml:1:17: tunnel.type: expected one of gre, vxlan, geneve, found "stt"'],
    [
      "tunnel: gre",
      'weft.yaml:1:9: tunnel: expected keys: type, csum, dstPort, dfDefault, tos, ttl, localIp, flowBased, flowBasedAbove, pinAddress, found "gre"',
    ],
    ["bridge: 5", "weft.yaml:1:9: bridge: expected a bridge name of at most 15 letters, digits or . _ -, found 5"],
    ["bridge:", "weft.yaml:1:1: bridge: expected a bridge name of at most 15 letters, digits or . _ -, found nothing"],
    [
      "bridge: br-int/../x",
      'weft.yaml:1:9: bridge: expected a bridge name of at most 15 letters, digits or . _ -, found "br-int/../x"',
    ],
    [
      "networks:\n  blue:\n    tag: 4095\n",
      "weft.yaml:3:10: networks.blue.tag: expected a VLAN tag, a whole number from 1 to 4094, found 4095",
    ],
    [
      "networks:\n  blue: { tag: 1.5 }\n",
      "weft.yaml:2:16: networks.blue.tag: expected a VLAN tag, a whole number from 1 to 4094, found 1.5",
    ],
    [
      'networks:\n  blue: { tag: "10" }\n',
      'weft.yaml:2:16: networks.blue.tag: expected a VLAN tag, a whole number from 1 to 4094, found "10"',
    ],
    [
      "networks: { a: { vni: 8388608 } }",
      "weft.yaml:1:23: networks.a.vni: expected a network's number in tunnels, a whole number from 1 to 8384511, found 8388608",
    ],
    [
      "networks: { a: { vni: 0 } }",
      "weft.yaml:1:23: networks.a.vni: expected a network's number in tunnels, a whole number from 1 to 8384511, found 0",
    ],
    [
      "networks: { Blue: {} }",
      "weft.yaml:1:13: networks.Blue: expected a network name of at most 63 lower-case letters, digits or . _ -",
    ],
    ["networks: [blue]", "weft.yaml:1:11: networks: expected networks by name, found a list"],
    [
      "hosts: { a: { tunnelIp: 10.0.0 } }",
      'weft.yaml:1:25: hosts.a.tunnelIp: expected the host\'s tunnel address, such as 192.0.2.10 or 2001:db8::10, found "10.0.0"',
    ],
    [
      "listen: { ovsdb: ptcp:6640 }",
      'weft.yaml:1:18: listen.ovsdb: expected a list of connection methods, such as [ptcp:6640], found "ptcp:6640"',
    ],
    [
      "listen: { ovsdb: [6640] }",
      "weft.yaml:1:19: listen.ovsdb.0: expected a connection method such as ptcp:6640, found 6640",
    ],
    [
      "listen: { openflow: [] }",
      "weft.yaml:1:21: listen.openflow: expected at least one connection method, such as [ptcp:6653], found a list",
    ],
    [
      "log: { level: verbose }",
      'weft.yaml:1:15: log.level: expected one of silent, fatal, error, warn, info, debug, trace, found "verbose"',
    ],
    [
      "endpoints: { idleTimeoutSec: 65536 }",
      "weft.yaml:1:30: endpoints.idleTimeoutSec: expected seconds, a whole number from 1 to 65535, found 65536",
    ],
    ["just text", expect.stringContaining("weft.yaml:1:1: expected keys: bridge, datapathType,")],
  ])("says what is expected where: %j", (source, expected) => {
    expect(check(source)).toEqual(expected);
  });

  it.each([
    [
      "tunnel: { type: gre }\nbridge: br0\ntunnel: { type: vxlan }\n",
      "weft.yaml:3:1: tunnel: the key stands here twice; it is on line 1 already",
    ],
    [
      "networks:\n  a: {}\n  b: {}\n  a: {}\n",
      "weft.yaml:4:3: networks.a: the key stands here twice; it is on line 2 already",
    ],
    [
      "networks:\n  a: { tag: 1 }\n  b: { tag: 1 }\n",
      "weft.yaml:3:13: networks.b.tag: expected a value of its own, found 1, which networks.a has",
    ],
    [
      "networks:\n  a: { vni: 10 }\n",
      "weft.yaml:2:13: networks.a.vni: expected the network's own tag or a number above 4094, found 10, which belongs to VLAN 10; write tag: 10 to name that VLAN's network",
    ],
    [
      "networks:\n  a: { vni: 4095 }\n",
      "weft.yaml:2:13: networks.a.vni: expected a value of its own, found 4095, which the default network has; set networks.default.vni to free it",
    ],
    [
      "hosts:\n  a: { index: 4095 }\ntunnel: { flowBased: never }\n",
      "weft.yaml:2:15: hosts.a.index: expected at most 4094, found 4095: more needs tunnel.flowBased auto or always, and no hubs",
    ],
    [
      "hosts:\n  a: { index: 4095 }\ntopology: { hubs: [a] }\n",
      "weft.yaml:2:15: hosts.a.index: expected at most 4094, found 4095: more needs tunnel.flowBased auto or always, and no hubs",
    ],
    [
      "hosts:\n  a: { index: 1 }\n  b: { index: 1 }\n",
      "weft.yaml:3:15: hosts.b.index: expected a value of its own, found 1, which hosts.a has",
    ],
    [
      "hosts:\n  a: { tunnelIp: '::1' }\n  b: { tunnelIp: '0::1' }\n",
      "weft.yaml:3:18: hosts.b.tunnelIp: expected a value of its own, found ::1, which hosts.a has",
    ],
  ])("finds what stands twice: %j", (source, expected) => {
    expect(check(source)).toBe(expected);
  });

  it("is told of endpoints that are not, or are twice, at their place", () => {
    const source = `
endpoints:
  moves: { cuont: 3 }
  static:
    - { mac: 01:00:5e:00:00:01, host: a, port: p }
    - { mac: 52:54:00:00:00:01, host: a, prot: p }
`;
    expect(check(source).split("\n")).toEqual([
      "weft.yaml:3:12: endpoints.moves.cuont: unknown key; did you mean count?",
      'weft.yaml:5:14: endpoints.static.0.mac: expected the MAC of a station, such as 52:54:00:12:34:56, found "01:00:5e:00:00:01"',
      "weft.yaml:6:7: endpoints.static.1.port: expected the name of a port, found nothing",
      "weft.yaml:6:42: endpoints.static.1.prot: unknown key; did you mean port?",
    ]);
    const twice = `
endpoints:
  static:
    - { mac: 52:54:00:00:00:01, ips: [192.0.2.1], host: a, port: p }
    - { mac: 52:54:00:00:00:02, ips: [192.0.2.1], host: b, port: p }
    - { mac: 52:54:00:00:00:01, network: red, host: b, port: p }
`;
    expect(check(twice)).toBe(
      "weft.yaml:5:39: endpoints.static.1.ips.0: expected a value of its own, found 192.0.2.1, which endpoints.static.0 has",
    );
  });

  it("names all its problems, in the order of the file", () => {
    expect(check("log: { level: loud }\nbrigde: x\nendpoints:\n  perPort: -1\n").split("\n")).toEqual([
      expect.stringContaining("weft.yaml:1:15: log.level: "),
      "weft.yaml:2:1: brigde: unknown key; did you mean bridge?",
      expect.stringContaining("weft.yaml:4:12: endpoints.perPort: "),
    ]);
  });

  it("shows YAML's own errors at their place", () => {
    expect(check("bridge: [br0\n")).toMatch(/^weft\.yaml:2:1: .*flow sequence/i);
    expect(check("a: 1\n---\nb: 2\n")).toMatch(/^weft\.yaml:2:1: .*multiple documents/i);
    expect(check("bridge: !!weird x\n")).toMatch(/^weft\.yaml:1:9: .*tag/i);
  });

  it("does not let a key named __proto__ through", () => {
    expect(check("__proto__: { bridge: x }")).toBe("weft.yaml:1:1: __proto__: unknown key");
    expect(check("networks: { __proto__: { tag: 1 } }")).toBe("weft.yaml:1:13: networks.__proto__: unknown key");
  });

  it("does not grow without bound with aliases of aliases", () => {
    const levels = Array.from(
      { length: 12 },
      (_, at) => `l${at}: &l${at} [${Array(9).fill(at === 0 ? "x" : `*l${at - 1}`)}]`,
    );
    expect(check(levels.join("\n"))).toMatch(/alias/i);
  });

  it("never throws, whatever the text is", () => {
    const piece = fc.constantFrom(
      "networks:",
      "hosts",
      ": ",
      "\n",
      "  ",
      "{",
      "}",
      "[",
      "]",
      "&a ",
      "*a",
      "? ",
      "- ",
      "tag",
      "1",
      "null",
      "'",
      '"',
      "!!map",
      "<<",
      "%",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (parts) => {
        const { errors } = parseConfig(parts.join(""), "f");
        for (const problem of errors ?? []) expect(problem.line).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
    fc.assert(fc.property(fc.string({ maxLength: 100, unit: "binary" }), (text) => void parseConfig(text, "f")));
  });
});

describe("loadConfig", () => {
  const directory = mkdtempSync(join(tmpdir(), "weft-config-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  it("is the defaults without a path", () => {
    expect(loadConfig(undefined)).toBe(defaultConfig);
  });

  it("throws one error that holds every problem", () => {
    const file = join(directory, "weft.yaml");
    writeFileSync(file, "brige: x\nlog: { level: 3 }\n");
    const error = thrownBy(() => loadConfig(file));
    expect(error.code).toBe("config/invalid");
    expect(error.problems).toHaveLength(2);
    expect(error.message.split("\n")[0]).toBe(`${file}:1:1: brige: unknown key; did you mean bridge?`);
  });

  it("says why a file cannot be read", () => {
    expect(thrownBy(() => loadConfig(join(directory, "no.yaml"))).message).toMatch(/no\.yaml: there is no such file$/);
    expect(thrownBy(() => loadConfig(directory)).message).toMatch(/: it is a directory$/);
  });
});

function thrownBy(action: () => unknown): ConfigError {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
