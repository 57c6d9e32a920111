// A connection that a simulated host keeps up: dialled again when it ends, written to once per turn of the event loop.
import { connect, type Socket } from "node:net";
import type { Manners } from "./manners.ts";
import { SlowWriter } from "./slow-writer.ts";

export interface Peer {
  push(bytes: Uint8Array): void;
  close(): void;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** The address the connection comes from, where it goes to this machine. */
  readonly from: string;
  readonly manners: Readonly<Manners>;
  /** Makes what reads the bytes; called for each connection. */
  readonly open: (send: (bytes: Uint8Array | string) => void) => Peer;
  readonly onState: (isConnected: boolean) => void;
}

const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 8_000;
/** Elsewhere 127.0.0.1 is the only one that is there. */
const HAS_MANY_LOOPBACK_ADDRESSES = process.platform === "linux";

const encoder = new TextEncoder();

export class Dialler {
  readonly #options: DialOptions;
  #socket: Socket | null = null;
  #peer: Peer | null = null;
  #timer: NodeJS.Timeout | null = null;
  #backoffMs = FIRST_BACKOFF_MS;
  #isStopped = false;

  constructor(options: DialOptions) {
    this.#options = options;
    this.#dial();
  }

  /** The manners are other ones now: the connection ends, is made, falls silent or speaks again. */
  obey(): void {
    const { isHeld, isSilent } = this.#options.manners;
    if (isHeld) this.#socket?.destroy();
    else if (this.#socket === null && this.#timer === null) this.#dial();
    if (isSilent) this.#socket?.pause();
    else this.#socket?.resume();
  }

  /** The connection ends, and is made again. */
  drop(): void {
    this.#socket?.destroy();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#socket?.destroy();
    this.#peer?.close();
  }

  #dial(): void {
    this.#timer = null;
    if (this.#isStopped || this.#options.manners.isHeld) return;
    const { host, port, from } = this.#options;
    const localAddress = HAS_MANY_LOOPBACK_ADDRESSES && host.startsWith("127.") ? { localAddress: from } : {};
    const socket = connect({ host, port, ...localAddress, noDelay: true });
    this.#socket = socket;
    socket.on("connect", () => this.#connected(socket));
    socket.on("error", () => undefined);
    socket.on("close", () => this.#closed());
  }

  #connected(socket: Socket): void {
    this.#backoffMs = FIRST_BACKOFF_MS;
    const { manners } = this.#options;
    let isCorked = false;
    const write = (bytes: Uint8Array | string): void => {
      if (socket.destroyed) return;
      if (!isCorked) {
        isCorked = true;
        socket.cork();
        setImmediate(() => {
          isCorked = false;
          socket.uncork();
        });
      }
      socket.write(bytes);
    };
    const slow = new SlowWriter(write, () => manners.pace);
    socket.on("close", () => slow.stop());
    const send = (bytes: Uint8Array | string): void => {
      if (socket.destroyed || manners.isSilent) return;
      if (manners.pace === null && !slow.isHolding) write(bytes);
      else slow.push(typeof bytes === "string" ? encoder.encode(bytes) : bytes);
    };
    const peer = this.#options.open(send);
    this.#peer = peer;
    if (manners.isSilent) socket.pause();
    socket.on("data", (bytes) => {
      try {
        peer.push(bytes);
      } catch {
        // What is no message of the protocol ends the connection, as in Open vSwitch.
        socket.destroy();
      }
    });
    this.#options.onState(true);
  }

  #closed(): void {
    const wasOpen = this.#peer !== null;
    this.#peer?.close();
    this.#peer = null;
    this.#socket = null;
    if (wasOpen) this.#options.onState(false);
    if (this.#isStopped || this.#options.manners.isHeld) return;
    this.#timer = setTimeout(() => this.#dial(), this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, MAX_BACKOFF_MS);
  }
}
