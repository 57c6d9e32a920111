// One connection to an ovsdb-server, called or waited for, within a time.
import { WeftError } from "../../../proto/bytes/errors.ts";
import {
  type ConnectionMethod,
  formatConnectionMethod,
  isPassive,
  parseConnectionMethod,
} from "../../southbound/connection-method.ts";
import { type OvsdbClient, type OvsdbClientHandlers, openOvsdbClient } from "../../southbound/ovsdb/index.ts";
import { type ByteStream, dial, listen, systemClock, type TlsFiles, TlsKeys } from "../../southbound/stream/index.ts";

export interface Connection {
  readonly client: OvsdbClient;
  close(): Promise<void>;
}

/**
 * Calls once, or listens until one peer has come.
 * @param tlsFiles for `ssl:` and `pssl:`
 * @throws WeftError `connection-method/invalid`, `stream/...`, `tls/...`, or `ovsdb/timeout`
 */
export async function connectOvsdb(
  methodText: string,
  timeoutMs: number,
  handlers: OvsdbClientHandlers,
  tlsFiles: TlsFiles | null = null,
): Promise<Connection> {
  const method = parseConnectionMethod(methodText);
  const tls = keysFor(method, tlsFiles);
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
    const listener = await listen(
      method,
      (stream) => {
        if (taken) stream.close("one peer is enough");
        taken = true;
        resolve(stream);
      },
      tls,
    );
    stop = () => listener.close();
  } else {
    const handlersOfOne = {
      onStream: resolve,
      onRetry: (_delay: number, error: WeftError | undefined) => {
        dialer.close("one attempt is made");
        if (error !== undefined) reject(error);
      },
    };
    const dialer = dial(method, handlersOfOne, tls);
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

/** Read once: one connection needs no newer ones. */
function keysFor(method: ConnectionMethod, files: TlsFiles | null): { readonly tls?: TlsKeys } {
  if (method.kind !== "ssl" && method.kind !== "pssl") return {};
  if (files === null) {
    const remedy = "give --private-key, --certificate and --ca-cert";
    throw new WeftError("ovsdb/usage", `"${formatConnectionMethod(method)}" needs a key: ${remedy}`);
  }
  const tls = new TlsKeys(files, systemClock, { onReloaded: () => undefined, onFailed: () => undefined });
  tls.stop();
  return { tls };
}
