// Hosts that lose their controller and come back at once: each is whole again in time, and none starves. They are simulated.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Fleet } from "../../src/sim/fleet.ts";
import type { Guest } from "../../src/sim/guest.ts";
import { ControllerOnLoopback, until } from "../unit/delta/controller-on-loopback.ts";
import { recordMeasured, scale, testMs } from "./faults.ts";

const HOSTS = scale(30, 100);
/** What is promised for a hundred, of processor time: the hosts' own is in it. */
const PROMISED_MS = 15_000;
/** So many times what the one in the middle waits is the longest that any may. */
const STARVES_TIMES = 5;
const JOIN_MS = testMs(120, 1200);
const POLL_MS = 500;
const WORK = ["bundles", "flowMods", "groupMods", "meterMods", "ovsdbTransactions", "sessionErrors"] as const;

vi.setConfig({ testTimeout: JOIN_MS, hookTimeout: JOIN_MS });

let controller: ControllerOnLoopback;
let fleet: Fleet;
let guests: Guest[];

/** Of this process, the hosts' own included: others may have the processor meanwhile. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const work = () => WORK.map((name) => controller.counter(name));

/** All that each host holds: its rows, but for what it says of connections and of time, and its flows and groups. */
function held(): ReadonlyMap<string, string> {
  const plain = (_key: string, value: unknown): unknown => {
    if (typeof value === "bigint") return `${value}`;
    return value instanceof Map || value instanceof Set ? [...value] : value;
  };
  return new Map(
    fleet.hosts.map((host) => {
      const rows = ["Bridge", "Port", "Interface"].map((table) => [...host.database.rowsOf(table)]);
      const { datapath } = bridgeOf(host.number);
      const flows = [...datapath.flows.all()].map(({ tableId, priority, match, instructions, cookie }) =>
        JSON.stringify([tableId, priority, match, instructions, cookie], plain),
      );
      return [host.systemId, JSON.stringify([rows, flows.sort()], plain)];
    }),
  );
}

function bridgeOf(number: number) {
  const bridge = fleet.host(number).vswitchd.bridgeNamed("br-int");
  if (bridge === undefined) throw new Error(`host ${number} has no bridge`);
  return bridge;
}

/** Every host in some pairs: its neighbour, one half way round, and the first. */
function lost(): readonly string[] {
  return guests.flatMap((guest, at) =>
    [guests[(at + 1) % HOSTS], guests[(at + HOSTS / 2) % HOSTS], guests[at === 0 ? 1 : 0]].flatMap((other) =>
      other !== undefined && guest.ping(other.ip) === 1 ? [] : [`${guest.name} -> ${other?.name}`],
    ),
  );
}

async function rest(): Promise<void> {
  for (let before = ""; before !== JSON.stringify(work()); ) {
    before = JSON.stringify(work());
    await sleep(500);
  }
}

beforeAll(async () => {
  // One tunnel port for all peers: with one for each pair it is the joining that takes the time.
  controller = await ControllerOnLoopback.start({ tunnel: { flowBased: "always" }, bfd: { enabled: false } });
  fleet = new Fleet();
  for (let number = 1; number <= HOSTS; number++) fleet.addHost().setManager(`tcp:127.0.0.1:${controller.ovsdbPort}`);
  const haveBridges = () => fleet.hosts.every((host) => host.vswitchd.bridgeNamed("br-int") !== undefined);
  await until("every host has its bridge", haveBridges, JOIN_MS);
  guests = fleet.hosts.map(({ number }) => {
    const digits = number.toString(16).padStart(2, "0");
    return fleet.addGuest(number, { name: `g${number}`, mac: `02:00:00:00:00:${digits}`, ip: `10.0.0.${number}` });
  });
  while (lost().length > 0) await sleep(POLL_MS);
  await rest();
});

afterAll(async () => {
  fleet?.stop();
  await controller?.stop();
});

it(`Each of ${HOSTS} hosts that come back at once is whole within 15 s, nothing is written, and none starves`, async () => {
  const before = { held: held(), work: work() };
  const there = () => controller.queries.hosts().filter((host) => host.state === "up" && host.ovsdb === "connected");
  expect(there()).toHaveLength(HOSTS);
  for (const host of fleet.hosts) host.holdConnections(true);
  await until("the controller knows that all are away", () => there().length === 0);
  // While they are away they forward on.
  expect(lost()).toEqual([]);

  const wholeAfterMs = new Map<string, number>();
  const since = cpuMs();
  for (const host of fleet.hosts) host.holdConnections(false);
  while (wholeAfterMs.size < HOSTS && cpuMs() - since < 4 * PROMISED_MS) {
    for (const { id, openflow, flows } of there()) {
      const isWhole = openflow === "connected" && flows.installed === flows.desired && flows.installed > 0;
      if (isWhole && !wholeAfterMs.has(id)) wholeAfterMs.set(id, cpuMs() - since);
    }
    await sleep(POLL_MS);
  }
  const times = [...wholeAfterMs.values()].sort((a, b) => a - b);
  expect(times).toHaveLength(HOSTS);
  const [median = 0, slowest = 0] = [times[HOSTS / 2], times.at(-1)];
  expect(slowest).toBeLessThan(PROMISED_MS);
  expect(slowest).toBeLessThan(STARVES_TIMES * median);

  await rest();
  expect(work()).toEqual(before.work);
  const after = held();
  const changed = [...before.held].flatMap(([id, text]) => (after.get(id) === text ? [] : [id]));
  expect(changed).toEqual([]);
  expect(lost()).toEqual([]);
  recordMeasured("reconnect", {
    fault: `${HOSTS} hosts come back at once`,
    repetitions: 1,
    figures: { processorSecondsOfTheOneInTheMiddle: median / 1000, processorSecondsOfTheLast: slowest / 1000 },
  });
});
