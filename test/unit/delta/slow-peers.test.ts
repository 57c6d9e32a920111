// Peers that do not read, trickle, vanish without a word, or come all at once: each is dropped for a reason, and none starves.
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encode } from "../../../proto/openflow13/index.ts";
import { ControllerOnLoopback, TEST_TIMEOUT_MS, until } from "./controller-on-loopback.ts";
import { RawPeer } from "./raw-peer.ts";
import { WireHost } from "./wire-host.ts";
import { WireSwitch } from "./wire-switch.ts";

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS });

let controller: ControllerOnLoopback;

afterEach(async () => {
  await controller.stop();
});

async function readySwitch(dpid: bigint): Promise<WireSwitch> {
  const one = await WireSwitch.connect(controller.openFlowPort, dpid);
  await until("it is ready", () => one.received.some((m) => m.kind === "multipart_request" && m.body.kind === "flow"));
  return one;
}

async function readHost(systemId: string, tunnelIp: string, ignores: readonly string[] = []): Promise<WireHost> {
  const host = await WireHost.connect(controller.ovsdbPort, { systemId, tunnelIp, ignores, obeys: true });
  await host.served();
  return host;
}

function greeted(peer: RawPeer): Promise<boolean> {
  return Promise.race([
    new Promise<true>((resolve) => peer.socket.once("data", () => resolve(true))),
    peer.ended.then(() => false),
  ]);
}

describe("peers that are too slow", () => {
  beforeEach(async () => {
    controller = await ControllerOnLoopback.start();
  });

  it("are dropped when they trickle, vanish or do not answer, by both protocols, and the others are served", async () => {
    const [witness, host] = [await readySwitch(0x1n), await readHost("witness", "10.3.0.1")];

    const trickling = await readySwitch(0x2n);
    trickling.ignores.add("echo_request");
    // Echoes, byte by byte: alive, but of no use.
    void trickling.trickle(new Uint8Array(30).fill(4, 0, 1).fill(2, 1, 2).fill(200, 3, 4), 500);
    const ticklish = await readHost("trickling", "10.3.0.2", ["echo"]);
    void ticklish.trickle(Buffer.from('{"id":1,"method":"echo","params":["aaaaaaaaaaaa'), 500);
    // As if its machine had lost its power, or been stopped: nothing more comes, and nothing is answered.
    const stopped = await readySwitch(0x3n);
    stopped.socket.pause();
    const gone = await readHost("gone", "10.3.0.3");
    gone.socket.pause();
    const since = performance.now();
    const reasons = ["switch disconnected", "host disconnected from OVSDB"];
    const ends = () =>
      controller.log.filter((line) => reasons.includes(String(line.msg))).map((line) => String(line.reason));
    await until("all four are dropped", () => ends().length >= 4);
    // Its deadlines are 10 s; a busy machine adds to them.
    expect(performance.now() - since).toBeLessThan(45_000);
    expect(ends().filter((reason) => reason.startsWith("the peer sends too slowly"))).toHaveLength(2);
    expect(ends().filter((reason) => /silent|nothing received/.test(reason))).toHaveLength(2);
    await witness.isHeard();
    await host.isHeard();
    for (const one of [witness, host, trickling, ticklish, stopped, gone]) one.socket.destroy();
  });

  it("cost a bounded number of bytes when they ask and do not read", async () => {
    const [witness, host] = [await readySwitch(0x1n), await readHost("witness", "10.3.0.1")];
    const memory = process.memoryUsage().rss;
    const deaf = await readySwitch(0x2n);
    deaf.socket.pause();
    // Each wants an answer of the same size.
    const echo = encode({ kind: "echo_request", xid: 1, data: new Uint8Array(60_000) });
    let sent = 0;
    const pump = (async () => {
      while (deaf.isOpen && sent < 400 * 1024 * 1024) {
        sent += echo.length;
        if (!deaf.socket.write(echo))
          await Promise.race([new Promise((resolve) => deaf.socket.once("drain", resolve)), deaf.ended, sleep(100)]);
      }
    })();
    await witness.isHeard();
    await host.isHeard();
    await until("it is cut off", () => controller.said().includes("the peer does not read"));
    deaf.socket.destroy();
    await pump;
    expect(process.memoryUsage().rss - memory).toBeLessThan(400 * 1024 * 1024);
    await witness.isHeard();
    witness.socket.destroy();
    host.socket.destroy();
  });
});

describe("connections", () => {
  it("are capped for each source and in all, which is told, and those that stand are served", async () => {
    controller = await ControllerOnLoopback.start({ limits: { connections: 30, connectionsPerSource: 20 } });
    const witness = await readySwitch(0x1n);
    const crowd: RawPeer[] = [];
    for (let i = 0; i < 60; i++)
      crowd.push(await RawPeer.to(i % 2 === 0 ? controller.openFlowPort : controller.ovsdbPort));
    await until("the rest is turned away", () => crowd.filter((one) => one.isOpen).length === 19);
    await witness.isHeard();
    expect(controller.counter("refusedConnections")).toBe(41);
    const problem = controller.queries.status().problems.find((one) => one.code === "controller/refused");
    expect(problem).toMatchObject({
      message: expect.stringMatching(/^127\.0\.0\.1 was refused: it has 20 connections already .* \(41 times\)$/),
      remedy: expect.stringContaining("weft.yaml"),
    });
    // A flood of them fills no log.
    expect(controller.log.filter((line) => line.msg === "refused")).toHaveLength(1);
    // There is room again when they have gone.
    for (const one of crowd) one.socket.destroy();
    let late = await RawPeer.to(controller.openFlowPort);
    // One that may stay is greeted; the ends of the others may not have been seen yet.
    while (!(await greeted(late))) late = await RawPeer.to(controller.openFlowPort);
    for (const one of [witness, late]) one.socket.destroy();
  });

  it("of a hundred hosts that come back at once are all served within 15 s, and none starves", async () => {
    controller = await ControllerOnLoopback.start();
    const connect = () =>
      Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const host = await WireHost.connect(controller.ovsdbPort, {
            systemId: `host${i}`,
            tunnelIp: `10.4.${i >> 6}.${(i & 63) + 1}`,
          });
          const bridge = await WireSwitch.connect(controller.openFlowPort, BigInt(0x1000 + i));
          return { host, bridge };
        }),
      );
    const isRead = ({ bridge }: { bridge: WireSwitch }) =>
      bridge.received.some((m) => m.kind === "multipart_request" && m.body.kind === "flow");
    const first = await connect();
    await until("all are served", () => first.every((one) => one.host.transactions.length > 0 && isRead(one)));
    const cut = process.cpuUsage();
    for (const { host, bridge } of first) {
      host.socket.resetAndDestroy();
      bridge.socket.resetAndDestroy();
    }
    const second = await connect();
    await until("all are served again", () => second.every((one) => one.host.transactions.length > 0 && isRead(one)));
    // Of this process's own time, that of the hundred hosts included: others may have the processor meanwhile.
    const used = process.cpuUsage(cut);
    expect((used.user + used.system) / 1000).toBeLessThan(15_000);
    // And they stay: what it takes to serve the others makes nobody miss his deadline.
    await Promise.all(second.map(({ bridge }) => bridge.isHeard()));
    expect(second.filter(({ host, bridge }) => !host.isOpen || !bridge.isOpen)).toEqual([]);
    for (const { host, bridge } of second) {
      host.socket.destroy();
      bridge.socket.destroy();
    }
  });
});
