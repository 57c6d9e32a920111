// A stream and a clock that a test turns by hand; the bytes are real.
import {
  decode,
  encode,
  type FeaturesReply,
  MessageFramer,
  type OpenFlowMessage,
} from "../../../../proto/openflow13/index.ts";
import type { ByteStream, Clock, StreamEnd, Timer } from "../../../../src/southbound/stream/index.ts";

export class FakeClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ dueMs: number; callback: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  get pending(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    const end = this.#nowMs + ms;
    for (;;) {
      const next = [...this.#timers].filter((t) => t.dueMs <= end).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = next.dueMs;
      next.callback();
    }
    this.#nowMs = end;
  }
}

export class FakeStream implements ByteStream {
  readonly label = "tcp:10.0.0.1:43210";
  readonly transport = "tcp";
  readonly remoteAddress = "10.0.0.1";
  readonly localAddress = "10.0.0.254";
  pendingBytes = 0;
  closed = false;
  /** What the session sent and the test has not looked at yet. */
  readonly sent: OpenFlowMessage[] = [];
  closeReason: string | undefined;
  /** How often it was written to. */
  writes = 0;
  readonly #framer = new MessageFramer();
  #data: (bytes: Uint8Array) => void = () => undefined;
  #close: (end: StreamEnd) => void = () => undefined;
  #drain: () => void = () => undefined;

  write(bytes: Uint8Array): void {
    if (this.closed) return;
    this.writes += 1;
    this.#framer.push(bytes, (buffer, start, end) => this.sent.push(decode(buffer.slice(start, end))));
  }

  close(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.closeReason = reason;
    queueMicrotask(() => this.#close({ by: "here", reason }));
  }

  onData(handler: (bytes: Uint8Array) => void): void {
    this.#data = handler;
  }

  onClose(handler: (end: StreamEnd) => void): void {
    this.#close = handler;
  }

  onDrain(handler: () => void): void {
    this.#drain = handler;
  }

  /** From the switch. */
  receive(...messages: OpenFlowMessage[]): void {
    for (const message of messages) this.#data(encode(message));
  }

  receiveBytes(bytes: Uint8Array): void {
    this.#data(bytes);
  }

  end(): void {
    this.closed = true;
    this.#close({ by: "peer", reason: "the peer closed the connection" });
  }

  drain(): void {
    this.pendingBytes = 0;
    this.#drain();
  }

  take(): OpenFlowMessage[] {
    return this.sent.splice(0);
  }
}

const FEATURES: FeaturesReply = {
  kind: "features_reply",
  xid: 2,
  datapathId: 0xabcn,
  nBuffers: 0,
  nTables: 254,
  auxiliaryId: 0,
  capabilities: 0,
  reserved: 0,
};

/** The switch's side of the handshake. */
export const HANDSHAKE: readonly OpenFlowMessage[] = [
  { kind: "hello", xid: 1, version: 4, elements: [] },
  FEATURES,
  { kind: "multipart_reply", xid: 3, flags: 0, body: { kind: "port_desc", ports: [] } },
  {
    kind: "multipart_reply",
    xid: 4,
    flags: 0,
    body: { kind: "desc", desc: { mfr: "", hw: "", sw: "", serial: "", dp: "" } },
  },
  { kind: "error", xid: 5, type: 1, code: 2, data: new Uint8Array(0) },
];
