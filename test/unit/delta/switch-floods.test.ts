// DELTA's attacks by switches: a second one with a live datapath id, forged notices, floods, stolen hosts. The first keeps service.
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { encode, type FlowRemoved, type FlowStats } from "../../../proto/openflow13/index.ts";
import { decodeCookie } from "../../../src/pipeline/registry.ts";
import { arpFrame, frameToBytes } from "../../../src/trace/index.ts";
import { ControllerOnLoopback, TEST_TIMEOUT_MS, until } from "./controller-on-loopback.ts";
import { portDesc, WireSwitch } from "./wire-switch.ts";

const VNI = 4095n;
const GUEST = "02:00:00:00:00:0a";

/** A controller of its own for each test: they run beside each other, since a lone switch is watched for seconds first. */
class World {
  readonly controller: ControllerOnLoopback;
  readonly peers: WireSwitch[] = [];

  private constructor(controller: ControllerOnLoopback) {
    this.controller = controller;
  }

  static async in(test: (world: World) => Promise<void>): Promise<void> {
    const settings = { limits: { hosts: 20 }, endpoints: { perPort: 50, perHost: 80 } };
    const world = new World(await ControllerOnLoopback.start(settings));
    try {
      await test(world);
    } finally {
      for (const peer of world.peers) peer.socket.destroy();
      await world.controller.stop();
    }
  }

  async connect(dpid: bigint, ports: readonly number[] = [1, 2]): Promise<WireSwitch> {
    const peer = await WireSwitch.connect(this.controller.openFlowPort, dpid, { ports });
    this.peers.push(peer);
    return peer;
  }

  async served(dpid: bigint): Promise<WireSwitch> {
    const peer = await this.connect(dpid);
    await peer.served();
    return peer;
  }

  both(): Promise<[WireSwitch, WireSwitch]> {
    return Promise.all([this.served(0x1n), this.served(0x2n)]);
  }

  endpoint(mac: string) {
    return this.controller.queries.endpoints().find((one) => one.mac === mac);
  }
}

const check = (title: string, test: (world: World) => Promise<void>): void => {
  it.concurrent(title, () => World.in(test), TEST_TIMEOUT_MS);
};

function announcement(mac: string, ip: string): Uint8Array {
  return frameToBytes(
    arpFrame({ source: mac, destination: "ff:ff:ff:ff:ff:ff", operation: 1, senderIp: ip, targetIp: ip }),
  );
}

describe("a second connection with a live datapath id", () => {
  check("is not written to, changes nothing of the first, and takes over when that one ends", async (w) => {
    const first = await w.served(0x1n);
    first.packetIn(1, VNI, announcement(GUEST, "10.0.0.1"));
    await until("the guest is known", () => w.endpoint(GUEST) !== undefined);
    const flows = first.flows.size;

    const second = await w.connect(0x1n, [1, 2, 3]);
    await until("it is described", () => second.received.filter((m) => m.kind === "multipart_request").length === 3);
    second.packetIn(2, VNI, announcement(GUEST, "10.0.0.1"));
    second.send({ kind: "port_status", xid: 0, reason: "delete", port: portDesc(1) });
    await second.isHeard();
    await first.isHeard();
    expect(w.endpoint(GUEST)).toMatchObject({ port: "p1" });
    expect(first.flows.size).toBeGreaterThanOrEqual(flows);
    expect(second.received.some((m) => m.kind === "flow_mod" || m.kind === "bundle_control")).toBe(false);
    expect(w.controller.said()).toContain("a second OpenFlow connection of the same switch");

    await first.vanish();
    await second.served();
  });

  check("is one of a few: more make room for each other, and the first is served on", async (w) => {
    const first = await w.served(0x1n);
    for (let i = 0; i < 30; i++) await w.connect(0x1n);
    await until("all but a few are closed", () => w.peers.filter((peer) => peer.isOpen).length === 5);
    await first.isHeard();
    expect(w.controller.counter("evictions")).toBe(26);
    expect(w.controller.queries.status().problems.map((one) => one.code)).toContain("controller/refused");
  });
});

describe("a FLOW_REMOVED that nobody asked for", () => {
  const noticeOf = (flow: FlowStats, reason: number): FlowRemoved => ({
    kind: "flow_removed",
    xid: 0,
    cookie: flow.cookie,
    priority: flow.priority,
    reason,
    tableId: flow.tableId,
    durationSec: 1,
    durationNsec: 0,
    idleTimeoutSec: flow.idleTimeoutSec,
    hardTimeoutSec: 0,
    packetCount: 0n,
    byteCount: 0n,
    match: flow.match,
  });

  check("of flows that never were changes nothing", async (w) => {
    const one = await w.served(0x1n);
    one.packetIn(1, VNI, announcement(GUEST, "10.0.0.1"));
    await until("the guest is known", () => w.endpoint(GUEST) !== undefined);
    const [flow] = one.flows.values();
    if (flow === undefined) throw new Error("no flow");
    await until("the guest has its flows", () =>
      [...one.flows.values()].some((f) => decodeCookie(f.cookie)?.kind === "known-mac"),
    );
    for (const port of [2, 3, 0xffff]) {
      const forged = { ...flow, cookie: 0n, match: [{ field: "in_port", value: port } as const] };
      for (let i = 0; i < 500; i++) one.send({ ...noticeOf(forged, i % 4), priority: i });
    }
    await one.isHeard();
    expect(w.endpoint(GUEST)).toMatchObject({ port: "p1" });
  });

  check("of a flow that stands makes the controller write it again, and no other switch is touched", async (w) => {
    const [one, other] = await w.both();
    const before = other.received.length;
    const [flow] = [...one.flows.values()].filter((f) => decodeCookie(f.cookie)?.kind !== "known-mac");
    if (flow === undefined) throw new Error("no flow");
    one.flows.clear();
    const standing = flow;
    one.send(noticeOf(standing, 2));
    await until("it is written again", () => one.flows.size > 0);
    await other.isHeard();
    const written = other.received.slice(before).filter((m) => m.kind === "bundle_add" || m.kind === "flow_mod");
    expect(written).toEqual([]);
  });

  check("forged for another switch's guest takes nothing from it", async (w) => {
    const [one, liar] = await w.both();
    one.packetIn(1, VNI, announcement(GUEST, "10.0.0.1"));
    await until("the guest has its flows", () =>
      [...one.flows.values()].some((f) => decodeCookie(f.cookie)?.kind === "known-mac"),
    );
    const known = [...one.flows.values()].filter((f) => decodeCookie(f.cookie)?.kind === "known-mac");
    for (const flow of known) liar.send(noticeOf(flow, 0));
    await liar.isHeard();
    expect(w.endpoint(GUEST)).toMatchObject({ port: "p1", ips: ["10.0.0.1"] });
  });
});

describe("a switch that lies about its guests", () => {
  check("cannot take another switch's guest, or the address of it", async (w) => {
    const [one, liar] = await w.both();
    one.packetIn(1, VNI, announcement(GUEST, "10.0.0.1"));
    await until("the guest is known", () => w.endpoint(GUEST)?.ips.length === 1);
    for (let i = 0; i < 100; i++) liar.packetIn(1, VNI, announcement(GUEST, "10.0.0.1"));
    await liar.isHeard();
    const at = w.controller.queries.endpoints().filter((one) => one.mac === GUEST);
    // Each lone switch is a fabric of its own: what one says is no news of the other.
    expect(at.find((endpoint) => endpoint.host === `dpid:${one.dpidText}`)).toMatchObject({
      port: "p1",
      ips: ["10.0.0.1"],
    });
    const stolen = [...one.flows.values()].filter((flow) => flow.match.some((tlv) => tlv.field === "eth_dst"));
    expect(stolen.length).toBeGreaterThan(0);
  });

  check("is not heard about ports that it does not have", async (w) => {
    const liar = await w.served(0x2n);
    for (let port = 3; port < 2_000; port++) {
      liar.packetIn(port, VNI, announcement(`02:00:00:01:${hex(port >> 8)}:${hex(port & 0xff)}`, "10.0.1.1"));
    }
    await liar.isHeard();
    expect(w.controller.queries.endpoints().filter((one) => one.mac.startsWith("02:00:00:01"))).toEqual([]);
  });

  check("is closed when it tells of more ports than a switch can have", async (w) => {
    const liar = await w.connect(0x3n, []);
    await until("it is ready", () =>
      liar.received.some((m) => m.kind === "multipart_request" && m.body.kind === "flow"),
    );
    const news = (portNo: number): Uint8Array =>
      encode({ kind: "port_status", xid: 0, reason: "add", port: { ...portDesc(1), portNo } });
    // Numbers that come again are no new ports.
    for (let i = 0; i < 2_000; i++) liar.write(news(1 + (i % 10)));
    await liar.isHeard();
    const flood = Buffer.alloc(0x10010 * news(1).length);
    const [one] = [Buffer.from(news(0x01020304))];
    const at = one.indexOf(Uint8Array.of(1, 2, 3, 4));
    for (let i = 0; i < 0x10010; i++) {
      one.writeUInt32BE(100 + i, at);
      one.copy(flood, i * one.length);
    }
    liar.write(flood);
    await liar.endedWithin(60_000);
    expect(w.controller.said()).toContain("more than 65536 ports");
  });
});

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

describe("a flood", () => {
  check("of switches that come and go fills no table, and one that is served stays", async (w) => {
    const one = await w.served(0x1n);
    for (let dpid = 0x1000n; dpid < 0x1000n + 100n; dpid++) {
      const passing = await w.connect(dpid);
      await until("it is ready", () =>
        passing.received.some((m) => m.kind === "multipart_request" && m.body.kind === "flow"),
      );
      await passing.vanish();
    }
    await one.isHeard();
    expect(one.isOpen).toBe(true);
    await until("the gone ones make room", () => w.controller.counter("evictions") >= 80);
  });

  check("of switches that stay is refused beyond the limit, and told", async (w) => {
    const one = await w.served(0x1n);
    for (let dpid = 0x1000n; dpid < 0x1000n + 40n; dpid++) await w.connect(dpid);
    await until("the others are refused", () => w.peers.filter((peer) => peer.isOpen).length === 20);
    expect(one.isOpen).toBe(true);
    await one.isHeard();
    const problem = w.controller.queries.status().problems.find((each) => each.code === "controller/refused");
    expect(problem).toMatchObject({
      message: expect.stringContaining("limits.hosts"),
      remedy: expect.stringMatching(/./),
    });
  });

  check("of packet-ins with ever new MACs is kept within bounds, and another switch gets its answers", async (w) => {
    const [one, flooder] = await w.both();
    let sent = 0;
    const flood = (async () => {
      for (let round = 0; round < 40 && flooder.isOpen; round++) {
        for (let i = 0; i < 250; i++) {
          sent += 1;
          const mac = `02:aa:00:${hex(sent >> 16)}:${hex((sent >> 8) & 0xff)}:${hex(sent & 0xff)}`;
          flooder.packetIn(1 + (i % 2), VNI, announcement(mac, `10.1.${(sent >> 8) & 0xff}.${sent & 0xff}`));
        }
        await sleep(1);
      }
    })();
    for (let i = 0; i < 10; i++) {
      await one.isHeard();
      await sleep(20);
    }
    // It was answered while the flood was on.
    expect(sent).toBeGreaterThan(0);
    await flood;
    await flooder.isHeard();
    const heard = w.controller.queries.endpoints().filter((each) => each.mac.startsWith("02:aa"));
    expect(sent).toBe(10_000);
    expect(heard.length).toBeLessThanOrEqual(80);
    expect(heard.length).toBeGreaterThan(0);
    const codes = w.controller.queries.status().problems.map((each) => each.code);
    expect(codes).toContain("host/endpoint-cap");
  });
});
