// Somebody who names the datapath id of another host's switch, from another address: without TLS that is all there is to go by.
import { randomUUID } from "node:crypto";
import { afterEach, expect, it, vi } from "vitest";
import type { JsonObject } from "../../../proto/ovsdb/json-text.ts";
import { decodeCookie } from "../../../src/pipeline/registry.ts";
import { ControllerOnLoopback, TEST_TIMEOUT_MS, until } from "./controller-on-loopback.ts";
import { WireHost } from "./wire-host.ts";
import { WireSwitch } from "./wire-switch.ts";

const TUNNEL = "127.0.0.7";

// A host on loopback has no tunnel IP; here one has.
vi.mock("../../../src/discovery/tunnel-ip.ts", async (original) => {
  const real = await original<typeof import("../../../src/discovery/tunnel-ip.ts")>();
  const findTunnelIp: typeof real.findTunnelIp = (sources) =>
    sources.externalIds.get("weft-tunnel-ip") === TUNNEL ? { ip: TUNNEL, problem: null } : real.findTunnelIp(sources);
  return { ...real, findTunnelIp };
});

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

interface At {
  readonly from: string;
  readonly tunnelIp?: string;
}

/** A host whose rows name the switch, whoever it is. */
async function connectHost(systemId: string, { from, tunnelIp = "10.4.0.1" }: At): Promise<WireHost> {
  const bridge = { name: "br-int", ports: ["set", []], external_ids: ["map", [["weft-fabric", "f0"]]] };
  const tables = { Bridge: { [randomUUID()]: { initial: { ...bridge, datapath_id: DPID } } } };
  const options = { systemId, tunnelIp, obeys: true, tables: tables as unknown as JsonObject };
  const host = await WireHost.connect(controller.ovsdbPort, { ...options, from });
  peers.push(host);
  const isTaken = () =>
    controller.log.some(
      ({ host: id, peer, msg }) =>
        id === systemId && msg === "host connected by OVSDB" && peer === `tcp:${from}:${host.socket.localPort}`,
    );
  await until("the host is taken", isTaken);
  await until("the host is read", () =>
    controller.queries.hosts().some(({ id, index }) => id === systemId && index !== null),
  );
  return host;
}

const hostAtHome = (): Promise<WireHost> => connectHost("h", { from: HOME });

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

const turnedAway = () =>
  controller.queries
    .status()
    .problems.filter(({ code, message }) => code === "switch/other-address" && !message.includes("not used"))
    .map(({ message }) => message);
/** Of the host whose flows it holds. */
const ownersOf = (one: WireSwitch) =>
  [...one.flows.values()].flatMap(({ cookie }) => {
    const fact = decodeCookie(cookie);
    return fact?.kind === "identity" ? [fact.place] : [];
  });
const indexOf = (host: string) => controller.queries.hosts().find(({ id }) => id === host)?.index;

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
  // What has become of it is told, and nothing that is so no more.
  expect(turnedAway()).toEqual([
    expect.stringMatching(/127\.0\.0\.6.*: one that comes from there has taken its place$/),
  ]);
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

it.each([
  ["all", {}],
  ["known", { admit: "known", hosts: { h: {} } }],
])(
  "With admit: %s a live switch keeps its place when somebody else comes as its host's database, and as it",
  async (_, settings) => {
    controller = await ControllerOnLoopback.start(settings);
    const database = await hostAtHome();
    const home = await switchFrom(HOME);
    await until("the switch is served", isServed(home));
    database.socket.destroy();
    await until("its database is gone", () => controller.said().includes("host disconnected from OVSDB"));
    await connectHost("h", { from: ELSEWHERE, tunnelIp: "10.4.0.9" });
    const stranger = await switchFrom(ELSEWHERE);
    await until("both are told", () => controller.said().includes("a second OpenFlow connection of the same switch"));
    await home.isHeard();
    await stranger.isHeard();
    expect([home.isOpen, isServed(stranger)()]).toEqual([true, false]);
    // Which of the two the host is can't be told: somebody has to look.
    expect(told()).toEqual([
      expect.stringMatching(/^tcp:127\.0\.0\.5:.*which is at 127\.0\.0\.6.*: it came from where the host was then/),
    ]);
    // A host that has moved: its switch comes from there as well, and the old connection is dead.
    home.ignores.add("barrier_request");
    const moved = await switchFrom(ELSEWHERE);
    await home.endedWithin(TEST_TIMEOUT_MS);
    await until("the switch is served where it is now", () => isServed(stranger)() || isServed(moved)());
  },
);

it("A host that names another's switch keeps it out for no longer than that host's database is away", async () => {
  controller = await ControllerOnLoopback.start({ admit: "known", hosts: { h: {}, b: {} } });
  await connectHost("b", { from: ELSEWHERE, tunnelIp: "10.4.0.2" });
  const early = await switchFrom(HOME);
  await early.endedWithin(TEST_TIMEOUT_MS);
  await hostAtHome();
  const home = await switchFrom(HOME);
  await until("the switch is served", isServed(home));
  expect(ownersOf(home)).toEqual([indexOf("h")]);
  // Neither does it get it while the switch is away.
  home.socket.destroy();
  await until("it is gone", () => controller.said().includes("switch disconnected"));
  const stray = await switchFrom(ELSEWHERE);
  await stray.endedWithin(TEST_TIMEOUT_MS);
  expect(isServed(stray)()).toBe(false);
});

it("With admit: known a switch that is at its host's tunnel IP is let in from the first moment", async () => {
  controller = await ControllerOnLoopback.start({ admit: "known", hosts: { h: {} } });
  const early = await switchFrom(TUNNEL);
  await connectHost("h", { from: HOME, tunnelIp: TUNNEL });
  await until("the switch is served", isServed(early));
  expect(turnedAway()).toEqual([]);
});
