// The MTU that fits: checked against the sizes that the tunnels' own specifications give.
import { expect, test } from "vitest";
import { guestMtu } from "../../../src/lab/guest-mtu.ts";

test.each([
  ["gre", 1450],
  ["vxlan", 1442],
  ["geneve", 1442],
] as const)("with %s on an underlay of 1500 it is %i, relay label and priority tag included", (type, mtu) => {
  expect(guestMtu(1500, type)).toBe(mtu);
});

test("without a type it fits the greediest one", () => {
  expect(guestMtu(1500)).toBe(1442);
  expect(guestMtu(9000)).toBe(8942);
  expect(guestMtu(1500, undefined, "ipv6")).toBe(1422);
});
