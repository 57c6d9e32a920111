// The simulated fleet beside a real controller: hosts join by set-manager alone, guests ping, paths heal, a restart finds nothing to do.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fleet } from "../../../src/sim/fleet.ts";
import type { Guest } from "../../../src/sim/guest.ts";
import type { Datapath } from "../../../src/sim/switch/datapath.ts";
import { ControllerOnLoopback, until } from "../delta/controller-on-loopback.ts";

const HOSTS = 4;
const PATIENCE_MS = 30_000;
const WORK = ["bundles", "flowMods", "groupMods", "meterMods", "ovsdbTransactions", "sessionErrors"] as const;

describe("a fleet of simulated hosts", { timeout: 60_000 }, () => {
  let controller: ControllerOnLoopback;
  let fleet: Fleet;
  let guests: Guest[];
  let ports: { ovsdb: number; openflow: number };

  const settings = () => ({
    bfd: { packetsPerSecond: 100 },
    ...(ports === undefined
      ? {}
      : { listen: { ovsdb: [`ptcp:${ports.ovsdb}:127.0.0.1`], openflow: [`ptcp:${ports.openflow}:127.0.0.1`] } }),
  });
  const switchOf = (number: number): Datapath => {
    const bridge = fleet.host(number).vswitchd.bridgeNamed("br-int");
    if (bridge === undefined) throw new Error(`host ${number} has no bridge`);
    return bridge.datapath;
  };
  const pairs = (of = guests) => of.flatMap((from) => of.filter((to) => to !== from).map((to) => [from, to] as const));
  const lost = (of = guests) => pairs(of).filter(([from, to]) => from.ping(to.ip) !== 1);
  const tunnelStates = () => controller.queries.tunnels().map(({ state }) => state);
  const allUp = () => tunnelStates().length === HOSTS * (HOSTS - 1) && tunnelStates().every((state) => state === "up");
  const work = () => WORK.map((name) => controller.counter(name));
  const rest = async (): Promise<void> => {
    for (let before = ""; before !== JSON.stringify(work()); ) {
      before = JSON.stringify(work());
      await sleep(500);
    }
  };

  beforeAll(async () => {
    controller = await ControllerOnLoopback.start(settings());
    ports = { ovsdb: controller.ovsdbPort, openflow: controller.openFlowPort };
    fleet = new Fleet();
    for (let number = 1; number <= HOSTS; number++) fleet.addHost().setManager(`tcp:127.0.0.1:${ports.ovsdb}`);
    const bridges = () => fleet.hosts.every((host) => host.vswitchd.bridgeNamed("br-int") !== undefined);
    await until("every host has its bridge", bridges, PATIENCE_MS);
    guests = fleet.hosts.map(({ number }) =>
      fleet.addGuest(number, { name: `g${number}`, mac: `02:00:00:00:00:0${number}`, ip: `10.0.0.${number}` }),
    );
    await until("every tunnel is up", allUp, PATIENCE_MS);
    await until("every pair pings", () => lost().length === 0, PATIENCE_MS);
    await rest();
  });

  afterAll(async () => {
    fleet?.stop();
    await controller?.stop();
  });

  it("is one network: every guest pings every other, known or asked for anew, and nothing goes round", () => {
    for (const guest of guests) guest.forgetNeighbours();
    expect(lost()).toEqual([]);
    expect(fleet.loops).toBe(0);
  });

  it("gives a broadcast to each of the others exactly once", () => {
    const before = guests.map(({ received }) => received);
    const frame = Uint8Array.from([...Array(6).fill(0xff), 2, 0, 0, 0, 0, 1, 0x88, 0xb5, ...Array(46).fill(7)]);
    guests[0]?.emit(frame);
    expect(guests.map(({ received }, at) => received - (before[at] ?? 0))).toEqual([0, 1, 1, 1]);
  });

  it("keeps networks apart", async () => {
    const tagged = [1, 2].map((number) =>
      fleet.addGuest(number, {
        name: `t${number}`,
        mac: `02:00:00:00:01:0${number}`,
        ip: `10.0.0.10${number}`,
        tag: 7,
      }),
    );
    await until("the tagged pair pings", () => lost(tagged).length === 0, PATIENCE_MS);
    expect(tagged[0]?.ping("10.0.0.2")).toBe(0);
    expect(guests[0]?.ping("10.0.0.102")).toBe(0);
    fleet.host(1).removePort("tap-t1");
    fleet.host(2).removePort("tap-t2");
    await until("their network is gone", () => controller.queries.networks().length === 1, PATIENCE_MS);
  });

  it("goes round a path that is cut, by the switches alone, and back again", async () => {
    const [one, two] = guests;
    await rest();
    fleet.cut(1, 2);
    expect(one?.ping(two?.ip ?? "")).toBe(0);
    await until("the pair pings by a relay", () => one?.ping(two?.ip ?? "") === 1, PATIENCE_MS);
    await until("the cut is told", () => tunnelStates().includes("down"), PATIENCE_MS);
    expect(lost()).toEqual([]);
    fleet.heal(1, 2);
    await until("every tunnel is up", allUp, PATIENCE_MS);
    expect(lost()).toEqual([]);
  });

  it("gets its flows back when a switch has lost them, and when somebody deletes one", async () => {
    const count = switchOf(3).flows.size;
    fleet.host(3).restartVswitchd();
    await until("the flows are back", () => switchOf(3).flows.size === count, PATIENCE_MS);
    await until("every tunnel is up", allUp, PATIENCE_MS);
    await until("every pair pings", () => lost().length === 0, PATIENCE_MS);
    const [flow] = [...switchOf(2).flows.all()].filter(({ tableId }) => tableId === 30);
    if (flow === undefined) throw new Error("no flow in FORWARD");
    const filter = { cookie: 0n, cookieMask: 0n, bufferId: 0xffffffff, outPort: 0xffffffff, outGroup: 0xffffffff };
    const { tableId, priority, match } = flow;
    const timeouts = { idleTimeoutSec: 0, hardTimeoutSec: 0, flags: 0, instructions: [] };
    const rule = { kind: "flow_mod", xid: 0, command: "delete_strict", tableId, priority, match } as const;
    switchOf(2).apply([{ ...rule, ...filter, ...timeouts }], null);
    expect(switchOf(2).flows.size).toBeLessThan(count);
    await until(
      "the flow is back",
      () => [...switchOf(2).flows.all()].some((one) => one.cookie === flow.cookie),
      PATIENCE_MS,
    );
    expect(lost()).toEqual([]);
  });

  it("forwards while the controller is away, and the next one finds nothing to do", async () => {
    await rest();
    await controller.stop();
    expect(lost()).toEqual([]);
    controller = await ControllerOnLoopback.start(settings());
    await until("every tunnel is up", allUp, PATIENCE_MS);
    await until("every host is up", () => controller.queries.hosts().every(({ state }) => state === "up"), PATIENCE_MS);
    await rest();
    expect(work()).toEqual([0, 0, 0, 0, 0, 0]);
    expect(lost()).toEqual([]);
  });

  it("notices a host that is silent, and serves it again", async () => {
    const stateOf = () => controller.queries.hosts().find(({ id }) => id === "sim-4")?.state;
    fleet.host(4).holdConnections(true);
    await until("the host is down", () => stateOf() === "down", PATIENCE_MS);
    expect(lost()).toEqual([]);
    fleet.host(4).holdConnections(false);
    await until("the host is up", () => stateOf() === "up", PATIENCE_MS);
    expect(lost()).toEqual([]);
  });
});
