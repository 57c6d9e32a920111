import pino from "pino";
import { describe, expect, it } from "vitest";
import { RefusalLog } from "../../../src/controller/refusal-log.ts";

const LEFT = "it left in the middle of the TLS handshake";
const REVOKED = "its certificate is revoked";
const NONE = "it showed no certificate: ovs-vsctl set-ssl gives it one";

describe("peers that were turned away", () => {
  function refusals() {
    let now = 0;
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).reason) });
    const log = new RefusalLog(
      logger,
      () => now,
      () => undefined,
    );
    return { log, lines, at: (ms: number) => (now = ms), told: () => log.problems.map((one) => one.message) };
  }

  it("are told with every reason that there was, not only the last", () => {
    const { log, lines, told } = refusals();
    for (const reason of [REVOKED, NONE, REVOKED]) log.add({ remoteAddress: "192.0.2.1", reason });
    expect(told()).toEqual([
      `a peer at 192.0.2.1 was turned away: ${NONE}`,
      `a peer at 192.0.2.1 was turned away, 2 times: ${REVOKED}`,
    ]);
    expect(lines).toEqual([REVOKED, NONE]);
  });

  it("that also left without a word have the other reason, and only without one that they left", () => {
    const { log, told, at } = refusals();
    log.add({ remoteAddress: "192.0.2.1", reason: REVOKED });
    log.add({ remoteAddress: "192.0.2.1", reason: LEFT });
    log.add({ remoteAddress: "192.0.2.2", reason: LEFT });
    expect(told()).toEqual([
      `a peer at 192.0.2.1 was turned away: ${REVOKED}`,
      `a peer at 192.0.2.2 was turned away: ${LEFT}`,
    ]);
    at(61_000);
    expect(told()).toEqual([]);
  });
});
