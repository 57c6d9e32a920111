// Endpoints on real switches: declared, observed, aged, moved, many behind one port, gone.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EndpointView } from "../../src/api/views.ts";
import type { Guest } from "../../src/lab/index.ts";
import { FabricUnderTest, NO_WORK } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const idleTimeoutSec = 2;

describeLab("endpoints of a fabric of two hosts", () => {
  let fabric: FabricUnderTest;
  let declared: Guest;
  let watcher: Guest;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 2, settings: { endpoints: { idleTimeoutSec } } });
    declared = await quiet(
      await fabric.lab.host(1).addGuest({ name: "declared", ip: "10.0.0.1/24", attachedMac: true }),
    );
    watcher = await quiet(await fabric.lab.host(2).addGuest({ name: "watcher", ip: "10.0.0.2/24", attachedMac: true }));
    await fabric.lab.waitUntilAllPing();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  /** IPv6 speaks by itself. */
  async function quiet(guest: Guest): Promise<Guest> {
    await guest.exec(["sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6"]);
    return guest;
  }

  const hostId = (number: number) => `${fabric.lab.name}-h${number}`;
  const allFlows = async () =>
    (await Promise.all(fabric.lab.hosts.map((host) => host.ofctl("dump-flows", "br-int")))).join("\n");

  const known = (mac: string) => fabric.until(async () => ((await fabric.endpoint(mac)) ? [] : [`no ${mac}`]));
  const gone = (mac: string, timeoutSec = 15) =>
    fabric.until(async () => {
      const endpoint = await fabric.endpoint(mac);
      if (endpoint !== undefined) return [`still ${JSON.stringify(endpoint)}`];
      return (await allFlows()).includes(mac) ? [`flows with ${mac}`] : [];
    }, timeoutSec);

  test("a MAC that is declared by attached-mac is an endpoint before it has said anything, and does not age", async () => {
    const silent = "02:00:00:00:77:01";
    const host = fabric.lab.host(1);
    await host.vsctl(
      ...["add-port", "br-int", "silent0", "--", "set", "interface", "silent0", "type=internal"],
      `external_ids:attached-mac="${silent}"`,
    );
    await known(silent);
    expect(await fabric.endpoint(silent)).toMatchObject({ host: hostId(1), port: "silent0", origin: "declared" });
    await fabric.until(async () => {
      const flows = await fabric.lab.host(2).ofctl("dump-flows", "br-int");
      return flows.includes(silent) ? [] : ["the other host's switch has no flow for it"];
    }, 5);
    await host.vsctl("del-port", "silent0");
    await gone(silent);
  });

  test("a declared endpoint has the IPs that it was heard with", async () => {
    expect(await fabric.endpoint(declared)).toMatchObject({ origin: "declared", ips: [declared.ip] });
  });

  test("an internal port's own MAC is its guest's, a veth's near end's is not", async () => {
    const metal = await fabric.lab.host(1).addInternalPort({ name: "mgmt0", ip: "10.0.0.30/24" });
    const veth = await fabric.lab.host(2).addGuest({ name: "veth", ip: "10.0.0.31/24" });
    await fabric.lab.waitUntilAllPing([metal, veth]);
    await fabric.until(async () => ((await fabric.endpoint(metal))?.ips.includes(metal.ip) ? [] : ["no address yet"]));
    expect(await fabric.endpoint(metal)).toMatchObject({ origin: "declared", port: "mgmt0", ips: [metal.ip] });
    const { stdout } = await fabric.lab.host(2).exec(["cat", `/sys/class/net/${veth.port}/address`]);
    expect(await fabric.endpoint(veth)).toMatchObject({ origin: "observed", ips: [veth.ip] });
    expect(await fabric.endpoint(stdout.trim())).toBeUndefined();
    await fabric.lab.host(2).removeGuest("veth");
  });

  test("the bridge's own LOCAL port is an endpoint once it is up", async () => {
    const local = await fabric.lab.host(2).addInternalPort({ name: "local2", port: "br-int", ip: "10.0.0.40/24" });
    await fabric.lab.waitUntilAllPing([declared, local]);
    expect(await fabric.endpoint(local)).toMatchObject({ origin: "declared", port: "br-int", host: hostId(2) });
  });

  test("an observed endpoint that falls silent disappears from every switch, and is back when it speaks", async () => {
    const guest = await quiet(await fabric.lab.host(1).addGuest({ name: "shy", ip: "10.0.0.50/24" }));
    expect((await guest.ping(watcher.ip)).received).toBe(3);
    await known(guest.mac);
    // Those that have its address would ask for it again.
    await watcher.exec(["ip", "neigh", "flush", "all"]);
    await gone(guest.mac);
    expect((await watcher.ping(guest.ip)).received).toBe(3);
    await known(guest.mac);
    expect(await fabric.endpoint(guest)).toMatchObject({ ips: [guest.ip], host: hostId(1), port: guest.port });
    expect(await fabric.endpoint(declared)).toBeDefined();
  });

  test("one that talks all the time does not age", async () => {
    const guest = fabric.lab.guest("shy");
    const ping = guest.startPing(watcher.ip, { intervalSec: 0.2 });
    await ping.waitForReply();
    await known(guest.mac);
    const { packetIns } = (await fabric.ask("status")).counters;
    const deadline = Date.now() + 3 * idleTimeoutSec * 1000;
    while (Date.now() < deadline) {
      await ping.waitForReply();
      expect(await fabric.endpoint(guest)).toBeDefined();
    }
    expect((await ping.stop()).lost).toBe(0);
    // 30 echoes, hardly a copy of them: what is known is not copied.
    expect((await fabric.ask("status")).counters.packetIns! - packetIns!).toBeLessThan(10);
    await fabric.lab.host(1).removeGuest("shy");
    await gone(guest.mac);
  });

  test("many MACs behind one port are all endpoints of it", async () => {
    const segments = await Promise.all(
      [1, 2].map((number) => fabric.lab.host(number).addSegment({ name: `docker${number}` })),
    );
    const containers: Guest[] = [];
    for (const [at, segment] of segments.entries())
      for (const number of [1, 2, 3])
        containers.push(
          await quiet(await segment.addGuest({ name: `c${at + 1}x${number}`, ip: `172.17.${at}.${number + 1}/16` })),
        );
    // Who has said nothing for two seconds is forgotten, and on a busy machine pings of all pairs take longer.
    await fabric.until(async () => {
      await fabric.lab.waitUntilAllPing(containers);
      const endpoints = (await fabric.ask("endpoints")) as readonly Partial<EndpointView>[];
      const isTold = ({ mac, ip, host, port }: Guest): boolean => {
        const told = endpoints.find((one) => one.mac === mac);
        const at = hostId(Number(host.slice(1)));
        return told?.host === at && told.port === port && JSON.stringify(told.ips) === JSON.stringify([ip]);
      };
      return containers.filter((one) => !isTold(one)).map((one) => `${one.name} is not told as it is`);
    });
    const counted = await fabric.lab.countBroadcast(containers[0]!, { count: 20, at: containers });
    expect(counted.exactlyOnce).toHaveLength(containers.length - 1);
  });

  test("a guest that moves to another host is found there at its first frame", async () => {
    const spec = { name: "mover", ip: "10.0.0.60/24", mac: "02:00:00:00:60:60" };
    const before = await fabric.lab.host(1).addGuest(spec);
    await fabric.lab.waitUntilAllPing([before, watcher, declared]);
    await known(spec.mac);
    expect(await fabric.endpoint(spec.mac)).toMatchObject({ host: hostId(1) });
    await fabric.lab.host(1).removeGuest("mover");
    const after = await fabric.lab.host(2).addGuest(spec);
    await fabric.lab.waitUntilAllPing([after, watcher, declared]);
    await fabric.until(async () => {
      const endpoints = (await fabric.ask("endpoints")).filter((one) => one.mac === spec.mac);
      return endpoints.length === 1 && endpoints[0]?.host === hostId(2) ? [] : [JSON.stringify(endpoints)];
    });
  });

  test("a guest whose port is deleted is gone at once, and does not come back with the port's number", async () => {
    const host = fabric.lab.host(1);
    const first = await quiet(
      await host.addGuest({
        name: "first",
        ip: "10.0.0.70/24",
        mac: "02:00:00:00:70:01",
        interfaceColumns: { ofport_request: "70" },
      }),
    );
    await fabric.lab.waitUntilAllPing([first, watcher]);
    expect(await host.vsctl("get", "interface", first.port, "ofport")).toBe("70");
    await known(first.mac);
    await host.removeGuest("first");
    await gone(first.mac, 1.5);
    const second = await host.addGuest({
      name: "second",
      ip: "10.0.0.71/24",
      mac: "02:00:00:00:70:02",
      interfaceColumns: { ofport_request: "70" },
    });
    await fabric.lab.waitUntilAllPing([second, watcher]);
    await known(second.mac);
    expect(await fabric.endpoint(first.mac)).toBeUndefined();
    expect(await allFlows()).not.toContain(first.mac);
  });

  test("two hosts that declare one MAC are both named, and nothing flaps", async () => {
    const mac = "02:00:00:00:dd:dd";
    for (const number of [1, 2]) {
      const port = `twin${number}`;
      const host = fabric.lab.host(number);
      await host.vsctl(
        ...["add-port", "br-int", port, "--", "set", "interface", port, "type=internal"],
        `external_ids:attached-mac="${mac}"`,
      );
    }
    const problems = async () => (await fabric.ask("hosts")).flatMap((host) => host.problems);
    await fabric.until(async () => ((await problems()).length > 0 ? [] : ["no problem is told"]));
    const [problem] = await problems();
    expect(problem?.code).toBe("endpoint/duplicate-mac");
    for (const part of [mac, "twin1", "twin2", hostId(1), hostId(2)]) expect(problem?.message).toContain(part);
    expect((await fabric.ask("endpoints")).filter((one) => one.mac === mac)).toHaveLength(1);
    for (const number of [1, 2]) await fabric.lab.host(number).vsctl("del-port", `twin${number}`);
    await fabric.until(async () => (await problems()).map((one) => one.message));
    await gone(mac);
  });

  test("what was observed is read back by a controller that starts, with its addresses", async () => {
    const guests = [declared, watcher, fabric.lab.guest("second"), fabric.lab.guest("mover")];
    const pings = guests.slice(1).map((guest) => guest.startPing(declared.ip, { intervalSec: 0.2 }));
    await fabric.lab.waitUntilAllPing(guests);
    const places = async () =>
      Promise.all(guests.map(async (guest) => (await fabric.endpoint(guest)) ?? `no ${guest.name}`));
    const before = await places();
    expect(before.map((one) => (typeof one === "string" ? one : one.ips))).toEqual(guests.map((guest) => [guest.ip]));
    await fabric.stop();
    await fabric.start();
    await fabric.settled({ guests });
    expect(await places()).toEqual(before);
    // Guests that fall silent meanwhile age: their flows go, and that is work. Nothing else is.
    for (const name of ["ovsdbTransactions", "sessionErrors", "meterMods"])
      expect((await fabric.work())[name]).toBe(NO_WORK[name]);
    for (const ping of pings) expect((await ping.stop()).lost).toBe(0);
  });
});
