// A switch that was only given `set-controller`: it works as a switch, for itself.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest, Host } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, PORTS } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const FAIL_MODES = { 1: [], 2: ["fail_mode=secure"] } as const;

describeLab("switches without OVSDB", () => {
  let fabric: FabricUnderTest;
  const guestsOf = (number: 1 | 2): Guest[] => fabric.lab.guests.filter((guest) => guest.host === `h${number}`);
  const dpidOf = async (host: Host) => JSON.parse(await host.vsctl("get", "bridge", "br-lone", "datapath_id"));

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 2, join: false });
    for (const number of [1, 2] as const) {
      const host = fabric.lab.host(number);
      const target = `tcp:${fabric.lab.controllerIp}:${PORTS.openflow}`;
      const settings = ["datapath_type=netdev", ...FAIL_MODES[number]];
      await host.vsctl("add-br", "br-lone", "--", "set", "bridge", "br-lone", ...settings);
      await host.vsctl("set-controller", "br-lone", target);
    }
    // The same addresses on both: each is a network of its own.
    for (const number of [1, 2] as const)
      for (const at of [1, 2, 3])
        await fabric.lab
          .host(number)
          .addGuest({ name: `s${number}x${at}`, ip: `10.0.0.${at}/24`, bridge: "br-lone", bridgeTimeoutSec: 5 });
    for (const number of [1, 2] as const) await fabric.lab.waitUntilAllPing(guestsOf(number));
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  for (const number of [1, 2] as const) {
    const mode = FAIL_MODES[number][0] ?? "fail_mode unset";

    test(`one with ${mode}: its guests ping each other, and are shown as endpoints of it`, async () => {
      const guests = guestsOf(number);
      expect(await fabric.lab.pingMatrix(guests)).toMatchObject({ failed: [] });
      const dpid = await dpidOf(fabric.lab.host(number));
      const view = await fabric.ask("topology");
      expect(view.hosts.find((host) => host.dpid === dpid)).toMatchObject({
        id: `dpid:${dpid}`,
        index: null,
        tunnelIp: null,
        ovsdb: "disconnected",
        openflow: "connected",
        state: "up",
      });
      const endpoints = view.endpoints.filter((one) => one.host === `dpid:${dpid}`);
      for (const guest of guests)
        expect(endpoints).toContainEqual({
          mac: guest.mac,
          ips: [guest.ip],
          network: "default",
          host: `dpid:${dpid}`,
          port: guest.port,
          origin: "observed",
        });
    });

    test(`one with ${mode}: a broadcast arrives exactly once, and nowhere else`, async () => {
      const [from, ...others] = guestsOf(number) as [Guest, ...Guest[]];
      const counted = await fabric.lab.countBroadcast(from, { count: 50 });
      expect(counted.exactlyOnce).toEqual(others.map((guest) => guest.name));
      expect(counted.none).toHaveLength(fabric.lab.guests.length - others.length);
    });
  }

  test("nothing is written to their databases", async () => {
    const { counters } = await fabric.ask("status");
    expect(counters.ovsdbTransactions).toBe(0);
    for (const host of fabric.lab.hosts) {
      expect(await host.vsctl("get", "bridge", "br-lone", "external_ids")).toBe("{}");
      expect((await host.vsctl("list-br")).split("\n")).toEqual(["br-lone", "br-phy"]);
    }
  });

  test("a restart of the controller loses no ping and writes nothing", async () => {
    const [a, b] = guestsOf(1) as [Guest, Guest];
    const [c, d] = guestsOf(2) as [Guest, Guest];
    await expectNoLoss(
      [
        [a, b],
        [c, d],
      ],
      async () => {
        await fabric.stop();
        await fabric.start();
        await fabric.until(async () => {
          const { hosts, endpoints } = await fabric.ask("topology");
          const up = hosts.filter((host) => host.state === "up" && host.flows.installed === host.flows.desired);
          return up.length === 2 && endpoints.length >= 6 ? [] : [`${up.length} up, ${endpoints.length} endpoints`];
        });
      },
    );
    expect(await fabric.work()).toEqual(NO_WORK);
  });

  test("a guest that comes later is served, and one that goes is forgotten", async () => {
    const host = fabric.lab.host(2);
    const late = await host.addGuest({ name: "late", ip: "10.0.0.9/24", bridge: "br-lone" });
    await fabric.lab.waitUntilAllPing(guestsOf(2));
    const known = async (wanted: boolean) =>
      fabric.until(async () => (((await fabric.endpoint(late)) !== undefined) === wanted ? [] : [`not ${wanted}`]));
    await known(true);
    await host.removeGuest("late");
    await known(false);
    expect(await host.ofctl("dump-flows", "br-lone")).not.toContain(late.mac);
  });
});
