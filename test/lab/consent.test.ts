// Bridges that were there before: left alone without consent, taken with it, never taken from OVN.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest, Host } from "../../src/lab/index.ts";
import { FabricUnderTest, PORTS } from "./fabric.ts";
import { describeLab } from "./requires.ts";

/** Every column that Weft could write, of every row it could write to. */
const COLUMNS = {
  open_vswitch: "external_ids,other_config,bridges",
  bridge:
    "name,ports,controller,fail_mode,protocols,other_config,external_ids,stp_enable,rstp_enable,datapath_type,flow_tables",
  port: "name,interfaces,tag,external_ids,other_config",
  interface: "name,type,options,ofport_request,external_ids,mac",
  controller: "target,connection_mode,max_backoff,external_ids",
} as const;

async function rowsOf(host: Host): Promise<Record<string, string[]>> {
  const tables = await Promise.all(
    Object.entries(COLUMNS).map(async ([table, columns]) => {
      const text = await host.vsctl("--format=json", `--columns=_uuid,${columns}`, "list", table);
      const rows: unknown[] = JSON.parse(text).data;
      return [table, rows.map((row) => JSON.stringify(row)).sort()] as const;
    }),
  );
  return Object.fromEntries(tables);
}

describeLab("hosts that had bridges before", () => {
  let fabric: FabricUnderTest;
  /** Joined with nothing before: what the others are to reach. */
  let partner: Guest;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 4, join: false });
    await fabric.join(1);
    partner = await fabric.lab.host(1).addGuest({ name: "partner", ip: "10.0.0.1/24" });
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const stateOf = async (number: number, wanted: string) => {
    await fabric.until(async () => {
      const view = await fabric.hostView(number);
      return view?.state === wanted ? [] : [`host ${number} is ${JSON.stringify(view)}`];
    });
    return (await fabric.hostView(number))!;
  };

  test("a bridge without consent is left alone, and what to do is said as a command", async () => {
    const host = fabric.lab.host(2);
    await host.createBridge();
    const [a, b] = [
      await host.addGuest({ name: "old1", ip: "10.0.0.21/24" }),
      await host.addGuest({ name: "old2", ip: "10.0.0.22/24" }),
    ];
    await fabric.lab.waitUntilAllPing([a, b]);
    const before = await rowsOf(host);
    await fabric.join(host);
    const view = await stateOf(2, "waiting");
    expect(view.index).toBeNull();
    const [problem] = view.problems;
    expect(problem?.code).toBe("host/bridge-exists");
    expect(problem?.remedy).toContain("ovs-vsctl set open_vswitch . external_ids:weft-bridge=br-int");
    // A change elsewhere has the controller look at every host again.
    await fabric.lab.host(1).addGuest({ name: "more", ip: "10.0.0.2/24" });
    await fabric.until(async () => {
      const up = (await fabric.ask("ports")).some((port) => port.name === "tap-more");
      return up ? [] : ["no port tap-more"];
    });
    expect(await rowsOf(host)).toEqual(before);
    expect((await a.ping(b.ip)).received).toBe(3);
    expect((await fabric.ask("ports")).filter((port) => port.host === view.id)).toEqual([]);
    expect((await fabric.ask("tunnels")).filter((one) => one.to === view.id || one.from === view.id)).toEqual([]);
  });

  test("the command that was shown is all it takes", async () => {
    const host = fabric.lab.host(2);
    const remedy = (await fabric.hostView(2))?.problems[0]?.remedy ?? "";
    const command = /ovs-vsctl (set open_vswitch \. external_ids:weft-bridge=\S+)/.exec(remedy)?.[1] ?? "";
    await host.vsctl(...command.split(" "));
    const view = await stateOf(2, "up");
    expect(view).toMatchObject({ bridge: "br-int", problems: [] });
    await fabric.lab.waitUntilAllPing();
    expect(await host.vsctl("get", "bridge", "br-int", "fail_mode")).toBe("secure");
    expect((await host.ofctl("dump-flows", "br-int")).toUpperCase()).not.toContain("NORMAL");
  });

  test("a bridge that was pointed at Weft by set-controller is taken once the host has a manager", async () => {
    const host = fabric.lab.host(3);
    const ip = fabric.lab.controllerIp;
    await host.createBridge({ name: "br-x" });
    const guest = await host.addGuest({ name: "pointed", ip: "10.0.0.31/24", bridge: "br-x" });
    await host.vsctl("set-controller", "br-x", `tcp:${ip}:${PORTS.openflow}`);
    await fabric.join(host);
    const view = await stateOf(3, "up");
    expect(view).toMatchObject({ bridge: "br-x", problems: [] });
    await fabric.lab.waitUntilAllPing([partner, guest]);
    expect((await host.vsctl("list-br")).split("\n")).toEqual(["br-phy", "br-x"]);
    expect(await host.vsctl("get-controller", "br-x")).toBe(`tcp:${ip}:${PORTS.openflow}`);
  });

  test("a host that OVN owns is refused, with the reason, and left as it is", async () => {
    const host = fabric.lab.host(4);
    await host.vsctl("set", "open_vswitch", ".", "external_ids:ovn-remote=tcp:192.0.2.1:6642");
    const before = await rowsOf(host);
    await fabric.join(host);
    const view = await stateOf(4, "refused");
    expect(view.problems).toEqual([
      expect.objectContaining({
        code: "host/ovn-owned",
        message: expect.stringContaining("ovn-remote"),
        remedy: expect.stringContaining("ovs-vsctl remove open_vswitch . external_ids ovn-remote"),
      }),
    ]);
    const more = await fabric.lab.host(1).addGuest({ name: "evenmore", ip: "10.0.0.3/24" });
    await fabric.lab.waitUntilAllPing([partner, more]);
    expect(await rowsOf(host)).toEqual(before);
    // OVN gone, it joins as any other.
    await host.vsctl("remove", "open_vswitch", ".", "external_ids", "ovn-remote");
    await stateOf(4, "up");
    const guest = await host.addGuest({ name: "freed", ip: "10.0.0.41/24" });
    await fabric.lab.waitUntilAllPing([partner, guest]);
  });

  test("the bridge that carries the underlay is left alone on every host", async () => {
    await fabric.settled();
    for (const host of fabric.lab.hosts) {
      const row = await host.vsctl("--bare", "--columns=controller,fail_mode,external_ids", "list", "bridge", "br-phy");
      expect(row.trim()).toBe("standalone");
      expect((await host.vsctl("list-ports", "br-phy")).split("\n")).toEqual(["eth0"]);
    }
  });
});
