// Where a switch comes from whose host's database is on a socket of the controller's machine, by the addresses of its session.
import pino from "pino";
import { expect, it } from "vitest";
import { Admission } from "../../../src/controller/admission.ts";
import { Counters } from "../../../src/controller/counters.ts";
import type { OpenFlowSession } from "../../../src/southbound/openflow/index.ts";

const CONTROLLER = "192.0.2.1";

function door(isSettled = false): Admission {
  return new Admission({
    rules: { admit: "known", known: new Set(["h"]) },
    ...{ secret: null, log: pino({ level: "silent" }), counters: new Counters(), now: () => 0 },
    homeOf: () => ({ home: { kind: "local" }, tunnelIp: "192.0.2.10" }),
    controllerAddress: CONTROLLER,
    isSettled: () => isSettled,
    admitted: () => undefined,
    dismissed: () => undefined,
  });
}

const session = (remoteAddress: string, localAddress: string) =>
  ({ label: `tcp:${remoteAddress}:4711`, remoteAddress, localAddress }) as OpenFlowSession;

it.each([
  ["from the address that it was told, which is this machine's", CONTROLLER, CONTROLLER, true],
  ["from another address of this machine, to that", "198.51.100.1", "198.51.100.1", true],
  ["from the address that it was told, which a NAT gives to this machine", CONTROLLER, "10.0.0.2", true],
  ["from its tunnel IP", "192.0.2.10", CONTROLLER, true],
  ["from a container", "172.17.0.2", "172.17.0.1", false],
])("It is let in %s, or not", (_, remote, local, isLetIn) => {
  expect(door().judgeSwitch(session(remote, local), "h")?.code).toBe(isLetIn ? undefined : "switch/other-address");
  expect(door().comesFrom(session(remote, local), "h")).toBe(isLetIn);
});

it("A connection that is in use, and came from there then, is let in, and told of", () => {
  const moved = session("203.0.113.9", CONTROLLER);
  expect(door(true).judgeSwitch(moved, "h")).toBeNull();
  expect(door(true).elsewhere(moved, "h", "used")).toBeNull();
  expect(door(true).keptFrom(moved, "h")?.message).toMatch(/it came from where the host was then/);
  expect(door(false).keptFrom(moved, "h")).toBeNull();
});
