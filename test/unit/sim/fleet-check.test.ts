// A check of a fabric of two dozen hosts, over real sockets: all of it, a sample, and what is told where paths are cut.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkText } from "../../../src/api/render/check.ts";
import { PLAIN } from "../../../src/api/render/style.ts";
import { Fleet } from "../../../src/sim/fleet.ts";
import { ControllerOnLoopback, PATIENCE_MS, until } from "../delta/controller-on-loopback.ts";

const HOSTS = 24;
const TUNNELS = HOSTS * (HOSTS - 1);

describe("a check of two dozen hosts", { timeout: 90_000 }, () => {
  let controller: ControllerOnLoopback;
  let fleet: Fleet;

  beforeAll(async () => {
    controller = await ControllerOnLoopback.start({ tunnel: { flowBased: "always" }, loops: { probeSec: 0 } });
    fleet = new Fleet();
    for (let number = 1; number <= HOSTS; number++) fleet.addHost().setManager(`tcp:127.0.0.1:${controller.ovsdbPort}`);
    const isUp = () => {
      const { hosts, tunnels } = controller.queries.topology();
      const whole = hosts.filter(({ state, flows }) => state === "up" && flows.desired === flows.installed);
      return whole.length === HOSTS && tunnels.length === TUNNELS && tunnels.every(({ state }) => state === "up");
    };
    await until("every host is up", isUp, 2 * PATIENCE_MS);
    // On each host one: between hosts without ports there is no network to be checked.
    const [one, ...others] = fleet.hosts.map(({ number }) => {
      const mac = `02:00:00:00:00:${number.toString(16).padStart(2, "0")}`;
      return fleet.addGuest(number, { name: `g${number}`, mac, ip: `10.0.0.${number}` });
    });
    await until("the first guest pings all others", () => others.every(({ ip }) => one?.ping(ip) === 1));
    await until("every host holds all", isUp);
  }, 200_000);

  afterAll(async () => {
    fleet?.stop();
    await controller?.stop();
  });

  it("goes by every tunnel in both directions", async () => {
    const view = await controller.queries.check({ hosts: [] });
    expect(view).toMatchObject({ ok: true, problems: [], possible: view.paths.length, seed: null });
    expect(view.paths.filter(({ kind }) => kind === "tunnel")).toHaveLength(TUNNELS);
    expect(checkText(view, PLAIN)).toContain(`${TUNNELS} of ${TUNNELS} pass`);
  });

  it("names the host of which nothing comes first, and tells the others in a few lines", async () => {
    const others = fleet.hosts
      .map(({ systemId }) => systemId)
      .filter((id) => id !== "sim-7")
      .sort();
    for (const { number } of fleet.hosts) if (number !== 7) fleet.cut(7, number, { oneWay: true });
    try {
      const view = await controller.queries.check({ hosts: ["sim-7"] });
      const dead = view.paths.filter(({ state }) => state === "dead");
      expect(new Set(dead.map(({ from }) => from))).toEqual(new Set(["sim-7"]));
      // By the network as by the tunnel.
      expect(dead.map(({ kind, to }) => `${kind} ${to}`).sort()).toEqual(
        ["network", "tunnel"].flatMap((kind) => others.map((to) => `${kind} ${to}`)),
      );
      const worst = [...view.hosts].sort((a, b) => b.failed - a.failed)[0];
      expect(worst).toMatchObject({ id: "sim-7", checked: 4 * others.length, failed: 2 * others.length });
      const lines = checkText(view, PLAIN).split("\n");
      const title = lines.findIndex((line) => line.startsWith("Hosts, the worst first"));
      expect(lines.slice(title + 20, title + 23)).toEqual([
        expect.stringContaining("2 of 4 do not pass"),
        `  and ${HOSTS - 20} more`,
        "  0 hosts have none that does not pass",
      ]);
    } finally {
      for (const { number } of fleet.hosts) fleet.heal(7, number);
    }
  });
});
