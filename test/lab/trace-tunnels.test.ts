// Traces and checks over every kind of tunnel and port: the model, a live probe, Open vSwitch's own trace and a ping say the same.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TraceView } from "../../src/api/trace-views.ts";
import type { Guest } from "../../src/lab/index.ts";
import { arpFrame, ipv4Frame, vlanTag } from "../../src/trace/index.ts";
import { FabricUnderTest, type TunnelType } from "./fabric.ts";
import { realWay } from "./real-way.ts";
import { describeLab } from "./requires.ts";
import { framesIn, hexOf, sendFrames } from "./send-frames.ts";

const VLAN = 10;

/** A guest as others know it; within a trunk it has a VLAN. */
interface End {
  readonly guest: Guest;
  readonly ip: string;
  readonly vlan?: number;
}

function echoFrom({ guest, ip, vlan }: End, to: End) {
  return ipv4Frame({
    ...{ source: guest.mac, destination: to.guest.mac, vlans: vlan === undefined ? [] : [vlanTag(vlan)] },
    ip: {
      ...{ source: ip, destination: to.ip, protocol: 1 },
      transport: { kind: "icmp", type: 8, code: 0, rest: new Uint8Array(4) },
    },
  });
}

function whoHas({ guest, ip }: End, to: End) {
  return arpFrame({
    ...{ source: guest.mac, destination: "ff:ff:ff:ff:ff:ff", operation: 1 },
    ...{ senderIp: ip, targetIp: to.ip },
  });
}

/** Where the frame leaves each switch, as the model or the probe has it. */
function wayOf({ hops }: TraceView): readonly { host: string; ofport: number }[] {
  return hops.flatMap(({ host, outputs }) => outputs.map(({ ofport }) => ({ host, ofport })));
}

function inTag<T extends { readonly vlans: unknown }>(frame: T, { vlan }: End): T {
  return { ...frame, vlans: vlan === undefined ? [] : [vlanTag(vlan)] };
}

async function expectPing({ guest }: End, to: End, received = 3): Promise<void> {
  expect((await guest.ping(to.ip, { count: 3, intervalSec: 0.05 })).received).toBe(received);
}

describeLab("the path of a frame over tunnels of every kind", () => {
  let fabric: FabricUnderTest;
  let plain: readonly End[];
  let locked: readonly End[];
  let trunks: readonly End[];
  let access: End;
  const idOf = (index: number): string => `${fabric.lab.name}-h${index}`;
  const trace = (from: End, to: End | "broadcast", live = false): Promise<TraceView> =>
    fabric.controller.trace({ from: from.ip, to: to === "broadcast" ? to : to.ip, live });

  const started = async (type: TunnelType, flowBased: "always" | "never"): Promise<void> => {
    await fabric.stop();
    await fabric.start({ tunnel: type, settings: { tunnel: { type, flowBased } } });
    const reconnect = (dir: string) => ["ovs-appctl", "-t", `${dir}/ovsdb-server.ctl`, "ovsdb-server/reconnect"];
    await Promise.all(fabric.lab.hosts.map((host) => host.exec(reconnect(host.dir))));
    await fabric.settled();
    await fabric.until(async () => {
      const names = await Promise.all(fabric.lab.hosts.map((host) => host.vsctl("list-ports", "br-int")));
      const tunnels = names.flatMap((text) => text.split("\n")).filter((name) => /^(gre|vxlan|geneve)/.test(name));
      const wanted = flowBased === "always" ? 3 : 6;
      return tunnels.length === wanted && tunnels.every((name) => name.startsWith(type)) ? [] : [tunnels.join(" ")];
    });
  };

  /** On every switch of its way, and to its end. @param hosts by their numbers */
  const expectWay = async (from: End, to: End, hosts: readonly number[]): Promise<void> => {
    const view = await trace(from, to);
    const what = `${from.guest.name} -> ${to.guest.name}`;
    expect([what, view.verdict, view.hops.map(({ host }) => host)]).toEqual([what, "delivered", hosts.map(idOf)]);
    expect([what, wayOf(view)]).toEqual([what, await realWay(fabric.lab, "br-int", from.guest, echoFrom(from, to))]);
    const live = await trace(from, to, true);
    expect([what, live.summary, live.verdict]).toEqual([what, live.summary, "delivered"]);
    expect([what, wayOf(live), live.deliveries]).toEqual([what, wayOf(view), view.deliveries]);
    expect([what, live.hops.filter(({ seenUs }) => seenUs === null)]).toEqual([what, []]);
    if (from.vlan === undefined && to.vlan === undefined) await expectPing(from, to);
    else await expectArrival(from, to);
  };

  /** Within a trunk guests have no stack of their own here: a frame, and whether it comes. */
  const expectArrival = async (from: End, to: End): Promise<void> => {
    const echo = echoFrom(from, to);
    const capture = await fabric.lab.capture(to.guest, `ether src ${from.guest.mac}`, { direction: "in" });
    await sendFrames(from.guest, [echo]);
    // A short frame is longer by its tag, and keeps the padding that it had without.
    const wanted = hexOf(inTag(echo, to)).replace(/(00)+$/, "");
    expect(framesIn((await capture.stop()).file).filter((one) => one.startsWith(wanted))).toHaveLength(1);
  };

  const expectAllWays = async (): Promise<void> => {
    const [a1, , a3] = plain as [End, End, End];
    const [l1, l2] = locked as [End, End];
    const [t1, t3] = trunks as [End, End];
    await expectWay(a3, a1, [3, 1]);
    await expectWay(l1, l2, [1, 2]);
    await expectWay(t1, access, [1, 2]);
    await expectWay(t3, t1, [3, 1]);
    const [all, live] = [await trace(access, "broadcast"), await trace(access, "broadcast", true)];
    expect({ verdict: live.verdict, to: live.deliveries }).toEqual({ verdict: "flooded", to: all.deliveries });
  };

  const expectChecked = async (tunnels: number): Promise<void> => {
    const { ok, paths, problems } = await fabric.controller.check({ hosts: [] });
    expect({ ok, problems }).toEqual({ ok: true, problems: [] });
    expect(paths.filter(({ kind }) => kind === "tunnel")).toHaveLength(tunnels);
    expect(new Set(paths.map(({ state }) => state))).toEqual(new Set(["ok"]));
  };

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, tunnel: "gre", quickBfd: true });
    const { hosts } = fabric.lab;
    const lock = (ip: string) => ({
      "external_ids:weft-locked": "true",
      "external_ids:weft-ips": JSON.stringify(ip),
    });
    const add = async (at: number, name: string, ip: string, more: object = {}): Promise<End> => {
      const host = hosts[at - 1];
      if (host === undefined) throw new Error(`the lab has no host ${at}`);
      return { ip, guest: await host.addGuest({ name, ip: `${ip}/16`, ...more }) };
    };
    plain = await Promise.all([1, 2, 3].map((at) => add(at, `a${at}`, `10.0.0.${at}`)));
    locked = await Promise.all(
      [1, 2].map((at) => {
        const ip = `10.0.1.${at}`;
        return add(at, `l${at}`, ip, { attachedMac: true, interfaceColumns: lock(ip) });
      }),
    );
    access = await add(2, "v2", "10.10.0.2", { tag: VLAN });
    trunks = await Promise.all(
      [1, 3].map(async (at): Promise<End> => {
        const columns = at === 1 ? { vlan_mode: "trunk" } : { trunks: `${VLAN},20` };
        const { guest } = await add(at, `t${at}`, `10.9.0.${at}`, { portColumns: columns });
        return { guest, ip: `10.10.0.${at}`, vlan: VLAN };
      }),
    );
    await fabric.lab.waitUntilAllPing([...plain, ...locked].map(({ guest }) => guest));
    await fabric.until(async () => {
      const known = new Set((await fabric.ask("endpoints")).flatMap(({ ips }) => ips));
      const silent = [...trunks, access].filter(({ ip }) => !known.has(ip));
      for (const from of silent) await sendFrames(from.guest, [inTag(whoHas(from, plain[0] as End), from)]);
      return silent.map(({ ip }) => `${ip} has not been heard`);
    });
    await fabric.settled();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  test("is told and tried over GRE, from and to plain, locked and trunk ports", async () => {
    await expectAllWays();
    await expectChecked(6);
  });

  test("is told and tried by the relay that carries a pair whose path is cut", async () => {
    const [a1, a2] = plain as [End, End];
    const [l1, l2] = locked as [End, End];
    const [t1] = trunks as [End, End];
    await fabric.lab.cut(1, 2);
    try {
      await fabric.until(async () => {
        const ways = [await trace(a1, a2), await trace(a2, a1)].map(({ hops }) => hops.length);
        return ways.every((length) => length === 3) ? [] : [`the ways are ${ways.join(" and ")} switches long`];
      });
      await expectWay(a1, a2, [1, 3, 2]);
      await expectWay(l2, l1, [2, 3, 1]);
      await expectWay(t1, access, [1, 3, 2]);
      const { paths } = await fabric.controller.check({ hosts: [] });
      const bad = paths.filter(({ state }) => state !== "ok");
      expect(bad.map(({ kind, from, to, state }) => `${kind} ${from} ${to} ${state}`).sort()).toEqual([
        `tunnel ${idOf(1)} ${idOf(2)} dead`,
        `tunnel ${idOf(2)} ${idOf(1)} dead`,
      ]);
    } finally {
      await fabric.lab.healAll();
    }
  });

  test("is told and tried over VXLAN", async () => {
    await started("vxlan", "never");
    await expectAllWays();
    await expectChecked(6);
  });

  test("is told and tried over flow-based tunnels, where only a probe shows that a path is cut", async () => {
    await started("geneve", "always");
    await expectAllWays();
    await expectChecked(6);
    const [a1, a2] = plain as [End, End];
    await fabric.lab.cut(1, 2);
    try {
      expect(await trace(a1, a2)).toMatchObject({ verdict: "delivered" });
      const live = await trace(a1, a2, true);
      expect({ verdict: live.verdict, seen: live.hops.map(({ seenUs }) => seenUs !== null) }).toEqual({
        verdict: "lost",
        seen: [true, false],
      });
      expect(live.summary).toContain(`${idOf(2)}, which has not seen it`);
      const { paths } = await fabric.controller.check({ hosts: [idOf(2)] });
      const dead = paths.filter(({ kind, state }) => kind === "tunnel" && state === "dead");
      expect(dead.map(({ from, to }) => `${from} ${to}`).sort()).toEqual([
        `${idOf(1)} ${idOf(2)}`,
        `${idOf(2)} ${idOf(1)}`,
      ]);
      await expectPing(a1, a2, 0);
    } finally {
      await fabric.lab.healAll();
    }
  });
});

describeLab("the path of a frame while hosts are adopted", () => {
  let fabric: FabricUnderTest;
  let guests: readonly Guest[];
  const idOf = (index: number): string => `${fabric.lab.name}-h${index}`;

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, join: false, tunnel: "gre", quickBfd: true });
    for (const host of fabric.lab.hosts) {
      await host.createBridge({ name: "br0" });
      await host.vsctl("set", "bridge", "br0", "rstp_enable=true");
      for (const peer of fabric.lab.hosts) {
        if (peer === host) continue;
        const row = ["set", "interface", `gre${peer.index - 1}`, "type=gre", `options:remote_ip=${peer.ip}`];
        await host.vsctl("add-port", "br0", `gre${peer.index - 1}`, "--", ...row);
      }
    }
    guests = await fabric.lab.populate({ bridge: "br0", perHost: 1 });
    await fabric.lab.waitUntilAllPing(guests);
    await fabric.join();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  test("is said to be unknown where a host still forwards by itself, and is not tried", async () => {
    const [one, two] = guests as [Guest, Guest];
    await fabric.until(async () => {
      const states = (await fabric.ask("hosts")).map(({ state }) => state);
      return states.length === 3 && states.every((state) => state === "waiting") ? [] : [states.join(" ")];
    });
    await fabric.tell("adopt", 1, 2);
    await fabric.until(async () => {
      const stages = await Promise.all(
        fabric.lab.hosts.map((host) => host.vsctl("--if-exists", "get", "bridge", "br0", "external_ids:weft-stage")),
      );
      return stages.join() === "prepare,prepare," ? [] : [stages.join()];
    });
    await fabric.quiet();
    const from = `${idOf(1)}:${one.port}`;
    const view = await fabric.controller.trace({ from, to: two.mac });
    expect(view).toMatchObject({ verdict: "unknown", summary: expect.stringContaining("NORMAL") });
    expect(view.notes?.join()).toContain("still forwards by flows of its own");
    await expect(fabric.controller.trace({ from, to: two.mac, live: true })).rejects.toMatchObject({
      code: "trace/no-probe",
    });
    const { paths } = await fabric.controller.check({ hosts: [] });
    const states = paths.map(({ kind, from: near, to, state }) => `${kind} ${near} ${to} ${state}`);
    // Its tunnels stand and are checked before frames go by them; networks do not go by them yet.
    expect(states.filter((text) => text.startsWith("tunnel")).sort()).toEqual([
      `tunnel ${idOf(1)} ${idOf(2)} ok`,
      `tunnel ${idOf(2)} ${idOf(1)} ok`,
    ]);
    expect(states.filter((text) => text.startsWith("network") && !text.endsWith("unchecked"))).toEqual([]);
    expect((await one.ping(two.ip, { count: 3, intervalSec: 0.05 })).received).toBe(3);
  });

  test("is told and tried as anywhere once they are taken", async () => {
    const [one, two] = guests as [Guest, Guest];
    await fabric.tell("adopt", 3);
    await fabric.settled();
    await fabric.allHeard();
    const view = await fabric.controller.trace({ from: one.ip, to: two.ip });
    const live = await fabric.controller.trace({ from: one.ip, to: two.ip, live: true });
    expect([view.verdict, live.verdict]).toEqual(["delivered", "delivered"]);
    const ends = [one, two].map((guest): End => ({ guest, ip: guest.ip })) as [End, End];
    expect(wayOf(view)).toEqual(await realWay(fabric.lab, "br0", one, echoFrom(...ends)));
    expect(wayOf(live)).toEqual(wayOf(view));
    expect((await fabric.controller.check({ hosts: [] })).problems).toEqual([]);
  });
});
