// The lab itself, on real Open vSwitch without a controller: what it builds carries packets, what it breaks is broken.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Guest, Lab } from "../../src/lab/index.ts";
import { meshByHand } from "./mesh.ts";
import { describeLab } from "./requires.ts";

describeLab("a lab of two hosts with a GRE tunnel made by hand", () => {
  let lab: Lab;
  let a: Guest;
  let b: Guest;

  beforeAll(async () => {
    lab = await Lab.create({ hosts: 2, tunnelType: "gre" });
    await meshByHand(lab);
    [a, b] = await Promise.all([
      lab.host(1).addGuest({ name: "a", ip: "10.0.0.1/24", attachedMac: true }),
      lab.host(2).addGuest({ name: "b", ip: "10.0.0.2/24", mac: "02:00:00:00:00:0b", tag: 0 }),
    ]);
    await lab.waitUntilAllPing([a, b]);
  });

  afterAll(async () => {
    await lab?.destroy();
  });

  test("guests on different hosts ping each other", async () => {
    const result = await a.ping(b.ip, { count: 5, intervalSec: 0.05 });
    expect(result).toMatchObject({ sent: 5, received: 5, lossPercent: 0, duplicates: 0 });
    expect(result.rttMs?.avg).toBeGreaterThan(0);
    expect(await lab.pingMatrix()).toMatchObject({ ok: true, failed: [], guests: ["a", "b"] });
  });

  test("a ping to an address that nobody has is all lost, and no error", async () => {
    const result = await a.ping("10.0.0.99", { count: 2, timeoutSec: 1 });
    expect(result).toEqual({ sent: 2, received: 0, duplicates: 0, lossPercent: 100 });
  });

  test("2 MB by TCP arrive unchanged both ways", async () => {
    expect((await a.tcpTransfer(b, 2_000_000)).bytes).toBe(2_000_000);
    await lab.tcpMatrix();
  });

  test("the guests' MTU is the largest that fits the tunnel with relay label and priority tag", async () => {
    // 1500 - outer IPv4 20 - GRE 4 - key 4 - inner Ethernet 14 - label 4 - priority tag 4
    expect(lab.guestMtu).toBe(1450);
    const largest = lab.guestMtu - 28; // less the IPv4 and ICMP headers
    expect((await a.ping(b.ip, { count: 1, size: largest, dontFragment: true })).received).toBe(1);
    const capture = await lab.capture(lab.host(1), "proto gre");
    await a.ping(b.ip, { count: 1, size: largest, dontFragment: true });
    const lengths = (await capture.stop()).lines.map((line) => Number(/length (\d+): /.exec(line)?.[1]));
    // The outer frame: underlay MTU less both tags, plus the outer Ethernet header.
    expect(Math.max(...lengths)).toBe(1500 - 8 + 14);
  });

  test("what a host is preset with is a system-id, the datapath type, and nothing else", async () => {
    const ids = await lab.host(1).vsctl("get", "open_vswitch", ".", "external_ids");
    expect(ids).toBe(`{system-id=${lab.name}-h1, weft-datapath-type=netdev}`);
    expect(await lab.host(1).vsctl("get", "open_vswitch", ".", "other_config")).toBe("{}");
  });

  test("a guest's MAC is declared only where it was asked for, and its tag is set", async () => {
    expect(await lab.host(1).vsctl("get", "interface", a.port, "external_ids")).toBe(`{attached-mac="${a.mac}"}`);
    expect(await lab.host(2).vsctl("get", "interface", b.port, "external_ids")).toBe("{}");
    expect(await lab.host(2).vsctl("get", "port", b.port, "tag")).toBe("0");
    expect((await b.exec(["cat", "/sys/class/net/eth0/address"])).stdout.trim()).toBe("02:00:00:00:00:0b");
  });

  test("a guest knows nothing of the underlay, and its host answers no ARP for it", async () => {
    expect((await a.exec(["ip", "route"])).stdout.trim()).toBe(
      "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1",
    );
    await a.exec(["ip", "route", "add", lab.subnet, "dev", "eth0"]);
    expect((await a.ping(lab.host(1).ip, { count: 2, timeoutSec: 1 })).received).toBe(0);
    expect((await a.exec(["ip", "neigh", "show", lab.host(1).ip])).stdout).not.toContain("lladdr");
    await a.exec(["ip", "route", "del", lab.subnet]);
  });

  test("a capture on the underlay sees the guests' packets inside GRE", async () => {
    const capture = await lab.capture("underlay", "proto gre");
    await a.ping(b.ip, { count: 3, intervalSec: 0.05 });
    const { lines, packets } = await capture.stop();
    const requests = lines.filter(
      (line) => line.includes("GREv0") && line.includes("10.0.0.1 > 10.0.0.2: ICMP echo request"),
    );
    expect(requests).toHaveLength(3);
    expect(packets).toBe(lines.length);
  });

  test("a cut path loses everything until it is healed, and a running ping counts what was lost", async () => {
    const ping = a.startPing(b.ip, { intervalSec: 0.02 });
    await ping.waitForReply();
    await lab.cut(1, 2);
    expect((await a.ping(b.ip, { count: 5, intervalSec: 0.05 })).received).toBe(0);
    const [near, far] = [lab.host(1), lab.host(2)];
    await Promise.all([near, far].map((host) => host.exec(["ip", "neigh", "flush", "dev", "br-phy"])));
    await near.exec(["ping", "-c1", "-W1", far.ip], { check: false });
    for (const [host, ip] of [
      [near, far.ip],
      [far, near.ip],
    ] as const)
      expect((await host.exec(["ip", "neigh", "show", ip])).stdout).not.toContain("lladdr");
    await lab.heal(2, 1);
    await ping.waitForReply();
    const result = await ping.stop();
    expect(result.lost).toBeGreaterThanOrEqual(5);
    expect(result.received + result.lost).toBe(result.sent);
    expect(result.missing).toHaveLength(result.lost);
    expect(result.duplicates).toBe(0);
    expect((await a.ping(b.ip)).lossPercent).toBe(0);
  });

  test("a path cut one way still carries the other direction", async () => {
    await lab.cut(1, 2, { oneWay: true });
    const capture = await lab.capture(a, "icmp[icmptype] = icmp-echo", { direction: "in" });
    expect((await b.ping(a.ip, { count: 3, intervalSec: 0.05 })).received).toBe(0);
    expect((await capture.stop()).packets).toBe(3);
    await lab.healAll();
    expect((await b.ping(a.ip)).lossPercent).toBe(0);
  });

  test("a ping that runs all the time without trouble loses nothing", async () => {
    const ping = b.startPing(a.ip, { intervalSec: 0.01 });
    await ping.waitForReply();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const result = await ping.stop();
    expect(result).toMatchObject({ lost: 0, missing: [], duplicates: 0, longestGapSec: 0 });
    expect(result.sent).toBeGreaterThan(20);
  });

  test("ovs-vswitchd that is killed takes the path with it, and gives address, cuts and path back when it starts", async () => {
    const host = lab.host(2);
    await lab.cut(2, 1);
    const before = host.vswitchd.pid;
    await host.vswitchd.kill();
    expect(host.vswitchd.pid).toBeUndefined();
    await host.vswitchd.start();
    expect(host.vswitchd.pid).not.toBe(before);
    expect((await host.exec(["ip", "-4", "-o", "addr", "show", "dev", "br-phy"])).stdout).toContain(`${host.ip}/24`);
    expect((await a.ping(b.ip, { count: 2 })).received).toBe(0);
    await lab.heal(1, 2);
    await lab.waitUntilAllPing([a, b]);
    expect((await lab.host(1).exec(["ping", "-c1", "-W1", lab.controllerIp])).exitCode).toBe(0);
  });

  test("ovsdb-server that is restarted keeps its database, and packets do not notice", async () => {
    const ping = a.startPing(b.ip, { intervalSec: 0.02 });
    await ping.waitForReply();
    await lab.host(1).ovsdb.restart("SIGKILL");
    await lab.host(2).ovsdb.restart();
    expect(await lab.host(1).vsctl("list-br")).toBe("br-int\nbr-phy");
    await ping.waitForReply();
    expect((await ping.stop()).lost).toBe(0);
  });

  test("ovs-vswitchd that is paused carries nothing until it is resumed", async () => {
    lab.host(1).vswitchd.pause();
    expect((await a.ping(b.ip, { count: 2, timeoutSec: 1 })).received).toBe(0);
    lab.host(1).vswitchd.resume();
    await lab.waitUntilAllPing([a, b]);
  });

  test("a connection to the controller that is held back is neither answered nor refused", async () => {
    const connect = `require("node:net").connect(6640, "${lab.controllerIp}").on("error", (e) => console.log(e.code)).setTimeout(500, function () { console.log("silence"); this.destroy(); })`;
    const attempt = async () => (await lab.host(1).exec([process.execPath, "-e", connect])).stdout.trim();
    expect(await attempt()).toBe("ECONNREFUSED");
    // A host that was told of a manager lets its connection past the flows of its bridges, unless it is told not to.
    await lab.join({ hosts: [1] });
    await lab.host(1).hold("ovsdb");
    expect(await attempt()).toBe("silence");
    expect((await a.ping(b.ip)).lossPercent).toBe(0);
    await lab.host(1).release("ovsdb");
    await lab.host(1).vsctl("del-manager");
    expect(await attempt()).toBe("ECONNREFUSED");
  });

  test("hosts that are told to join reach a controller at the lab's address, and their large answers arrive", async () => {
    const answers: Promise<string>[] = [];
    const server = createServer((socket) => {
      answers.push(
        new Promise((resolve) => {
          let text = "";
          socket.on("data", (chunk) => {
            text += chunk;
            if (text.includes('"id":7')) resolve(socket.remoteAddress ?? "");
          });
        }),
      );
      socket.write('{"method":"get_schema","params":["Open_vSwitch"],"id":7}');
    });
    await once(server.listen(0, lab.controllerIp), "listening");
    try {
      await lab.join({ port: (server.address() as AddressInfo).port });
      await expect.poll(() => answers.length, { timeout: 10_000 }).toBe(2);
      expect((await Promise.all(answers)).sort()).toEqual(lab.hosts.map((host) => host.ip));
    } finally {
      await Promise.all(lab.hosts.map((host) => host.vsctl("del-manager")));
      server.close();
    }
  });

  test("the state is shared: another opening of the lab sees hosts and guests, and can use them", async () => {
    const again = await Lab.open(lab.name);
    expect(again.hosts.map((host) => host.name)).toEqual(["h1", "h2"]);
    expect((await again.guest("a").ping(again.guest("b").ip, { count: 1 })).received).toBe(1);
    expect((await again.guest("a").exec(["false"], { check: false })).exitCode).toBe(1);
    expect(() => again.guest("nobody")).toThrow(/no guest nobody; it has a, b/);
  });

  test("a host that is added later is numbered on and reaches the others", async () => {
    const late = await lab.addHost({ systemId: "late", externalIds: { "weft-datapath-type": null, rack: "7" } });
    expect([late.index, late.name]).toEqual([3, "h3"]);
    expect(await late.vsctl("get", "open_vswitch", ".", "external_ids")).toBe('{rack="7", system-id=late}');
    expect((await late.exec(["ping", "-c1", "-W1", lab.host(1).ip])).exitCode).toBe(0);
  });

  test("a guest that is removed leaves no port, and its name can be used again", async () => {
    const host = lab.host(1);
    await host.addGuest({ name: "gone", ip: "10.0.0.9" });
    await host.removeGuest("gone");
    expect(await host.vsctl("list-ports", "br-int")).not.toContain("tap-gone");
    const second = await host.addGuest({ name: "gone", ip: "10.0.0.9" });
    expect((await second.ping(b.ip)).received).toBe(3);
    await host.removeGuest("gone");
  });

  test("a guest whose bridge never comes fails in time, by name, and leaves its name free", async () => {
    const host = lab.host(2);
    const spec = { name: "early", ip: "10.0.0.8", bridge: "br-none", bridgeTimeoutSec: 1 };
    await expect(host.addGuest(spec)).rejects.toMatchObject({ code: "lab/port" });
    expect((await host.addGuest({ ...spec, bridge: "br-int" })).name).toBe("early");
    await host.removeGuest("early");
  });
});

describeLab("guests that share a port, or are the host itself", () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.create({ hosts: 2 });
    await meshByHand(lab, "geneve");
  });

  afterAll(async () => {
    await lab?.destroy();
  });

  test("containers behind one port of each host ping, and their MACs are all behind that port", async () => {
    const [left, right] = await Promise.all(
      [1, 2].map((index) => lab.host(index).addSegment({ name: `docker${index}` })),
    );
    const guests = [
      await left!.addGuest({ name: "c1", ip: "172.17.0.1/16" }),
      await left!.addGuest({ name: "c2", ip: "172.17.0.2/16" }),
      await right!.addGuest({ name: "c3", ip: "172.17.0.3/16" }),
    ];
    await lab.waitUntilAllPing(guests);
    await lab.tcpMatrix(guests, 200_000);
    const learned = (await lab.host(1).appctl("fdb/show", "br-int"))
      .split("\n")
      .map((line) => line.trim().split(/\s+/));
    const portOf = (mac: string) => learned.find((row) => row[2] === mac)?.[0];
    expect(portOf(guests[0]!.mac)).toBeDefined();
    expect(portOf(guests[0]!.mac)).toBe(portOf(guests[1]!.mac));
    expect(portOf(guests[2]!.mac)).not.toBe(portOf(guests[0]!.mac));
  });

  test("addresses on an internal port and on the bridge's LOCAL port ping and survive ovs-vswitchd", async () => {
    const metal = await lab.host(1).addInternalPort({ name: "mgmt0", ip: "10.10.10.30/24", mac: "02:00:00:00:10:30" });
    const local = await lab.host(2).addInternalPort({ name: "local2", port: "br-int", ip: "10.10.10.31/24" });
    const vm = await lab.host(2).addGuest({ name: "vm", ip: "10.10.10.32/24" });
    expect(metal.mac).toBe("02:00:00:00:10:30");
    expect(local.mac).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    await lab.waitUntilAllPing([metal, local, vm]);
    await lab.tcpMatrix([metal, local, vm], 200_000);
    await lab.host(1).vswitchd.restart("SIGKILL");
    await lab.host(2).vswitchd.restart();
    await lab.waitUntilAllPing([metal, local, vm]);
  });
});

describeLab("the count of broadcasts", () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.create({ hosts: 1 });
    await lab.host(1).createBridge();
  });

  afterAll(async () => {
    await lab?.destroy();
  });

  test("is exactly one at every other guest of a switch, none at the sender, and exact when a frame is doubled", async () => {
    const guests = await lab.populate({ perHost: 4 });
    await lab.waitUntilAllPing(guests);
    const once = await lab.countBroadcast(guests[0]!, { count: 50, intervalMs: 1 });
    expect(once.sent).toBe(50);
    expect(once.exactlyOnce).toEqual(["g1b", "g1c", "g1d"]);
    expect(once.none).toEqual(["g1a"]);
    expect(once.counts.get("g1c")).toEqual({ copies: Array(50).fill(1), total: 50 });

    // The third guest gets each frame twice, the fourth none.
    const [c, d] = await Promise.all(
      [guests[2]!, guests[3]!].map((guest) => lab.host(1).vsctl("get", "interface", guest.port, "ofport")),
    );
    await lab.host(1).ofctl("add-flow", "br-int", `priority=9,udp,actions=output:${c},output:${c},normal`);
    await lab.host(1).vsctl("del-port", "br-int", guests[3]!.port);
    expect(d).toMatch(/^\d+$/);
    const doubled = await lab.countBroadcast(guests[0]!, { count: 20 });
    expect(doubled.counts.get("g1c")?.total).toBe(60);
    expect(doubled.exactlyOnce).toEqual(["g1b"]);
    expect(doubled.none).toEqual(["g1a", "g1d"]);
  });
});
