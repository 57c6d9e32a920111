// Traces and checks on real switches: what is told is what happens, and guests notice nothing of it.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TraceView } from "../../src/api/trace-views.ts";
import { run } from "../../src/lab/command.ts";
import type { Guest } from "../../src/lab/index.ts";
import { underlayNamespaceOf } from "../../src/lab/names.ts";
import { FabricUnderTest, NO_WORK, PORTS } from "./fabric.ts";
import { describeLab } from "./requires.ts";

/** To the two MACs that probes of a check are for; loop probes are for another. */
const CHECKS = "ether dst 0a:57:45:46:54:02 or ether dst 0a:57:45:46:54:03";
const ICMP = "icmp[icmptype] == icmp-echo or udp portrange 20000-60000";

describeLab("the path of a frame", () => {
  let fabric: FabricUnderTest;
  let guests: readonly Guest[];
  const trace = (from: string, to: string, more: { readonly live?: boolean; readonly protocol?: string } = {}) =>
    fabric.controller.trace({ from, to, ...more });
  const idOf = (index: number): string => `${fabric.lab.name}-h${index}`;
  const wayOf = ({ hops }: TraceView): readonly string[] => hops.map(({ host }) => host);

  beforeAll(async () => {
    fabric = await FabricUnderTest.create({ hosts: 3, quickBfd: true });
    guests = await fabric.populate({ perHost: 1 });
    await fabric.allHeard(guests);
    await fabric.settled();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  test("is told by names and addresses, switch by switch, with the fact behind each flow", async () => {
    const [a, b] = [guests[0]!, guests[1]!];
    const view = await trace(a.ip, b.ip);
    expect(view).toMatchObject({ verdict: "delivered", live: false });
    expect(wayOf(view)).toEqual([idOf(1), idOf(2)]);
    expect(view.deliveries).toEqual([{ host: idOf(2), port: b.port }]);
    expect(view.hops.map(({ source }) => source)).toEqual(["read", "read"]);
    const reasons = view.hops.flatMap((hop) => hop.steps.map((step) => `${step.table}: ${step.reason}`));
    expect(reasons).toContain(`FORWARD: ${b.ip} is on ${idOf(2)} port ${b.port}, where it was heard`);
    expect(await trace(a.mac, `${idOf(2)}:${b.port}`)).toMatchObject({ verdict: "delivered" });
    expect(await trace(a.ip, b.ip, { protocol: "arp" })).toMatchObject({ verdict: "answered" });
    const all = await trace(a.ip, "broadcast");
    expect(all.verdict).toBe("flooded");
    expect(all.deliveries.map(({ port }) => port).sort()).toEqual([guests[1]!.port, guests[2]!.port].sort());
    await expect(trace("nobody", b.ip)).rejects.toMatchObject({ code: "trace/unknown" });
  });

  test("is tried by a probe that every switch tells of, and that no guest, counter or flow knows of afterwards", async () => {
    const [a, b] = [guests[0]!, guests[1]!];
    const captures = await Promise.all(guests.map((one) => fabric.lab.capture(one, ICMP)));
    const work = await fabric.work();
    const view = await trace(a.ip, b.ip, { live: true });
    expect(view).toMatchObject({ verdict: "delivered", live: true });
    expect(view.deliveries).toEqual([{ host: idOf(2), port: b.port }]);
    const times = view.hops.map(({ seenUs }) => seenUs);
    expect(times.every((time) => time !== null)).toBe(true);
    expect(times).toEqual([...times].sort((x, y) => x! - y!));
    const all = await trace(a.ip, "broadcast", { live: true });
    expect({ verdict: all.verdict, ports: all.deliveries.length }).toEqual({ verdict: "flooded", ports: 2 });
    await expect(trace(a.ip, b.ip, { live: true, protocol: "arp" })).rejects.toMatchObject({ code: "trace/no-probe" });

    // The guest's own frames of the same moment are its own.
    const pinged = a.startPing(b.ip);
    await pinged.waitForReply();
    for (let round = 0; round < 5; round++) await trace(a.ip, b.ip, { live: true });
    await pinged.waitForReplies(20);
    const { lost, duplicates, sent } = await pinged.stop();
    expect({ lost, duplicates }).toEqual({ lost: 0, duplicates: 0 });

    const results = await Promise.all(captures.map((capture) => capture.stop()));
    const seen = results.flatMap(({ lines }) => lines);
    expect(seen.filter((line) => line.includes("UDP"))).toEqual([]);
    // Twice: where they leave, and where they come in.
    expect(seen.length).toBeGreaterThanOrEqual(2 * sent - 2);
    // Guests say things by themselves now and then; a probe that got out would be counted each time.
    await fabric.until(async () => {
      const before = await counters(b);
      await trace(a.ip, b.ip, { live: true });
      const after = await counters(b);
      return after === before ? [] : [`${before} has become ${after}`];
    });
    await fabric.quiet();
    expect(await fabric.work()).toEqual(work);
    for (const host of fabric.lab.hosts) expect(await host.ofctl("dump-flows", "br-int")).not.toContain("hard_timeout");
    expect((await fabric.ask("hosts")).flatMap((host) => host.problems)).toEqual([]);
  });

  test("leaves flows that go by themselves, are no tampering, and are nothing to be done for who starts meanwhile", async () => {
    const host = fabric.lab.host(1);
    const passing = "cookie=0x5745500000000000,table=0,priority=1000,hard_timeout=4,udp,tp_dst=1,actions=drop";
    await fabric.settled();
    await fabric.stop();
    await host.ofctl("-OOpenFlow13", "add-flow", "br-int", passing);
    await fabric.start();
    await fabric.settled();
    expect(await fabric.work()).toEqual(NO_WORK);
    expect((await fabric.hostView(1))?.problems).toEqual([]);
    await fabric.until(async () => {
      const flows = await host.ofctl("-OOpenFlow13", "dump-flows", "br-int");
      return flows.includes("hard_timeout") ? ["the flow is there still"] : [];
    });
    expect((await fabric.hostView(1))?.problems).toEqual([]);
  });

  test("goes by a relay where the direct path is cut, in the model and on the wire", async () => {
    const [a, b] = [guests[0]!, guests[1]!];
    await fabric.lab.cut(1, 2);
    try {
      await fabric.until(async () => {
        const view = await trace(a.ip, b.ip);
        return wayOf(view).length === 3 ? [] : [`the way is ${wayOf(view).join(" ")}`];
      });
      expect(wayOf(await trace(a.ip, b.ip))).toEqual([idOf(1), idOf(3), idOf(2)]);
      const live = await trace(a.ip, b.ip, { live: true });
      expect({ verdict: live.verdict, way: wayOf(live), summary: live.summary }).toMatchObject({
        verdict: "delivered",
        way: [idOf(1), idOf(3), idOf(2)],
      });
      expect(live.hops.every(({ seenUs }) => seenUs !== null)).toBe(true);
    } finally {
      await fabric.lab.healAll();
    }
  });

  test("is by what a switch is known to hold while it does not answer", async () => {
    const [a, b] = [guests[0]!, guests[1]!];
    const host = fabric.lab.host(2);
    await fabric.settled();
    await host.hold(PORTS.openflow);
    try {
      const view = await trace(a.ip, b.ip);
      expect(view).toMatchObject({ verdict: "delivered" });
      expect(view.hops.map(({ source }) => source)).toEqual(["read", "known"]);
      expect(view.notes?.join()).toContain("did not answer");
    } finally {
      await host.release(PORTS.openflow);
    }
    await fabric.settled();
  });

  test("is checked in all directions, and what does not pass is named", async () => {
    await fabric.settled();
    const check = () => fabric.controller.check({ hosts: [] });
    const captures = await Promise.all(guests.map((one) => fabric.lab.capture(one, CHECKS)));
    const well = await check();
    expect(well.problems).toEqual([]);
    expect(well.ok).toBe(true);
    const tunnels = well.paths.filter(({ kind }) => kind === "tunnel");
    expect(tunnels.length).toBe(6);
    expect(tunnels.every(({ fits, roundTripUs }) => fits === 1450 && roundTripUs !== null)).toBe(true);
    expect(well.paths.filter(({ kind, name }) => kind === "network" && name === "default").length).toBe(6);
    expect((await Promise.all(captures.map((one) => one.stop()))).map(({ packets }) => packets)).toEqual([0, 0, 0]);

    const [one, two] = [fabric.lab.host(1), fabric.lab.host(2)];
    // As a firewall does that knows tunnels by their port.
    await two.ofctl("add-flow", "br-phy", `priority=50000,udp,nw_src=${one.ip},tp_dst=6081,actions=drop`);
    try {
      const { ok, paths, problems } = await check();
      expect(ok).toBe(false);
      const dead = paths.filter(({ kind, state }) => kind === "tunnel" && state === "dead");
      expect(dead.map(({ from, to }) => [from, to])).toEqual([[idOf(1), idOf(2)]]);
      const [problem] = problems;
      expect(problem?.message).toContain(`while what ${idOf(2)} sends to ${idOf(1)} does`);
      expect(problem?.remedy).toContain(`UDP 6081 from ${one.ip} to ${two.ip}`);
    } finally {
      await two.ofctl("--strict", "del-flows", "br-phy", `priority=50000,udp,nw_src=${one.ip},tp_dst=6081`);
    }
  });

  test("is found too narrow where the underlay is, with the size that passes", async () => {
    // Where neither host can see it: at the switch that the third one is plugged into.
    const narrow = (mtu: string) =>
      run(["ip", "-n", underlayNamespaceOf(fabric.lab.name), "link", "set", "dev", "h3", "mtu", mtu]);
    // The controller's own connections cross that link too: they keep to what passes.
    await fabric.stop();
    const link = (await run(["ip", "-o", "addr", "show", "to", fabric.lab.controllerIp])).stdout.split(/\s+/)[1]!;
    await run(["ip", "link", "set", "dev", link, "mtu", "1300"]);
    await fabric.start();
    await fabric.settled();
    await narrow("1400");
    try {
      const { paths } = await fabric.controller.check({ hosts: [] });
      const tight = paths.filter(({ kind, state }) => kind === "tunnel" && state === "mtu");
      // Linux lets a frame through that is four bytes longer: it may have a tag.
      const ways = tight.map(({ from, to, fits }) => `${from} ${to} ${fits}`);
      const [one, two, three] = [idOf(1), idOf(2), idOf(3)];
      expect(ways.sort()).toEqual([
        `${one} ${three} 1354`,
        `${two} ${three} 1354`,
        `${three} ${one} 1354`,
        `${three} ${two} 1354`,
      ]);
      expect(tight[0]?.reason).toContain("the underlay passes 1404 bytes there, and 1492 are needed");
    } finally {
      await narrow("1500");
    }
  });

  /** Of the guest's port on the switch, both ways, as OpenFlow tells. */
  async function counters({ host, port }: Guest): Promise<string> {
    const text = await fabric.lab.host(host).ofctl("dump-ports", "br-int", port);
    return [...text.matchAll(/pkts=(\d+)/g)].map(([, count]) => count).join(" ");
  }
});
