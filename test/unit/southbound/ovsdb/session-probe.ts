// Collects what a served session tells, so that a test can wait for it.
import { type OvsdbOptions, type OvsdbSession, serveOvsdb } from "../../../../src/southbound/ovsdb/index.ts";
import { type ByteStream, type Clock, systemClock } from "../../../../src/southbound/stream/index.ts";
import { type Deferred, deferred } from "../stream/deferred.ts";

export interface SessionProbe {
  readonly ready: Promise<OvsdbSession>;
  readonly closed: Promise<{ session: OvsdbSession | undefined; label: string; reason: string }>;
  readonly changes: () => number;
  /** Resolves once the condition holds; looks again after every update. */
  until(condition: (session: OvsdbSession) => boolean): Promise<void>;
}

export function probeSession(stream: ByteStream, clock: Clock = systemClock, options: OvsdbOptions = {}): SessionProbe {
  const ready = deferred<OvsdbSession>();
  const closed = deferred<{ session: OvsdbSession | undefined; label: string; reason: string }>();
  let changes = 0;
  let waiting: { condition: (session: OvsdbSession) => boolean; met: Deferred<void> }[] = [];
  const look = (session: OvsdbSession): void => {
    waiting = waiting.filter(({ condition, met }) => {
      if (!condition(session)) return true;
      met.resolve();
      return false;
    });
  };
  serveOvsdb(
    stream,
    {
      onReady: (session) => ready.resolve(session),
      onChange: (session) => {
        changes += 1;
        look(session);
      },
      onClosed: (session, label, reason) => closed.resolve({ session, label, reason }),
    },
    clock,
    options,
  );
  return {
    ready: ready.promise,
    closed: closed.promise,
    changes: () => changes,
    until: async (condition) => {
      const session = await ready.promise;
      const met = deferred<void>();
      waiting.push({ condition, met });
      look(session);
      await met.promise;
    },
  };
}
