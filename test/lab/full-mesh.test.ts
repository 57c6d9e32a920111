// A full mesh of four: no loop, though nothing is learned in the switches and no spanning tree runs.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { FabricUnderTest, NO_WORK, PORTS, pairsOf } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const BROADCASTS = 200;

describeLab("a full mesh of four hosts", () => {
  let fabric: FabricUnderTest;
  let guests: Guest[];

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 4 });
    guests = await fabric.populate({ perHost: 2 });
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  test("every pair pings", async () => {
    expect(await fabric.lab.pingMatrix(guests, { count: 2, intervalSec: 0.05 })).toMatchObject({ failed: [] });
  });

  test("each broadcast arrives exactly once at every other guest, from wherever it is sent", async () => {
    for (const from of [guests[0]!, guests[3]!, guests[7]!]) {
      const result = await fabric.lab.countBroadcast(from, { count: BROADCASTS, intervalMs: 2 });
      expect(result.none).toEqual([from.name]);
      expect(result.exactlyOnce).toEqual(guests.map((guest) => guest.name).filter((name) => name !== from.name));
    }
  });

  test("a frame to a MAC that nobody has arrives exactly once at every other guest, and is answered by none", async () => {
    const from = guests[2]!;
    const others = guests.filter((guest) => guest !== from);
    await from.exec(["ip", "neigh", "replace", "10.0.9.9", "lladdr", "02:00:00:00:99:99", "dev", "eth0"]);
    const captures = await Promise.all(
      others.map((guest) => fabric.lab.capture(guest, "icmp and dst host 10.0.9.9", { direction: "in" })),
    );
    expect((await from.ping("10.0.9.9", { count: 10, intervalSec: 0.02 })).received).toBe(0);
    const counts = await Promise.all(captures.map(async (capture) => (await capture.stop()).packets));
    expect(counts).toEqual(others.map(() => 10));
  });

  test("no flow uses NORMAL, FLOOD or learn, no flow but Weft's is there, and STP and RSTP are off", async () => {
    for (const host of fabric.lab.hosts) {
      const flows = await host.ofctl("dump-flows", "br-int");
      // `bridge/dump-flows` shows hidden flows as well, such as in-band control's.
      const hidden = await host.appctl("bridge/dump-flows", "br-int");
      expect(flows.split("\n").length).toBeGreaterThan(10);
      for (const text of [flows, hidden, await host.ofctl("dump-groups", "br-int")])
        expect(text).not.toMatch(/normal|flood|learn\(|:all\b/i);
      for (const line of flows.split("\n").filter((line) => line.includes("cookie=")))
        expect(line).toMatch(/cookie=0x5745/);
      const bridge = "stp_enable,rstp_enable,fail_mode,other_config";
      const row = await host.vsctl("--bare", `--columns=${bridge}`, "list", "bridge", "br-int");
      expect(row.split("\n")).toEqual(["false", "false", "secure", expect.stringContaining("disable-in-band=true")]);
    }
  });

  test("a tunnel to a host has the same name and port number on every host", async () => {
    const hosts = await fabric.ask("hosts");
    const indexes = new Map(hosts.map((host) => [host.id, host.index]));
    expect([...indexes.values()].sort()).toEqual([1, 2, 3, 4]);
    for (const host of fabric.lab.hosts) {
      const own = indexes.get(`${fabric.lab.name}-${host.name}`);
      expect(await host.vsctl("get", "open_vswitch", ".", "external_ids:weft-index")).toBe(`"${own}"`);
      const peers = [1, 2, 3, 4].filter((index) => index !== own);
      const ports = await host.ofctl("dump-ports-desc", "br-int");
      const found = [...ports.matchAll(/(\d+)\((geneve\d+)\)/g)].map(([, port, name]) => [name, Number(port)]);
      expect(found.sort()).toEqual(peers.map((index) => [`geneve${index}`, 0xa000 + index]));
    }
  });

  test("2 MB by TCP arrive whole between every two hosts", async () => {
    await fabric.lab.tcpMatrix(guests.filter((guest) => guest.name.endsWith("a")));
  });

  test("a guest's SYN to the controller's address, or to a host's, does not circulate", async () => {
    const { lab } = fabric;
    const from = guests[0]!;
    const others = guests.filter((guest) => guest !== from);
    const targets = [lab.controllerIp, lab.host(1).ip, lab.host(2).ip];
    const aim = targets.map((ip) => `host ${ip}`).join(" or ");
    // Both ways a guest may try: with the subnet on its link, and by a MAC it makes up.
    await from.exec(["ip", "route", "add", lab.subnet, "dev", "eth0"]);
    const strangers = targets.map((ip) => `tcp and src host ${from.ip} and dst host ${ip}`).join(" or ");
    const underlay = await lab.capture("underlay", `udp dst port 6081 and udp[8:2] & 0xc0 = 0`);
    const atGuests = await Promise.all(
      others.map((guest) => lab.capture(guest, `(arp or tcp) and (${aim})`, { direction: "in" })),
    );
    const bare = await lab.capture("underlay", strangers);
    const syn = `
      const [ips, ports] = [process.argv[1].split(","), process.argv[2].split(",")];
      for (const ip of ips) for (const port of ports)
        require("node:net").connect(Number(port), ip).on("error", () => {});
      setTimeout(() => process.exit(), 1000);`;
    const ports = ["6640", "6653", PORTS.ovsdb, PORTS.openflow].join(",");
    // First by ARP alone: nobody answers. Then with a MAC that nobody has, so that the SYNs themselves are sent.
    await from.exec([process.execPath, "-e", syn, targets.join(","), ports]);
    for (const ip of targets)
      await from.exec(["ip", "neigh", "replace", ip, "lladdr", "02:00:00:00:88:88", "dev", "eth0"]);
    await from.exec([process.execPath, "-e", syn, targets.join(","), ports]);
    const counts = await Promise.all(atGuests.map(async (capture) => (await capture.stop()).lines));
    for (const lines of counts) {
      // 12 connections, each tried a few times at the most; a loop would make thousands.
      expect(lines.filter((line) => line.includes("Flags [S]")).length).toBeGreaterThanOrEqual(12);
      expect(lines.length).toBeLessThan(100);
      expect(lines).toHaveLength(counts[0]!.length);
    }
    // Flooded to three hosts, so three times what one guest got, and nothing that comes back.
    const inTunnels = (await underlay.stop()).lines.filter((line) => targets.some((ip) => line.includes(`> ${ip}.`)));
    expect(inTunnels.length).toBeLessThan(3 * 100);
    // Nothing of it left the fabric, or reached the controller.
    expect((await bare.stop()).lines).toEqual([]);
    await from.exec(["ip", "route", "del", lab.subnet]);
    expect(await lab.pingMatrix(guests, { count: 1 })).toMatchObject({ failed: [] });
  });

  test("through all of this the controller has had nothing more to do", async () => {
    await fabric.stop();
    await fabric.start();
    await fabric.settled();
    expect(await fabric.work()).toEqual(NO_WORK);
    expect(pairsOf(guests)).toHaveLength(28);
  });
});
