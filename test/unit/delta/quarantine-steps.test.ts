// Each step that follows from changed facts may fail at one host or switch: it is left out and told of, the others are served.
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Json, JsonObject } from "../../../proto/ovsdb/json-text.ts";
import { Whereabouts } from "../../../src/discovery/whereabouts.ts";
import { ControllerOnLoopback, TEST_TIMEOUT_MS, until } from "./controller-on-loopback.ts";
import { WireHost } from "./wire-host.ts";
import { WireSwitch } from "./wire-switch.ts";

const BAD = "0000000000000bad";
const GOOD = "000000000000600d";

/** Whether facts that name the bad switch can't be dealt with. */
let fails = false;

function mustBeGood(dpid: string | null): void {
  if (fails && dpid === BAD) throw new RangeError("a switch that can't be dealt with");
}

vi.mock("../../../src/discovery/rival-bridges.ts", async (original) => {
  const real = await original<typeof import("../../../src/discovery/rival-bridges.ts")>();
  const rivalBridges: typeof real.rivalBridges = (facts, ...rest) => {
    for (const { dpid } of facts) if (failing === "rivalBridges") mustBeGood(dpid);
    return real.rivalBridges(facts, ...rest);
  };
  return { ...real, rivalBridges };
});
vi.mock("../../../src/discovery/lone-switch.ts", async (original) => {
  const real = await original<typeof import("../../../src/discovery/lone-switch.ts")>();
  const cabledPorts: typeof real.cabledPorts = (dpid, ...rest) => {
    if (failing === "cabledPorts") mustBeGood(dpid);
    return real.cabledPorts(dpid, ...rest);
  };
  return { ...real, cabledPorts };
});

let failing: "rivalBridges" | "cabledPorts" | "load" | "retain" | null = null;

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

let controller: ControllerOnLoopback;
const peers: (WireHost | WireSwitch)[] = [];

beforeEach(async () => {
  controller = await ControllerOnLoopback.start();
});

afterEach(async () => {
  vi.restoreAllMocks();
  [fails, failing] = [false, null];
  for (const peer of peers.splice(0)) peer.socket.destroy();
  await controller.stop();
});

async function host(systemId: string, at: number, dpid: string): Promise<WireHost> {
  const bridge = { name: "br-int", ports: ["set", []], external_ids: ["map", [["weft-fabric", "f0"]]] };
  const tables = { Bridge: { [randomUUID()]: { initial: { ...bridge, datapath_id: dpid } } } };
  const options = { systemId, tunnelIp: `10.4.0.${at}`, obeys: true, tables: tables as unknown as JsonObject };
  const one = await WireHost.connect(controller.ovsdbPort, options);
  peers.push(one);
  return one;
}

async function bridge(dpid: string): Promise<WireSwitch> {
  const one = await WireSwitch.connect(controller.openFlowPort, BigInt(`0x${dpid}`), { ports: [1] });
  peers.push(one);
  return one;
}

const codesOf = (id: string): readonly string[] =>
  controller.queries
    .hosts()
    .filter((one) => one.id === id)
    .flatMap((one) => one.problems.map(({ code }) => code));

const identityOf = (one: WireSwitch): number => one.count("identity");

it.each(["rivalBridges", "load", "retain"] as const)(
  "%s that fails at one host's switch leaves that host out with the remedy, and all others are served",
  async (step) => {
    failing = step;
    const done: string[] = [];
    if (step === "load" || step === "retain") {
      const real = Whereabouts.prototype[step] as (dpid: string, ...rest: unknown[]) => unknown;
      vi.spyOn(Whereabouts.prototype, step).mockImplementation(function (this: Whereabouts, ...given: unknown[]) {
        mustBeGood(String(given[0]));
        done.push(String(given[0]));
        return real.apply(this, given as [string]) as never;
      });
    }
    const before = await host("before", 1, GOOD);
    await until("it is asked for what it lacks", () => before.transactions.length > 0);
    fails = true;
    const bad = await host("bad", 2, BAD);
    const left = await bridge(BAD);
    await until("it is told", () => codesOf("bad").includes("host/quarantined"));
    const served = await bridge(GOOD);
    await until("another's switch is served", () => identityOf(served) > 0);
    const after = await host("after", 3, "0000000000000abc");
    await until("a host that comes later is served", () => after.transactions.length > 0);
    const problem = controller.queries.hosts().find((one) => one.id === "bad")?.problems;
    expect(problem?.find(({ code }) => code === "host/quarantined")).toMatchObject({
      message: expect.stringContaining("a switch that can't be dealt with"),
      remedy: expect.stringContaining("tried again when its rows or flows change"),
    });
    for (const id of ["before", "after"]) expect(codesOf(id)).not.toContain("host/quarantined");
    // Told once, not each time that the fabric is drawn.
    expect(controller.counter("faults")).toBe(1);

    // It comes back with all that it was left out of.
    fails = false;
    const row = { modify: { external_ids: ["map", [["hostname", "mended"]]] } };
    const tables = { Open_vSwitch: { [bad.rootUuid]: row } };
    bad.send({ id: null, method: "update3", params: ["weft", randomUUID(), tables] as unknown as Json });
    await until("its problem is gone", () => !codesOf("bad").includes("host/quarantined"));
    await until("its switch is served", () => identityOf(left) > 0);
    if (step !== "rivalBridges") expect(done).toContain(BAD);
  },
);

it("A lone switch at which drawing its island fails is left as it is, and another lone one is served", async () => {
  [failing, fails] = ["cabledPorts", true];
  const bad = await bridge(BAD);
  const good = await bridge(GOOD);
  await good.served();
  const problems = () => controller.queries.status().problems.filter(({ code }) => code === "host/quarantined");
  await until("it is told", () => problems().length === 1);
  expect(problems()[0]?.message).toContain(`switch ${BAD}`);
  expect(bad.count("port")).toBe(0);
  expect(bad.isOpen).toBe(true);
});

it("What fails at nobody's facts alone stops neither the hosts nor the switches", async () => {
  vi.spyOn(Whereabouts.prototype, "declare").mockImplementation(() => {
    throw new RangeError("nothing can be declared");
  });
  const first = await host("first", 1, GOOD);
  const served = await bridge(GOOD);
  await until("its switch is served", () => identityOf(served) > 0);
  expect(first.transactions.length).toBeGreaterThan(0);
  const codes = controller.queries.status().problems.map(({ code }) => code);
  expect(codes).toContain("controller/fault");
});
