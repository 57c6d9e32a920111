// What a change costs, in messages: counted by the switches and databases of a simulated fleet. Seconds differ from machine
// to machine, counts do not: what grows here grows everywhere.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Fleet } from "../../../src/sim/fleet.ts";
import type { SimulatedHost } from "../../../src/sim/host.ts";
import { ControllerOnLoopback, until } from "../delta/controller-on-loopback.ts";

/** Flow-mods that were turned into bytes, since the last look, for one switch or for many: the controller alone makes any. */
const encoded = vi.hoisted(() => ({ flowMods: 0 }));
vi.mock("../../../proto/openflow13/codec.ts", async (original) => {
  const codec = await original<typeof import("../../../proto/openflow13/codec.ts")>();
  const encode: typeof codec.encode = (message) => {
    const inner = message.kind === "bundle_add" ? message.message : message;
    if (inner.kind === "flow_mod") encoded.flowMods += 1;
    return codec.encode(message);
  };
  return { ...codec, encode };
});

const HOSTS = 6;
const PATIENCE_MS = 60_000;
const QUIET_MS = 500;

interface Counts {
  readonly flowMods: number;
  readonly groupMods: number;
  readonly transactions: number;
}

const macOf = (number: number): string => `02:00:00:00:01:${number.toString(16).padStart(2, "0")}`;
const macNumber = (number: number): bigint => BigInt(`0x${macOf(number).replaceAll(":", "")}`);

/** Whose counts are looked at is left in peace by probes. */
const quiet = { bfd: { packetsPerSecond: 100 }, loops: { probeSec: 0 } };

describe("what a change costs, in messages", { timeout: 120_000 }, () => {
  let controller: ControllerOnLoopback;
  let fleet: Fleet;
  let ports: { ovsdb: number; openflow: number };

  const switchOf = (host: SimulatedHost) => {
    const bridge = host.vswitchd.bridgeNamed("br-int");
    if (bridge === undefined) throw new Error(`${host.systemId} has no bridge`);
    return bridge.datapath;
  };
  const countsOf = (host: SimulatedHost): Counts => {
    const { flowMods, groupMods } = switchOf(host).counts;
    return { flowMods, groupMods, transactions: host.counts.transactions };
  };
  const all = (): Counts[] => fleet.hosts.map(countsOf);
  const leadsTo = (host: SimulatedHost, number: number): boolean =>
    [...switchOf(host).flows.all()].some(
      ({ tableId, match }) =>
        tableId === 30 && match.some((tlv) => tlv.field === "eth_dst" && BigInt(tlv.value) === macNumber(number)),
    );
  const rest = async (): Promise<void> => {
    for (let before = ""; before !== JSON.stringify(all()); ) {
      before = JSON.stringify(all());
      await sleep(QUIET_MS);
    }
  };
  const attach = (host: SimulatedHost, number: number): void => {
    const ids = { externalIds: { "attached-mac": macOf(number) } };
    host.addGuest({ name: `g${number}`, mac: macOf(number), ip: `10.0.0.${number}`, ...ids });
  };
  const detach = (host: SimulatedHost, number: number): void => host.removePort(`tap-g${number}`);
  /** What each host was sent for it, and the flow-mods that were encoded, once all is at rest again. */
  const cost = async (what: string, act: () => void, isDone: (host: SimulatedHost) => boolean) => {
    await rest();
    const before = all();
    encoded.flowMods = 0;
    act();
    await until(what, () => fleet.hosts.every(isDone), PATIENCE_MS);
    await rest();
    const each = all().map((now, at): Counts => {
      const was = before[at] ?? { flowMods: 0, groupMods: 0, transactions: 0 };
      return {
        flowMods: now.flowMods - was.flowMods,
        groupMods: now.groupMods - was.groupMods,
        transactions: now.transactions - was.transactions,
      };
    });
    return { each, encodings: encoded.flowMods };
  };
  const host = (number: number): SimulatedHost => fleet.host(number);
  const allUp = (): boolean => {
    const tunnels = controller.queries.tunnels();
    return tunnels.length === HOSTS * (HOSTS - 1) && tunnels.every(({ state }) => state === "up");
  };

  beforeAll(async () => {
    controller = await ControllerOnLoopback.start(quiet);
    ports = { ovsdb: controller.ovsdbPort, openflow: controller.openFlowPort };
    fleet = new Fleet();
    for (let number = 1; number <= HOSTS; number++) fleet.addHost().setManager(`tcp:127.0.0.1:${ports.ovsdb}`);
    const bridges = () => fleet.hosts.every((one) => one.vswitchd.bridgeNamed("br-int") !== undefined);
    await until("every host has its bridge", bridges, PATIENCE_MS);
    for (const one of fleet.hosts) attach(one, one.number);
    const known = (one: SimulatedHost) => fleet.hosts.every(({ number }) => leadsTo(one, number));
    await until("every host knows every guest", () => fleet.hosts.every(known), PATIENCE_MS);
    await until("every tunnel is up", allUp, PATIENCE_MS);
    await rest();
  }, 120_000);

  afterAll(async () => {
    fleet?.stop();
    await controller?.stop();
  });

  const nothing: Counts = { flowMods: 0, groupMods: 0, transactions: 0 };
  const oneFlow: Counts = { ...nothing, flowMods: 1 };
  /** A port with its guest: its own flows, and its network's group of local ports. */
  const ownPort = { flowMods: expect.toSatisfy((count: number) => count <= 13), groupMods: 1, transactions: 0 };
  const elsewhere = (count: number): Counts[] => Array(count).fill(oneFlow);

  it("an endpoint that comes is one flow on each other host; no group there, and no transaction anywhere", async () => {
    const { each, encodings } = await cost(
      "every host knows the new guest",
      () => attach(host(1), 101),
      (one) => leadsTo(one, 101),
    );
    expect(each).toEqual([ownPort, ...elsewhere(HOSTS - 1)]);
    expect(encodings).toBeLessThanOrEqual((each[0]?.flowMods ?? 0) + 1);
  });

  it("one that moves is one flow on each host that it neither leaves nor comes to", async () => {
    const { each, encodings } = await cost(
      "every host knows where it is now",
      () => {
        detach(host(1), 101);
        attach(host(2), 101);
      },
      (one) => leadsTo(one, 101),
    );
    const { flowMods = 0 } = each[0] ?? {};
    // Told by two hosts, it may be news twice: gone, and there again.
    const once = expect.toSatisfy((count: number) => count === 1 || count === 2);
    expect(each).toEqual([ownPort, ownPort, ...Array(HOSTS - 2).fill({ ...nothing, flowMods: once })]);
    expect(encodings).toBeLessThanOrEqual(2 * flowMods + 2);
  });

  it("one that goes is one flow on each other host", async () => {
    const { each, encodings } = await cost(
      "no host knows it",
      () => detach(host(2), 101),
      (one) => !leadsTo(one, 101),
    );
    expect(each).toEqual([oneFlow, ownPort, ...elsewhere(HOSTS - 2)]);
    expect(encodings).toBeLessThanOrEqual((each[1]?.flowMods ?? 0) + 1);
  });

  it("ten that come at once are one flow for each of them on each other host", async () => {
    const numbers = Array.from({ length: 10 }, (_, at) => 110 + at);
    const { each, encodings } = await cost(
      "every host knows all of them",
      () => {
        for (const number of numbers) attach(host(1), number);
      },
      (one) => numbers.every((number) => leadsTo(one, number)),
    );
    expect(each.slice(1)).toEqual(Array(HOSTS - 1).fill({ ...nothing, flowMods: numbers.length }));
    expect(encodings).toBeLessThanOrEqual((each[0]?.flowMods ?? 0) + numbers.length);
    expect(each[0]?.transactions).toBe(0);
  });

  it("a path that is cut is no flow on any host: groups alone lead round it", async () => {
    const isKnown = () => controller.queries.tunnels().some(({ state }) => state === "down");
    const { each } = await cost("the cut is known", () => fleet.cut(1, 2), isKnown);
    fleet.heal(1, 2);
    expect(each.map(({ flowMods }) => flowMods)).toEqual(Array(HOSTS).fill(0));
    await until("it is healed", allUp, PATIENCE_MS);
  });

  it("a controller that starts again writes nothing at all", async () => {
    await rest();
    const before = all();
    await controller.stop();
    const { ovsdb, openflow } = ports;
    const listen = { ovsdb: [`ptcp:${ovsdb}:127.0.0.1`], openflow: [`ptcp:${openflow}:127.0.0.1`] };
    controller = await ControllerOnLoopback.start({ ...quiet, listen });
    const isRead = () => controller.queries.hosts().filter(({ state }) => state === "up").length === HOSTS;
    await until("every host is read", isRead, PATIENCE_MS);
    await rest();
    expect(all()).toEqual(before);
  });
});
