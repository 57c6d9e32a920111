// Asks a running controller one question on its control socket; or a snapshot of one.
import { WeftError } from "../../proto/bytes/errors.ts";
import { JsonFramer } from "../../proto/ovsdb/json-framer.ts";
import { parseConnectionMethod } from "../southbound/connection-method.ts";
import { type Dialer, dial } from "../southbound/stream/index.ts";
import { encodeControlMessage, readReply } from "./control-protocol.ts";
import { askSnapshot, snapshotPath } from "./snapshot/index.ts";

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 512 * 1024 * 1024;

/**
 * The answer's text.
 * @param path of a control socket, or `snapshotTarget` of a file
 * @throws WeftError `control/refused` with the controller's own words when it says no; `control/unreachable` when none
 * answers on the socket; `control/not-permitted`; `control/lost`; `control/timeout`.
 */
export function callControl(
  path: string,
  method: string,
  params: readonly string[],
  timeoutMs: number = DEFAULT_TIMEOUT_MS,
): Promise<string> {
  const snapshot = snapshotPath(path);
  if (snapshot !== null) return askSnapshot(snapshot, method, params);
  const target = parseConnectionMethod(`unix:${path}`);
  if (target.kind !== "unix") throw new TypeError("a control socket is a Unix socket");
  const context = { path, method };
  return new Promise((resolve, reject) => {
    let dialer: Dialer | undefined;
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      dialer?.close("answered");
      settle();
    };
    const fail = (code: string, message: string, cause?: unknown): void =>
      finish(() => reject(new WeftError(code, message, { cause, context })));
    const timer = setTimeout(() => {
      fail("control/timeout", `the controller at ${path} did not answer "${method}" within ${timeoutMs / 1000} s`);
    }, timeoutMs);
    const framer = new JsonFramer(
      (message) => {
        const reply = readReply(message);
        if (reply === null) fail("control/lost", `what answers at ${path} does not speak as a controller does`);
        else if (reply.error !== null) fail("control/refused", reply.error.trimEnd());
        else finish(() => resolve(reply.result));
      },
      { maxBytes: MAX_ANSWER_BYTES },
    );
    dialer = dial(target, {
      onStream: (stream) => {
        stream.onData((bytes) => {
          try {
            framer.push(bytes);
          } catch (cause) {
            fail("control/lost", `what answers at ${path} does not speak as a controller does`, cause);
          }
        });
        stream.onClose(() => fail("control/lost", `the controller at ${path} ended the conversation`));
        stream.write(encodeControlMessage({ id: 0, method, params }));
      },
      onRetry: (_, error) => {
        if (error?.context.systemCode === "EACCES") fail("control/not-permitted", notPermitted(path), error);
        else fail("control/unreachable", nobodyAnswers(path), error);
      },
    });
  });
}

function nobodyAnswers(path: string): string {
  return `no controller answers on ${path}; start one with: weft controller (or name its socket: --control SOCKET)`;
}

function notPermitted(path: string): string {
  return `this user may not use the control socket ${path}; run as the user the controller runs as`;
}
