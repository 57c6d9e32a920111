// A connection that a simulated host keeps up: dialled again when it ends, written to once per turn of the event loop.
import { connect, type Socket } from "node:net";

export interface Peer {
  push(bytes: Uint8Array): void;
  close(): void;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** The address the connection comes from. */
  readonly from: string;
  /** Makes what reads the bytes; called for each connection. */
  readonly open: (send: (bytes: Uint8Array | string) => void) => Peer;
  readonly onState: (isConnected: boolean) => void;
}

const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 8_000;

export class Dialler {
  readonly #options: DialOptions;
  #socket: Socket | null = null;
  #peer: Peer | null = null;
  #timer: NodeJS.Timeout | null = null;
  #backoffMs = FIRST_BACKOFF_MS;
  #isStopped = false;
  #isHeld = false;
  #isSilent = false;

  constructor(options: DialOptions) {
    this.#options = options;
    this.#dial();
  }

  /** Bytes come and go no more, and the connection stays: a peer that is half open. */
  set silent(isSilent: boolean) {
    this.#isSilent = isSilent;
    if (isSilent) this.#socket?.pause();
    else this.#socket?.resume();
  }

  /** The connection ends, and none is made while it is held. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (isHeld) this.#socket?.destroy();
    else if (this.#socket === null && this.#timer === null) this.#dial();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#socket?.destroy();
    this.#peer?.close();
  }

  #dial(): void {
    this.#timer = null;
    if (this.#isStopped || this.#isHeld) return;
    const { host, port, from } = this.#options;
    const socket = connect({ host, port, localAddress: from, noDelay: true });
    this.#socket = socket;
    socket.on("connect", () => this.#connected(socket));
    socket.on("error", () => undefined);
    socket.on("close", () => this.#closed());
  }

  #connected(socket: Socket): void {
    this.#backoffMs = FIRST_BACKOFF_MS;
    let isCorked = false;
    const send = (bytes: Uint8Array | string): void => {
      if (socket.destroyed || this.#isSilent) return;
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
    const peer = this.#options.open(send);
    this.#peer = peer;
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
    if (this.#isStopped || this.#isHeld) return;
    this.#timer = setTimeout(() => this.#dial(), this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, MAX_BACKOFF_MS);
  }
}
