import { existsSync, linkSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, connect as netConnect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ActiveMethod,
  type PassiveMethod,
  parseConnectionMethod,
} from "../../../../src/southbound/connection-method.ts";
import {
  type ByteStream,
  dial,
  listen,
  nextBackoff,
  plainAddress,
  type StreamEnd,
} from "../../../../src/southbound/stream/index.ts";
import { deferred } from "./deferred.ts";
import { ManualClock } from "./manual-clock.ts";

let directory: string;
let cleanups: (() => unknown)[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-stream-"));
  cleanups = [];
});

afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  rmSync(directory, { recursive: true, force: true });
});

const passive = (text: string): PassiveMethod => parseConnectionMethod(text) as PassiveMethod;
const active = (text: string): ActiveMethod => parseConnectionMethod(text) as ActiveMethod;

/** Listens on a port of the kernel's choice and connects a plain socket to it. */
async function pair(options: { maxPendingBytes?: number } = {}): Promise<{ stream: ByteStream; client: Socket }> {
  const accepted = deferred<ByteStream>();
  const listener = await listen(passive("ptcp:0:127.0.0.1"), accepted.resolve, options);
  const client = netConnect({ port: (listener.method as { port: number }).port, host: "127.0.0.1" });
  cleanups.push(
    () => client.destroy(),
    () => listener.close(),
  );
  const stream = await accepted.promise;
  cleanups.push(() => stream.close("the test is over"));
  return { stream, client };
}

const ended = (stream: ByteStream): Promise<StreamEnd> => new Promise((resolve) => stream.onClose(resolve));

function collect(socket: Socket, length: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      const all = Buffer.concat(chunks);
      if (all.length >= length) resolve(all);
    });
  });
}

describe("a stream that was accepted", () => {
  it("carries bytes both ways in order, small and large ones mixed", async () => {
    const { stream, client } = await pair();
    const written = [1, 2, 20_000, 3, 70_000, 0, 5].map((length, index) => Buffer.alloc(length, index + 1));
    const expected = Buffer.concat(written);
    const received = collect(client, expected.length);
    for (const bytes of written) stream.write(bytes);
    expect(stream.pendingBytes).toBe(expected.length);
    expect((await received).equals(expected)).toBe(true);

    const back = new Promise<string>((resolve) => stream.onData((bytes) => resolve(Buffer.from(bytes).toString())));
    client.write("hello");
    expect(await back).toBe("hello");
  });

  it("names its peer, with IPv4 addresses shown as such on a dual-stack listener", async () => {
    const accepted = deferred<ByteStream>();
    const listener = await listen(passive("ptcp:0"), accepted.resolve);
    cleanups.push(() => listener.close());
    const client = netConnect({ port: (listener.method as { port: number }).port, host: "127.0.0.1" });
    cleanups.push(() => client.destroy());
    const stream = await accepted.promise;
    expect(stream).toMatchObject({ transport: "tcp", remoteAddress: "127.0.0.1", localAddress: "127.0.0.1" });
    expect(stream.label).toBe(`tcp:127.0.0.1:${client.localPort}`);
  });

  it("lets others have their turn while a peer sends much", async () => {
    const { stream, client } = await pair();
    const total = 16 * 1024 * 1024;
    let [received, inOneTurn, most] = [0, 0, 0];
    const all = deferred<void>();
    stream.onData((bytes) => {
      if (inOneTurn === 0) {
        setImmediate(() => {
          inOneTurn = 0;
        });
      }
      inOneTurn += bytes.length;
      most = Math.max(most, inOneTurn);
      received += bytes.length;
      if (received === total) all.resolve();
    });
    client.write(Buffer.alloc(total));
    await all.promise;
    expect(most).toBeLessThan(512 * 1024);
  });

  it("keeps data that came before a handler was there", async () => {
    const { stream, client } = await pair();
    client.write("early");
    await new Promise((resolve) => setTimeout(resolve, 30));
    const first = new Promise<string>((resolve) => stream.onData((bytes) => resolve(Buffer.from(bytes).toString())));
    expect(await first).toBe("early");
  });

  it("sends what was written before it ends the connection itself", async () => {
    const { stream, client } = await pair();
    const received = collect(client, 4);
    stream.write(Buffer.from("last"));
    stream.close("enough");
    stream.write(Buffer.from("late"));
    expect(await ended(stream)).toEqual({ by: "here", reason: "enough" });
    expect((await received).toString()).toBe("last");
    expect(stream.closed).toBe(true);
  });

  it("tells a peer's orderly end from a broken connection", async () => {
    const orderly = await pair();
    orderly.stream.onData(() => undefined);
    orderly.client.end();
    expect(await ended(orderly.stream)).toMatchObject({ by: "peer" });

    const broken = await pair();
    broken.stream.onData(() => undefined);
    broken.client.resetAndDestroy();
    expect(await ended(broken.stream)).toMatchObject({ by: "failure", reason: expect.stringContaining("ECONNRESET") });
  });

  it("cuts off a peer that does not read, naming the cap", async () => {
    const { stream, client } = await pair({ maxPendingBytes: 1_000_000 });
    client.pause();
    const end = ended(stream);
    for (let i = 0; i < 400 && !stream.closed; i++) {
      stream.write(Buffer.alloc(64 * 1024));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await end).toMatchObject({
      by: "here",
      reason: expect.stringMatching(/does not read: \d+ bytes .* cap is 1000000/),
    });
  });

  it("says when a peer that was slow has taken everything", async () => {
    const { stream, client } = await pair();
    client.pause();
    const drained = new Promise<void>((resolve) => stream.onDrain(resolve));
    stream.write(Buffer.alloc(16 * 1024 * 1024));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(stream.pendingBytes).toBeGreaterThan(0);
    client.resume();
    await drained;
    expect(stream.pendingBytes).toBe(0);
  });
});

describe("listening", () => {
  it("says who is at fault when the port is taken", async () => {
    const first = await listen(passive("ptcp:0:127.0.0.1"), () => undefined);
    cleanups.push(() => first.close());
    await expect(listen(first.method, () => undefined)).rejects.toMatchObject({
      code: "stream/address-in-use",
      message: expect.stringContaining(first.label),
    });
  });

  it("over TLS needs keys, and says where they are named", async () => {
    await expect(listen(passive("pssl:6640"), () => undefined)).rejects.toMatchObject({
      code: "stream/tls-without-keys",
      message: expect.stringContaining("tls.privateKey"),
    });
    expect(() => dial(active("ssl:127.0.0.1:1"), { onStream: () => undefined })).toThrow(/weft pki init/);
  });

  it("opens a Unix socket to its owner alone, and removes its file at the end", async () => {
    const path = join(directory, "a.sock");
    const accepted = deferred<ByteStream>();
    const listener = await listen(passive(`punix:${path}`), accepted.resolve);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const client = netConnect({ path });
    cleanups.push(() => client.destroy());
    const stream = await accepted.promise;
    expect(stream).toMatchObject({ transport: "unix", label: `unix:${path}#1` });
    expect(stream.remoteAddress).toBeUndefined();
    await listener.close();
    expect(existsSync(path)).toBe(false);
    const shared = await listen(passive(`punix:${path}`), () => undefined, { unixMode: 0o660 });
    cleanups.push(() => shared.close());
    expect(statSync(path).mode & 0o777).toBe(0o660);
  });

  it("replaces a socket file that nobody listens on, and leaves one in use alone", async () => {
    const path = join(directory, "b.sock");
    const dead = createServer().listen({ path });
    await new Promise((resolve) => dead.once("listening", resolve));
    await expect(listen(passive(`punix:${path}`), () => undefined)).rejects.toMatchObject({
      code: "stream/address-in-use",
    });
    expect(existsSync(path)).toBe(true);
    // A process that dies leaves its file: hard-link it aside, since an orderly close would remove it.
    linkSync(path, join(directory, "left"));
    await new Promise((resolve) => dead.close(resolve));
    renameSync(join(directory, "left"), path);
    const listener = await listen(passive(`punix:${path}`), () => undefined);
    await listener.close();
  });

  it("never removes a file that is not a socket", async () => {
    const path = join(directory, "c.sock");
    writeFileSync(path, "precious");
    await expect(listen(passive(`punix:${path}`), () => undefined)).rejects.toMatchObject({
      code: "stream/not-a-socket",
    });
    expect(existsSync(path)).toBe(true);
  });
});

describe("dialing", () => {
  it("calls again after each failure, waiting longer, and again after a loss", async () => {
    const path = join(directory, "d.sock");
    const clock = new ManualClock();
    const retries: [number, string | undefined][] = [];
    let retried = deferred<void>();
    let connected = deferred<ByteStream>();
    const dialer = dial(
      active(`unix:${path}`),
      {
        onStream: (stream) => connected.resolve(stream),
        onRetry: (ms, error) => {
          retries.push([ms, error?.code]);
          retried.resolve();
          retried = deferred();
        },
      },
      { clock },
    );
    cleanups.push(() => dialer.close("the test is over"));
    for (let i = 0; i < 5; i++) {
      await retried.promise;
      expect(dialer.state).toBe("waiting");
      if (i < 4) clock.advance(retries.at(-1)?.[0] ?? 0);
    }
    const absent = "stream/no-such-path";
    expect(retries).toEqual([
      [1000, absent],
      [2000, absent],
      [4000, absent],
      [8000, absent],
      [8000, absent],
    ]);

    const accepted: ByteStream[] = [];
    const listener = await listen(passive(`punix:${path}`), (stream) => accepted.push(stream));
    cleanups.push(() => listener.close());
    clock.advance(8000);
    const stream = await connected.promise;
    expect(dialer.state).toBe("connected");
    expect(stream.label).toBe(`unix:${path}#1`);

    connected = deferred();
    stream.onData(() => undefined);
    clock.advance(60_000);
    accepted[0]?.close("restart");
    await retried.promise;
    expect(retries.at(-1)).toEqual([1000, undefined]);
    clock.advance(1000);
    expect((await connected.promise).label).toBe(`unix:${path}#2`);
  });

  it("gives up an attempt that gets no answer in time", async () => {
    const clock = new ManualClock();
    const failed = deferred<string | undefined>();
    const listener = await listen(passive("ptcp:0:127.0.0.1"), () => undefined);
    cleanups.push(() => listener.close());
    const dialer = dial(
      // The clock runs out before the event loop can see the connection come about.
      active(listener.label.replace(/^ptcp:(\d+):(.*)$/, "tcp:$2:$1")),
      { onStream: () => undefined, onRetry: (_ms, error) => failed.resolve(error?.code) },
      { clock, connectTimeoutMs: 5000 },
    );
    cleanups.push(() => dialer.close("the test is over"));
    clock.advance(5000);
    expect(await failed.promise).toBe("stream/timeout");
  });

  it("calls no more once it is closed", async () => {
    const clock = new ManualClock();
    const failed = deferred<void>();
    const dialer = dial(
      active(`unix:${directory}/none`),
      { onStream: () => undefined, onRetry: () => failed.resolve() },
      { clock },
    );
    await failed.promise;
    dialer.close("done");
    expect(dialer.state).toBe("closed");
    expect(clock.waiting).toBe(0);
  });

  it("starts over with the shortest wait only after a connection that held", () => {
    const options = { minMs: 1000, maxMs: 8000 };
    expect(nextBackoff(options, 0, 0)).toBe(1000);
    expect(nextBackoff(options, 1000, 10)).toBe(2000);
    expect(nextBackoff(options, 8000, 7999)).toBe(8000);
    expect(nextBackoff(options, 8000, 8000)).toBe(1000);
  });
});

it("shows IPv4-mapped addresses as IPv4", () => {
  expect(plainAddress("::ffff:10.0.0.1")).toBe("10.0.0.1");
  expect(plainAddress("::1")).toBe("::1");
});
