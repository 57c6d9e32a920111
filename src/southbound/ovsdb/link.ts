// JSON-RPC over one stream: messages in and out, liveness, and an end that names peer, place and remedy.
import { WeftError, WireError } from "../../../proto/bytes/errors.ts";
import { JsonFramer } from "../../../proto/ovsdb/json-framer.ts";
import { type Json, jsonText } from "../../../proto/ovsdb/json-text.ts";
import { OvsdbProtocolError } from "../../../proto/ovsdb/ovsdb-error.ts";
import { echo, type RpcCall } from "../../../proto/ovsdb/rpc-call.ts";
import { decodeNotification, type RpcNotification } from "../../../proto/ovsdb/rpc-notification.ts";
import { type RpcOutcome, RpcPeer } from "../../../proto/ovsdb/rpc-peer.ts";
import { type PeerFault, peerFault } from "../peer-fault.ts";
import type { ByteStream, StreamEnd } from "../stream/byte-stream.ts";
import type { Clock } from "../stream/clock.ts";
import { Pace } from "../stream/pace.ts";
import { DEFAULT_LIVENESS, Liveness, type LivenessOptions } from "./liveness.ts";
import { remedyFor } from "./remedy.ts";

export interface LinkOptions {
  readonly liveness?: LivenessOptions;
  /** The longest message a peer may send; a large database arrives in one. Default 16 MiB. */
  readonly maxMessageBytes?: number;
}

export interface LinkHandlers {
  /** May throw OvsdbProtocolError, which ends the link. */
  onNotification(notification: RpcNotification): void;
  /** Called as soon as nothing works any more: requests that wait have just failed. */
  onStopped(): void;
  /** Called once, when the stream is over. */
  onClosed(reason: string): void;
  /** This controller failed at a message; the connection is about to end for it. */
  onFault?(fault: PeerFault): void;
}

const DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** A peer that goes on sending while so many of its messages' bytes wait to be taken in is too much. */
const MAX_HELD_MESSAGES = 4;
/** RPC messages nest about ten deep; more is not OVSDB. */
const MAX_DEPTH = 64;

const encoder = new TextEncoder();

export class RpcLink {
  readonly stream: ByteStream;
  readonly #handlers: LinkHandlers;
  readonly #peer: RpcPeer;
  readonly #framer: JsonFramer;
  readonly #liveness: Liveness;
  #stopped = false;
  readonly #clock: Clock;
  readonly #pace = new Pace();
  readonly #maxHeldBytes: number;
  #isHeld = false;
  #heldBytes = 0;
  /** The message that is looked at. */
  #message: Json | undefined;
  /** Messages that came while the link was held. */
  #inbox: Json[] = [];

  constructor(stream: ByteStream, handlers: LinkHandlers, clock: Clock, options: LinkOptions) {
    this.stream = stream;
    this.#handlers = handlers;
    this.#clock = clock;
    const maxBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
    this.#maxHeldBytes = MAX_HELD_MESSAGES * maxBytes;
    this.#peer = new RpcPeer({
      send: (text) => stream.write(encoder.encode(text)),
      onNotification: (method, params) => this.#notified(method, params),
    });
    this.#framer = new JsonFramer((message) => this.#receive(message), {
      maxBytes,
      maxDepth: MAX_DEPTH,
    });
    this.#liveness = new Liveness(
      clock,
      options.liveness ?? DEFAULT_LIVENESS,
      () => this.request(echo([]), () => undefined),
      (silentMs) => this.close(`the peer was silent for ${Math.round(silentMs)} ms and did not answer an echo`),
    );
    stream.onClose((end) => this.#ended(end));
    stream.onData((bytes) => this.#received(bytes));
  }

  /** Gives the request's id. The outcome's handler may throw OvsdbProtocolError, which ends the link. */
  request<Result>(call: RpcCall<Result>, onOutcome: (outcome: RpcOutcome<Result>) => void): number {
    return this.#peer.request(call, onOutcome);
  }

  /** Asks the server to give up a `transact` that has this id. */
  cancel(id: number): void {
    this.#peer.cancel(id);
  }

  notify(method: string, params: readonly Json[]): void {
    this.#peer.notify(method, params);
  }

  close(reason: string): void {
    if (this.#stopped) return;
    this.stream.close(reason);
    this.#stop(reason);
  }

  /** Delivers no further message until `release`, so that what the last one asks for can take several turns. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Delivers what came meanwhile, in order. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    while (!this.#isHeld && !this.#stopped) {
      const message = this.#inbox.shift();
      if (message === undefined) break;
      this.attempt(() => this.#look(message));
    }
    if (!this.#isHeld) this.#heldBytes = 0;
  }

  #look(message: Json): void {
    this.#message = message;
    this.#peer.receive(message);
    this.#message = undefined;
  }

  /** Runs what depends on the peer's data: what the peer did wrong ends this connection, and nothing else. */
  attempt(work: () => unknown): void {
    try {
      work();
    } catch (error) {
      if (error instanceof WireError || error instanceof OvsdbProtocolError) {
        this.close(`${this.stream.label}: ${error.message}; ${remedyFor(error)}`);
      } else this.#fault(error);
    } finally {
      this.#message = undefined;
    }
  }

  /** This controller's own failure, at what the peer sent: told with the message, and the end of this connection alone. */
  #fault(cause: unknown): void {
    const bytes = this.#message === undefined ? undefined : encoder.encode(textOf(this.#message));
    const fault = peerFault("ovsdb", this.stream.label, cause, bytes);
    this.#handlers.onFault?.(fault);
    this.close(fault.error.message);
  }

  #received(bytes: Uint8Array): void {
    if (this.#stopped) return;
    this.#liveness.heard();
    this.attempt(() => this.#framer.push(bytes));
    if (this.#pace.received(this.#clock.now(), bytes.length, this.#framer.pendingBytes)) this.close(this.#pace.reason);
    if (!this.#isHeld) return;
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > this.#maxHeldBytes) this.close("the peer sends updates faster than they can be taken in");
  }

  #receive(message: Json): void {
    if (this.#isHeld) this.#inbox.push(message);
    else this.#look(message);
  }

  #notified(method: string, params: readonly Json[]): void {
    if (!this.#stopped) this.#handlers.onNotification(decodeNotification(method, params));
  }

  #stop(reason: string): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#inbox = [];
    this.#liveness.stop();
    const peer = this.stream.label;
    const message = `the connection to ${peer} ended: ${reason}`;
    this.#peer.close(new WeftError("ovsdb/closed", message, { retryable: true, context: { peer, reason } }));
    this.#handlers.onStopped();
  }

  #ended(end: StreamEnd): void {
    const cut = end.by === "here" || this.#framer.atBoundary ? "" : " in the middle of a message";
    this.attempt(() => this.#stop(`${end.reason}${cut}`));
    this.attempt(() => this.#handlers.onClosed(`${end.reason}${cut}`));
  }
}

/** For a log: what can't be written as JSON has no text. */
function textOf(message: Json): string {
  try {
    return jsonText(message);
  } catch {
    return "";
  }
}
