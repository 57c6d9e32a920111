import { expect, it } from "vitest";
import { encode, OFP_NO_BUFFER, OFPP } from "../../../proto/openflow13/index.ts";
import { checkFrame } from "../../../src/probes/check-frame.ts";
import { checkOffers } from "../../../src/probes/check-paths.ts";
import { derive, hostFact, stored, tunnelTo } from "../model/facts-for-tests.ts";

it("Probes of every size go into a message to a switch, whatever a host says that its underlay passes", () => {
  const underlay = { underlayMtu: 65_535, tunnelTypes: ["gre"] as const };
  const gre = { type: "gre", name: "gre", ofport: 0x8001 } as const;
  const hosts = [
    hostFact({
      id: "a",
      tunnelIp: "10.0.0.1",
      stored: stored("a", 1),
      tunnels: [tunnelTo("b", 2, "10.0.0.2", gre)],
      ...underlay,
    }),
    hostFact({
      id: "b",
      tunnelIp: "10.0.0.2",
      stored: stored("b", 2),
      tunnels: [tunnelTo("a", 1, "10.0.0.1", gre)],
      ...underlay,
    }),
  ];
  const fabric = derive(hosts, {}, { tunnelType: "gre" });
  const scope = { absence: () => null, underlayMtu: 1500, checksums: false, hosts: null, network: null };
  const paths = checkOffers([fabric], scope).map(({ path }) => path());
  expect(paths.map(({ kind, unchecked }) => ({ kind, unchecked }))).toContainEqual({ kind: "tunnel", unchecked: null });
  for (const { destination, actions, sizes } of paths) {
    for (const { bytes } of sizes) {
      const data = checkFrame({ source: "0a:00:00:00:00:01", destination }, new Uint8Array(16), 1, bytes);
      const out = { xid: 1, bufferId: OFP_NO_BUFFER, inPort: OFPP.CONTROLLER, actions, data } as const;
      expect(() => encode({ kind: "packet_out", ...out })).not.toThrow();
    }
  }
});
