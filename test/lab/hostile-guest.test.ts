// A guest that sends whatever it can: nobody's place or address changes hands, no tunnel falls, no switch is lost, no controller is flooded.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fromHex } from "../../proto/bytes/hex.ts";
import type { Guest, Lab } from "../../src/lab/index.ts";
import { PROBE_DESTINATION, PROBE_ETHER_TYPE } from "../../src/model/probe-address.ts";
import { arpFrame, type Frame, frameToBytes, ipv4Frame, ipv6Frame, rawFrame, vlanTag } from "../../src/trace/index.ts";
import { FabricUnderTest } from "./fabric.ts";
import { describeLab } from "./requires.ts";
import { framesIn } from "./send-frames.ts";

const SCRIPT = readFileSync(join(import.meta.dirname, "hostile_frames.py"), "utf8");
const ALL = "ff:ff:ff:ff:ff:ff";
const RED = 10;
const VICTIM = { mac: "02:00:00:08:01:01", ip: "10.8.1.1" };
const FAR = { mac: "02:00:00:08:01:02", ip: "10.8.1.2" };
/** In frames that must arrive nowhere. */
const MARKER = "c0ffee00c0ffee01";
const RATE = 50;
/** How often the switch takes each frame to LEARN, where a guest alone can't bring enough of them. */
const VISITS = 64;

interface Order {
  readonly frames?: readonly Uint8Array[];
  readonly everyEtherType?: boolean;
  readonly randomSec?: number;
  /** So many random frames to itself, which go no further than the switch, are sent over and over for so long. */
  readonly pool?: number;
  readonly poolSec?: number;
}

describeLab("a hostile guest", () => {
  let fabric: FabricUnderTest;
  let victim: Guest;
  let far: Guest;
  let evil: Guest;
  let locked: Guest;
  let red: Guest;

  beforeAll(async () => {
    const punts = { packetsPerSecond: RATE, burst: RATE };
    // What is declared is nobody else's; what is not belongs to whoever announced it last, as for any switch.
    const declared = (lab: Lab) => [
      { mac: VICTIM.mac, ips: [VICTIM.ip], host: `${lab.name}-h1`, port: "tap-victim" },
      { mac: FAR.mac, ips: [FAR.ip], host: `${lab.name}-h2`, port: "tap-far" },
    ];
    fabric = await FabricUnderTest.create({
      hosts: 2,
      settings: (lab) => ({
        timeouts: { startHoldSec: 2 },
        punts,
        endpoints: { static: declared(lab) },
        // A busy machine must not look like a forgery: BFD takes three seconds to give a tunnel up.
        bfd: { packetsPerSecond: 1 },
      }),
    });
    const [h1, h2] = fabric.lab.hosts;
    if (h1 === undefined || h2 === undefined) throw new Error("no hosts");
    victim = await h1.addGuest({ name: "victim", mac: VICTIM.mac, ip: `${VICTIM.ip}/16` });
    far = await h2.addGuest({ name: "far", mac: FAR.mac, ip: `${FAR.ip}/16` });
    evil = await h1.addGuest({ name: "evil", ip: "10.8.1.6/16" });
    locked = await h1.addGuest({
      name: "locked",
      ip: "10.8.1.7/16",
      attachedMac: true,
      interfaceColumns: {
        "external_ids:weft-locked": "true",
        "external_ids:weft-ips": JSON.stringify("10.8.1.7"),
      },
    });
    red = await h2.addGuest({ name: "red", ip: "10.8.2.1/16", tag: RED });
    await fabric.lab.waitUntilAllPing([victim, far, evil, locked]);
    await fabric.settled();
    await fabric.allHeard([victim, far, evil, locked]);
    await fabric.settled();
  });

  afterAll(async () => {
    await fabric?.destroy();
  });

  async function send(from: Guest, order: Order): Promise<number> {
    const bare = (mac: string) => mac.replaceAll(":", "");
    const { frames = [], ...more } = order;
    const hex = frames.map((frame) => Buffer.from(frame).toString("hex"));
    const input = JSON.stringify({
      device: from.device,
      source: bare(from.mac),
      destination: bare(far.mac),
      frames: hex,
      ...more,
    });
    const { stdout } = await from.exec(["/usr/bin/python3", "-c", SCRIPT], { input });
    return (JSON.parse(stdout) as { sent: number }).sent;
  }

  /** Whose everything is, how often each tunnel's BFD has changed, and since when each switch is connected. */
  async function state() {
    const endpoints = (await fabric.ask("endpoints"))
      .filter(({ mac }) => [victim, far, locked, red].some((guest) => guest.mac === mac))
      .map(({ mac, ips, network, host, port }) => [mac, ips.filter((ip) => ip.includes(".")), network, host, port]);
    const flaps = await Promise.all(
      fabric.lab.hosts.map((host) =>
        host.vsctl("--columns=name,bfd_status", "--format=json", "find", "interface", "type=geneve"),
      ),
    );
    const flapCounts = flaps.map((text) => [...text.matchAll(/"flap_count","(\d+)"/g)].map((match) => match[1]));
    const { counters } = await fabric.ask("status");
    const { faults = -1, sessionErrors = -1, refusedConnections = -1 } = counters;
    const ports = (await fabric.ask("ports")).filter((port) => port.blocked).map((port) => port.name);
    return { endpoints, flapCounts, faults, sessionErrors, refusedConnections, blocked: ports };
  }

  /** The least time, in seconds, that a switch has been connected to the controller. */
  async function connectedForSec(): Promise<number> {
    const lists = await Promise.all(
      fabric.lab.hosts.map((host) => host.vsctl("--columns=status", "--format=json", "list", "controller")),
    );
    return Math.min(...lists.map((text) => Number(/"sec_since_connect","(\d+)"/.exec(text)?.[1] ?? "0")));
  }

  type State = Partial<Awaited<ReturnType<typeof state>>>;

  async function expectUnmoved(before: State, elapsedSec: number): Promise<void> {
    expect(await state()).toMatchObject(before);
    expect(await connectedForSec()).toBeGreaterThanOrEqual(Math.floor(elapsedSec));
    for (const view of await fabric.ask("hosts")) expect(view).toMatchObject({ state: "up", openflow: "connected" });
    expect((await victim.ping(far.ip, { count: 3 })).received).toBe(3);
    expect((await far.ping(victim.ip, { count: 3 })).received).toBe(3);
  }

  /** In the names of others, and of those who have none. */
  function forgeries(bridgeMac: string): readonly Frame[] {
    const arp = (source: string, senderIp: string, operation: number, senderMac = source) =>
      arpFrame({ source, destination: ALL, operation, senderIp, senderMac, targetIp: senderIp });
    const advertise = (source: string, target: string) =>
      ipv6Frame({
        source,
        destination: "33:33:00:00:00:01",
        ip: {
          source: target,
          destination: "ff02::1",
          transport: {
            kind: "nd" as const,
            type: 136 as const,
            flags: 0x2000_0000,
            target,
            sourceMac: null,
            targetMac: source,
            otherOptions: new Uint8Array(),
          },
        },
      });
    const bfd = (destination: string, source: string, to: string) =>
      ipv4Frame({
        source: evil.mac,
        destination,
        ip: {
          source,
          destination: to,
          protocol: 17,
          ttl: 255,
          transport: {
            kind: "ports" as const,
            source: 49_152,
            destination: 3784,
            // A control packet that says AdminDown, with all-zero discriminators.
            rest: fromHex(`00200000${"20000318".padEnd(48, "0")}`),
          },
        },
      });
    const lldp = rawFrame({
      source: evil.mac,
      destination: "01:80:c2:00:00:0e",
      etherType: 0x88cc,
      bytes: fromHex(`0207040200000000aa0403073106020078${MARKER}0000`),
    });
    const probe = (vlans: Frame["vlans"]) =>
      rawFrame({
        source: evil.mac,
        destination: PROBE_DESTINATION,
        vlans,
        etherType: PROBE_ETHER_TYPE,
        bytes: fromHex(`${MARKER}${"00".repeat(80)}`),
      });
    const h2 = fabric.lab.host(2).ip;
    return [
      ...[1, 2].flatMap((operation) => [
        arp(victim.mac, victim.ip, operation),
        arp(far.mac, far.ip, operation),
        // Addresses of others for a MAC of its own, and the other way round.
        arp(evil.mac, victim.ip, operation),
        arp(evil.mac, far.ip, operation),
        arp(evil.mac, far.ip, operation, far.mac),
        arp(victim.mac, evil.ip, operation),
        arp(bridgeMac, "10.8.9.9", operation),
        arp(bridgeMac, victim.ip, operation),
        arp(ALL, victim.ip, operation),
        arp("00:00:00:00:00:00", victim.ip, operation),
      ]),
      advertise(victim.mac, "fe80::1"),
      advertise(evil.mac, "fe80::1"),
      // To Open vSwitch's own address for BFD, to the tunnels' ends, and to everybody.
      bfd("00:23:20:00:00:01", "169.254.1.0", "169.254.1.1"),
      bfd("00:23:20:00:00:01", fabric.lab.host(1).ip, h2),
      bfd(far.mac, fabric.lab.host(1).ip, h2),
      bfd(ALL, "169.254.1.1", "169.254.1.0"),
      lldp,
      probe([]),
      probe([vlanTag(RED)]),
    ];
  }

  test("takes nobody's place, address or tunnel by forged ARP, ND, BFD, LLDP and probes, nor by the bridge's own MAC", async () => {
    const since = performance.now();
    const before = await state();
    expect(before.endpoints).toHaveLength(4);
    const bridgeMac = (await fabric.lab.host(1).vsctl("get", "interface", "br-int", "mac_in_use")).replaceAll('"', "");
    const capture = await fabric.lab.capture(far, "ether proto 0x88cc or ether proto 0x88b5", { direction: "in" });
    const frames = forgeries(bridgeMac).map(frameToBytes);
    await send(evil, { frames: [...frames, ...frames, ...frames] });
    await fabric.quiet();
    await expectUnmoved(before, (performance.now() - since) / 1000);
    const seen = framesIn((await capture.stop()).file).filter((frame) => frame.includes(MARKER));
    expect(seen).toEqual([]);
  });

  test("comes into no other network by tags, tags in tags, or tags of 802.1ad", async () => {
    const tags: readonly Frame["vlans"][] = [
      [vlanTag(RED)],
      [vlanTag(0), vlanTag(RED)],
      [vlanTag(1), vlanTag(RED)],
      [vlanTag(RED), vlanTag(RED)],
      [vlanTag(RED, { tpid: 0x88a8 }), vlanTag(RED)],
      [vlanTag(RED, { tpid: 0x88a8 })],
      [vlanTag(0), vlanTag(0), vlanTag(RED)],
      [vlanTag(4095)],
    ];
    const capture = await fabric.lab.capture(red, "", { direction: "in" });
    const frames = tags.flatMap((vlans) =>
      [ALL, red.mac].map((destination) =>
        rawFrame({ source: evil.mac, destination, vlans, etherType: 0x88b6, bytes: fromHex(MARKER.repeat(8)) }),
      ),
    );
    // And one of its own network, so that it is known that the capture would have seen it.
    const own = rawFrame({ source: far.mac, destination: ALL, etherType: 0x88b6, bytes: fromHex(MARKER.repeat(8)) });
    const control = await fabric.lab.capture(far, "", { direction: "in" });
    await send(evil, { frames: [...frames, { ...own, source: evil.mac }].map(frameToBytes) });
    await fabric.quiet();
    const atFar = framesIn((await control.stop()).file).filter((frame) => frame.includes(MARKER));
    expect(atFar.length).toBeGreaterThan(0);
    expect(framesIn((await capture.stop()).file).filter((frame) => frame.includes(MARKER))).toEqual([]);
    expect(
      (await fabric.ask("endpoints")).filter(({ mac, network }) => mac === evil.mac && network === "vlan10"),
    ).toEqual([]);
  });

  test("may send every EtherType, frames cut at every byte, and noise as fast as it can: the controller hears what the meter lets by", async () => {
    const since = performance.now();
    const before = await state();
    const punts = async () => (await fabric.ask("status")).counters.packetIns ?? Number.NaN;
    const cut = [
      arpFrame({ source: evil.mac, destination: ALL, operation: 1, senderIp: evil.ip, targetIp: victim.ip }),
      ...forgeries(evil.mac).filter((frame) => frame.source === evil.mac),
    ]
      .map(frameToBytes)
      .flatMap((bytes) =>
        Array.from({ length: Math.min(bytes.length, 90) - 14 }, (_, at) => bytes.subarray(0, 14 + at)),
      );
    const [heardBefore, started] = [await punts(), performance.now()];
    const sent = (await send(evil, { frames: cut, everyEtherType: true, randomSec: 4 })) - cut.length;
    await fabric.quiet();
    const tookSec = (performance.now() - started) / 1000;
    const heard = (await punts()) - heardBefore;
    // Two meters, for frames and for probes, each with its burst; and what the other guests have to say meanwhile.
    const allowed = 2 * (RATE * tookSec + RATE) + 200;
    expect(heard).toBeLessThan(allowed);
    expect(sent).toBeGreaterThan(20 * allowed);
    expect(heard).toBeGreaterThan(0);
    // Noise takes all of a processor that switch and controller share here: BFD may be late by it.
    const { flapCounts: _late, ...rest } = before;
    await fabric.settled({ guests: [victim, far, locked, red] });
    await expectUnmoved(rest, (performance.now() - since) / 1000);
  });

  /** Copies of frames that came to the meter of a port, before it. */
  async function metered(port: number): Promise<number> {
    const text = await fabric.lab.host(1).ofctl("meter-stats", "br-int", `meter=${port}`);
    return Number(/packet_in_count:(\d+)/.exec(text)?.[1] ?? Number.NaN);
  }

  test("may have a hundred thousand unknown frames a second at LEARN: the controller hears what the meter lets by", async () => {
    const before = await state();
    const heardCount = async () => (await fabric.ask("status")).counters.packetIns ?? Number.NaN;
    const host = fabric.lab.host(1);
    const port = (await fabric.ask("ports")).find((one) => one.name === evil.port)?.ofport ?? 0;
    // No guest's frames come that fast by a device of the kernel: the switch itself takes each to LEARN many times.
    const visits = Array.from({ length: VISITS }, () => "resubmit(,10)").join(",");
    const match = `table=0,priority=65535,in_port=${port}`;
    await host.ofctl("add-flow", "br-int", `${match},actions=load:4095->OXM_OF_METADATA[],${visits}`);
    try {
      const [heardBefore, meteredBefore, started] = [await heardCount(), await metered(port), performance.now()];
      await send(evil, { pool: 500, poolSec: 4 });
      const sendingSec = (performance.now() - started) / 1000;
      const rate = ((await metered(port)) - meteredBefore) / sendingSec;
      await fabric.quiet();
      const tookSec = (performance.now() - started) / 1000;
      const heard = (await heardCount()) - heardBefore;
      console.info(`${Math.round(rate)} frames a second in LEARN, ${Math.round(heard / tookSec)} heard`);
      expect(heard).toBeLessThan(RATE * tookSec + RATE + 200);
      expect(heard).toBeGreaterThan(0);
      // What a machine reaches is its own; that it is far beyond what is let by is not.
      expect(rate).toBeGreaterThan(100 * RATE);
    } finally {
      await host.ofctl("--strict", "del-flows", "br-int", match);
    }
    const { flapCounts: _late, ...rest } = before;
    await fabric.settled({ guests: [victim, far, locked, red] });
    expect(await state()).toMatchObject(rest);
  });

  test("behind a locked port says nothing but what is its own", async () => {
    const before = await state();
    const capture = await fabric.lab.capture(far, `not ether src ${locked.mac}`, { direction: "in" });
    const frames = forgeries("02:00:00:00:00:99").filter((frame) => frame.source !== evil.mac);
    const named = frames.map((frame) => ({ ...frame, etherType: frame.etherType }));
    await send(locked, { frames: named.map(frameToBytes), randomSec: 1 });
    const seen = framesIn((await capture.stop()).file);
    // Noise has sources that begin with 06.
    expect(seen.filter((frame) => frame.slice(12, 14) === "06")).toEqual([]);
    const sent = new Set(named.map((frame) => Buffer.from(frameToBytes(frame)).toString("hex").slice(0, 84)));
    expect(seen.filter((frame) => sent.has(frame.slice(0, 84)))).toEqual([]);
    const { flapCounts: _late, ...rest } = before;
    expect(await state()).toMatchObject(rest);
  });
});
