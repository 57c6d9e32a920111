// A tiny ovsdb-server over a real socket whose answers a test writes itself: for what the real one never does.
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { JsonFramer } from "../../../../proto/ovsdb/json-framer.ts";
import { type Json, type JsonObject, jsonText } from "../../../../proto/ovsdb/json-text.ts";
import { type PassiveMethod, parseConnectionMethod } from "../../../../src/southbound/connection-method.ts";
import type { OvsdbOptions } from "../../../../src/southbound/ovsdb/index.ts";
import { type Clock, listen, systemClock } from "../../../../src/southbound/stream/index.ts";
import { deferred } from "../stream/deferred.ts";
import { VSWITCH_SCHEMA } from "./real-server.ts";
import { probeSession, type SessionProbe } from "./session-probe.ts";

/** Gives a result, throws a refusal, or gives undefined to stay silent. */
export type Answers = Readonly<Record<string, (params: readonly Json[]) => Json | undefined>>;

export class Refusal extends Error {}

export interface FakeServer {
  readonly probe: SessionProbe;
  readonly socket: Socket;
  /** The methods that were called, in order. */
  readonly called: string[];
  /** Everything that was received. */
  readonly received: JsonObject[];
  send(message: Json): void;
  /** Resolves with the next message that meets the condition. */
  next(condition: (message: JsonObject) => boolean): Promise<JsonObject>;
  close(): Promise<void>;
}

export function vswitchSchema(): {
  name: string;
  version: string;
  tables: Record<string, { columns: Record<string, Json> }>;
} {
  return JSON.parse(readFileSync(VSWITCH_SCHEMA, "utf8"));
}

export const HANDSHAKE: Answers = {
  list_dbs: () => ["Open_vSwitch", "_Server"],
  get_schema: () => vswitchSchema() as unknown as Json,
  monitor_cond_since: () => [false, "00000000-0000-0000-0000-000000000000", {}],
};

export async function fakeServer(
  answers: Answers,
  clock: Clock = systemClock,
  options: OvsdbOptions = {},
): Promise<FakeServer> {
  const probed = deferred<SessionProbe>();
  const listener = await listen(parseConnectionMethod("ptcp:0:127.0.0.1") as PassiveMethod, (stream) =>
    probed.resolve(probeSession(stream, clock, options)),
  );
  const socket = connect({ port: (listener.method as { port: number }).port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  const called: string[] = [];
  const received: JsonObject[] = [];
  let waiting: { condition: (message: JsonObject) => boolean; resolve: (message: JsonObject) => void }[] = [];
  const send = (message: Json): void => void socket.write(jsonText(message));
  const framer = new JsonFramer((message) => {
    const request = message as JsonObject;
    received.push(request);
    waiting = waiting.filter(({ condition, resolve }) => {
      if (!condition(request)) return true;
      resolve(request);
      return false;
    });
    const method = request.method;
    if (typeof method !== "string") return;
    called.push(method);
    const answer = answers[method];
    const id = request.id ?? null;
    try {
      if (answer === undefined) throw new Refusal("unknown method");
      const result = answer(request.params as readonly Json[]);
      if (result !== undefined) send({ id, result, error: null });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      send({ id, result: null, error: { error: error.message, details: "as the test wants it", syntax: "{}" } });
    }
  });
  socket.on("data", (bytes) => framer.push(bytes));
  return {
    probe: await probed.promise,
    socket,
    called,
    received,
    send,
    next: (condition) => new Promise((resolve) => waiting.push({ condition, resolve })),
    close: async () => {
      socket.destroy();
      await listener.close();
    },
  };
}
