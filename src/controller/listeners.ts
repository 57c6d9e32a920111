// Everything the controller listens on and dials, from connection methods to sessions.
import type { Logger } from "pino";
import { WeftError } from "../../proto/bytes/errors.ts";
import {
  isPassive,
  OPENFLOW_PORT,
  OVSDB_PORT,
  type PassiveMethod,
  parseConnectionMethod,
} from "../southbound/connection-method.ts";
import { type ByteStream, type ConnectionGate, dial, listen } from "../southbound/stream/index.ts";

export interface ListenerSet {
  readonly labels: readonly string[];
  /** What OpenFlow is served on; a port that the kernel chose stands in it. */
  readonly openFlow: readonly PassiveMethod[];
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly ovsdb: readonly string[];
  readonly openflow: readonly string[];
  readonly log: Logger;
  readonly gate: ConnectionGate;
  readonly onOvsdb: (stream: ByteStream) => void;
  readonly onOpenFlow: (stream: ByteStream) => void;
}

/** @throws WeftError naming the method that is wrong or can't be listened on; nothing is left open then. */
export async function openListeners(options: ListenerOptions): Promise<ListenerSet> {
  const { log, gate } = options;
  const closers: (() => Promise<void>)[] = [];
  const labels: string[] = [];
  const openFlow: PassiveMethod[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closers.splice(0).map((closer) => closer()));
  };
  try {
    for (const text of options.openflow) {
      const method = parseConnectionMethod(text, OPENFLOW_PORT);
      if (!isPassive(method)) {
        throw new WeftError(
          "controller/openflow-method",
          `OpenFlow is served, not dialled: "${text}" is not ptcp:[PORT][:HOST] or punix:PATH`,
        );
      }
      const listener = await listen(method, options.onOpenFlow, { gate });
      closers.push(() => listener.close());
      labels.push(`openflow ${listener.label}`);
      openFlow.push(listener.method);
    }
    for (const text of options.ovsdb) {
      const method = parseConnectionMethod(text, OVSDB_PORT);
      if (isPassive(method)) {
        const listener = await listen(method, options.onOvsdb, { gate });
        closers.push(() => listener.close());
        labels.push(`ovsdb ${listener.label}`);
        continue;
      }
      const dialer = dial(method, {
        onStream: options.onOvsdb,
        onRetry: (retryInMs, error) =>
          log.warn({ peer: text, retryInMs, error: error?.message }, "no OVSDB connection: trying again"),
      });
      closers.push(async () => dialer.close("the controller stops"));
      labels.push(`ovsdb ${dialer.label}`);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { labels, openFlow, close };
}
