// Two hosts, four guests, one tunnel each way: with every type of tunnel, joined by set-manager alone.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { FabricUnderTest, type TunnelType } from "./fabric.ts";
import { describeLab } from "./requires.ts";

/** What the underlay must carry, and nothing else between the hosts. */
const ENCAPSULATION: Readonly<Record<TunnelType, string>> = {
  gre: "ip proto 47",
  vxlan: "udp dst port 4789",
  geneve: "udp dst port 6081",
};

for (const tunnel of ["gre", "vxlan", "geneve"] as const) {
  describeLab(`two hosts with two guests each, joined by ${tunnel}`, () => {
    let fabric: FabricUnderTest;
    let guests: Guest[];

    beforeAll(async () => {
      fabric = await FabricUnderTest.create({ hosts: 2, tunnel });
      guests = await fabric.populate();
    });

    afterAll(async () => {
      await fabric?.destroy();
    });

    test("every guest pings every other, though no MAC was declared", async () => {
      expect(await fabric.lab.pingMatrix(guests, { count: 5, intervalSec: 0.02 })).toMatchObject({
        ok: true,
        failed: [],
      });
      const { endpoints, hosts, tunnels } = await fabric.ask("topology");
      for (const guest of guests)
        expect(endpoints.filter((one) => one.mac === guest.mac)).toEqual([
          {
            mac: guest.mac,
            ips: [guest.ip],
            network: "default",
            host: `${fabric.lab.name}-${guest.host}`,
            port: guest.port,
            origin: "observed",
          },
        ]);
      expect(endpoints).toHaveLength(guests.length);
      expect(hosts.map((host) => host.problems)).toEqual([[], []]);
      const [h1, h2] = fabric.lab.hosts.map(({ name, ip }) => ({ id: `${fabric.lab.name}-${name}`, ip }));
      expect(tunnels).toHaveLength(2);
      for (const [from, to] of [
        [h1, h2],
        [h2, h1],
      ])
        expect(tunnels).toContainEqual(
          expect.objectContaining({ from: from?.id, to: to?.id, type: tunnel, state: "up", remoteIp: to?.ip }),
        );
    });

    test("a guest's routing table knows nothing of the hosts' subnet", async () => {
      for (const guest of guests) {
        const { stdout } = await guest.exec(["ip", "route"]);
        expect(stdout.trim()).toBe(`10.0.0.0/16 dev eth0 proto kernel scope link src ${guest.ip}`);
      }
    });

    test("guests of a very different range ping over the same ports", async () => {
      const [from, , , to] = guests as [Guest, Guest, Guest, Guest];
      await from.exec(["ip", "addr", "add", "203.0.113.1/24", "dev", "eth0"]);
      await to.exec(["ip", "addr", "add", "203.0.113.200/24", "dev", "eth0"]);
      expect((await from.ping("203.0.113.200", { count: 5, intervalSec: 0.05 })).received).toBe(5);
      const ips = async () => (await fabric.endpoint(to))?.ips ?? [];
      await fabric.until(async () => ((await ips()).includes("203.0.113.200") ? [] : [`only ${await ips()}`]), 5);
    });

    test(`the underlay carries the guests' packets as ${ENCAPSULATION[tunnel]}, and nothing else`, async () => {
      const [h1, h2] = [fabric.lab.host(1), fabric.lab.host(2)];
      const between = `ip and host ${h1.ip} and host ${h2.ip}`;
      const [right, wrong] = await Promise.all([
        fabric.lab.capture("underlay", `${between} and ${ENCAPSULATION[tunnel]}`),
        fabric.lab.capture("underlay", `${between} and not (${ENCAPSULATION[tunnel]})`),
      ]);
      const [from, , to] = guests as [Guest, Guest, Guest];
      await from.ping(to.ip, { count: 5, intervalSec: 0.05 });
      const echoes = (await right.stop()).lines.filter((line) =>
        new RegExp(`${from.ip} > ${to.ip}: ICMP echo request`).test(line),
      );
      expect(echoes).toHaveLength(5);
      expect((await wrong.stop()).lines).toEqual([]);
    });

    test("2 MB by TCP arrive whole between every pair, both ways", async () => {
      await fabric.lab.tcpMatrix(guests);
    });
  });
}
