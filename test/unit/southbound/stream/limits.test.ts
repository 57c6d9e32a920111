// What a peer may take: connections, time over one message, and bytes that wait for it.
import { EventEmitter } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { type PassiveMethod, parseConnectionMethod } from "../../../../src/southbound/connection-method.ts";
import {
  type ByteStream,
  ConnectionGate,
  listen,
  Pace,
  type StreamEnd,
} from "../../../../src/southbound/stream/index.ts";
import { taking } from "../../../../src/southbound/stream/write-stall.ts";
import { deferred } from "./deferred.ts";

describe("the gate", () => {
  const refused: string[] = [];
  const gate = new ConnectionGate({ total: 3, perSource: 2 }, ({ source, reason }) =>
    refused.push(`${source}: ${reason}`),
  );
  const sockets = Array.from({ length: 9 }, () => new EventEmitter());
  const [a, b, c, d, e] = sockets as [EventEmitter, EventEmitter, EventEmitter, EventEmitter, EventEmitter];

  it("counts by source and in all, and lets in again when one has gone", () => {
    expect([gate.admit("10.0.0.1", a), gate.admit("10.0.0.1", b), gate.admit("10.0.0.1", c)]).toEqual([
      true,
      true,
      false,
    ]);
    expect([gate.admit("10.0.0.2", d), gate.admit("10.0.0.3", e)]).toEqual([true, false]);
    expect(refused).toEqual([
      "10.0.0.1: it has 2 connections already (limits.connectionsPerSource)",
      "10.0.0.3: there are 3 connections already (limits.connections)",
    ]);
    a.emit("close");
    a.emit("close");
    expect(gate.open).toBe(2);
    expect(gate.admit("10.0.0.1", c)).toBe(true);
  });

  it("counts Unix sockets in the total alone", () => {
    const own = new ConnectionGate({ total: 3, perSource: 1 }, () => undefined);
    expect(sockets.slice(5).map((socket) => own.admit(null, socket))).toEqual([true, true, true, false]);
  });
});

describe("the pace", () => {
  /** Pieces of one message, after waits, until the peer is too slow; undefined if it never is. */
  function tooSlowAfterMs(pieces: readonly (readonly [waitMs: number, bytes: number])[]): number | undefined {
    const pace = new Pace();
    let [now, pending] = [0, 0];
    for (const [waitMs, bytes] of pieces) {
      now += waitMs;
      pending += bytes;
      if (pace.received(now, bytes, pending)) return now;
    }
    return undefined;
  }
  const times = <T>(count: number, piece: T): T[] => Array.from({ length: count }, () => piece);

  it("drops one that sends a byte a second, or every ten seconds", () => {
    expect(tooSlowAfterMs(times(100, [1_000, 1]))).toBe(6_000);
    expect(tooSlowAfterMs(times(100, [10_000, 1]))).toBe(60_000);
  });

  it("bears with a slow line, and with one that was cut for a while", () => {
    expect(tooSlowAfterMs(times(1_000, [100, 200]))).toBeUndefined();
    expect(
      tooSlowAfterMs([
        [0, 1_000],
        [9_000, 1_000],
        [50, 1_000],
        [9_000, 1_000],
        [50, 1_000],
      ]),
    ).toBeUndefined();
  });

  it("begins anew with each message", () => {
    const pace = new Pace();
    for (let now = 0; now < 60_000; now += 500) expect(pace.received(now, 8, now % 1000 === 0 ? 8 : 0)).toBe(false);
  });
});

it("a peer takes something as long as what waits for it moves", () => {
  const start = { bytes: 0, sinceMs: 0 };
  expect(taking(start, 100, 100, 10)).toEqual(start);
  expect(taking(start, 200, 100, 10)).toEqual({ bytes: 100, sinceMs: 10 });
  // New bytes alone are no progress of the peer.
  expect(taking({ bytes: 100, sinceMs: 10 }, 300, 200, 20)).toEqual({ bytes: 100, sinceMs: 10 });
  expect(taking({ bytes: 100, sinceMs: 10 }, 300, 0, 30)).toEqual({ bytes: 300, sinceMs: 30 });
});

it("a peer that takes nothing is cut off in time, however little waits for it", async () => {
  const accepted = deferred<ByteStream>();
  const method = parseConnectionMethod("ptcp:0:127.0.0.1") as PassiveMethod;
  const listener = await listen(method, accepted.resolve, { maxStallMs: 400 });
  const client = connect({ port: (listener.method as { port: number }).port, host: "127.0.0.1" });
  client.pause();
  const stream = await accepted.promise;
  const end = new Promise<StreamEnd>((resolve) => stream.onClose(resolve));
  // The kernel takes some megabytes for it.
  for (let i = 0; i < 256; i++) stream.write(new Uint8Array(64 * 1024));
  expect(await end).toMatchObject({ by: "here", reason: expect.stringContaining("it has taken none of") });
  client.destroy();
  await listener.close();
});
