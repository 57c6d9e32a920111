// Waits for peers on a passive connection method.
import { chmodSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { formatConnectionMethod, type PassiveMethod } from "../connection-method.ts";
import { plainAddress } from "./address.ts";
import type { ByteStream } from "./byte-stream.ts";
import type { ConnectionGate } from "./connection-gate.ts";
import { SocketStream, type StreamOptions } from "./socket-stream.ts";
import { removeStaleSocket } from "./stale-socket.ts";
import { streamError, tlsUnsupported } from "./stream-error.ts";

export interface ListenOptions extends StreamOptions {
  /** Permissions of a Unix socket's file. Default 0600. */
  readonly unixMode?: number;
  /** Connections beyond this number are closed at once. Default 8192. */
  readonly maxStreams?: number;
  /** Asked before anything is read of a connection; one that it refuses is closed. */
  readonly gate?: ConnectionGate;
}

export interface Listener {
  /** What is listened on; a port that the kernel chose stands in it. */
  readonly method: PassiveMethod;
  readonly label: string;
  /** Stops listening; streams that were accepted live on. */
  close(): Promise<void>;
}

const DEFAULT_MAX_STREAMS = 8192;

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

function isAdmitted(socket: Socket, method: PassiveMethod, gate: ConnectionGate | undefined): boolean {
  const source = method.kind === "punix" ? null : plainAddress(socket.remoteAddress ?? "");
  if (gate === undefined || gate.admit(source, socket)) return true;
  socket.on("error", () => undefined);
  socket.destroy();
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
  if (method.kind === "pssl") throw tlsUnsupported(method);
  const unixMode = options.unixMode ?? 0o600;
  if (method.kind === "punix") await removeStaleSocket(method);

  let accepted = 0;
  const server = createServer({ pauseOnConnect: true }, (socket: Socket) => {
    accepted += 1;
    if (!isAdmitted(socket, method, options.gate)) return;
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
  server.on("error", () => undefined);
  if (method.kind === "punix") chmodSync(method.path, unixMode);

  const address = server.address();
  const bound: PassiveMethod =
    method.kind === "ptcp" && address !== null && typeof address === "object"
      ? Object.freeze({ ...method, port: address.port })
      : method;
  return Object.freeze({
    method: bound,
    label: formatConnectionMethod(bound),
    close: () => new Promise<void>((resolve) => closeServer(server, resolve)),
  });
}

/** `server.close` calls back only when the last connection is over; that it no longer listens is true at once. */
function closeServer(server: Server, done: () => void): void {
  if (server.listening) server.close();
  setImmediate(done);
}
