// Scenario "bare metal as a tunnel end": a machine with an inner address of its own, a container host and a VM host, full mesh.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { FabricUnderTest } from "./fabric.ts";
import { describeLab } from "./requires.ts";

describeLab("bare metal, a container and a VM on three hosts", () => {
  let fabric: FabricUnderTest;
  let guests: readonly Guest[];

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, tunnel: "gre", settings: { mtu: { request: true } } });
    const [metalHost, containerHost, vmHost] = fabric.lab.hosts;
    if (metalHost === undefined || containerHost === undefined || vmHost === undefined) throw new Error("no hosts");
    const metal = await metalHost.addInternalPort({ name: "mgmt0", ip: "10.10.10.30/24", mtu: 1500 });
    const containers = await containerHost.addSegment({ name: "docker0" });
    const container = await containers.addGuest({ name: "container", ip: "10.10.10.10/24" });
    const vm = await vmHost.addGuest({ name: "vm", ip: "10.10.10.20/24", attachedMac: true });
    guests = [metal, container, vm];
    await fabric.lab.waitUntilAllPing(guests);
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  test("ping each other, the machine's own address included", async () => {
    const { failed } = await fabric.lab.pingMatrix(guests, { count: 2 });
    expect(failed).toEqual([]);
    const endpoints = await fabric.ask("endpoints");
    for (const guest of guests) {
      const known = endpoints.find(({ mac }) => mac === guest.mac);
      expect(known).toMatchObject({
        host: `${fabric.lab.name}-${guest.host}`,
        ips: expect.arrayContaining([guest.ip]),
      });
    }
    expect(endpoints.find(({ mac }) => mac === guests[0]?.mac)).toMatchObject({ port: "mgmt0", origin: "declared" });
  });

  test("hear each other's broadcasts once, in a full mesh without STP", async () => {
    for (const from of guests) {
      const others = guests.filter((guest) => guest !== from).map((guest) => guest.name);
      const { exactlyOnce } = await fabric.lab.countBroadcast(from, { count: 10, at: guests });
      expect([...exactlyOnce].sort()).toEqual(others.sort());
    }
    for (const host of fabric.lab.hosts) {
      expect(await host.vsctl("get", "bridge", "br-int", "stp_enable")).toBe("false");
      expect(await host.ofctl("dump-flows", "br-int")).not.toMatch(/NORMAL|learn\(/);
    }
  });

  test("have the inner MTU that fits shown, and set on the machine's own port", async () => {
    const networks = await fabric.ask("networks");
    expect(networks.find(({ name }) => name === "default")).toMatchObject({ mtu: 1450 });
    await fabric.until(async () => {
      const mtu = await fabric.lab.host(1).vsctl("get", "interface", "mgmt0", "mtu");
      return mtu === "1450" ? [] : [`mgmt0 has an MTU of ${mtu}`];
    });
  });
});
