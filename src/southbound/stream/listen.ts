// Waits for peers on a passive connection method.
import { chmodSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { formatConnectionMethod, type PassiveMethod } from "../connection-method.ts";
import { plainAddress } from "./address.ts";
import type { ByteStream } from "./byte-stream.ts";
import type { ConnectionGate } from "./connection-gate.ts";
import { descriptorLimit, type Shortage, shortageAt } from "./descriptors.ts";
import { SocketStream, type StreamOptions } from "./socket-stream.ts";
import { removeStaleSocket } from "./stale-socket.ts";
import { streamError, tlsWithoutKeys } from "./stream-error.ts";
import { TlsAcceptor } from "./tls-acceptor.ts";
import type { TlsKeys } from "./tls-keys.ts";

export interface ListenOptions extends StreamOptions {
  /** Permissions of a Unix socket's file. Default 0600. */
  readonly unixMode?: number;
  /** Connections beyond this number are closed at once. Default 8192. */
  readonly maxStreams?: number;
  /** Asked before anything is read of a connection; one that it refuses is closed. */
  readonly gate?: ConnectionGate;
  /** What `pssl:` is served with. */
  readonly tls?: TlsKeys;
  /** For a TLS handshake. Default 10000. */
  readonly tlsHandshakeMs?: number;
  /** Whether somebody at this address may connect at all: asked before anything is read. Not for Unix sockets. */
  readonly mayConnect?: (remoteAddress: string) => boolean;
  /** Told of peers that were turned away before there was a stream. */
  readonly onRefused?: (refusal: Refusal) => void;
  /** Given, a connection that takes one of the last file descriptors is closed, and told here. */
  readonly onShortage?: (shortage: Shortage) => void;
  /** A single connection could not be accepted. */
  readonly onAcceptFailed?: (error: Error) => void;
}

export interface Refusal {
  readonly remoteAddress: string;
  readonly reason: string;
}

export interface Listener {
  /** What is listened on; a port that the kernel chose stands in it. */
  readonly method: PassiveMethod;
  readonly label: string;
  /** Stops listening; streams that were accepted live on. */
  close(): Promise<void>;
}

const DEFAULT_MAX_STREAMS = 8192;
const DEFAULT_TLS_HANDSHAKE_MS = 10_000;

function bind(server: Server, method: PassiveMethod, unixMode: number): void {
  if (method.kind !== "punix") {
    server.listen({ port: method.port, ...(method.host === undefined ? {} : { host: method.host }) });
    return;
  }
  // Created under the umask, the file is never open to others, not even for a moment.
  const umask = process.umask(0o777 & ~unixMode);
  try {
    server.listen({ path: method.path });
  } finally {
    process.umask(umask);
  }
}

function turnAway(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.destroy();
}

function isWelcome(socket: Socket, options: ListenOptions): boolean {
  const remoteAddress = plainAddress(socket.remoteAddress ?? "");
  if (options.mayConnect === undefined || options.mayConnect(remoteAddress)) return true;
  turnAway(socket);
  options.onRefused?.({ remoteAddress, reason: "its address is in none of the ranges of admission.allow" });
  return false;
}

function tlsAcceptor(method: PassiveMethod, onStream: (stream: ByteStream) => void, options: ListenOptions) {
  const { tls, tlsHandshakeMs, onRefused } = options;
  if (tls === undefined) throw tlsWithoutKeys(method);
  return new TlsAcceptor(tls, {
    handshakeMs: tlsHandshakeMs ?? DEFAULT_TLS_HANDSHAKE_MS,
    onSecure: (socket, certificate) => onStream(new SocketStream(socket, undefined, options, certificate)),
    onRefused: (refusal) => onRefused?.(refusal),
  });
}

function isAdmitted(socket: Socket, method: PassiveMethod, gate: ConnectionGate | undefined): boolean {
  const source = method.kind === "punix" ? null : plainAddress(socket.remoteAddress ?? "");
  if (gate === undefined || gate.admit(source, socket)) return true;
  turnAway(socket);
  return false;
}

/**
 * Listens until closed. `onStream` gets each connection as it comes.
 * @throws WeftError `stream/...` that names the method and the remedy.
 */
export async function listen(
  method: PassiveMethod,
  onStream: (stream: ByteStream) => void,
  options: ListenOptions = {},
): Promise<Listener> {
  const unixMode = options.unixMode ?? 0o600;
  if (method.kind === "punix") await removeStaleSocket(method);

  const acceptor = method.kind === "pssl" ? tlsAcceptor(method, onStream, options) : undefined;
  const limit = descriptorLimit();
  let accepted = 0;
  // A paused socket has not begun to read: that is for the stream, or for TLS, to do.
  const server = createServer({ pauseOnConnect: acceptor === undefined }, (socket: Socket) => {
    accepted += 1;
    const shortage = options.onShortage === undefined ? undefined : shortageAt(socket, limit);
    if (shortage !== undefined) {
      turnAway(socket);
      options.onShortage?.(shortage);
      return;
    }
    if (method.kind !== "punix" && !isWelcome(socket, options)) return;
    if (!isAdmitted(socket, method, options.gate)) return;
    if (acceptor !== undefined) {
      acceptor.accept(socket);
      return;
    }
    const unixLabel = method.kind === "punix" ? `unix:${method.path}#${accepted}` : undefined;
    onStream(new SocketStream(socket, unixLabel, options));
  });
  server.maxConnections = options.maxStreams ?? DEFAULT_MAX_STREAMS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(streamError("listen on", method, cause)));
    server.once("listening", resolve);
    bind(server, method, unixMode);
  });
  // From here on errors are those of single accepts, such as too many open files; the next accept may succeed.
  server.removeAllListeners("error");
  server.on("error", (error) => options.onAcceptFailed?.(error));
  if (method.kind === "punix") chmodSync(method.path, unixMode);

  const address = server.address();
  const bound: PassiveMethod =
    method.kind !== "punix" && address !== null && typeof address === "object"
      ? Object.freeze({ ...method, port: address.port })
      : method;
  return Object.freeze({
    method: bound,
    label: formatConnectionMethod(bound),
    close: () => {
      acceptor?.close();
      return new Promise<void>((resolve) => closeServer(server, resolve));
    },
  });
}

/** `server.close` calls back only when the last connection is over; that it no longer listens is true at once. */
function closeServer(server: Server, done: () => void): void {
  if (server.listening) server.close();
  setImmediate(done);
}
