// Networks on real switches: the default one, access ports, trunks, names; each is alone with its own.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest, Host } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK } from "./fabric.ts";
import { describeLab } from "./requires.ts";

describeLab("networks across two hosts", () => {
  let fabric: FabricUnderTest;
  let plain1: Guest;
  let plain2: Guest;
  let access10: Guest;
  let blue1: Guest;
  let blue2: Guest;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 2 });
    const [h1, h2] = [fabric.lab.host(1), fabric.lab.host(2)];
    [plain1, plain2, access10, blue1, blue2] = await Promise.all([
      h1.addGuest({ name: "plain1", ip: "10.0.0.1/24" }),
      h2.addGuest({ name: "plain2", ip: "10.0.0.2/24" }),
      h1.addGuest({ name: "access10", ip: "10.1.0.1/24", tag: 10 }),
      h1.addGuest({ name: "blue1", ip: "10.0.0.1/24", network: "blue" }),
      h2.addGuest({ name: "blue2", ip: "10.0.0.2/24", network: "blue" }),
    ]);
    await Promise.all([fabric.lab.waitUntilAllPing([plain1, plain2]), fabric.lab.waitUntilAllPing([blue1, blue2])]);
    await fabric.settled({ guests: [plain1, plain2, blue1, blue2] });
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const networkOf = async (guest: Guest) =>
    (await fabric.ask("endpoints")).filter((one) => one.mac === guest.mac).map((one) => one.network);

  /**
   * A virtual machine that has a switch of its own: a bridge whose one link is a port of Weft's. Its guests' frames come
   * with the tags that the inner switch gives them.
   */
  async function addNested(host: Host, linkColumns: readonly string[], portColumns: readonly string[]): Promise<void> {
    const script = [
      "set -e",
      "ip link add tap-nest mtu 1400 type veth peer name up-nest mtu 1400",
      "ethtool -K tap-nest tx off > /dev/null",
      "ethtool -K up-nest tx off > /dev/null",
      "ip link set tap-nest up",
      "ip link set up-nest up",
    ].join("\n");
    await host.exec(["sh", "-c", script]);
    await host.createBridge({ name: "br-guest" });
    await host.vsctl("add-port", "br-guest", "up-nest", ...linkColumns);
    await host.vsctl("add-port", "br-int", "tap-nest", ...portColumns);
  }

  test("a network that is called by its name has its members alone, though addresses are the same", async () => {
    expect((await plain1.ping(plain2.ip)).received).toBe(3);
    expect((await blue1.ping(blue2.ip)).received).toBe(3);
    expect(await networkOf(blue1)).toEqual(["blue"]);
    expect(await networkOf(plain1)).toEqual(["default"]);
    const counted = await fabric.lab.countBroadcast(blue1, { count: 20 });
    expect(counted.exactlyOnce).toEqual(["blue2"]);
    expect(counted.none).toHaveLength(fabric.lab.guests.length - 1);
  });

  test("a trunk carries the VLANs of access ports with their tags, and each to its own", async () => {
    const host = fabric.lab.host(2);
    await addNested(host, [], ["vlan_mode=trunk"]);
    const inside = { bridge: "br-guest", mtu: 1400 };
    const v10 = await host.addInternalPort({ ...inside, name: "v10", ip: "10.1.0.2/24", tag: 10 });
    const v11 = await host.addInternalPort({ ...inside, name: "v11", ip: "10.1.0.3/24", tag: 11 });
    const v0 = await host.addInternalPort({ ...inside, name: "v0", ip: "10.0.0.3/24", tag: 0 });
    const tagged = await fabric.lab.capture(host, "vlan 10 and icmp", { device: "tap-nest" });
    await fabric.lab.waitUntilAllPing([access10, v10]);
    expect((await tagged.stop()).packets).toBeGreaterThanOrEqual(4);
    await fabric.lab.waitUntilAllPing([plain1, v0]);
    // A VLAN in which nobody else is.
    expect((await v11.ping(access10.ip, { count: 3, intervalSec: 0.05 })).received).toBe(0);
    await fabric.until(async () => {
      const found = [await networkOf(access10), await networkOf(v10), await networkOf(v0)].flat();
      return JSON.stringify(found) === JSON.stringify(["vlan10", "vlan10", "default"]) ? [] : [`networks: ${found}`];
    });
    await fabric.lab.tcpMatrix([access10, v10], 200_000);
    const counted = await fabric.lab.countBroadcast(access10, { count: 20, at: [v10, v11, v0, plain1, plain2] });
    expect(counted.exactlyOnce).toEqual(["v10"]);
    expect(counted.none).toEqual(["v11", "v0", "plain1", "plain2"]);
  });

  test("a port that is no trunk drops frames with a tag, but takes those with a priority alone", async () => {
    const host = fabric.lab.host(1);
    await addNested(host, ["other_config:priority-tags=always"], []);
    const inside = { bridge: "br-guest", mtu: 1400 };
    const w10 = await host.addInternalPort({ ...inside, name: "w10", ip: "10.1.0.9/24", tag: 10 });
    const w0 = await host.addInternalPort({ ...inside, name: "w0", ip: "10.0.0.9/24", tag: 0 });
    const sent = await fabric.lab.capture(host, "", { device: "tap-nest", direction: "in" });
    await fabric.lab.waitUntilAllPing([w0, plain2]);
    const echoes = (await sent.stop()).lines.filter((line) => line.includes("ICMP echo"));
    expect(echoes.length).toBeGreaterThan(0);
    expect(echoes.filter((line) => line.includes("vlan 0"))).toEqual(echoes);
    expect((await w10.ping(access10.ip, { count: 3, intervalSec: 0.05 })).received).toBe(0);
    expect((await access10.ping(w10.ip, { count: 3, intervalSec: 0.05 })).received).toBe(0);
    expect(await networkOf(w10)).toEqual([]);
    expect(await networkOf(w0)).toEqual(["default"]);
  });

  test("a controller that starts anew knows the networks with their numbers, and writes nothing", async () => {
    const shown = async () =>
      (await fabric.ask("networks")).map(({ name, vni, tag, hosts }) => ({ name, vni, tag, hosts }));
    const before = await shown();
    expect(before.map((network) => network.name)).toEqual(expect.arrayContaining(["default", "vlan10", "blue"]));
    await expectNoLoss(
      [
        [plain1, plain2],
        [blue1, blue2],
      ],
      async () => {
        await fabric.stop();
        await fabric.start();
        await fabric.settled({ guests: [plain1, plain2, blue1, blue2, access10] });
      },
    );
    expect(await fabric.work()).toEqual(NO_WORK);
    expect(await shown()).toEqual(before);
  });

  test("guests that come and go cost the others nothing", async () => {
    await expectNoLoss(
      [
        [plain1, plain2],
        [blue1, blue2],
      ],
      async () => {
        for (const number of [1, 2]) {
          const host = fabric.lab.host(number);
          const guest = await host.addGuest({ name: `brief${number}`, ip: `10.0.0.${50 + number}/24` });
          await fabric.lab.waitUntilAllPing([guest, plain1, plain2]);
          await host.removeGuest(guest.name);
          await fabric.until(async () => ((await fabric.endpoint(guest)) ? ["still known"] : []));
        }
      },
      { mayLose: 1 },
    );
  });
});
