// What a machine lacks for the lab is all named at once, with its remedy.
import { expect, test } from "vitest";
import { checkRequirements } from "../../../src/lab/requirements.ts";

const able = { uid: 0, platform: "linux", hasProgram: () => true };

test("nothing is missing on a machine that has everything", () => {
  expect(checkRequirements(able)).toEqual([]);
});

test("root is missing for anybody else", () => {
  expect(checkRequirements({ ...able, uid: 1000 })).toEqual([
    { what: "root", remedy: expect.stringContaining("run as root") },
  ]);
});

test("every missing program is named with the package that brings it", () => {
  const missing = checkRequirements({ ...able, hasProgram: (name) => !["ovs-vswitchd", "ping"].includes(name) });
  expect(missing.map(({ what }) => what)).toEqual(["ovs-vswitchd", "ping"]);
  expect(missing[0]?.remedy).toContain("openvswitch-switch");
  expect(missing[1]?.remedy).toContain("iputils-ping");
});

test("on another system than Linux that alone is said", () => {
  const missing = checkRequirements({ uid: 501, platform: "darwin", hasProgram: () => false });
  expect(missing.map(({ what }) => what)).toEqual(["Linux"]);
});
