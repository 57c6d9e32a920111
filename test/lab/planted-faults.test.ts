// Faults that somebody plants in a fabric, one by one and together: the doctor names host, place and command within seconds.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FindingView } from "../../src/api/doctor-views.ts";
import type { ContinuousPing, Guest, Host } from "../../src/lab/index.ts";
import { FabricUnderTest } from "./fabric.ts";
import { describeLab } from "./requires.ts";

/** A person looks again after some seconds. */
const WITHIN_SEC = 20;

describeLab("a fabric of three hosts in which somebody plants faults", () => {
  let fabric: FabricUnderTest;
  let [h1, h2, h3]: Host[] = [];
  let [g1, g2, g3]: Guest[] = [];

  beforeAll(async () => {
    const settings = { endpoints: { freezeSec: 3, duplicateWindowSec: 3 } };
    fabric = await FabricUnderTest.create({ hosts: 3, tunnel: "geneve", settings, quickBfd: true });
    [h1, h2, h3] = fabric.lab.hosts;
    [g1, g2, g3] = await fabric.populate({ perHost: 1 });
    await fabric.allHeard();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  const idOf = (host: Host | undefined): string => `${fabric.lab.name}-${host?.name}`;
  const wrong = async (): Promise<readonly FindingView[]> =>
    (await fabric.ask("doctor")).filter(({ severity }) => severity !== "note");
  const short = (list: readonly FindingView[]) =>
    list.map((one) => `${one.code} ${one.host} ${one.subject}`).join("; ");

  /** Resolves with the findings that were waited for. */
  async function found(...wanted: readonly Partial<FindingView>[]): Promise<readonly FindingView[]> {
    let all: readonly FindingView[] = [];
    const matches = (one: FindingView, part: Partial<FindingView>): boolean =>
      Object.entries(part).every(([key, value]) => one[key as keyof FindingView] === value);
    await fabric.until(async () => {
      all = await wrong();
      return wanted
        .filter((part) => !all.some((one) => matches(one, part)))
        .map((part) => `${JSON.stringify(part)} among ${short(all)}`);
    }, WITHIN_SEC);
    // Of one fault there is one finding, or one for each of its hosts.
    const tunnels = all.filter(({ code }) => code.startsWith("tunnel/") || code === "host/tunnels-deaf");
    expect(tunnels.length).toBeLessThanOrEqual(1);
    return wanted.map((part) => all.find((one) => matches(one, part)) as FindingView);
  }

  /** Incidents of before stay told for some minutes: they are true. */
  async function well(): Promise<void> {
    await fabric.until(async () => {
      const left = (await wrong()).filter(({ code }) => !/\/tampered(-left)?$/.test(code));
      return left.length === 0 ? [] : [short(left)];
    }, 30);
  }

  async function tunnelTo(host: Host | undefined, peer: Host | undefined): Promise<string> {
    const tunnels = await fabric.ask("tunnels");
    return tunnels.find((one) => one.from === idOf(host) && one.to === idOf(peer))?.name ?? "";
  }

  async function cloneOf(guest: Guest, host: Host, name: string): Promise<{ twin: Guest; noise: ContinuousPing[] }> {
    const twin = await host.addGuest({ name, ip: "10.0.9.9/16", mac: guest.mac });
    return { twin, noise: [guest.startPing((g3 as Guest).ip), twin.startPing((g3 as Guest).ip)] };
  }

  test("a healthy fabric has nothing wrong, nothing that drifts, and is looked at in a moment", async () => {
    const started = Date.now();
    expect(await wrong()).toEqual([]);
    expect(Date.now() - started).toBeLessThan(WITHIN_SEC * 1000);
    const drift = await fabric.ask("drift");
    expect(drift.map(({ reason, deviations }) => [reason, deviations])).toEqual([1, 2, 3].map(() => [null, []]));
  });

  test("a wrong remote_ip is put right, and told with what it was and where", async () => {
    const name = await tunnelTo(h1, h2);
    await h1?.vsctl("set", "interface", name, "options:remote_ip=192.0.2.99");
    const [told] = await found({ code: "host/tampered", host: idOf(h1), subject: name });
    expect(told?.message).toContain(`options:remote_ip 192.0.2.99, not ${h2?.ip}`);
    expect(told?.command).toContain("ovsdb-tool show-log");
    await fabric.until(async () => {
      const now = await h1?.vsctl("get", "interface", name, "options:remote_ip");
      return now === `"${h2?.ip}"` ? [] : [`remote_ip is ${now}`];
    }, 5);
    await well();
  });

  test("a path that is cut is told with its direction, and a host that hears nobody once, with the port to open", async () => {
    const [to3, to2] = [await tunnelTo(h3, h2), await tunnelTo(h2, h3)];
    try {
      await fabric.lab.cut(2, 3, { oneWay: true });
      const [oneWay] = await found({ code: "tunnel/one-way", host: idOf(h3), subject: to3 });
      expect(oneWay?.message).toContain(
        `${idOf(h3)} (${h3?.ip}) does not hear ${idOf(h2)} (${h2?.ip}), which hears it`,
      );
      expect(oneWay?.remedy).toContain("UDP port 6081");
      expect(oneWay?.command).toBe(`tcpdump -ni any 'udp port 6081 and src ${h2?.ip}'`);
      await fabric.lab.cut(1, 3, { oneWay: true });
      const [deaf] = await found({ code: "host/tunnels-deaf", host: idOf(h3), subject: h3?.ip ?? "" });
      expect(deaf?.command).toBe("iptables -I INPUT -p udp --dport 6081 -j ACCEPT");
      await fabric.lab.heal(1, 3);
      await fabric.lab.cut(2, 3);
      const [cut] = await found({ code: "tunnel/cut", host: idOf(h2), subject: to2 });
      expect(cut?.message).toContain(`${idOf(h3)} (${h3?.ip})`);
    } finally {
      await fabric.lab.healAll();
    }
    await well();
  });

  test("a foreign NORMAL flow is named with the command that takes it away, which does", async () => {
    await h2?.ofctl("add-flow", "br-int", "table=0,priority=4,ip,nw_dst=198.51.100.7,actions=NORMAL");
    const subject = "table=0,priority=4,ip,nw_dst=198.51.100.7";
    const [told] = await found({ code: "flow/normal", host: idOf(h2), subject, severity: "critical" });
    expect((await fabric.ask("drift")).find(({ host }) => host === idOf(h2))?.deviations).toMatchObject([
      { what: "flow", state: "extra", foreign: true },
    ]);
    expect(told?.command).toBe(`ovs-ofctl -O OpenFlow13 --strict del-flows br-int '${subject}'`);
    await h2?.exec(["sh", "-c", told?.command ?? "false"]);
    await well();
  });

  test("a MAC that is used twice is named with both places, and the port to take away", async () => {
    const { twin, noise } = await cloneOf(g1 as Guest, h2 as Host, "twin");
    try {
      const [told] = await found({ code: "endpoint/duplicate-mac", host: idOf(h2), subject: g1?.mac ?? "" });
      expect(told?.message).toContain(`${idOf(h1)} port ${g1?.port} and ${idOf(h2)} port ${twin.port}`);
      expect(told?.command).toBe(`ovs-vsctl del-port ${twin.port}`);
    } finally {
      for (const ping of noise) await ping.stop().catch(() => undefined);
      await h2?.removeGuest("twin");
    }
    await well();
  });

  test("an MTU that is too small below, or too big in a guest, is named with its device", async () => {
    try {
      await h3?.exec(["ip", "link", "set", "dev", "eth0", "mtu", "1300"]);
      const [told] = await found({ code: "underlay/mtu", host: idOf(h3), subject: "eth0" });
      expect(told?.command).toBe("ip link set dev eth0 mtu 1500");
      // What fits no more for that alone is no fault of its own.
      expect((await wrong()).map(({ code }) => code).filter((code) => code === "port/mtu")).toEqual([]);
      await h3?.exec(["sh", "-c", told?.command ?? "false"]);
      await well();
      await h1?.exec(["ip", "link", "set", "dev", g1?.port ?? "", "mtu", "1500"]);
      const [big] = await found({ code: "port/mtu", host: idOf(h1), subject: g1?.port ?? "" });
      expect(big?.command).toMatch(new RegExp(`^ip link set dev ${g1?.port} mtu 1\\d\\d\\d$`));
      await h1?.exec(["sh", "-c", big?.command ?? "false"]);
    } finally {
      await h3?.exec(["ip", "link", "set", "dev", "eth0", "mtu", "1500"]);
    }
    await well();
  });

  test("all of them at once are told one by one", async () => {
    const [to2, to3] = [await tunnelTo(h1, h2), await tunnelTo(h2, h3)];
    const { noise } = await cloneOf(g2 as Guest, h1 as Host, "double");
    try {
      await fabric.lab.cut(2, 3);
      await h1?.vsctl("set", "interface", to2, "options:remote_ip=192.0.2.98");
      await h3?.ofctl("add-flow", "br-int", "table=30,priority=9,actions=NORMAL");
      await h1?.exec(["ip", "link", "set", "dev", "eth0", "mtu", "1400"]);
      await found(
        { code: "host/tampered", host: idOf(h1), subject: to2 },
        { code: "tunnel/cut", host: idOf(h2), subject: to3 },
        { code: "endpoint/duplicate-mac", subject: g2?.mac ?? "" },
        { code: "flow/normal", host: idOf(h3), subject: "table=30,priority=9" },
        { code: "underlay/mtu", host: idOf(h1), subject: "eth0" },
      );
    } finally {
      for (const ping of noise) await ping.stop().catch(() => undefined);
      await h1?.exec(["ip", "link", "set", "dev", "eth0", "mtu", "1500"]);
      await h3?.ofctl("--strict", "del-flows", "br-int", "table=30,priority=9");
      await fabric.lab.healAll();
      await h1?.removeGuest("double");
    }
    await well();
  });
});
