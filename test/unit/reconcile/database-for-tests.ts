// A real ovsdb-server with one session to it, fresh for each test of a file.
import { afterEach, beforeEach } from "vitest";
import { type ActiveMethod, parseConnectionMethod } from "../../../src/southbound/connection-method.ts";
import type { OvsdbSession } from "../../../src/southbound/ovsdb/index.ts";
import { type Dialer, dial } from "../../../src/southbound/stream/index.ts";
import { type RealServer, startServer } from "../southbound/ovsdb/real-server.ts";
import { probeSession } from "../southbound/ovsdb/session-probe.ts";

export interface Database {
  readonly server: RealServer;
  readonly session: OvsdbSession;
}

/** To be called at the top of a test file. @param taken gets the server and the session of the test that begins. */
export function useDatabase(taken: (database: Database) => void): void {
  let server: RealServer;
  let dialer: Dialer;

  beforeEach(async () => {
    server = await startServer();
    server.vsctl("init");
    const session = await new Promise<OvsdbSession>((resolve) => {
      dialer = dial(parseConnectionMethod(`unix:${server.socket}`) as ActiveMethod, {
        onStream: (stream) => void probeSession(stream).ready.then(resolve),
      });
    });
    taken({ server, session });
  });

  afterEach(async () => {
    dialer.close("the test is over");
    await server.remove();
  });
}
