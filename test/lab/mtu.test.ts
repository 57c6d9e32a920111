// MTUs on real switches: what is shown fits, by each type of tunnel, and what is larger is told, or mended where allowed.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { FabricUnderTest, NO_WORK } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const IP_AND_ICMP = 28;

describeLab("the MTU that fits", () => {
  let fabric: FabricUnderTest;
  let near: Guest;
  let far: Guest;

  beforeAll(async () => {
    const settings = { mtu: { request: true }, timeouts: { startHoldSec: 2 } };
    fabric = await FabricUnderTest.create({ hosts: 2, tunnel: "gre", settings });
    const [h1, h2] = fabric.lab.hosts;
    if (h1 === undefined || h2 === undefined) throw new Error("no hosts");
    near = await h1.addGuest({ name: "near", ip: "10.6.0.1/16", mtu: 1500 });
    far = await h2.addGuest({ name: "far", ip: "10.6.0.2/16", mtu: 1450 });
    await fabric.lab.waitUntilAllPing([near, far]);
    await fabric.settled();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const portOf = async (name: string) => (await fabric.ask("ports")).find((port) => port.name === name);

  test("is shown for ports and networks, and who has a larger one is told by name", async () => {
    expect(await portOf(near.port)).toMatchObject({ mtu: 1450, problems: [{ code: "port/mtu" }] });
    expect(await portOf(far.port)).toMatchObject({ mtu: 1450, problems: [] });
    expect((await fabric.ask("networks")).find(({ name }) => name === "default")).toMatchObject({ mtu: 1450 });
  });

  test("passes whole, and leaves room for the two tags alone", async () => {
    const send = async (mtu: number) =>
      (await near.ping(far.ip, { count: 2, size: mtu - IP_AND_ICMP, dontFragment: true })).received;
    expect(await send(1450)).toBe(2);
    const capture = await fabric.lab.capture(fabric.lab.host(1), "proto gre");
    await send(1450);
    const lengths = (await capture.stop()).lines.map((line) => Number(/length (\d+): /.exec(line)?.[1]));
    // The outer frame with its Ethernet header: full but for the label and the priority tag.
    expect(Math.max(...lengths)).toBe(1500 + 14 - 4 - 4);
  });

  test("follows what the host says of its underlay", async () => {
    const host = fabric.lab.host(2);
    await host.vsctl("set", "open_vswitch", ".", "external_ids:weft-underlay-mtu=1400");
    await fabric.until(async () => ((await portOf(near.port))?.mtu === 1350 ? [] : ["the MTU is not yet 1350"]));
    await host.vsctl("remove", "open_vswitch", ".", "external_ids", "weft-underlay-mtu");
    await fabric.until(async () => ((await portOf(near.port))?.mtu === 1450 ? [] : ["the MTU is not yet 1450"]));
  });

  test("follows the interface that tunnels leave by, where Open vSwitch has it", async () => {
    const egress = await fabric.lab.host(1).vsctl("--columns=name,status", "find", "interface", "type=gre");
    expect(egress).toContain("tunnel_egress_iface=br-phy");
    await fabric.lab.host(1).vsctl("set", "interface", "br-phy", "mtu_request=1300");
    await fabric.until(async () => ((await portOf(far.port))?.mtu === 1250 ? [] : ["the MTU is not yet 1250"]));
    await fabric.lab.host(1).vsctl("set", "interface", "br-phy", "mtu_request=1500");
    await fabric.until(async () => ((await portOf(far.port))?.mtu === 1450 ? [] : ["the MTU is not yet 1450"]));
  });

  test("is requested for an internal port, once", async () => {
    const host = fabric.lab.host(1);
    await host.vsctl("add-port", "br-int", "int0", "--", "set", "interface", "int0", "type=internal");
    await fabric.until(async () => {
      const mtu = await host.vsctl("get", "interface", "int0", "mtu");
      return mtu === "1450" ? [] : [`the MTU of int0 is ${mtu}`];
    });
    await fabric.settled({ guests: [near, far] });
    expect(await portOf("int0")).toMatchObject({ mtu: 1450, problems: [] });
    await fabric.stop();
    await fabric.start();
    await fabric.settled();
    expect(await fabric.work()).toEqual(NO_WORK);
  });
});
