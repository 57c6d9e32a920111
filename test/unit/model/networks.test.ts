import { describe, expect, it } from "vitest";
import type { PortFact } from "../../../src/model/facts.ts";
import { DEFAULT_VNI, FIRST_NAMED_VNI, MAX_VNI, NetworkTable } from "../../../src/model/networks.ts";
import { hostFact, portFact, vlan } from "./facts-for-tests.ts";

function table(ports: readonly PortFact[], settings: ConstructorParameters<typeof NetworkTable>[0] = []) {
  return new NetworkTable(settings, [hostFact({ id: "h", ports })], []);
}

/** `network: untagged` or `network: in 0,10 out 10` for each attachment. */
function attachments(networks: NetworkTable, port: PortFact): string[] {
  return networks
    .attachments(port)
    .map((at) =>
      at.except === undefined
        ? `${at.network.name} in ${at.ingressVlans.join(",")} out ${at.egressVlan ?? "untagged"}`
        : `all others but ${at.except.join(",") || "none"}`,
    );
}

describe("networks", () => {
  it("of a VLAN tag need no declaring: tag t is vlan<t> with VNI t", () => {
    const networks = table([portFact({ name: "a", vlan: vlan(10) })]);
    expect(networks.byName("vlan10")).toEqual({ name: "vlan10", vni: 10, tag: 10, answer: true });
    expect(networks.default).toEqual({ name: "default", vni: DEFAULT_VNI, tag: null, answer: true });
  });

  it("can be named and numbered by configuration", () => {
    const networks = table([portFact({ name: "a", vlan: vlan(10) })], [{ name: "blue", vni: 5000, tag: 10 }]);
    expect(networks.byName("blue")).toEqual({ name: "blue", vni: 5000, tag: 10, answer: true });
    expect(networks.byName("vlan10")).toBeUndefined();
  });

  it("that have only a name get the same VNI from it everywhere, out of the VLANs' reach", () => {
    const first = table([portFact({ name: "a", networkName: "blue" })]).byName("blue");
    const second = table([portFact({ name: "x", networkName: "red" }), portFact({ name: "b", networkName: "blue" })]);
    expect(first?.vni).toBeGreaterThanOrEqual(FIRST_NAMED_VNI);
    expect(first?.vni).toBeLessThanOrEqual(MAX_VNI);
    expect(second.byName("blue")?.vni).toBe(first?.vni);
    expect(second.byName("red")?.vni).not.toBe(first?.vni);
  });

  it("keep the VNI that their ports have stored", () => {
    const networks = table([portFact({ name: "a", networkName: "blue", storedVni: 70_000 })]);
    expect(networks.byName("blue")?.vni).toBe(70_000);
  });

  it("whose VNI is only remembered from flows have a name for it", () => {
    const networks = new NetworkTable([], [], [10, 70_000, DEFAULT_VNI]);
    expect(networks.all().map((network) => network.name)).toEqual(["vlan10", "default", "vni70000"]);
  });
});

describe("a port", () => {
  const other = portFact({ name: "other", ofport: 2, vlan: vlan(10) });
  const another = portFact({ name: "another", ofport: 3, vlan: vlan(20) });

  it("with none of tag, trunks and vlan_mode is an access port of the default network", () => {
    const port = portFact({ name: "p" });
    expect(attachments(table([port, other]), port)).toEqual(["default in 0 out untagged"]);
  });

  it("with a tag is an access port of the tag's network", () => {
    const port = portFact({ name: "p", vlan: vlan(10) });
    expect(attachments(table([port]), port)).toEqual(["vlan10 in 0 out untagged"]);
  });

  it("with weft-network is in that network, whatever its tag", () => {
    const port = portFact({ name: "p", networkName: "blue", vlan: vlan(10) });
    expect(attachments(table([port]), port)).toEqual(["blue in 0 out untagged"]);
  });

  it("with vlan_mode=trunk and empty trunks carries every VLAN, and untagged frames for the default network", () => {
    const port = portFact({ name: "p", vlan: vlan(null, [], "trunk") });
    expect(attachments(table([port, other, another]), port)).toEqual([
      "default in 0 out untagged",
      "vlan10 in 10 out 10",
      "vlan20 in 20 out 20",
      "all others but none",
    ]);
  });

  it("that carries all VLANs keeps out those of networks that it is not in by their tag", () => {
    const port = portFact({ name: "p", networkName: "vlan10", vlan: vlan(null, [], "trunk") });
    expect(attachments(table([port, other, another]), port)).toEqual([
      "vlan10 in 0 out untagged",
      "vlan20 in 20 out 20",
      "all others but 10",
    ]);
  });

  it.each([
    ["access", "never", "never"],
    ["access", "if-nonzero", "if-nonzero"],
    ["access", "always", "if-nonzero"],
    ["trunk", "never", "if-nonzero"],
    ["trunk", "always", "always"],
    ["native-untagged", "always", "if-nonzero"],
    ["native-untagged", "never", "never"],
  ] as const)("with vlan_mode=%s and priority-tags=%s gives them %s, as Open vSwitch does", (mode, asked, given) => {
    const tag = mode === "native-untagged" ? 10 : null;
    const port = portFact({ name: "p", vlan: { tag, trunks: [], vlanMode: mode, priorityTags: asked } });
    expect(table([port]).attachments(port)[0]?.priorityTags).toBe(given);
  });

  it("with vlan_mode=trunk has no use for its tag: untagged frames are VLAN 0's, as in Open vSwitch", () => {
    const port = portFact({ name: "p", vlan: vlan(10, [], "trunk") });
    const networks = table([port, other]);
    expect(attachments(networks, port)).toEqual([
      "default in 0 out untagged",
      "vlan10 in 10 out 10",
      "all others but none",
    ]);
  });

  it("with trunks carries just those, and untagged frames only if VLAN 0 is among them", () => {
    const port = portFact({ name: "p", vlan: vlan(null, [20]) });
    expect(attachments(table([port, other, another]), port)).toEqual(["vlan20 in 20 out 20"]);
    const withZero = portFact({ name: "p", vlan: vlan(null, [0, 20]) });
    expect(attachments(table([withZero, other, another]), withZero)).toEqual([
      "default in 0 out untagged",
      "vlan20 in 20 out 20",
    ]);
  });

  it("that is native-tagged takes its native VLAN both ways and gives it out tagged", () => {
    const port = portFact({ name: "p", vlan: vlan(10, [20], "native-tagged") });
    expect(attachments(table([port, other, another]), port)).toEqual(["vlan10 in 0,10 out 10", "vlan20 in 20 out 20"]);
  });

  it("that is native-untagged gives its native VLAN out untagged", () => {
    const port = portFact({ name: "p", vlan: vlan(10, [20], "native-untagged") });
    expect(attachments(table([port, other, another]), port)).toEqual([
      "vlan10 in 0,10 out untagged",
      "vlan20 in 20 out 20",
    ]);
  });

  it("that is kept out of the fabric is in no network", () => {
    const excluded = { code: "port/patch", message: "", remedy: "" };
    const port = portFact({ name: "p", excluded });
    expect(attachments(table([port]), port)).toEqual([]);
  });
});

describe("a port whose weft-network is vlan<t>", () => {
  it("is in the network of tag t though configuration calls it otherwise", () => {
    const port = portFact({ name: "p", networkName: "vlan30" });
    const networks = table([port], [{ name: "green", vni: null, tag: 30 }]);
    expect(attachments(networks, port)).toEqual(["green in 0 out untagged"]);
  });
});

describe("a VLAN that a port names without being in it", () => {
  it.each([
    ["a trunk's tag", { vlan: vlan(30, [10], "trunk") }],
    ["the trunks of an access port", { vlan: vlan(10, [30], "access") }],
    ["the tag of a port that names its network", { vlan: vlan(30), networkName: "blue" }],
    ["a port that does 802.1Q tunnelling", { vlan: vlan(30, [], "dot1q-tunnel") }],
    ["a port that is not in use", { vlan: vlan(30), inUse: false }],
  ])("makes no network: %s", (_what, fields) => {
    expect(table([portFact({ name: "p", ...fields })]).byName("vlan30")).toBeUndefined();
  });
});
