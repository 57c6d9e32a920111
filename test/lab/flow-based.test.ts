// Flow-based tunnels on real Open vSwitch: one port of a type for all hosts, how a fabric gets there and back under traffic.
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Guest, Host } from "../../src/lab/index.ts";
import type { Settings } from "./controller-under-test.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, pairsOf } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const TUNNELS = 4 * 3;

describeLab("a fabric with more hosts than tunnel.flowBasedAbove", () => {
  let fabric: FabricUnderTest;
  let guests: Guest[];
  let stranger: Host;

  const settings = (flowBased: string, more: object = {}) => ({
    tunnel: { type: "geneve", flowBased, flowBasedAbove: 3 },
    ...more,
  });

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, settings: settings("auto"), quickBfd: true });
    guests = await fabric.populate({ perHost: 1 });
  });
  afterAll(() => fabric?.destroy());

  /** Another controller, which hosts do not wait to call again. */
  async function restart(changed: Settings): Promise<void> {
    await fabric.stop();
    await fabric.start({ settings: changed });
    const reconnect = ["ovs-appctl", "-t", "ovsdb-server.ctl", "ovsdb-server/reconnect"];
    await Promise.all(
      members().map((host) =>
        host.exec(reconnect.map((word) => (word.endsWith(".ctl") ? `${host.dir}/${word}` : word))),
      ),
    );
  }

  const members = (): Host[] => fabric.lab.hosts.filter((host) => host !== stranger);

  /** The tunnels' names on each host, when all have come to rest. */
  async function untilTunnelsAre(wanted: (host: Host) => readonly string[]): Promise<void> {
    await fabric.until(async () => {
      const missing = await Promise.all(
        members().map(async (host) => {
          const ports = (await host.vsctl("list-ports", "br-int")).split("\n").filter((name) => /^geneve/.test(name));
          const [have, want] = [ports.sort().join(" "), [...wanted(host)].sort().join(" ")];
          return have === want ? [] : [`${host.name} has ${have}, not ${want}`];
        }),
      );
      return missing.flat();
    });
    await fabric.settled({ hosts: 4, guests: [...guests], tunnels: TUNNELS });
  }

  /** Indexes are given in the order in which hosts come. */
  async function ownTunnels(): Promise<(host: Host) => readonly string[]> {
    const views = await fabric.ask("hosts");
    const others = (host: Host) => views.filter(({ id }) => id !== `${fabric.lab.name}-${host.name}`);
    return (host) => others(host).map(({ index }) => `geneve${index}`);
  }

  async function expectWhole(): Promise<void> {
    const [from, ...others] = guests;
    const { exactlyOnce } = await fabric.lab.countBroadcast(from as Guest, { count: 10, at: guests });
    expect([...exactlyOnce].sort()).toEqual(others.map((guest) => guest.name).sort());
    expect((await fabric.lab.pingMatrix(guests, { count: 2 })).failed).toEqual([]);
  }

  it("changes to one port for all when a host more joins, and loses no ping", async () => {
    const before = guests;
    await expectNoLoss(pairsOf(before), async () => {
      const host = await fabric.lab.addHost();
      await fabric.join(host);
      await host.waitForBridge();
      guests = [...before, await host.addGuest({ name: "g4a", ip: "10.0.4.1/16" })];
      await untilTunnelsAre(() => ["geneve-flow"]);
    });
    await fabric.lab.waitUntilAllPing(guests);
    await expectWhole();
    await fabric.lab.tcpMatrix(guests.slice(2), 500_000);
    expect((await fabric.ask("status")).problems.map(({ code }) => code)).toEqual(["fabric/flow-based"]);
    expect(new Set((await fabric.ask("tunnels")).map(({ name, ofport }) => `${name} ${ofport}`))).toEqual(
      new Set([`geneve-flow ${0xa000}`]),
    );
  });

  it("takes in nothing from an address that is no host's, be it for a network or to be passed on", async () => {
    stranger = await fabric.lab.addHost();
    await stranger.createBridge({ name: "br-int" });
    const [h1] = fabric.lab.hosts;
    const liar = await stranger.addGuest({ name: "liar", ip: "10.0.9.9/16" });
    const target = await fabric.lab.capture(guests[0] as Guest, `ether src ${liar.mac}`);
    const passedOn = await fabric.lab.capture(guests[1] as Guest, `ether src ${liar.mac}`);
    const options = [`type=geneve`, `options:remote_ip=${h1?.ip}`, "options:key=flow", "ofport_request=77"];
    await stranger.vsctl("add-port", "br-int", "forged", "--", "set", "interface", "forged", ...options);
    const dropped = async () => (await h1?.ofctl("dump-flows", "br-int", "table=0,cookie=0x57450f0000000000/-1")) ?? "";
    for (const [key, label] of [
      [4095, ""],
      [4095 + (1 << 23), "push_vlan:0x8100,set_field:4098->vlan_vid,"],
    ] as const) {
      await stranger.ofctl(
        "add-flow",
        "br-int",
        `in_port=${liar.port},actions=set_field:${key}->tun_id,${label}output:77`,
      );
      await liar.ping(guests[0]?.ip ?? "", { count: 5, intervalSec: 0.05 });
    }
    // They did arrive.
    await fabric.until(async () => (/n_packets=[1-9]/.test(await dropped()) ? [] : ["nothing was dropped"]));
    expect((await target.stop()).lines).toEqual([]);
    expect((await passedOn.stop()).lines).toEqual([]);
  });

  it("is found as it is by a controller that starts with nothing, also while a host is away", async () => {
    const [, , h3] = fabric.lab.hosts;
    await expectNoLoss(pairsOf(guests), async () => {
      await fabric.stop();
      await Promise.all(["ovsdb", "openflow"].map((one) => h3?.hold(one === "ovsdb" ? 16_640 : 16_653)));
      await fabric.start({ settings: settings("auto", { timeouts: { startHoldSec: 1 } }) });
      const others = guests.filter((guest) => guest.host !== "h3");
      await fabric.until(async () => {
        const views = (await fabric.ask("hosts")).map(({ state }) => state);
        return views.filter((state) => state === "up").length === 3 ? [] : [views.join(" ")];
      });
      await fabric.until(async () => {
        const known = (await fabric.ask("endpoints")).map(({ mac }) => mac);
        return others.every(({ mac }) => known.includes(mac)) ? [] : ["not all guests are known"];
      });
      expect((await fabric.hostView(3))?.tunnelIp).toBe(h3?.ip);
      await Promise.all([16_640, 16_653].map((port) => h3?.release(port)));
      await fabric.settled({ hosts: 4, guests, tunnels: TUNNELS });
    });
    expect(await fabric.work()).toEqual(NO_WORK);
  });

  it("goes back to a tunnel for each pair without a lost ping", async () => {
    await expectNoLoss(pairsOf(guests), async () => {
      await restart(settings("never"));
      await fabric.settled({ hosts: 4, guests, tunnels: TUNNELS });
      await untilTunnelsAre(await ownTunnels());
    });
    await expectWhole();
  });

  it("with a hub has its spokes' frames go in and out by one port there", async () => {
    const hub = settings("always", { topology: { hubs: [`${fabric.lab.name}-h1`] } });
    const spokes = 2 * 3;
    await expectNoLoss(pairsOf(guests), async () => {
      await restart(hub);
      await fabric.settled({ hosts: 4, guests, tunnels: spokes });
    });
    const ports = await Promise.all(members().map((host) => host.vsctl("list-ports", "br-int")));
    expect(ports.map((names) => names.split("\n").filter((name) => name.startsWith("geneve")))).toEqual(
      members().map(() => ["geneve-flow"]),
    );
    await expectWhole();
    await restart(hub);
    await fabric.settled({ hosts: 4, guests, tunnels: spokes });
    expect(await fabric.work()).toEqual(NO_WORK);
  });
});
