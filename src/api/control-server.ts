// The control socket: answers `weft` and `ovs-appctl` on this machine, and nobody else.
import { chmodSync, rmdirSync } from "node:fs";
import { dirname } from "node:path";
import { WeftError } from "../../proto/bytes/errors.ts";
import { JsonFramer } from "../../proto/ovsdb/json-framer.ts";
import type { Json } from "../../proto/ovsdb/json-text.ts";
import { makeDirectory } from "../files/make-directory.ts";
import { parsePassiveMethod } from "../southbound/connection-method.ts";
import { type ByteStream, listen } from "../southbound/stream/index.ts";
import { type ConfigurationOrders, runCommand } from "./commands.ts";
import { type ControlReply, type ControlRequest, encodeControlMessage, readRequest } from "./control-protocol.ts";
import type { Queries, ReloadView } from "./views.ts";

export interface ControlSocketOptions {
  readonly version: string;
  readonly reload?: () => Promise<ReloadView>;
  readonly configuration?: ConfigurationOrders;
  /** Told of failures that are no user's mistake. */
  onInternalError?(error: unknown, method: string): void;
}

/** Answers one request; a WeftError's message is told to the asker. */
export type Answerer = (method: string, params: readonly string[]) => Promise<string>;

export interface ControlSocket {
  readonly path: string;
  /** Ends all conversations and removes the socket. */
  close(): Promise<void>;
}

/** Requests are method names and arguments a person typed, or the text of a configuration file. */
const LIMITS = { maxBytes: 20 * 1024 * 1024, maxDepth: 4 };
const MAX_CONVERSATIONS = 64;
/** A caller that asks on without reading the answers is cut off here. */
const MAX_WAITING_REQUESTS = 256;
/** The topology of a thousand hosts has a million tunnels. */
const MAX_PENDING_BYTES = 512 * 1024 * 1024;

/**
 * Listens at `path`, with a directory made for it where there is none. Only the user it runs as may connect. A socket
 * that a dead process left is replaced; one that answers is an error. Questions wait until the queries are there, so
 * that the socket can be taken before anything else is done.
 * @throws WeftError `connection-method/invalid`, `stream/...`, `control/directory`
 */
export async function startControlSocket(
  path: string,
  queries: Queries | PromiseLike<Queries>,
  options: ControlSocketOptions,
): Promise<ControlSocket> {
  const { version, reload, configuration } = options;
  const context = {
    ...{ queries, version },
    ...(reload === undefined ? {} : { reload }),
    ...(configuration === undefined ? {} : { configuration }),
  };
  // A path that can be no socket's has no directory made for it.
  parsePassiveMethod(`punix:${path}`);
  const madeDirectory = makeDirectoryOf(path);
  const socket = await answerAt(path, (method, params) => runCommand(context, method, params), options);
  return {
    path,
    close: async () => {
      await socket.close();
      if (madeDirectory) removeIfEmpty(dirname(path));
    },
  };
}

/**
 * A socket of the same kind, on which anything else answers, in a directory that is there.
 * @throws WeftError `connection-method/invalid`, `stream/...`
 */
export async function answerAt(
  path: string,
  answerer: Answerer,
  options: Pick<ControlSocketOptions, "onInternalError"> = {},
): Promise<ControlSocket> {
  const method = parsePassiveMethod(`punix:${path}`);
  const conversations = new Set<ByteStream>();
  const onStream = (stream: ByteStream): void => {
    conversations.add(stream);
    stream.onClose(() => conversations.delete(stream));
    converse(stream, answerer, options);
  };
  const listener = await listen(method, onStream, {
    unixMode: 0o600,
    maxStreams: MAX_CONVERSATIONS,
    maxPendingBytes: MAX_PENDING_BYTES,
  });
  return {
    path,
    close: async () => {
      await listener.close();
      for (const stream of conversations) stream.close("the controller stops");
    },
  };
}

/** Whether there was none. */
function makeDirectoryOf(path: string): boolean {
  const directory = dirname(path);
  try {
    const made = makeDirectory(directory, 0o755);
    if (made) chmodSync(directory, 0o755);
    return made;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot make the directory of the control socket ${path}: ${why}; name another with --control`;
    throw new WeftError("control/directory", message, { cause, context: { path } });
  }
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Others use it.
  }
}

/** Answers in the order of the questions. */
function converse(
  stream: ByteStream,
  answerer: Answerer,
  options: Pick<ControlSocketOptions, "onInternalError">,
): void {
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  const take = (message: Json): void => {
    const request = readRequest(message);
    if (request === null || waiting === MAX_WAITING_REQUESTS) {
      stream.close(request === null ? "not a request" : "too many requests at once");
      return;
    }
    waiting += 1;
    last = last.then(async () => {
      const reply = await answer(request, answerer, options);
      waiting -= 1;
      stream.write(encodeControlMessage(reply));
    });
  };
  const framer = new JsonFramer(take, LIMITS);
  stream.onData((bytes) => {
    try {
      framer.push(bytes);
    } catch (error) {
      stream.close(error instanceof Error ? error.message : "not JSON");
    }
  });
}

async function answer(
  request: ControlRequest,
  answerer: Answerer,
  options: Pick<ControlSocketOptions, "onInternalError">,
): Promise<ControlReply> {
  const { id, method, params } = request;
  try {
    return { id, result: await answerer(method, params), error: null };
  } catch (error) {
    if (error instanceof WeftError) return { id, result: null, error: `${error.message}\n` };
    options.onInternalError?.(error, method);
    return { id, result: null, error: `"${method}" failed inside the controller; its log says how\n` };
  }
}
