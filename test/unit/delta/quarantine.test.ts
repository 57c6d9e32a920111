// A host at whose facts the controller fails is left as it is; the others are served, and it is when its facts are others.
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Json, JsonObject } from "../../../proto/ovsdb/json-text.ts";
import type { Fabric } from "../../../src/model/fabric.ts";
import type { HostFact } from "../../../src/model/facts.ts";
import { decodeCookie } from "../../../src/pipeline/registry.ts";
import { ControllerOnLoopback, TEST_TIMEOUT_MS, until } from "./controller-on-loopback.ts";
import { WireHost } from "./wire-host.ts";
import { WireSwitch } from "./wire-switch.ts";

/** A fault because of nobody. */
let failsForAll = false;
/** Faults of the controller itself, by the name of a port. */
const FAILS_DRAWING = "poison-draw";
const FAILS_IDENTITY = "poison-name";
const FAILS_ROWS = "poison-rows";

const hasPort = (fact: HostFact | null, name: string): boolean =>
  fact?.ports.some((port) => port.name === name) === true;

vi.mock("../../../src/model/fabric.ts", async (original) => {
  const real = await original<typeof import("../../../src/model/fabric.ts")>();
  const deriveFabric: typeof real.deriveFabric = (input, previous) => {
    for (const fact of input.hostFacts.values()) {
      if (hasPort(fact, FAILS_DRAWING)) throw new RangeError("a port that can't be drawn");
    }
    return real.deriveFabric(input, previous);
  };
  return { ...real, deriveFabric };
});
vi.mock("../../../src/model/identity.ts", async (original) => {
  const real = await original<typeof import("../../../src/model/identity.ts")>();
  const resolveIdentities: typeof real.resolveIdentities = (input) => {
    if (input.hosts.some((fact) => hasPort(fact, FAILS_IDENTITY))) throw new RangeError("a host that can't be named");
    return real.resolveIdentities(input);
  };
  return { ...real, resolveIdentities };
});
vi.mock("../../../src/pipeline/rows.ts", async (original) => {
  const real = await original<typeof import("../../../src/pipeline/rows.ts")>();
  const isPoisoned = (fabric: Fabric) => [...fabric.hosts.values()].some((host) => hasPort(host.fact, FAILS_ROWS));
  const compileRows: typeof real.compileRows = (fabric, host, settings) => {
    if (failsForAll) throw new RangeError("no rows at all can be told");
    if (isPoisoned(fabric)) throw new RangeError("rows of nobody can be told");
    return real.compileRows(fabric, host, settings);
  };
  return { ...real, compileRows };
});

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

let controller: ControllerOnLoopback;
const hosts: WireHost[] = [];

beforeEach(async () => {
  controller = await ControllerOnLoopback.start();
});

afterEach(async () => {
  failsForAll = false;
  for (const host of hosts.splice(0)) host.socket.destroy();
  await controller.stop();
});

const PORT = randomUUID();
const INTERFACE = randomUUID();

function tablesWith(port: string, dpid?: string): JsonObject {
  const owned = { name: "br-int", ports: ["uuid", PORT], external_ids: ["map", [["weft-fabric", "f0"]]] };
  const bridge = dpid === undefined ? owned : { ...owned, datapath_id: dpid };
  return {
    Bridge: { [randomUUID()]: { initial: bridge } },
    Port: { [PORT]: { initial: { name: port, interfaces: ["uuid", INTERFACE] } } },
    Interface: { [INTERFACE]: { initial: { name: port, ofport: 1 } } },
  } as unknown as JsonObject;
}

async function connect(systemId: string, at: number, tables?: JsonObject): Promise<WireHost> {
  const options = { systemId, tunnelIp: `10.4.0.${at}`, obeys: true, ...(tables === undefined ? {} : { tables }) };
  const host = await WireHost.connect(controller.ovsdbPort, options);
  hosts.push(host);
  return host;
}

function rename(host: WireHost, port: string): void {
  const row = { modify: { name: port } };
  const tables = { Port: { [PORT]: row }, Interface: { [INTERFACE]: row } };
  host.send({ id: null, method: "update3", params: ["weft", randomUUID(), tables] as unknown as Json });
}

const codes = (id: string): readonly string[] =>
  controller.queries
    .hosts()
    .filter((host) => host.id === id)
    .flatMap((host) => host.problems.map((problem) => problem.code));

it.each([
  ["drawing the fabric", FAILS_DRAWING],
  ["telling who is who", FAILS_IDENTITY],
  ["telling the rows of any host", FAILS_ROWS],
])(
  "one host's rows that fail at %s stop no other host, and are told with them; it is served when they have changed",
  async (_, poison) => {
    const before = await connect("before", 1);
    await before.served();
    const bad = await connect("bad", 2, tablesWith(poison));
    await until("it is told", () => codes("bad").includes("host/quarantined"));
    const after = await connect("after", 3);
    await after.served();
    expect(bad.isOpen).toBe(true);
    expect(bad.transactions).toEqual([]);
    expect(codes("before")).not.toContain("host/quarantined");
    expect(codes("after")).not.toContain("host/quarantined");
    // Counted once for what it is, and not again each time that the fabric is drawn.
    const faults = controller.counter("faults");
    const more = await connect("more", 4);
    await more.served();
    expect(controller.counter("faults")).toBe(faults);
    const line = controller.log.find((one) => one.what === "what host bad says");
    expect(Buffer.from(String(line?.bytes), "hex").toString()).toContain(poison);

    rename(bad, "tap0");
    await until("it is served", () => bad.transactions.length > 0);
    await until("its problem is gone", () => !codes("bad").includes("host/quarantined"));
  },
);

it("The switch of a host that is left out is not given to another one that says it has the same", async () => {
  const dpid = "0000000000000abc";
  const bad = await connect("bad", 2, tablesWith("tap0", dpid));
  await until("it is there", () => codes("bad").length === 0 && bad.transactions.length > 0);
  const wire = await WireSwitch.connect(controller.openFlowPort, BigInt(`0x${dpid}`), { ports: [1] });
  try {
    await wire.served();
    const rival = await connect("rival", 3, tablesWith("tap0", dpid));
    await until("both are told", () => codes("bad").includes("host/duplicate-dpid"));
    const owners = () =>
      [...wire.flows.values()].flatMap(({ cookie }) => {
        const fact = decodeCookie(cookie);
        return fact?.kind === "identity" ? [fact.place] : [];
      });
    const [index] = owners();
    rename(bad, FAILS_DRAWING);
    await until("it is told", () => codes("bad").includes("host/quarantined"));
    const more = await connect("more", 4);
    await more.served();
    await wire.isHeard();
    expect(rival.isOpen).toBe(true);
    expect(owners()).toEqual([index]);
  } finally {
    wire.socket.destroy();
  }
});

it("What another configuration would change is told without a host that is left out", async () => {
  const bad = await connect("bad", 2, tablesWith(FAILS_DRAWING));
  await until("it is told", () => codes("bad").includes("host/quarantined"));
  const good = await connect("good", 3);
  await good.served();
  const plan = await controller.plan({ tunnel: { type: "vxlan" } });
  expect(plan.applied).toContain("tunnel.type");
  expect(bad.transactions).toEqual([]);
});

it("Where nobody's rows can be told, whoever asks for differences is told so", async () => {
  const host = await connect("host", 2);
  await host.served();
  failsForAll = true;
  const [view] = await controller.queries.drift("host");
  expect(view?.reason).toContain("what its database should hold is not known yet");
});
