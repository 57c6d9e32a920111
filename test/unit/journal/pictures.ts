// Small pictures of a fabric, for what is derived from two of them.
import { compare } from "../../../src/journal/compare.ts";
import {
  type Known,
  type KnownEndpoint,
  type KnownHost,
  type KnownProblem,
  type KnownTunnel,
  pictureOf,
} from "../../../src/journal/known.ts";

export function host(number: number, changes: Partial<KnownHost> = {}): KnownHost {
  return {
    kind: "host",
    id: `host${number}`,
    name: `h${number}`,
    state: "up",
    openflow: true,
    adoption: null,
    reason: null,
    ...changes,
  };
}

export function endpoint(changes: Partial<KnownEndpoint> = {}): KnownEndpoint {
  return {
    kind: "endpoint",
    mac: "02:00:00:00:00:01",
    network: "default",
    host: "host1",
    port: "tap0",
    ips: ["10.0.0.1"],
    origin: "observed",
    owner: null,
    ...changes,
  };
}

export function tunnel(changes: Partial<KnownTunnel> = {}): KnownTunnel {
  return {
    kind: "tunnel",
    a: "host1",
    b: "host2",
    type: "geneve",
    state: "down",
    deaf: null,
    reason: "BFD: Control Detection Time Expired",
    ...changes,
  };
}

export function problem(changes: Partial<KnownProblem> = {}): KnownProblem {
  return {
    kind: "problem",
    code: "port/error",
    host: "host1",
    message: "tap9 is missing",
    remedy: "make it",
    ...changes,
  };
}

export const HOSTS = [host(1), host(2), host(3)];

export function changes(before: readonly Known[], after: readonly Known[], settling = false) {
  return compare({ told: pictureOf(before), now: pictureOf(after), settling });
}

/** `host1 endpoint/moved: MAC ...`, for each event. */
export function told(before: readonly Known[], after: readonly Known[], settling = false): readonly string[] {
  return changes(before, after, settling).flatMap(({ events }) =>
    events.map((event) => `${event.host} ${event.kind}: ${event.message}`),
  );
}
