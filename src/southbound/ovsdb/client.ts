// A client for any database of any ovsdb-server, one call at a time or many: what `weft ovsdb` works with.
import type { Json } from "../../../proto/ovsdb/json-text.ts";
import type { RpcCall } from "../../../proto/ovsdb/rpc-call.ts";
import type { RpcNotification } from "../../../proto/ovsdb/rpc-notification.ts";
import type { ByteStream } from "../stream/byte-stream.ts";
import { type Clock, systemClock } from "../stream/clock.ts";
import { type LinkOptions, RpcLink } from "./link.ts";

export interface OvsdbClientHandlers {
  /** Updates of monitors, and news of locks. Throwing OvsdbProtocolError ends the connection. */
  onNotification?(notification: RpcNotification): void;
  onClosed?(reason: string): void;
}

/** A call under way. */
export interface ClientCall<Result> {
  /**
   * Rejects with OvsdbRequestError when the server refuses, OvsdbTransactionError, OvsdbProtocolError, or WeftError
   * `ovsdb/closed`.
   */
  readonly result: Promise<Result>;
  /** Asks the server to give a `transact` up (RFC 7047, section 4.1.4); it then fails as `ovsdb/canceled`. */
  cancel(): void;
}

export interface OvsdbClient {
  readonly label: string;
  call<Result>(call: RpcCall<Result>): Promise<Result>;
  start<Result>(call: RpcCall<Result>): ClientCall<Result>;
  /** Tells the server something that has no answer. */
  notify(method: string, params: readonly Json[]): void;
  close(reason: string): void;
}

/** Takes the stream over: nobody else may set its handlers. */
export function openOvsdbClient(
  stream: ByteStream,
  handlers: OvsdbClientHandlers = {},
  clock: Clock = systemClock,
  options: LinkOptions = {},
): OvsdbClient {
  const linkHandlers = {
    onNotification: (notification: RpcNotification) => handlers.onNotification?.(notification),
    onStopped: () => undefined,
    onClosed: (reason: string) => handlers.onClosed?.(reason),
  };
  const link = new RpcLink(stream, linkHandlers, clock, options);
  function start<Result>(call: RpcCall<Result>): ClientCall<Result> {
    let id = 0;
    const result = new Promise<Result>((resolve, reject) => {
      id = link.request(call, (outcome) => {
        if (outcome.ok) resolve(outcome.result);
        else reject(outcome.error);
      });
    });
    return { result, cancel: () => link.cancel(id) };
  }
  return Object.freeze({
    label: stream.label,
    call: <Result>(call: RpcCall<Result>) => start(call).result,
    start,
    notify: (method: string, params: readonly Json[]) => link.notify(method, params),
    close: (reason: string) => link.close(reason),
  });
}
