// One host of a fleet misbehaves: all others are served as if nothing was, the one is told of, and mends when it behaves again.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { AuditPace } from "../../../src/reconcile/audit-pace.ts";
import { Fleet } from "../../../src/sim/fleet.ts";
import type { Guest } from "../../../src/sim/guest.ts";
import type { Misbehaviour } from "../../../src/sim/manners.ts";
import { ControllerOnLoopback, until } from "../delta/controller-on-loopback.ts";

const PATIENCE_MS = 30_000;
const HOSTS = 4;
/** The one. */
const ONE = 4;
const ID = `sim-${ONE}`;

interface Case {
  readonly title: string;
  readonly what: Misbehaviour;
  /** What is told of it: codes of problems, findings, or the host's state. */
  readonly told: readonly string[];
  /** What shows it where nothing is told of it: what is missing of that. */
  readonly shows?: "late answers" | "false counters";
  /** The one's guest is out of reach while it lasts. */
  readonly isUnreachable?: true;
}

const SLOW_MS = 100;
/** Nothing here sends so many. */
const INCREDIBLE = 2 ** 60;

const CASES: readonly Case[] = [
  {
    title: "answers a little late and by drops",
    what: { kind: "slow", delayMs: SLOW_MS, bytesPerSec: 5_000 },
    told: [],
    shows: "late answers",
  },
  { title: "answers later than anybody waits", what: { kind: "slow", delayMs: 5_000 }, told: ["host/away"] },
  { title: "falls silent", what: { kind: "silent" }, told: ["host/away"] },
  { title: "is cut off from the controller", what: { kind: "cut-off", from: "controller" }, told: ["host/away"] },
  {
    title: "is cut off from all other hosts",
    what: { kind: "cut-off", from: "hosts" },
    told: ["host/tunnels-down"],
    isUnreachable: true,
  },
  {
    title: "drops its connections again and again",
    what: { kind: "flapping", what: "connections", everyMs: 300 },
    told: ["host/away"],
  },
  {
    title: "has guests' links that flap",
    what: { kind: "flapping", what: "links", everyMs: 300 },
    told: ["port/down", "port/link"],
    isUnreachable: true,
  },
  {
    title: "tells false counters",
    what: { kind: "lying", about: ["counters"] },
    told: [],
    shows: "false counters",
  },
  // What stands there when it comes is deleted, and no news; that it stands there again is found when flows are counted.
  {
    title: "claims flows that it does not hold",
    what: { kind: "lying", about: ["phantom-flows"] },
    told: ["switch/tampered"],
  },
  {
    title: "tells of removals that did not happen",
    what: { kind: "lying", about: ["forged-removals"] },
    told: ["switch/untrue-report"],
  },
  {
    title: "gives false port numbers",
    what: { kind: "lying", about: ["port-numbers"] },
    told: ["port/number"],
    isUnreachable: true,
  },
];

describe("while one host of four", { timeout: 60_000 }, () => {
  let controller: ControllerOnLoopback;
  let fleet: Fleet;
  let guests: Guest[];
  let more = 0;

  const pairs = (of: readonly Guest[]) =>
    of.flatMap((from) => of.filter((to) => to !== from).map((to) => [from, to] as const));
  const lost = (of: readonly Guest[]) => pairs(of).filter(([from, to]) => from.ping(to.ip) !== 1);
  const others = () => guests.slice(0, HOSTS - 1);
  const states = () =>
    controller.queries.hosts().map(({ state, flows }) => `${state} ${flows.desired - flows.installed}`);
  const isWhole = () => {
    const tunnels = controller.queries.tunnels();
    const areUp = tunnels.length === HOSTS * (HOSTS - 1) && tunnels.every(({ state }) => state === "up");
    return areUp && states().length === HOSTS && states().every((state) => state === "up 0");
  };
  /** Everything that is told of the one, by status and doctor. */
  const toldOfTheOne = async (): Promise<string[]> => {
    const { queries } = controller;
    const host = queries.hosts().find(({ id }) => id === ID);
    const problems = [...queries.status().problems, ...(host?.problems ?? [])];
    const findings = (await queries.doctor()).filter((finding) => finding.host === ID || finding.message.includes(ID));
    return [
      `state ${host?.state}`,
      ...problems.filter(({ message }) => message.includes(ID)).map(({ code }) => code),
      ...(host?.problems ?? []).map(({ code }) => code),
      ...findings.map(({ code }) => code),
    ];
  };

  /** @param left what is in the way */
  const eventually = async (what: string, left: () => Promise<readonly string[]>): Promise<void> => {
    const deadline = Date.now() + PATIENCE_MS;
    for (let now = await left(); now.length > 0; now = await left()) {
      if (Date.now() > deadline)
        throw new Error(`after ${PATIENCE_MS} ms still not: ${what}; there is ${now.join(", ")}`);
      await sleep(50);
    }
  };

  /** What is missing where a misbehaviour is told by no problem, but shows in what is asked of the switch. */
  const missing = {
    "late answers": async () => {
      const startMs = performance.now();
      await controller.queries.flows(ID);
      const ms = performance.now() - startMs;
      return ms >= SLOW_MS ? [] : [`its switch answers in ${ms} ms`];
    },
    "false counters": async () => {
      const asked = controller.queries.rates();
      lost(others().concat(guests[ONE - 1] ?? []));
      const { ports } = await asked;
      const rates = ports.filter(({ host }) => host === ID).map(({ rxPacketsPerSec }) => rxPacketsPerSec);
      return rates.some((rate) => rate > INCREDIBLE) ? [] : [`its ports' rates are ${rates.join(", ")}`];
    },
  };

  beforeAll(async () => {
    const settings = { bfd: { packetsPerSecond: 100 }, timeouts: { startHoldSec: 0, probeSec: 1 } };
    controller = await ControllerOnLoopback.start(settings, new AuditPace({ roundMs: 200, countEveryMs: 200 }));
    fleet = new Fleet();
    for (let number = 1; number <= HOSTS; number++) {
      const host = fleet.addHost({ ovsVersion: "simulated" });
      host.setManager(`tcp:127.0.0.1:${controller.ovsdbPort}`);
      await until("its bridge is there", () => host.vswitchd.bridgeNamed("br-int") !== undefined);
    }
    guests = fleet.hosts.map(({ number }) =>
      fleet.addGuest(number, {
        name: `g${number}`,
        mac: `02:00:00:00:00:0${number}`,
        ip: `10.0.0.${number}`,
        mtu: 1442,
      }),
    );
    await until("every pair pings", () => lost(guests).length === 0);
    await until("all is whole", isWhole);
  });

  afterEach(async () => {
    fleet.behave(ONE);
    await until("all is whole again", isWhole);
    await until("every pair pings again", () => lost(guests).length === 0);
    // What was told is not told any more, but for what others have done to a switch, which is told for a while.
    const stays = new Set(["state up", "switch/tampered", "switch/untrue-report"]);
    await eventually("nothing is told of the one any more", async () =>
      (await toldOfTheOne()).filter((code) => !stays.has(code)),
    );
  });

  afterAll(async () => {
    fleet?.stop();
    await controller?.stop();
  });

  it.each(CASES)(
    "$title all others are served, it is told, and mends",
    async ({ what, told, shows, isUnreachable }) => {
      const before = await toldOfTheOne();
      expect(before.filter((code) => told.includes(code))).toEqual([]);
      fleet.misbehave(ONE, what);
      // What a switch says it holds is asked when it comes.
      if (what.kind === "lying") {
        fleet.host(ONE).holdConnections(true);
        fleet.host(ONE).holdConnections(false);
      }
      // One who comes now, and is known to all: the others are served as always.
      more += 1;
      const fresh = fleet.addGuest(1, {
        name: `n${more}`,
        mac: `02:00:00:00:01:0${more.toString(16)}`,
        ip: `10.0.1.${more}`,
        mtu: 1442,
      });
      await until("a new guest pings the others", () => lost([fresh, ...others()]).length === 0);
      await until("the others hold all", () =>
        states()
          .slice(0, HOSTS - 1)
          .every((state) => state === "up 0"),
      );
      await eventually(`${told.join(" or ")} is told`, async () => {
        const have = await toldOfTheOne();
        return told.length === 0 || told.some((code) => have.includes(code)) ? [] : have;
      });
      if (shows !== undefined) await eventually(`${shows} show`, missing[shows]);
      expect(lost([fresh, ...others()])).toEqual([]);
      if (isUnreachable !== true) expect(lost(others().concat(guests[ONE - 1] ?? []))).toEqual([]);
      fleet.host(1).removePort(`tap-n${more}`);
    },
  );
});
