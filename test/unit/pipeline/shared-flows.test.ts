// What all switches have in common is kept for networks that have endpoints, and for no others.
import { expect, it } from "vitest";
import { shareFlows } from "../../../src/pipeline/shared-flows.ts";
import { derive, hostFact, portFact, stored, switchFact } from "../model/facts-for-tests.ts";

it("a network whose last endpoint has gone leaves nothing behind", () => {
  const host = hostFact({
    ...{ id: "h1", dpid: "0000000000000001", stored: stored("h1", 1), tunnelIp: "10.9.0.1" },
    ports: [portFact({ name: "a", vlan: { tag: 7, trunks: [], vlanMode: null } })],
  });
  const observed = [{ vni: 7, mac: "02:00:00:00:00:01", ofport: 1, ips: ["10.0.0.1"], heard: 1 }];
  const before = shareFlows(derive([host], { h1: switchFact({ ownIndex: 1, observed }) }));
  expect([before.hosts, before.forward].map((map) => [...map.keys()])).toEqual([[7], [7]]);
  const after = shareFlows(derive([host], { h1: switchFact({ ownIndex: 1 }) }), before);
  expect([after.hosts.size, after.forward.size]).toEqual([0, 0]);
});
