// Guests of two VLANs with the same addresses, over GRE; then the tunnel type changes under them, make before break.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, type TunnelType } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const PORT_BASES: Readonly<Record<TunnelType, number>> = { gre: 0x8000, vxlan: 0x9000, geneve: 0xa000 };

describeLab("guests of two VLANs on two hosts", () => {
  let fabric: FabricUnderTest;
  let a10: Guest;
  let b10: Guest;
  let a20: Guest;
  let b20: Guest;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 2, tunnel: "gre" });
    const [h1, h2] = [fabric.lab.host(1), fabric.lab.host(2)];
    // The same address twice: on the tag-20 port of one host, and on the tag-10 port of the other.
    [a10, b10, a20, b20] = await Promise.all([
      h1.addGuest({ name: "a10", ip: "10.0.0.1/24", tag: 10 }),
      h2.addGuest({ name: "b10", ip: "10.0.0.2/24", tag: 10 }),
      h1.addGuest({ name: "a20", ip: "10.0.0.2/24", tag: 20 }),
      h2.addGuest({ name: "b20", ip: "10.0.0.3/24", tag: 20 }),
    ]);
    await fabric.lab.waitUntilAllPing([a10, b10]);
    await fabric.lab.waitUntilAllPing([a20, b20]);
    await fabric.settled();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  /** Frames of the underlay that a filter matches while a10 pings b10. */
  async function underlay(filter: string): Promise<number> {
    const capture = await fabric.lab.capture("underlay", filter);
    expect((await a10.ping(b10.ip, { count: 5, intervalSec: 0.05 })).received).toBe(5);
    return (await capture.stop()).packets;
  }

  async function tunnelsOnHosts(): Promise<string[][]> {
    return Promise.all(
      fabric.lab.hosts.map(async (host) => {
        const rows = await host.vsctl("--bare", "--format=csv", "--no-headings", "--columns=type", "list", "interface");
        return rows.split("\n").filter((type) => type in PORT_BASES);
      }),
    );
  }

  test("ports of one tag ping, and do not see those of the other, on the same host or across", async () => {
    expect((await a10.ping(b10.ip)).received).toBe(3);
    expect((await a20.ping(b20.ip)).received).toBe(3);
    // b20's address has nobody in VLAN 10, a10's nobody in VLAN 20.
    expect((await a10.ping(b20.ip, { count: 2, intervalSec: 0.05 })).received).toBe(0);
    expect((await b20.ping(a10.ip, { count: 2, intervalSec: 0.05 })).received).toBe(0);
    const seen = await Promise.all(
      [a20, b20].map((guest) => fabric.lab.capture(guest, `ether src ${a10.mac} or ether src ${b10.mac}`)),
    );
    const counted = await fabric.lab.countBroadcast(a10, { count: 20 });
    expect(counted.exactlyOnce).toEqual(["b10"]);
    expect([...counted.none].sort()).toEqual(["a10", "a20", "b20"]);
    for (const capture of seen) expect((await capture.stop()).lines).toEqual([]);
  });

  test("each tag is a network with the tag's number, on both hosts", async () => {
    const ids = fabric.lab.hosts.map((host) => `${fabric.lab.name}-${host.name}`);
    const networks = (await fabric.ask("networks")).filter((network) => network.ports > 0);
    expect(networks).toEqual([
      { name: "vlan10", vni: 10, tag: 10, hosts: ids, ports: 2, endpoints: 2, mtu: 1450 },
      { name: "vlan20", vni: 20, tag: 20, hosts: ids, ports: 2, endpoints: 2, mtu: 1450 },
    ]);
    expect((await fabric.endpoint(b20))?.network).toBe("vlan20");
  });

  test("the underlay carries GRE with the network as its key", async () => {
    expect(await underlay("ip proto 47")).toBeGreaterThanOrEqual(10);
    // GRE's flags 0x2000 say that a key follows.
    expect(await underlay("ip proto 47 and ip[20:2] = 0x2000 and ip[24:4] = 10")).toBeGreaterThanOrEqual(10);
    expect(await underlay("udp port 4789")).toBe(0);
  });

  test("a new tunnel type in the configuration takes over without a lost ping, and the old tunnels go", async () => {
    expect(await tunnelsOnHosts()).toEqual([["gre"], ["gre"]]);
    for (const [type, filter] of [
      ["vxlan", "udp dst port 4789"],
      ["geneve", "udp dst port 6081"],
    ] as const) {
      await expectNoLoss(
        [
          [a10, b10],
          [b20, a20],
        ],
        async () => {
          await fabric.stop();
          await fabric.start({ tunnel: type });
          await fabric.until(async () => {
            const types = await tunnelsOnHosts();
            return JSON.stringify(types) === JSON.stringify([[type], [type]]) ? [] : [JSON.stringify(types)];
          });
          await fabric.settled();
        },
      );
      expect(await underlay(filter)).toBeGreaterThanOrEqual(10);
      expect(await underlay("ip proto 47")).toBe(0);
      const tunnels = await fabric.ask("tunnels");
      for (const tunnel of tunnels) {
        const index = (await fabric.ask("hosts")).find((host) => host.id === tunnel.to)?.index ?? Number.NaN;
        expect([tunnel.name, tunnel.ofport]).toEqual([`${type}${index}`, PORT_BASES[type] + index]);
      }
    }
    await fabric.lab.tcpMatrix([a10, b10], 200_000);
  });

  test("a restart after the change writes nothing", async () => {
    await expectNoLoss([[a10, b10]], async () => {
      await fabric.stop();
      await fabric.start();
      await fabric.settled();
    });
    expect(await fabric.work()).toEqual(NO_WORK);
  });

  test("a port that is given another tag changes its network at once", async () => {
    const { lab } = fabric;
    await lab.host(2).vsctl("set", "port", b20.port, "tag=10");
    // It still takes the 10.0.0.2 of the network it left for that of the one it is in now.
    await b20.exec(["ip", "neigh", "flush", "all"]);
    await lab.waitUntilAllPing([a10, b10, b20]);
    await fabric.until(async () => {
      const networks = (await fabric.ask("endpoints")).filter((one) => one.mac === b20.mac).map((one) => one.network);
      return JSON.stringify(networks) === `["vlan10"]` ? [] : [`b20 is in ${networks}`];
    });
    expect((await a20.ping(b20.ip, { count: 2, intervalSec: 0.05 })).received).toBe(0);
    const counted = await lab.countBroadcast(a10, { count: 20 });
    expect(counted.exactlyOnce).toEqual(["b10", "b20"]);
  });
});
