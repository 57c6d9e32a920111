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
import {
  type ByteStream,
  type ConnectionGate,
  dial,
  type ListenOptions,
  listen,
  type Refusal,
  systemClock,
  type TlsKeys,
} from "../southbound/stream/index.ts";

export interface ListenerSet {
  readonly labels: readonly string[];
  /** What OpenFlow is served on; a port that the kernel chose stands in it. */
  readonly openFlow: readonly PassiveMethod[];
  /** The same for OVSDB. */
  readonly ovsdb: readonly PassiveMethod[];
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly ovsdb: readonly string[];
  readonly openflow: readonly string[];
  readonly log: Logger;
  /** null where TLS has no keys. */
  readonly tls: TlsKeys | null;
  readonly handshakeMs: number;
  readonly mayConnect: (remoteAddress: string) => boolean;
  readonly onRefused: (refusal: Refusal) => void;
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
  const ovsdb: PassiveMethod[] = [];
  const tls = options.tls === null ? {} : { tls: options.tls };
  const { mayConnect, onRefused } = options;
  const door = { ...tls, gate, tlsHandshakeMs: options.handshakeMs, mayConnect, onRefused, ...lackLog(log) };
  const close = async (): Promise<void> => {
    await Promise.all(closers.splice(0).map((closer) => closer()));
  };
  try {
    for (const text of options.openflow) {
      const method = parseConnectionMethod(text, OPENFLOW_PORT);
      if (!isPassive(method)) {
        throw new WeftError(
          "controller/openflow-method",
          `OpenFlow is served, not dialled: "${text}" is not ptcp:[PORT][:HOST], pssl:[PORT][:HOST] or punix:PATH`,
        );
      }
      const listener = await listen(method, options.onOpenFlow, door);
      closers.push(() => listener.close());
      labels.push(`openflow ${listener.label}`);
      openFlow.push(listener.method);
    }
    for (const text of options.ovsdb) {
      const method = parseConnectionMethod(text, OVSDB_PORT);
      if (isPassive(method)) {
        const listener = await listen(method, options.onOvsdb, door);
        closers.push(() => listener.close());
        labels.push(`ovsdb ${listener.label}`);
        ovsdb.push(listener.method);
        continue;
      }
      const handlers = {
        onStream: options.onOvsdb,
        onRetry: (retryInMs: number, error: WeftError | undefined) =>
          log.warn({ peer: text, retryInMs, error: error?.message }, "no OVSDB connection: trying again"),
      };
      const dialer = dial(method, handlers, tls);
      closers.push(async () => dialer.close("the controller stops"));
      labels.push(`ovsdb ${dialer.label}`);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { labels, openFlow, ovsdb, close };
}

/** Peers try again every second: one line for many of them. */
const LACK_EVERY_MS = 10_000;

function lackLog(log: Logger): Pick<ListenOptions, "onShortage" | "onAcceptFailed"> {
  let silentUntilMs = 0;
  const tell = (facts: object, message: string): void => {
    const now = systemClock.now();
    if (now < silentUntilMs) return;
    silentUntilMs = now + LACK_EVERY_MS;
    log.error(facts, message);
  };
  return {
    onShortage: ({ open, limit }) =>
      tell(
        { open, limit },
        "connections are turned away: the file descriptors are used up; raise the limit (LimitNOFILE= in the unit, or ulimit -n)",
      ),
    onAcceptFailed: (error) => tell({ error: error.message }, "a connection could not be accepted"),
  };
}
