// Somebody who names the datapath id of another host's switch, from another address: without TLS that is all there is to go by.
import { randomUUID } from "node:crypto";
import { afterEach, expect, it, vi } from "vitest";
import type { JsonObject } from "../../../proto/ovsdb/json-text.ts";
import { ControllerOnLoopback, TEST_TIMEOUT_MS, until } from "./controller-on-loopback.ts";
import { WireHost } from "./wire-host.ts";
import { WireSwitch } from "./wire-switch.ts";

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS });

const DPID = "0000000000000abc";
const HOME = "127.0.0.5";
const ELSEWHERE = "127.0.0.6";

let controller: ControllerOnLoopback;
const peers: (WireHost | WireSwitch)[] = [];

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.socket.destroy();
  await controller.stop();
});

async function hostAtHome(): Promise<WireHost> {
  const bridge = { name: "br-int", ports: ["set", []], external_ids: ["map", [["weft-fabric", "f0"]]] };
  const tables = { Bridge: { [randomUUID()]: { initial: { ...bridge, datapath_id: DPID } } } };
  const options = { systemId: "h", tunnelIp: "10.4.0.1", obeys: true, tables: tables as unknown as JsonObject };
  const host = await WireHost.connect(controller.ovsdbPort, { ...options, from: HOME });
  peers.push(host);
  await until("the host is read", () =>
    controller.queries.hosts().some(({ id, index }) => id === "h" && index !== null),
  );
  return host;
}

async function switchFrom(from: string): Promise<WireSwitch> {
  const one = await WireSwitch.connect(controller.openFlowPort, BigInt(`0x${DPID}`), { ports: [1], from });
  peers.push(one);
  return one;
}

const isServed = (one: WireSwitch) => () => one.count("identity") > 0;
const told = () =>
  controller.queries
    .hosts()
    .flatMap(({ problems }) => problems)
    .filter(({ code }) => code === "switch/other-address")
    .map(({ message }) => message);

it("With admit: all it is used and told of while the switch is not there, which then takes its place at once", async () => {
  controller = await ControllerOnLoopback.start();
  await hostAtHome();
  const stray = await switchFrom(ELSEWHERE);
  await until("it is served", isServed(stray));
  expect(told()).toEqual([
    expect.stringMatching(
      /^tcp:127\.0\.0\.6:\d+ says .* of h, which is at 127\.0\.0\.5 and 10\.4\.0\.1: it is used until/,
    ),
  ]);
  const home = await switchFrom(HOME);
  await until("the switch is served", isServed(home));
  await stray.endedWithin(5_000);
  expect(told()).toEqual([]);
  // It comes again, and is not listened to.
  const again = await switchFrom(ELSEWHERE);
  await until("it is told", () => told().some((message) => message.endsWith("it is not used")));
  await home.isHeard();
  await again.isHeard();
  expect(isServed(again)()).toBe(false);
});

it.each([
  ["known", { admit: "known", hosts: { h: {} } }],
  ["known, before its host was read", { admit: "known", hosts: { h: {} } }],
])("With admit: %s it is turned away, and the switch is served", async (when, settings) => {
  controller = await ControllerOnLoopback.start(settings);
  const early = when.includes("before") ? await switchFrom(ELSEWHERE) : null;
  await hostAtHome();
  const stray = early ?? (await switchFrom(ELSEWHERE));
  await stray.endedWithin(TEST_TIMEOUT_MS);
  expect(isServed(stray)()).toBe(false);
  const home = await switchFrom(HOME);
  await until("the switch is served", isServed(home));
  const { problems } = controller.queries.status();
  expect(problems.find(({ code }) => code === "switch/other-address")?.message).toMatch(/127\.0\.0\.6.*turned away$/);
});
