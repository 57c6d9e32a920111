// What a machine lacks for the lab is all named at once, with its remedy.
import { expect, test } from "vitest";
import { checkRequirements } from "../../../src/lab/requirements.ts";

const able = { uid: 0, platform: "linux", hasProgram: () => true, refusesNamespace: () => null };

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

test("root that may not make namespaces, as in a container, is told so with the reason, once nothing else is missing", () => {
  const contained = { ...able, refusesNamespace: () => "Operation not permitted" };
  expect(checkRequirements(contained)).toEqual([
    { what: "network namespaces", remedy: expect.stringMatching(/\(Operation not permitted\).*container/) },
  ]);
  expect(checkRequirements({ ...contained, uid: 1000 }).map(({ what }) => what)).toEqual(["root"]);
});

test("on another system than Linux that alone is said", () => {
  const missing = checkRequirements({
    uid: 501,
    platform: "darwin",
    hasProgram: () => false,
    refusesNamespace: () => null,
  });
  expect(missing.map(({ what }) => what)).toEqual(["Linux"]);
});
