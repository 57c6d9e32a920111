// One connection to an ovsdb-server, called or waited for, within a time.
import { WeftError } from "../../../proto/bytes/errors.ts";
import { isPassive, parseConnectionMethod } from "../../southbound/connection-method.ts";
import { type OvsdbClient, type OvsdbClientHandlers, openOvsdbClient } from "../../southbound/ovsdb/index.ts";
import { type ByteStream, dial, listen } from "../../southbound/stream/index.ts";

export interface Connection {
  readonly client: OvsdbClient;
  close(): Promise<void>;
}

/**
 * Calls once, or listens until one peer has come.
 * @throws WeftError `connection-method/invalid`, `stream/...`, or `ovsdb/timeout`
 */
export async function connectOvsdb(
  methodText: string,
  timeoutMs: number,
  handlers: OvsdbClientHandlers,
): Promise<Connection> {
  const method = parseConnectionMethod(methodText);
  let resolve: (stream: ByteStream) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const connected = new Promise<ByteStream>((onStream, onError) => {
    resolve = onStream;
    reject = onError;
  });
  const timer = setTimeout(() => {
    const what = isPassive(method) ? "no ovsdb-server has called" : "no answer";
    reject(new WeftError("ovsdb/timeout", `${methodText}: ${what} within ${timeoutMs / 1000} s`, { retryable: true }));
  }, timeoutMs);
  let stop: () => Promise<void>;
  if (isPassive(method)) {
    let taken = false;
    const listener = await listen(method, (stream) => {
      if (taken) stream.close("one peer is enough");
      taken = true;
      resolve(stream);
    });
    stop = () => listener.close();
  } else {
    const dialer = dial(method, {
      onStream: resolve,
      onRetry: (_delay, error) => {
        dialer.close("one attempt is made");
        if (error !== undefined) reject(error);
      },
    });
    stop = async () => dialer.close("done");
  }
  try {
    const client = openOvsdbClient(await connected, handlers);
    return {
      client,
      close: async () => {
        client.close("done");
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
