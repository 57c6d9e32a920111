// Calls a peer on an active connection method, and calls again whenever the connection is lost.
import { connect, type Socket } from "node:net";
import type { WeftError } from "../../../proto/bytes/errors.ts";
import { type ActiveMethod, formatConnectionMethod } from "../connection-method.ts";
import { type BackoffOptions, DEFAULT_BACKOFF, nextBackoff } from "./backoff.ts";
import type { ByteStream } from "./byte-stream.ts";
import { type Clock, systemClock, type Timer } from "./clock.ts";
import type { PeerCertificate } from "./peer-certificate.ts";
import { SocketStream, type StreamOptions } from "./socket-stream.ts";
import { streamError, tlsWithoutKeys } from "./stream-error.ts";
import { connectTls } from "./tls-connect.ts";
import type { TlsKeys } from "./tls-keys.ts";

export interface DialHandlers {
  onStream(stream: ByteStream): void;
  /** An attempt failed, or an established connection ended (then without error); the next attempt is `retryInMs` away. */
  onRetry?(retryInMs: number, error: WeftError | undefined): void;
}

export interface DialOptions extends StreamOptions {
  readonly backoff?: BackoffOptions;
  /** Default 5000. */
  readonly connectTimeoutMs?: number;
  readonly clock?: Clock;
  /** What `ssl:` is called with. */
  readonly tls?: TlsKeys;
}

export interface Dialer {
  readonly method: ActiveMethod;
  readonly label: string;
  readonly state: "connecting" | "connected" | "waiting" | "closed";
  /** Ends the connection, if there is one, and calls no more. */
  close(reason: string): void;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;

class RedialingDialer implements Dialer {
  readonly method: ActiveMethod;
  readonly label: string;
  state: Dialer["state"] = "connecting";
  readonly #handlers: DialHandlers;
  readonly #options: DialOptions;
  readonly #clock: Clock;
  #socket: Socket | undefined;
  #stream: SocketStream | undefined;
  #timer: Timer | undefined;
  #backoffMs = 0;
  #connectedAt = 0;
  #calls = 0;

  constructor(method: ActiveMethod, handlers: DialHandlers, options: DialOptions) {
    this.method = method;
    this.label = formatConnectionMethod(method);
    this.#handlers = handlers;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#call();
  }

  close(reason: string): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.#timer?.cancel();
    this.#stream?.close(reason);
    if (this.#stream === undefined) this.#socket?.destroy();
  }

  #call(): void {
    const { method } = this;
    this.state = "connecting";
    this.#stream = undefined;
    if (method.kind === "ssl") this.#callTls(method);
    else {
      const to = method.kind === "unix" ? { path: method.path } : { host: method.host, port: method.port };
      const socket = connect(to);
      this.#follow(socket);
      socket.once("connect", () => this.#connected(socket));
    }
  }

  #callTls(method: ActiveMethod & { readonly kind: "ssl" }): void {
    const { tls } = this.#options;
    if (tls === undefined) throw tlsWithoutKeys(method);
    const socket = connectTls(method, tls, (certificate) => this.#connected(socket, certificate));
    this.#follow(socket);
  }

  #follow(socket: Socket): void {
    this.#socket = socket;
    let failure: Error | undefined;
    socket.on("error", (error) => {
      failure ??= error;
    });
    const timeoutMs = this.#options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
    this.#timer = this.#clock.setTimer(timeoutMs, () => {
      failure = Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: "ETIMEDOUT" });
      socket.destroy();
    });
    socket.once("close", () => this.#over(failure));
  }

  #connected(socket: Socket, certificate?: PeerCertificate): void {
    this.#timer?.cancel();
    if (this.state === "closed") return;
    this.state = "connected";
    this.#connectedAt = this.#clock.now();
    this.#calls += 1;
    const unixLabel = this.method.kind === "unix" ? `${this.label}#${this.#calls}` : undefined;
    this.#stream = new SocketStream(socket, unixLabel, this.#options, certificate);
    this.#handlers.onStream(this.#stream);
  }

  #over(failure: Error | undefined): void {
    this.#timer?.cancel();
    if (this.state === "closed") return;
    const wasConnected = this.state === "connected";
    const heldMs = wasConnected ? this.#clock.now() - this.#connectedAt : 0;
    this.#backoffMs = nextBackoff(this.#options.backoff ?? DEFAULT_BACKOFF, this.#backoffMs, heldMs);
    this.state = "waiting";
    this.#timer = this.#clock.setTimer(this.#backoffMs, () => this.#call());
    this.#handlers.onRetry?.(
      this.#backoffMs,
      wasConnected ? undefined : streamError("connect to", this.method, failure),
    );
  }
}

/**
 * Keeps one connection to a peer: the first attempt starts at once, and each loss is followed by another after a backoff of
 * 1 s to 8 s.
 * @throws WeftError `stream/tls-without-keys`
 */
export function dial(method: ActiveMethod, handlers: DialHandlers, options: DialOptions = {}): Dialer {
  if (method.kind === "ssl" && options.tls === undefined) throw tlsWithoutKeys(method);
  return new RedialingDialer(method, handlers, options);
}
