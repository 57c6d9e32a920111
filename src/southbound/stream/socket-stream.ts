// A ByteStream over a connected socket.
import type { Socket } from "node:net";
import { formatEndpoint, plainAddress } from "./address.ts";
import type { ByteStream, StreamEnd, Transport } from "./byte-stream.ts";
import type { PeerCertificate } from "./peer-certificate.ts";
import { WriteQueue } from "./write-queue.ts";
import { type Taken, taking } from "./write-stall.ts";

export interface StreamOptions {
  /** A peer that leaves more than this unread is cut off. Default 64 MiB. */
  readonly maxPendingBytes?: number;
  /** A peer that takes nothing of what waits for it for so long is cut off. Default 30 s. */
  readonly maxStallMs?: number;
}

const DEFAULT_MAX_PENDING_BYTES = 64 * 1024 * 1024;
const DEFAULT_MAX_STALL_MS = 30_000;
const KEEPALIVE_MS = 10_000;
/** Bytes after which a peer that sends much waits for the others' turn. */
const READ_PER_TURN = 256 * 1024;
/** How long a peer may take to read the last bytes after `close`. */
const LINGER_MS = 2_000;

export class SocketStream implements ByteStream {
  readonly label: string;
  readonly transport: Transport;
  readonly certificate?: PeerCertificate;
  readonly remoteAddress?: string;
  readonly localAddress?: string;
  readonly #socket: Socket;
  readonly #maxPendingBytes: number;
  readonly #maxStallMs: number;
  readonly #queue = new WriteQueue();
  #written = 0;
  #taken: Taken = { bytes: 0, sinceMs: 0 };
  #stallTimer: NodeJS.Timeout | undefined;
  #flushScheduled = false;
  #refused = false;
  #readThisTurn = 0;
  #end: StreamEnd | undefined;
  #dataHandler: ((bytes: Uint8Array) => void) | undefined;
  #closeHandler: ((end: StreamEnd) => void) | undefined;
  #drainHandler: (() => void) | undefined;

  /**
   * @param unixLabel names the stream when the socket is a Unix one, which has no addresses
   * @param certificate the peer's, when the socket is a TLS one
   */
  constructor(
    socket: Socket,
    unixLabel: string | undefined,
    options: StreamOptions = {},
    certificate?: PeerCertificate,
  ) {
    this.#socket = socket;
    this.#maxPendingBytes = options.maxPendingBytes ?? DEFAULT_MAX_PENDING_BYTES;
    this.#maxStallMs = options.maxStallMs ?? DEFAULT_MAX_STALL_MS;
    socket.pause();
    if (unixLabel === undefined) {
      this.transport = certificate === undefined ? "tcp" : "ssl";
      if (certificate !== undefined) this.certificate = certificate;
      this.remoteAddress = plainAddress(socket.remoteAddress ?? "");
      this.localAddress = plainAddress(socket.localAddress ?? "");
      this.label = `${this.transport}:${formatEndpoint(this.remoteAddress, socket.remotePort ?? 0)}`;
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEPALIVE_MS);
    } else {
      this.transport = "unix";
      this.label = unixLabel;
    }
    socket.on("data", (bytes) => this.#received(bytes));
    socket.on("end", () => this.#finish({ by: "peer", reason: "the peer closed the connection" }));
    socket.on("error", (error) => this.#finish({ by: "failure", reason: error.message, error }));
    socket.on("close", () => this.#finish({ by: "failure", reason: "the connection was lost" }));
    socket.on("drain", () => this.#drained());
  }

  get pendingBytes(): number {
    return this.#queue.bytes + this.#socket.writableLength;
  }

  get closed(): boolean {
    return this.#end !== undefined;
  }

  write(bytes: Uint8Array): void {
    if (this.#end !== undefined || bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#written += bytes.length;
    if (this.pendingBytes > this.#maxPendingBytes) {
      this.#cutOff(`${this.pendingBytes} bytes are waiting for it, the cap is ${this.#maxPendingBytes}`);
      return;
    }
    this.#watchStall();
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(() => this.#flush());
  }

  close(reason: string): void {
    if (this.#end !== undefined) return;
    this.#flush();
    this.#finish({ by: "here", reason });
    this.#socket.end();
    // Reading on, into nothing, is what lets the far end finish an orderly close.
    this.#socket.resume();
    const linger = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once("close", () => clearTimeout(linger));
  }

  onData(handler: (bytes: Uint8Array) => void): void {
    this.#dataHandler = handler;
    this.#socket.resume();
  }

  onClose(handler: (end: StreamEnd) => void): void {
    this.#closeHandler = handler;
    if (this.#end !== undefined) queueMicrotask(() => this.#announceEnd());
  }

  onDrain(handler: () => void): void {
    this.#drainHandler = handler;
  }

  #received(bytes: Uint8Array): void {
    if (this.#end !== undefined) return;
    if (this.#readThisTurn === 0) setImmediate(() => this.#endTurn());
    this.#readThisTurn += bytes.length;
    if (this.#readThisTurn >= READ_PER_TURN) this.#socket.pause();
    this.#dataHandler?.(bytes);
  }

  #endTurn(): void {
    if (this.#readThisTurn >= READ_PER_TURN) this.#socket.resume();
    this.#readThisTurn = 0;
  }

  #cutOff(why: string): void {
    this.#queue.clear();
    this.#finish({ by: "here", reason: `the peer does not read: ${why}` });
    this.#socket.destroy();
  }

  /** Looks now and then while anything waits for the peer. */
  #watchStall(): void {
    if (this.#stallTimer !== undefined) return;
    this.#taken = { bytes: this.#written - this.pendingBytes, sinceMs: performance.now() };
    const look = (): void => {
      this.#stallTimer = undefined;
      if (this.#end !== undefined) return;
      const nowMs = performance.now();
      this.#taken = taking(this.#taken, this.#written, this.pendingBytes, nowMs);
      if (this.pendingBytes === 0) return;
      if (nowMs - this.#taken.sinceMs >= this.#maxStallMs) {
        this.#cutOff(`it has taken none of ${this.pendingBytes} bytes for ${this.#maxStallMs} ms`);
      } else this.#stallTimer = setTimeout(look, this.#maxStallMs / 4).unref();
    };
    this.#stallTimer = setTimeout(look, this.#maxStallMs / 4).unref();
  }

  #flush(): void {
    this.#flushScheduled = false;
    const chunks = this.#queue.take();
    if (chunks.length === 0 || !this.#socket.writable) return;
    this.#socket.cork();
    for (const chunk of chunks) {
      if (!this.#socket.write(chunk)) this.#refused = true;
    }
    this.#socket.uncork();
  }

  #drained(): void {
    if (!this.#refused || this.#end !== undefined) return;
    this.#refused = false;
    this.#drainHandler?.();
  }

  #finish(end: StreamEnd): void {
    if (this.#end !== undefined) return;
    this.#end = Object.freeze(end);
    clearTimeout(this.#stallTimer);
    queueMicrotask(() => this.#announceEnd());
  }

  #announceEnd(): void {
    const handler = this.#closeHandler;
    if (handler === undefined || this.#end === undefined) return;
    this.#closeHandler = undefined;
    handler(this.#end);
  }
}
