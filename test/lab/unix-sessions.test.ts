// Hosts whose database is reached by a Unix socket, which shows no address: the configuration has to.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, PORTS, pairsOf } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const socketOf = (lab: Lab) => `${lab.dir}/ovsdb.sock`;
const listen = (lab: Lab) => ({
  // The first host is dialled, the second dials, the third comes by TCP.
  ovsdb: [`unix:${lab.host(1).dir}/db.sock`, `punix:${socketOf(lab)}`, `ptcp:${PORTS.ovsdb}:${lab.controllerIp}`],
  openflow: [`ptcp:${PORTS.openflow}:${lab.controllerIp}`],
});
const addresses = (lab: Lab) => ({
  controllerAddress: lab.controllerIp,
  hosts: Object.fromEntries(lab.hosts.slice(0, 2).map((host) => [`${lab.name}-${host.name}`, { tunnelIp: host.ip }])),
});

describeLab("hosts that are reached by Unix sockets", () => {
  let fabric: FabricUnderTest;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, join: false, settings: (lab) => ({ listen: listen(lab) }) });
    await fabric.lab.host(2).vsctl("set-manager", `unix:${socketOf(fabric.lab)}`);
    await fabric.join(3);
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  test("are told what is missing while nobody says their addresses", async () => {
    await fabric.until(async () => {
      const views = await Promise.all([1, 2].map((number) => fabric.hostView(number)));
      return views.flatMap((view, at) => (view?.ovsdb === "connected" ? [] : [`host ${at + 1}: ${view?.ovsdb}`]));
    });
    for (const number of [1, 2]) {
      const view = (await fabric.hostView(number))!;
      expect(view.tunnelIp).toBeNull();
      const remedies = new Map(view.problems.map((problem) => [problem.code, problem.remedy]));
      expect(remedies.get("host/tunnel-ip")).toContain(`hosts.${view.id}.tunnelIp`);
      expect(remedies.get("host/controller-address")).toContain("controllerAddress");
      // Nothing half-made is left on it.
      expect((await fabric.lab.host(number).vsctl("list-br")).split("\n")).toEqual(["br-phy"]);
    }
  });

  test("join like any other once the configuration says them", async () => {
    await fabric.stop();
    await fabric.start({ settings: addresses(fabric.lab) });
    const guests = await fabric.populate({ perHost: 1 });
    expect(await fabric.lab.pingMatrix(guests)).toMatchObject({ failed: [] });
    const hosts = await fabric.ask("hosts");
    expect(hosts.map((host) => host.problems)).toEqual([[], [], []]);
    for (const host of fabric.lab.hosts)
      expect(hosts).toContainEqual(
        expect.objectContaining({ id: `${fabric.lab.name}-${host.name}`, tunnelIp: host.ip }),
      );
  });

  test("come back to a controller that starts again, which loses nothing and writes nothing", async () => {
    await expectNoLoss(pairsOf(fabric.lab.guests), async () => {
      await fabric.stop();
      await fabric.start({ settings: addresses(fabric.lab) });
      await fabric.settled();
    });
    expect(await fabric.work()).toEqual(NO_WORK);
  });
});
