// What nobody expected: an exception in the handling of one message ends that connection, is counted and told with the bytes.
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { arpFrame, frameToBytes } from "../../../src/trace/index.ts";
import { ControllerOnLoopback, TEST_TIMEOUT_MS, until } from "./controller-on-loopback.ts";
import { WireHost } from "./wire-host.ts";
import { WireSwitch } from "./wire-switch.ts";

const POISON_MAC = "02:de:ad:be:ef:01";
const POISON_HOST = "poison";

// Faults of the controller itself, put in where peers' words are taken in.
vi.mock("../../../src/discovery/sighting.ts", async (original) => {
  const real = await original<typeof import("../../../src/discovery/sighting.ts")>();
  const sightingOf: typeof real.sightingOf = (packetIn) => {
    const sighting = real.sightingOf(packetIn);
    if (sighting?.mac === POISON_MAC) throw new TypeError("cannot read properties of a poisoned frame");
    return sighting;
  };
  return { ...real, sightingOf };
});
vi.mock("../../../src/discovery/host-rows.ts", async (original) => {
  const real = await original<typeof import("../../../src/discovery/host-rows.ts")>();
  const hostFact: typeof real.hostFact = (rows, context) => {
    if (rows.openVSwitch?.external_ids.get("system-id") === POISON_HOST) throw new TypeError("a poisoned row");
    return real.hostFact(rows, context);
  };
  return { ...real, hostFact };
});
vi.mock("../../../src/pipeline/compile.ts", async (original) => {
  const real = await original<typeof import("../../../src/pipeline/compile.ts")>();
  const compileSwitch: typeof real.compileSwitch = (fabric, host, settings) => {
    if (host.id === "dpid:0000000000000bad") throw new TypeError("a poisoned host");
    return real.compileSwitch(fabric, host, settings);
  };
  return { ...real, compileSwitch };
});

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

let controller: ControllerOnLoopback;
let witness: WireSwitch;

beforeAll(async () => {
  controller = await ControllerOnLoopback.start();
  witness = await WireSwitch.connect(controller.openFlowPort, 0x1n);
  await witness.served();
});

afterAll(async () => {
  witness?.socket.destroy();
  await controller?.stop();
});

const faultLog = (what: string) =>
  controller.log.filter(
    (line) => String(line.msg).startsWith("this controller failed") && JSON.stringify(line.err).includes(what),
  );

it("a packet-in at which the controller fails ends that switch's connection, with the bytes in the log", async () => {
  const peer = await WireSwitch.connect(controller.openFlowPort, 0x2n);
  await peer.served();
  const faults = controller.counter("faults");
  const poison = frameToBytes(
    arpFrame({
      source: POISON_MAC,
      destination: "ff:ff:ff:ff:ff:ff",
      senderIp: "10.0.0.1",
      targetIp: "10.0.0.2",
      operation: 1,
    }),
  );
  peer.packetIn(1, 4095n, poison);
  await peer.endedWithin(30_000);
  await witness.isHeard();
  expect(controller.counter("faults")).toBe(faults + 1);
  const [line] = faultLog("poisoned frame");
  expect(line?.bytes).toContain(Buffer.from(poison).toString("hex"));
  expect(JSON.stringify(line?.err)).toContain("sighting");
  expect(controller.queries.status().problems).toContainEqual(
    expect.objectContaining({ code: "controller/fault", message: expect.stringContaining("poisoned frame") }),
  );
  // The same switch is as welcome as before.
  const again = await WireSwitch.connect(controller.openFlowPort, 0x2n);
  await again.served();
  again.socket.destroy();
});

it("a host's rows at which the controller fails end that host's connection", async () => {
  const faults = controller.counter("faults");
  const good = await WireHost.connect(controller.ovsdbPort, { systemId: "good", tunnelIp: "10.1.0.1" });
  await good.served();
  const bad = await WireHost.connect(controller.ovsdbPort, { systemId: POISON_HOST, tunnelIp: "10.1.0.2" });
  await bad.endedWithin(30_000);
  expect(controller.counter("faults")).toBe(faults + 1);
  expect(Buffer.from(String(faultLog("a poisoned row")[0]?.bytes), "hex").toString()).toContain(POISON_HOST);
  await good.isHeard();
  await witness.isHeard();
  good.socket.destroy();
});

it("a switch whose tables can't be told is told of, and the others are served", async () => {
  const bad = await WireSwitch.connect(controller.openFlowPort, 0xbadn);
  const good = await WireSwitch.connect(controller.openFlowPort, 0x3n);
  await good.served();
  await bad.isHeard();
  expect(bad.flows.size).toBe(0);
  await until("it is told", () => controller.said().includes("a poisoned host"));
  bad.socket.destroy();
  good.socket.destroy();
});
