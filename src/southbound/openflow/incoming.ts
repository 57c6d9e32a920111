// From the bytes of a peer to messages, and to what is wrong with them: framing, decoding, and the pace at which they come.
import { WireError } from "../../../proto/bytes/errors.ts";
import { decodeRange, MessageFramer, type OpenFlowMessage } from "../../../proto/openflow13/index.ts";
import { Pace } from "../stream/index.ts";
import { foreignProtocol } from "./foreign-protocol.ts";

export interface IncomingHandlers {
  /** Nothing is handed on after the end. */
  isOpen(): boolean;
  isGreeting(): boolean;
  message(message: OpenFlowMessage, bytes: number, nowMs: number): void;
  /** The peer speaks something else. */
  foreign(words: string): void;
  /** `bytes` is the message, where its end is known. */
  undecodable(error: WireError, bytes: Uint8Array | undefined): void;
  /** This controller itself failed, at the message in `frame`. */
  fault(error: unknown): void;
  slow(reason: string): void;
}

export class Incoming {
  readonly #handlers: IncomingHandlers;
  readonly #framer = new MessageFramer();
  readonly #pace = new Pace();
  #heard = 0;
  /** The message that is looked at: a view is made of it only where somebody asks. */
  #buffer: Uint8Array | undefined;
  #from = 0;
  #to = 0;

  constructor(handlers: IncomingHandlers) {
    this.#handlers = handlers;
  }

  /** The message that is looked at. */
  get frame(): Uint8Array | undefined {
    return this.#buffer?.subarray(this.#from, this.#to);
  }

  push(bytes: Uint8Array, nowMs: number): void {
    const handlers = this.#handlers;
    const foreign = handlers.isGreeting() ? foreignProtocol(bytes, this.#heard) : undefined;
    this.#heard += bytes.length;
    if (foreign !== undefined) {
      handlers.foreign(foreign);
      return;
    }
    try {
      this.#framer.push(bytes, (buffer, from, to) => this.#whole(buffer, from, to, nowMs));
    } catch (error) {
      if (error instanceof WireError) handlers.undecodable(error, undefined);
      else handlers.fault(error);
    }
    const isSlow = this.#pace.received(nowMs, bytes.length, this.#framer.pendingBytes);
    if (isSlow && handlers.isOpen()) handlers.slow(this.#pace.reason);
  }

  #whole(buffer: Uint8Array, from: number, to: number, nowMs: number): void {
    if (!this.#handlers.isOpen()) return;
    this.#buffer = buffer;
    this.#from = from;
    this.#to = to;
    try {
      const message = this.#decoded(buffer, from, to);
      if (message !== undefined) this.#handlers.message(message, to - from, nowMs);
    } catch (error) {
      this.#handlers.fault(error);
    } finally {
      this.#buffer = undefined;
    }
  }

  #decoded(buffer: Uint8Array, from: number, to: number): OpenFlowMessage | undefined {
    try {
      return decodeRange(buffer, from, to);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#handlers.undecodable(error, this.frame);
      return undefined;
    }
  }
}
