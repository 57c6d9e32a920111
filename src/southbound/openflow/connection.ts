// The shell around the state machine: one ByteStream, its timers, its requests, and the session that others hold.
import { WeftError, type WireError } from "../../../proto/bytes/errors.ts";
import {
  encode,
  errorNumbers,
  OFPT,
  type OpenFlowMessage,
  type OpenFlowMessageWithoutXid,
  peekHeader,
} from "../../../proto/openflow13/index.ts";
import { peerFault } from "../peer-fault.ts";
import type { ByteStream, Clock, Timer } from "../stream/index.ts";
import { Incoming } from "./incoming.ts";
import { LiveSession, type SessionLink } from "./live-session.ts";
import {
  DEFAULT_TIMES,
  type Effect,
  FIRST_FREE_XID,
  MAX_PORTS,
  type MachineEvent,
  type MachineState,
  type MachineTimes,
  nextDeadline,
  type SwitchIdentity,
  start,
  step,
} from "./machine.ts";
import { type Reply, RequestTable } from "./request-table.ts";
import { SentLog } from "./sent-log.ts";
import type { ApplicableMessage, OpenFlowHandlers, RefusedMessage } from "./session.ts";
import { badRequestCode, describeMessage, refusal, type SwitchError } from "./switch-error.ts";

export interface OpenFlowOptions {
  readonly times?: Partial<MachineTimes>;
  /** For each request to the switch. Default 30 s: a large bundle takes a while. */
  readonly requestTimeoutMs?: number;
  /** All parts of one multipart reply together. Default 64 MiB for flows, 16 MiB for anything else. */
  readonly maxReplyBytes?: number;
  /** Above this many unsent bytes `apply` waits for the peer. Default 1 MiB. */
  readonly highWaterBytes?: number;
}

const DEFAULT_REQUEST_TIMEOUT_MS = 30_000;
/** An endpoint of another host with one address has two flows, which take 368 bytes to tell: enough for 180,000 of them. */
const MAX_FLOWS_BYTES = 64 * 1024 * 1024;
/** The groups of 1000 networks, with a bucket of some 50 bytes for each of 200 hosts, take about 10 MiB. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;
const DEFAULT_HIGH_WATER_BYTES = 1024 * 1024;
const SENT_LOG_CAPACITY = 8_192;
/** After so many messages without one a barrier is sent, so that the log of what was sent can be cleared. */
const BARRIER_EVERY = 512;
const ERROR_DATA_BYTES = 64;
const LAST_XID = 0xffff_ffff;

class Connection implements SessionLink {
  readonly #stream: ByteStream;
  readonly #handlers: OpenFlowHandlers;
  readonly #clock: Clock;
  readonly #options: OpenFlowOptions;
  readonly #incoming: Incoming;
  readonly #requests: RequestTable;
  readonly #sent = new SentLog<OpenFlowMessageWithoutXid>(SENT_LOG_CAPACITY);
  /** Messages of the `apply` that is under way, in runs by the xid of the first, and what the switch said of them. */
  #watched: { readonly firstXid: number; readonly messages: readonly ApplicableMessage[] }[] = [];
  #watchedErrors: RefusedMessage[] = [];
  #state: MachineState;
  #session: LiveSession | undefined;
  #timer: Timer | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;
  #xid = FIRST_FREE_XID;
  #sinceBarrier = 0;
  #closing: { readonly reason: string; readonly error?: WeftError } | undefined;
  #drainWaiters: (() => void)[] = [];
  bundles: boolean | undefined;

  constructor(stream: ByteStream, handlers: OpenFlowHandlers, clock: Clock, options: OpenFlowOptions) {
    this.#stream = stream;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#options = options;
    this.#requests = new RequestTable(stream.label);
    this.#incoming = this.#makeIncoming();
    const first = start(clock.now(), { ...DEFAULT_TIMES, ...options.times });
    this.#state = first.state;
    stream.onClose((end) => this.#onStreamClosed(end.reason, end.error));
    stream.onDrain(() => this.#onDrain());
    stream.onData((bytes) => this.#onData(bytes));
    this.#perform(first.effects, 0);
    this.#armTimer();
  }

  get label(): string {
    return this.#stream.label;
  }

  get stream(): ByteStream {
    return this.#stream;
  }

  nextXid(): number {
    const xid = this.#xid;
    this.#xid = xid === LAST_XID ? FIRST_FREE_XID : xid + 1;
    return xid;
  }

  write(message: OpenFlowMessage): void {
    this.#stream.write(encode(message));
  }

  writeBytes(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  get hasRoom(): boolean {
    const high = this.#options.highWaterBytes ?? DEFAULT_HIGH_WATER_BYTES;
    return this.#stream.pendingBytes <= high || this.#stream.closed;
  }

  writable(): Promise<void> {
    if (this.hasRoom) return Promise.resolve();
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  watch(messages: readonly ApplicableMessage[]): number {
    if (this.#xid + messages.length > LAST_XID) this.#xid = FIRST_FREE_XID;
    const firstXid = this.#xid;
    this.#xid += messages.length;
    this.#watched.push({ firstXid, messages });
    return firstXid;
  }

  #watchedBy(xid: number): ApplicableMessage | undefined {
    for (const { firstXid, messages } of this.#watched) {
      const message = messages[xid - firstXid];
      if (message !== undefined) return message;
    }
    return undefined;
  }

  takeErrors(): RefusedMessage[] {
    const errors = this.#watchedErrors;
    this.#watchedErrors = [];
    return errors;
  }

  stopWatching(): void {
    this.#watched = [];
    this.#watchedErrors = [];
  }

  async request(message: OpenFlowMessage, what: string): Promise<Reply> {
    if (this.#closing !== undefined || this.#stream.closed) throw this.#closedError();
    const timeoutMs = this.#options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
    const bytes = encode(message);
    const isFlows = message.kind === "multipart_request" && message.body.kind === "flow";
    const maxBytes = this.#options.maxReplyBytes ?? (isFlows ? MAX_FLOWS_BYTES : MAX_REPLY_BYTES);
    const reply = this.#requests.add(message.xid, what, this.#clock.now() + timeoutMs, maxBytes);
    if (message.kind === "barrier_request") this.#noteBarrier(message.xid);
    this.#stream.write(bytes);
    this.#armTimer();
    return reply;
  }

  /** Sends what no reply is waited for; errors about it come to onError with the message itself. */
  sendLogged(message: OpenFlowMessageWithoutXid): void {
    const xid = this.nextXid();
    this.write({ ...message, xid } as OpenFlowMessage);
    this.#sent.add(xid, message);
    this.#sinceBarrier += 1;
    if (this.#sinceBarrier < BARRIER_EVERY) return;
    const barrier = this.nextXid();
    this.#noteBarrier(barrier);
    this.write({ kind: "barrier_request", xid: barrier });
  }

  close(reason: string, error?: WeftError): void {
    if (this.#closing !== undefined) return;
    this.#closing = error === undefined ? { reason } : { reason, error };
    this.#state = step(this.#state, { kind: "closed" }, this.#clock.now()).state;
    this.#stream.close(reason);
  }

  #noteBarrier(xid: number): void {
    this.#sent.add(xid, { kind: "barrier_request" });
    this.#sinceBarrier = 0;
  }

  #closedError(): WeftError {
    const reason = this.#closing?.reason ?? "the connection is closed";
    const context = { peer: this.label };
    const cause = this.#closing?.error;
    return new WeftError("openflow/closed", `${this.label}: ${reason}`, { context, cause, retryable: true });
  }

  #onDrain(): void {
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const resume of waiters) resume();
  }

  #onStreamClosed(reason: string, cause: Error | undefined): void {
    const closing = this.#closing ?? { reason };
    this.#closing = closing;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#state = step(this.#state, { kind: "closed" }, this.#clock.now()).state;
    this.#requests.rejectAll(this.#closedError());
    this.#onDrain();
    const error =
      closing.error ??
      (cause === undefined
        ? undefined
        : new WeftError("openflow/connection", `${this.label}: ${reason}`, {
            cause,
            context: { peer: this.label },
            retryable: true,
          }));
    this.#guard(() => this.#handlers.onClosed(this.#session, closing.reason, error));
  }

  #onData(bytes: Uint8Array): void {
    if (this.#closing !== undefined) return;
    const nowMs = this.#clock.now();
    this.#step({ kind: "received" }, nowMs, 0);
    this.#incoming.push(bytes, nowMs);
    if (this.#closing === undefined) this.#armTimer();
  }

  #makeIncoming(): Incoming {
    const context = { peer: this.label };
    return new Incoming({
      isOpen: () => this.#closing === undefined,
      isGreeting: () => this.#state.phase.kind === "greeting",
      message: (message, bytes, nowMs) => this.#onMessage(message, bytes, nowMs),
      foreign: (words) => {
        this.#answerError("OFPHFC_INCOMPATIBLE", new TextEncoder().encode(words));
        this.close(words, new WeftError("openflow/foreign", words, { context }));
      },
      undecodable: (error, bytes) => this.#undecodable(error, bytes),
      fault: (error) => this.#fault(error),
      slow: (reason) => this.close(reason, new WeftError("openflow/slow", reason, { context, retryable: true })),
    });
  }

  #onMessage(message: OpenFlowMessage, bytes: number, nowMs: number): void {
    const session = this.#session;
    if (session !== undefined && message.kind === "packet_in") this.#handlers.onPacketIn(session, message);
    else this.#step({ kind: "message", message }, nowMs, bytes);
  }

  /** The bytes make no sense: say so where the specification has a word for it, and end this connection alone. */
  #undecodable(cause: WireError, bytes: Uint8Array | undefined): void {
    const header = bytes === undefined ? undefined : peekHeader(bytes);
    const isGreeting = this.#state.phase.kind === "greeting";
    const context = {
      peer: this.label,
      offset: cause.offset,
      field: cause.field,
      xid: header?.xid,
      type: header?.type,
    };
    const error = new WeftError("openflow/undecodable", `${this.label}: ${cause.message}`, { cause, context });
    // Who greets in words that make no sense gets the word for that (section 7.4.4).
    const word = isGreeting && header?.type === OFPT.HELLO ? "OFPHFC_INCOMPATIBLE" : badRequestCode(cause);
    this.#answerError(word, bytes);
    this.#handlers.onError(this.#session, { error });
    this.close(`a message of the switch does not decode: ${cause.message}`, error);
  }

  /** The error that the specification has for a message: with its xid and its beginning, where there is a whole one. */
  #answerError(name: string, bytes: Uint8Array | undefined): void {
    const numbers = errorNumbers(name);
    if (numbers === undefined) return;
    const xid = (bytes === undefined ? undefined : peekHeader(bytes)?.xid) ?? 0;
    this.write({ kind: "error", xid, ...numbers, data: bytes?.slice(0, ERROR_DATA_BYTES) ?? new Uint8Array(0) });
  }

  /** This controller's own failure, at what the peer sent: told with the bytes, and the end of this connection alone. */
  #fault(cause: unknown): void {
    const { error, bytes } = peerFault("openflow", this.label, cause, this.#incoming.frame);
    this.#handlers.onError(this.#session, bytes === undefined ? { error } : { error, bytes });
    this.close(error.message, error);
  }

  #step(event: MachineEvent, nowMs: number, bytes: number): void {
    const next = step(this.#state, event, nowMs);
    this.#state = next.state;
    if (next.effects.length > 0) this.#perform(next.effects, bytes);
  }

  #perform(effects: readonly Effect[], bytes: number): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "send":
          this.write(effect.message);
          break;
        case "ready":
          this.#ready(effect.identity);
          break;
        case "deliver":
          this.#deliver(effect.message, bytes);
          break;
        case "close":
          if (effect.answer !== undefined) this.#answerError(effect.answer, this.#incoming.frame);
          this.close(effect.reason, effect.error);
          break;
      }
    }
  }

  #ready(identity: SwitchIdentity): void {
    const session = new LiveSession(this, identity);
    this.#session = session;
    this.#guard(() => this.#handlers.onReady(session));
  }

  #deliver(message: OpenFlowMessage, bytes: number): void {
    const session = this.#session;
    if (session === undefined) return;
    switch (message.kind) {
      case "error":
      case "experimenter_error":
        this.#onSwitchError(session, message);
        return;
      case "port_status":
        if (message.reason === "delete") session.ports.delete(message.port.portNo);
        else if (session.ports.size >= MAX_PORTS && !session.ports.has(message.port.portNo)) {
          this.close(`more than ${MAX_PORTS} ports`);
          return;
        } else session.ports.set(message.port.portNo, message.port);
        this.#guard(() => this.#handlers.onPortStatus(session, message));
        return;
      case "flow_removed":
        this.#guard(() => this.#handlers.onFlowRemoved(session, message));
        return;
      case "onf_flow_monitor_paused":
      case "onf_flow_monitor_resumed":
        this.#guard(() => this.#handlers.onFlowNews?.(session, { kind: "gap" }));
        return;
      case "barrier_reply":
        this.#sent.settleUpTo(message.xid);
        this.#requests.offer(message, bytes);
        return;
      default:
        // Updates come without a request's xid, for as long as the connection stands.
        if (message.kind === "multipart_reply" && message.body.kind === "onf_flow_monitor") {
          const { updates } = message.body;
          if (updates.length > 0) this.#guard(() => this.#handlers.onFlowNews?.(session, { kind: "updates", updates }));
        }
        try {
          this.#requests.offer(message, bytes);
        } catch (error) {
          if (!(error instanceof WeftError)) throw error;
          this.close(error.message, error);
        }
    }
  }

  #onSwitchError(session: LiveSession, m: SwitchError): void {
    if (this.#requests.refuse(m, (what) => refusal(this.label, m, what))) return;
    const watched = this.#watchedBy(m.xid);
    if (watched !== undefined) {
      this.#watchedErrors.push({ message: watched, error: refusal(this.label, m, describeMessage(watched)) });
      return;
    }
    const cause = this.#sent.get(m.xid);
    const error = refusal(this.label, m, cause === undefined ? undefined : describeMessage(cause));
    const reply = m.kind === "error" ? { reply: m } : {};
    this.#guard(() => this.#handlers.onError(session, { error, ...reply, ...(cause === undefined ? {} : { cause }) }));
  }

  /** A handler that throws must not take the process with it. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (cause) {
      this.#fault(cause);
    }
  }

  /** One timer for all deadlines; moved only when a deadline comes earlier, so that traffic costs no timers. */
  #armTimer(): void {
    const liveness = nextDeadline(this.#state);
    if (liveness === undefined) return;
    const dueMs = Math.min(liveness, this.#requests.nextDeadline() ?? Number.POSITIVE_INFINITY);
    if (this.#timer !== undefined && this.#timerDueMs <= dueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    this.#timer = this.#clock.setTimer(Math.max(0, Math.ceil(dueMs - this.#clock.now())), () => this.#onTimer());
  }

  #onTimer(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.now();
    this.#requests.expire(nowMs);
    this.#guard(() => this.#step({ kind: "tick" }, nowMs, 0));
    if (this.#closing === undefined) this.#armTimer();
  }
}

/** Speaks OpenFlow on the stream until it ends; everything that happens comes to the handlers. */
export function serveOpenFlow(
  stream: ByteStream,
  handlers: OpenFlowHandlers,
  clock: Clock,
  options: OpenFlowOptions = {},
): void {
  new Connection(stream, handlers, clock, options);
}
