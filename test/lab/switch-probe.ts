// Asks a real switch: its flows and groups by its own OpenFlow socket, and where a frame would go by ovs-appctl's.
import { createConnection, type Socket } from "node:net";
import {
  decode,
  encode,
  FLOW_FILTER_ALL,
  type FlowStats,
  type GroupDesc,
  MessageFramer,
  type MultipartReplyBody,
  type MultipartRequestBody,
  type OpenFlowMessage,
} from "../../proto/openflow13/index.ts";
import { JsonFramer } from "../../proto/ovsdb/json-framer.ts";
import type { Host } from "../../src/lab/index.ts";

function connectTo(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** One connection for thousands of questions: `ovs-appctl` itself costs a process for each. */
export class Appctl {
  readonly #socket: Socket;
  #waiting: { resolve: (text: string) => void; reject: (error: Error) => void } | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const framer = new JsonFramer((message) => {
      const { result, error } = message as { result: string | null; error: string | null };
      const waiting = this.#waiting;
      this.#waiting = null;
      if (error === null) waiting?.resolve(result ?? "");
      else waiting?.reject(new Error(error));
    });
    socket.on("data", (bytes) => framer.push(bytes));
    socket.on("close", () => this.#waiting?.reject(new Error("ovs-vswitchd ended the conversation")));
  }

  static async connect(host: Host): Promise<Appctl> {
    return new Appctl(await connectTo(`${host.dir}/ovs-vswitchd.ctl`));
  }

  /** One at a time, as the server answers. */
  call(method: string, ...params: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(JSON.stringify({ id: 0, method, params }));
    });
  }

  close(): void {
    this.#socket.end();
  }
}

/** A plain OpenFlow 1.3 conversation with a bridge, at its management socket. */
export class SwitchTap {
  readonly #socket: Socket;
  readonly #received: OpenFlowMessage[] = [];
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const framer = new MessageFramer();
    socket.on("data", (chunk: Uint8Array) => {
      framer.push(chunk, (buffer, start, end) => {
        this.#received.push(decode(buffer.subarray(start, end)));
      });
      this.#wake();
    });
    socket.write(
      encode({ kind: "hello", xid: 1, version: 4, elements: [{ kind: "version_bitmap", bitmaps: [1 << 4] }] }),
    );
  }

  static async connect(host: Host, bridge: string): Promise<SwitchTap> {
    return new SwitchTap(await connectTo(`${host.dir}/${bridge}.mgmt`));
  }

  /** Sends messages and a barrier. @returns the errors that came back, by xid. */
  async send(messages: readonly OpenFlowMessage[]): Promise<ReadonlyMap<number, string>> {
    const xid = 0x7fff_0000;
    for (const message of messages) this.#socket.write(encode(message));
    this.#socket.write(encode({ kind: "barrier_request", xid }));
    const replies = await this.#until((message) => message.kind === "barrier_reply" && message.xid === xid);
    return new Map(
      replies.flatMap((one) => (one.kind === "error" ? [[one.xid, `${one.type}/${one.code}`] as const] : [])),
    );
  }

  async #until(last: (message: OpenFlowMessage) => boolean): Promise<readonly OpenFlowMessage[]> {
    for (;;) {
      const at = this.#received.findIndex(last);
      if (at >= 0) return this.#received.splice(0, at + 1);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #ask<K extends MultipartReplyBody["kind"]>(
    body: MultipartRequestBody,
    kind: K,
  ): Promise<readonly Extract<MultipartReplyBody, { kind: K }>[]> {
    this.#socket.write(encode({ kind: "multipart_request", xid: 2, flags: 0, body }));
    const replies = await this.#until(
      (one) => one.kind === "multipart_reply" && one.body.kind === kind && (one.flags & 1) === 0,
    );
    return replies.flatMap((one) =>
      one.kind === "multipart_reply" && one.body.kind === kind
        ? [one.body as Extract<MultipartReplyBody, { kind: K }>]
        : [],
    );
  }

  async flows(): Promise<readonly FlowStats[]> {
    return (await this.#ask({ kind: "flow", ...FLOW_FILTER_ALL }, "flow")).flatMap((body) => body.flows);
  }

  async groups(): Promise<readonly GroupDesc[]> {
    return (await this.#ask({ kind: "group_desc" }, "group_desc")).flatMap((body) => body.groups);
  }

  close(): void {
    this.#socket.end();
  }
}
