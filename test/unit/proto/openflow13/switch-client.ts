// A bare connection to a switch's management socket, to see the very bytes that a real switch writes.
import { connect, type Socket } from "node:net";
import { toHex } from "../../../../proto/bytes/hex.ts";
import { decode, encode, MessageFramer, type OpenFlowMessage } from "../../../../proto/openflow13/index.ts";

/** Says HELLO at once. What was read and not asked for yet stays queued. */
export class SwitchClient {
  readonly #socket: Socket;
  readonly #queue: Uint8Array[] = [];
  #wake: () => void = () => undefined;

  constructor(path: string) {
    const framer = new MessageFramer();
    this.#socket = connect(path);
    this.#socket.on("data", (chunk) => {
      framer.push(chunk, (buffer, start, end) => this.#queue.push(Uint8Array.from(buffer.subarray(start, end))));
      this.#wake();
    });
    this.send({ kind: "hello", xid: 1, version: 4, elements: [] });
  }

  send(message: OpenFlowMessage): void {
    this.#socket.write(encode(message));
  }

  /** The first message that `take` takes; those before it are dropped. All of them must be written back the same. */
  async next<T>(take: (message: OpenFlowMessage, bytes: Uint8Array) => T | undefined): Promise<T> {
    for (;;) {
      const bytes = this.#queue.shift();
      if (bytes === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const message = decode(bytes);
      if (toHex(encode(message)) !== toHex(bytes)) throw new Error(`${toHex(bytes)} is written back as others`);
      if (message.kind === "error") throw new Error(`the switch refuses: ${message.type} ${message.code}`);
      const taken = take(message, bytes);
      if (taken !== undefined) return taken;
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
