// Who is heard again and again is remembered as long as he is known, and no longer.
import { expect, it } from "vitest";
import { Regulars } from "../../../src/discovery/regulars.ts";

const place = { dpid: "s1", ofport: 1 };
const regular = { key: "7/02:00:00:00:00:01", vni: 7, place, at: "s1/1" };

it("a regular is dropped with the MAC that he was, and with no other of the same source", () => {
  const regulars = new Regulars();
  const heard = { vni: 7, ofport: 1, source: 0x0200_0000_0001 };
  regulars.add("s1", heard.source, regular);
  regulars.drop("s1", heard.source, "8/02:00:00:00:00:01");
  regulars.drop("s2", heard.source, regular.key);
  expect(regulars.find("s1", heard)).toBe(regular);
  regulars.drop("s1", heard.source, regular.key);
  expect(regulars.find("s1", heard)).toBeNull();
  expect(regulars.size).toBe(0);
});
