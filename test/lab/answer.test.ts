// What a known address is asked for, the asker's own switch answers: proven by what guests accept and by what the underlay carries.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guest } from "../../src/lab/index.ts";
import { FabricUnderTest, NO_WORK, PORTS } from "./fabric.ts";
import { ARP_REPLY, sendArp, sendSolicitation } from "./raw-frame.ts";
import { describeLab } from "./requires.ts";

/** The frame inside a Geneve packet without options begins 16 bytes behind the UDP header. */
const INNER = "udp dst port 6081 and udp";
const ARP_REQUESTS = `${INNER}[28:2] = 0x0806 and udp[36:2] = 1`;
/** For the addresses of this test: the kernel asks for link-local ones when it likes. */
const SOLICITATIONS = `${INNER}[28:2] = 0x86dd and udp[36] = 58 and udp[70] = 135 and (udp[78:2] = 0xfd00 or udp[78:2] = 0xfd10)`;
const VIP = "10.0.77.7";

describeLab("answers in the switch", () => {
  let fabric: FabricUnderTest;
  let a: Guest;
  let b: Guest;
  let c: Guest;
  let guests: readonly Guest[];
  const six = (guest: Guest): string => `fd00::${guest.host.slice(1)}`;

  /** The controller has been told of the addresses, and the switches have been told what to answer. */
  async function known(...wanted: readonly (readonly [Guest, string])[]): Promise<void> {
    await fabric.until(async () => {
      const endpoints = await fabric.ask("endpoints");
      return wanted
        .filter(([{ mac }, ip]) => !endpoints.some((one) => one.mac === mac && one.ips.includes(ip)))
        .map(([{ name }, ip]) => `${ip} of ${name} is not known`);
    });
    await fabric.settled();
  }

  const forget = (...asked: readonly Guest[]) =>
    Promise.all(
      asked.map((guest) => guest.exec(["sh", "-c", "ip neigh flush all; ip -6 neigh flush all"], { check: false })),
    );

  const macOf = async (guest: Guest, ip: string): Promise<string | undefined> =>
    / lladdr (\S+)/.exec((await guest.exec(["ip", "neigh", "show", ip])).stdout)?.[1];

  /** What a filter lets through on the underlay meanwhile. */
  async function onUnderlay(filter: string, during: () => Promise<unknown>): Promise<number> {
    const capture = await fabric.lab.capture("underlay", filter);
    await during();
    return (await capture.stop()).packets;
  }

  beforeAll(async () => {
    const settings = { networks: { loud: { tag: 20, answer: false } }, timeouts: { startHoldSec: 2 } };
    fabric = await FabricUnderTest.create({ hosts: 3, settings });
    [a, b, c] = (await fabric.populate({ perHost: 1 })) as [Guest, Guest, Guest];
    guests = [a, b, c];
    for (const guest of guests) await guest.exec(["ip", "addr", "add", `${six(guest)}/64`, "dev", "eth0", "nodad"]);
    // Twice: who was asked first has not asked, and who has only asked has not said yet whether it routes.
    for (let round = 0; round < 2; round++) {
      await forget(...guests);
      for (const from of guests) {
        for (const to of guests) {
          if (from !== to) expect((await from.ping(six(to), { count: 3 })).received).toBeGreaterThan(0);
        }
      }
    }
    await known(...guests.flatMap((guest) => [[guest, guest.ip] as const, [guest, six(guest)] as const]));
    await fabric.until(async () => {
      const tables = await Promise.all(fabric.lab.hosts.map((host) => host.ofctl("dump-flows", "br-int", "table=20")));
      return guests.flatMap((guest) =>
        tables.every((text) => new RegExp(`nd_target=${six(guest)} .*nd_reserved`).test(text))
          ? []
          : [`${six(guest)} is not answered for everywhere`],
      );
    });
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  test("no ARP request for a known address crosses a tunnel or reaches its owner, and the replies are the owner's", async () => {
    const atOwner = await fabric.lab.capture(b, "arp[6:2] = 1", { direction: "in" });
    const atAsker = await fabric.lab.capture(a, "arp[6:2] = 2", { direction: "in" });
    const requests = await onUnderlay(ARP_REQUESTS, async () => {
      await forget(...guests);
      await fabric.lab.waitUntilAllPing(guests);
    });
    expect(requests).toBe(0);
    expect((await atOwner.stop()).lines).toEqual([]);
    const { lines } = await atAsker.stop();
    for (const owner of [b, c]) {
      expect(lines).toContainEqual(
        expect.stringMatching(new RegExp(`^${owner.mac} > ${a.mac}, .* Reply ${owner.ip} is-at ${owner.mac}, length`)),
      );
      expect(await macOf(a, owner.ip)).toBe(owner.mac);
    }
    expect(lines).toHaveLength(2);
  });

  test("no neighbour solicitation for a known address crosses a tunnel, and guests accept the answers", async () => {
    const atAsker = await fabric.lab.capture(a, "icmp6 and ip6[40] = 136", { direction: "in" });
    const solicitations = await onUnderlay(SOLICITATIONS, async () => {
      await forget(...guests);
      for (const from of guests) {
        for (const to of guests) if (from !== to) expect((await from.ping(six(to), { count: 1 })).received).toBe(1);
      }
    });
    expect(solicitations).toBe(0);
    expect(await macOf(a, six(b))).toBe(b.mac);
    const { file } = await atAsker.stop();
    const { stdout } = await a.exec(["tcpdump", "-Z", "root", "-nn", "-e", "-vv", "-r", file]);
    expect(stdout).toMatch(
      new RegExp(
        `${b.mac} > ${a.mac}, .*hlim 255.* ${six(b)} > ${six(a)}: \\[icmp6 sum ok\\] ICMP6, neighbor advertisement, .*tgt is ${six(b)}, Flags \\[solicited, override\\]\\s+destination link-address option \\(2\\), length 8 \\(1\\): ${b.mac}`,
      ),
    );
  });

  test("what nobody has said yet is asked of all, as it always was", async () => {
    const unknown = "10.0.3.200";
    const atAll = await Promise.all([b, c].map((guest) => fabric.lab.capture(guest, `arp[24:4] = 0x0a0003c8`)));
    expect(await onUnderlay(ARP_REQUESTS, () => a.ping(unknown, { count: 1 }))).toBeGreaterThan(0);
    for (const capture of atAll) expect((await capture.stop()).packets).toBeGreaterThan(0);
  });

  test("a probe finds the owner itself: duplicates are detected, of IPv4 and IPv6", async () => {
    const asked = await fabric.lab.capture(b, "arp[6:2] = 1 and arp[14:4] = 0", { direction: "in" });
    const answered = await fabric.lab.capture(a, "arp[6:2] = 2", { direction: "in" });
    await sendArp(a, { senderIp: "0.0.0.0", targetIp: b.ip });
    await fabric.until(async () => ((await answered.read()).packets > 0 ? [] : ["the owner does not answer a probe"]));
    expect((await answered.stop()).lines).toEqual([expect.stringContaining(`Reply ${b.ip} is-at ${b.mac}`)]);
    expect((await asked.stop()).packets).toBe(1);
    await a.exec(["ip", "addr", "add", `${six(b)}/64`, "dev", "eth0"]);
    await fabric.until(async () => {
      const { stdout } = await a.exec(["ip", "-6", "addr", "show", "dev", "eth0", "dadfailed"]);
      return stdout.includes(`${six(b)}/64`) ? [] : [`the kernel has not seen that ${six(b)} is taken`];
    });
    await a.exec(["ip", "addr", "del", `${six(b)}/64`, "dev", "eth0"]);
    expect((await c.ping(six(b), { count: 1 })).received).toBe(1);
  });

  test("a solicitation without the option for a MAC is left to the owner", async () => {
    const arrived = await fabric.lab.capture(c, "icmp6 and ip6[40] = 135 and ip6[48:2] = 0xfd00", { direction: "in" });
    await sendSolicitation(a, { source: six(a), target: six(c) });
    expect((await arrived.read()).packets).toBe(0);
    await sendSolicitation(a, { source: six(a), target: six(c), option: false });
    await fabric.until(async () => ((await arrived.read()).packets === 1 ? [] : ["it does not come to its owner"]));
    await arrived.stop();
  });

  test("a virtual address that moves, moves at once, announced by request or by reply", async () => {
    const announce = (owner: Guest, operation?: number) =>
      sendArp(owner, { senderIp: VIP, targetIp: VIP, ...(operation === undefined ? {} : { operation }) });
    await a.exec(["ip", "addr", "add", `${VIP}/32`, "dev", "eth0"]);
    await announce(a);
    await known([a, VIP]);
    const ping = c.startPing(VIP);
    await ping.waitForReply();
    // The kernel itself takes no second word on a neighbour within a second.
    await sleep(1200);
    for (const [from, to, operation] of [
      [a, b, undefined],
      [b, a, ARP_REPLY],
    ] as const) {
      await from.exec(["ip", "addr", "del", `${VIP}/32`, "dev", "eth0"]);
      await to.exec(["ip", "addr", "add", `${VIP}/32`, "dev", "eth0"]);
      await announce(to, operation);
      await ping.waitForReply();
      await known([to, VIP]);
      expect(await macOf(c, VIP)).toBe(to.mac);
      // Whoever asks now is told the new owner, by every switch, and without asking over a tunnel.
      await forget(...guests);
      await sleep(1200);
      for (const asker of guests.filter((guest) => guest !== to)) {
        expect((await asker.ping(VIP, { count: 1 })).received).toBe(1);
        expect(await macOf(asker, VIP)).toBe(to.mac);
      }
    }
    const { longestGapSec } = await ping.stop();
    expect(longestGapSec).toBeLessThan(1);
    expect((await fabric.ask("endpoints")).filter((one) => one.ips.includes(VIP)).map((one) => one.mac)).toEqual([
      a.mac,
    ]);
  });

  test("what the owner says of its address goes to all, though the address is known", async () => {
    for (const operation of [undefined, ARP_REPLY]) {
      const heard = await Promise.all([b, c].map((guest) => fabric.lab.capture(guest, "arp", { direction: "in" })));
      await sendArp(a, { senderIp: a.ip, targetIp: a.ip, ...(operation === undefined ? {} : { operation }) });
      for (const capture of heard) {
        await fabric.until(async () => ((await capture.read()).packets > 0 ? [] : ["an announcement is not heard"]));
        await capture.stop();
      }
    }
  });

  test("a trunk gets its answer with the tag of the question", async () => {
    const trunk = await fabric.lab
      .host(1)
      .addGuest({ name: "trunk", ip: "10.0.1.50/16", portColumns: { vlan_mode: "trunk" } });
    const peer = await fabric.lab.host(2).addGuest({ name: "tagged", ip: "10.10.0.2/24", tag: 10 });
    await peer.exec(["ip", "addr", "add", "fd10::2/64", "dev", "eth0", "nodad"]);
    const ask = async () => {
      await sendArp(trunk, { vlan: 10, senderIp: "10.10.0.1", targetIp: "10.10.0.2" });
      await sendSolicitation(trunk, { vlan: 10, source: "fd10::1", target: "fd10::2" });
    };
    const untold = await onUnderlay(`(${ARP_REQUESTS}) or (${SOLICITATIONS})`, ask);
    expect(untold).toBe(2);
    await known([trunk, "10.10.0.1"], [trunk, "fd10::1"], [peer, "10.10.0.2"], [peer, "fd10::2"]);
    const capture = await fabric.lab.capture(trunk, "vlan 10", { direction: "in" });
    expect(await onUnderlay(`(${ARP_REQUESTS}) or (${SOLICITATIONS})`, ask)).toBe(0);
    // The trunk has only asked so far, and so not said whether it routes: it is asked itself, and nobody else is.
    await forget(peer);
    await peer.ping("fd10::1", { count: 1 });
    const lines = (await capture.stop()).lines.join("\n");
    expect(lines).toMatch(
      new RegExp(`${peer.mac} > ${trunk.mac}, .*vlan 10, .*neighbor solicitation, who has fd10::1, length 32`),
    );
    expect(lines).toMatch(new RegExp(`vlan 10, .*Reply 10.10.0.2 is-at ${peer.mac}`));
    expect(lines).toMatch(/vlan 10, .*neighbor advertisement, tgt is fd10::2/);
  });

  test("a network that is told not to answer asks all, as it always was", async () => {
    const [x, y] = await Promise.all(
      [1, 2].map((number) =>
        fabric.lab.host(number).addGuest({ name: `loud${number}`, ip: `10.20.0.${number}/24`, tag: 20 }),
      ),
    );
    if (x === undefined || y === undefined) throw new Error("no guests");
    await fabric.lab.waitUntilAllPing([x, y]);
    await known([x, x.ip], [y, y.ip]);
    const asked = await onUnderlay(ARP_REQUESTS, async () => {
      await forget(x);
      expect((await x.ping(y.ip, { count: 1 })).received).toBe(1);
    });
    expect(asked).toBeGreaterThan(0);
  });

  test("nobody answers for an owner whose link is down, or whose port is gone", async () => {
    const gone = await fabric.lab.host(3).addGuest({ name: "gone", ip: "10.0.3.66/16" });
    await fabric.lab.waitUntilAllPing([a, gone]);
    await known([gone, gone.ip]);
    const answersFor = async () =>
      await fabric.lab.host(1).ofctl("dump-flows", "br-int", `table=20,arp,arp_tpa=${gone.ip}`);
    expect(await answersFor()).toContain(gone.mac);
    await gone.exec(["ip", "link", "set", "eth0", "down"]);
    await fabric.until(async () => ((await answersFor()).includes(gone.mac) ? ["it is answered for though down"] : []));
    await gone.exec(["ip", "link", "set", "eth0", "up"]);
    await fabric.until(async () => ((await answersFor()).includes(gone.mac) ? [] : ["it is not answered for again"]));
    await fabric.lab.host(3).removeGuest("gone");
    await fabric.until(async () => ((await answersFor()).includes(gone.mac) ? ["it is still answered for"] : []));
    await forget(a);
    const replies = await fabric.lab.capture(a, "arp[6:2] = 2", { direction: "in" });
    expect((await a.ping(gone.ip, { count: 1 })).received).toBe(0);
    expect((await replies.stop()).lines.filter((line) => line.includes(gone.ip))).toEqual([]);
  });

  async function held() {
    const lists = fabric.lab.hosts.map((host) => host.ofctl("--no-stats", "--sort", "dump-flows", "br-int"));
    return (await Promise.all(lists)).map((text) => text.split("\n").sort());
  }

  test("a restart writes nothing, and answers are given meanwhile", async () => {
    await fabric.settled();
    const before = await held();
    await fabric.stop();
    const asked = await onUnderlay(`(${ARP_REQUESTS}) or (${SOLICITATIONS})`, async () => {
      await forget(a);
      for (const ip of [b.ip, six(c)]) expect((await a.ping(ip, { count: 1 })).received).toBe(1);
    });
    expect(asked).toBe(0);
    await fabric.start();
    await fabric.settled();
    await sleep(2500);
    expect(await fabric.work()).toEqual(NO_WORK);
    expect(await held()).toEqual(before);
  });

  test("a restart without one of the hosts keeps the answers for its guests, and writes nothing when it returns", async () => {
    const before = await held();
    await fabric.stop();
    const away = fabric.lab.host(2);
    await Promise.all([away.hold(PORTS.ovsdb), away.hold(PORTS.openflow)]);
    await fabric.start();
    await fabric.until(async () => {
      const [first, third] = await Promise.all([fabric.hostView(1), fabric.hostView(3)]);
      return first?.state === "up" && third?.state === "up" ? [] : ["the hosts are not back"];
    });
    await sleep(3000);
    expect(await fabric.work()).toEqual(NO_WORK);
    const view = await fabric.endpoint(b);
    expect(view?.ips).toEqual(expect.arrayContaining([b.ip, six(b)]));
    expect(await held()).toEqual(before);
    await away.release(PORTS.openflow);
    await sleep(1000);
    await away.release(PORTS.ovsdb);
    await fabric.settled({ timeoutSec: 40 });
    expect(await fabric.work()).toEqual(NO_WORK);
    expect(await held()).toEqual(before);
  });
});
