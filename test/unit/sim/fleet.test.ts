// The simulated fleet beside a real controller: hosts join by set-manager alone, guests ping, paths heal.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fleet } from "../../../src/sim/fleet.ts";
import type { Guest } from "../../../src/sim/guest.ts";
import { ControllerOnLoopback, until } from "../delta/controller-on-loopback.ts";

const HOSTS = 5;

describe("a fleet of simulated hosts", () => {
  let controller: ControllerOnLoopback;
  let fleet: Fleet;
  let guests: Guest[];

  const pairs = () => guests.flatMap((from) => guests.filter((to) => to !== from).map((to) => [from, to] as const));
  const everyPairPings = () => pairs().every(([from, to]) => from.ping(to.ip) === 1);

  beforeAll(async () => {
    controller = await ControllerOnLoopback.start();
    fleet = new Fleet();
    for (let number = 1; number <= HOSTS; number++) fleet.addHost().setManager(`tcp:127.0.0.1:${controller.ovsdbPort}`);
    await until(
      "bridges",
      () => fleet.hosts.every((host) => host.vswitchd.bridgeNamed("br-int") !== undefined),
      20_000,
    );
    guests = fleet.hosts.map(({ number }) =>
      fleet.addGuest(number, { name: `g${number}`, mac: `02:00:00:00:00:0${number}`, ip: `10.0.0.${number}` }),
    );
  });

  afterAll(async () => {
    fleet?.stop();
    await controller?.stop();
  });

  it("joins by set-manager alone, and every guest pings every other", async () => {
    await until("every pair pings", everyPairPings, 20_000);
    expect(fleet.loops).toBe(0);
  });
});
