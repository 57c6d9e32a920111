// A socket to the controller, by which a test sends any bytes it likes and sees what comes back.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export class RawPeer {
  readonly socket: Socket;
  /** When and whether the controller ended the connection. */
  readonly ended: Promise<void>;
  isOpen = true;

  protected constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    // Half of the connection may stay open otherwise.
    socket.on("end", () => socket.destroy());
    this.ended = new Promise((resolve) => {
      socket.once("close", () => {
        this.isOpen = false;
        resolve();
      });
    });
  }

  /** @param at a port of loopback, or elsewhere. @param from the address that it comes from, of this machine's */
  protected static async dial(at: number | URL, from?: string): Promise<Socket> {
    const local = from === undefined ? {} : { localAddress: from };
    const socket =
      typeof at === "number"
        ? connect({ port: at, host: "127.0.0.1", ...local })
        : connect({ port: Number(at.port), host: at.hostname, ...local });
    await once(socket, "connect");
    return socket;
  }

  static async to(port: number): Promise<RawPeer> {
    const peer = new RawPeer(await RawPeer.dial(port));
    // What comes is passed over; that the connection ends is not.
    peer.socket.resume();
    return peer;
  }

  write(bytes: Uint8Array | string): void {
    if (this.isOpen) this.socket.write(bytes);
  }

  /** One byte after the other, until all are gone or the connection is. */
  async trickle(bytes: Uint8Array, gapMs: number): Promise<void> {
    for (const byte of bytes) {
      if (!this.isOpen) return;
      this.socket.write(Uint8Array.of(byte));
      await sleep(gapMs);
    }
  }

  /** @throws if the controller does not end the connection in time. */
  async endedWithin(ms: number): Promise<void> {
    const late = sleep(ms, "late", { ref: false });
    if ((await Promise.race([this.ended, late])) === "late") throw new Error(`still connected after ${ms} ms`);
  }

  /** Without a word, as a crash would. */
  async vanish(): Promise<void> {
    this.socket.resetAndDestroy();
    await this.ended;
  }
}
