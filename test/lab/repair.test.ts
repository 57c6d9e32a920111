// What people and crashes break is put right, and those it does not concern lose nothing.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { expectNoLoss, FabricUnderTest, NO_WORK, PORTS } from "./fabric.ts";
import { describeLab } from "./requires.ts";

describeLab("a fabric of three hosts that is broken", () => {
  let fabric: FabricUnderTest;
  let g1: Guest;
  let g2: Guest;
  let g3: Guest;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3 });
    [g1, g2, g3] = (await fabric.populate({ perHost: 1 })) as [Guest, Guest, Guest];
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const indexOf = async (number: number) => (await fabric.hostView(number))?.index ?? Number.NaN;
  const tunnelTo = async (number: number) => `geneve${await indexOf(number)}`;
  const repaired = async () => {
    await fabric.lab.waitUntilAllPing();
    await fabric.settled();
  };

  test("a tunnel that is deleted is made again, with its name and number; other pairs lose nothing", async () => {
    const host = fabric.lab.host(1);
    const name = await tunnelTo(2);
    const before = await host.vsctl("--columns=name,ofport,options,external_ids", "list", "interface", name);
    await expectNoLoss(
      [
        [g1, g3],
        [g2, g3],
      ],
      async () => {
        await host.vsctl("del-port", name);
        await fabric.until(async () => {
          const ports = await host.vsctl("list-ports", "br-int");
          return ports.includes(name) ? [] : [`ports: ${ports}`];
        });
        await repaired();
      },
    );
    expect(await host.vsctl("--columns=name,ofport,options,external_ids", "list", "interface", name)).toBe(before);
  });

  test("a remote_ip that is changed is put right; other pairs lose nothing", async () => {
    const host = fabric.lab.host(2);
    const name = await tunnelTo(3);
    await expectNoLoss(
      [
        [g1, g2],
        [g1, g3],
      ],
      async () => {
        await host.vsctl("set", "interface", name, "options:remote_ip=192.0.2.99");
        await fabric.until(async () => {
          const ip = await host.vsctl("get", "interface", name, "options:remote_ip");
          return ip === `"${fabric.lab.host(3).ip}"` ? [] : [`remote_ip ${ip}`];
        });
        await repaired();
      },
    );
  });

  test("a controller row that is deleted is set again; pairs of other hosts lose nothing", async () => {
    const host = fabric.lab.host(3);
    await expectNoLoss([[g1, g2]], async () => {
      const before = await host.vsctl("get-controller", "br-int");
      await host.vsctl("del-controller", "br-int");
      await fabric.until(async () => {
        const target = await host.vsctl("get-controller", "br-int");
        return target === before ? [] : [`target: ${target}`];
      });
      await repaired();
    });
  });

  test("fail_mode, in-band control and STP are set back", async () => {
    const host = fabric.lab.host(3);
    const columns = () => host.vsctl("--columns=fail_mode,stp_enable,other_config", "list", "bridge", "br-int");
    const before = await columns();
    await expectNoLoss([[g1, g2]], async () => {
      await host.vsctl(
        ...["set", "bridge", "br-int", "fail_mode=standalone", "stp_enable=true"],
        "other_config:disable-in-band=false",
      );
      await fabric.until(async () => {
        const now = await columns();
        return now === before ? [] : [now];
      });
      await repaired();
    });
  });

  test("ovs-vswitchd that is killed gets all its flows back when it starts; pairs of other hosts lose nothing", async () => {
    const host = fabric.lab.host(2);
    await expectNoLoss([[g1, g3]], async () => {
      await host.vswitchd.kill();
      await fabric.until(async () => {
        const view = await fabric.hostView(2);
        return view?.openflow === "disconnected" ? [] : ["still connected by OpenFlow"];
      });
      // The fabric keeps what it knows of a host whose switch is away.
      expect(await fabric.endpoint(g2)).toBeDefined();
      await host.vswitchd.start();
      await repaired();
    });
    expect(await fabric.lab.pingMatrix()).toMatchObject({ failed: [] });
  });

  test("ovs-vswitchd that hangs is noticed, and served again when it runs on", async () => {
    const host = fabric.lab.host(2);
    await expectNoLoss([[g1, g3]], async () => {
      host.vswitchd.pause();
      try {
        await fabric.until(async () => {
          const view = await fabric.hostView(2);
          return view?.openflow === "disconnected" ? [] : ["still connected by OpenFlow"];
        });
      } finally {
        host.vswitchd.resume();
      }
      await repaired();
    });
  });

  test("ovsdb-server that is killed and started again costs no ping and no transaction", async () => {
    const host = fabric.lab.host(1);
    const before = await fabric.work();
    await expectNoLoss(
      [
        [g1, g2],
        [g1, g3],
      ],
      async () => {
        await host.ovsdb.kill();
        await fabric.until(async () => {
          const view = await fabric.hostView(1);
          return view?.ovsdb === "disconnected" ? [] : ["still connected by OVSDB"];
        });
        await host.ovsdb.start();
        await repaired();
      },
    );
    expect((await fabric.work()).ovsdbTransactions).toBe(before.ovsdbTransactions);
  });

  test("connections that a path swallows are noticed, and when it is back nothing was lost and nothing is written", async () => {
    const host = fabric.lab.host(3);
    const before = await fabric.work();
    await expectNoLoss(
      [
        [g1, g3],
        [g2, g3],
      ],
      async () => {
        await Promise.all([host.hold(PORTS.ovsdb), host.hold(PORTS.openflow)]);
        await fabric.until(async () => {
          const view = await fabric.hostView(3);
          return view?.ovsdb === "disconnected" && view.openflow === "disconnected" ? [] : ["not noticed"];
        });
        expect((await fabric.hostView(3))?.state).toBe("down");
        await Promise.all([host.release(PORTS.ovsdb), host.release(PORTS.openflow)]);
        await repaired();
      },
    );
    expect(await fabric.work()).toEqual(before);
  });

  test("after all repairs a controller that starts finds nothing to do", async () => {
    await fabric.stop();
    await fabric.start();
    await fabric.settled();
    expect(await fabric.work()).toEqual(NO_WORK);
  });
});
