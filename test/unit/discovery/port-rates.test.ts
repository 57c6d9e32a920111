import { expect, it } from "vitest";
import type { PortStats } from "../../../proto/openflow13/index.ts";
import { type PortSample, portRates } from "../../../src/discovery/port-rates.ts";

const NONE: PortStats = {
  ...{ portNo: 1, rxPackets: 0n, txPackets: 0n, rxBytes: 0n, txBytes: 0n, rxDropped: 0n, txDropped: 0n },
  ...{ rxErrors: 0n, txErrors: 0n, rxFrameErrors: 0n, rxOverErrors: 0n, rxCrcErrors: 0n, collisions: 0n },
  ...{ durationSec: 0, durationNsec: 0 },
};

function sample(atMs: number, changes: Partial<PortStats>): PortSample {
  return { atMs, ports: new Map([[1, { ...NONE, ...changes }]]) };
}

it("gives what was counted between two moments, for each second", () => {
  const before = sample(1000, { rxBytes: 2n ** 53n, txPackets: 5n });
  const after = sample(3000, { rxBytes: 2n ** 53n + 3000n, txPackets: 8n, rxDropped: 1n, txDropped: 1n });
  expect(portRates(before, after, 1)).toEqual({
    rxBytesPerSec: 1500,
    txBytesPerSec: 0,
    rxPacketsPerSec: 0,
    txPacketsPerSec: 1.5,
    dropsPerSec: 1,
  });
});

it("takes a counter that is less than before for one that began anew, and one that is not kept for none", () => {
  const rates = portRates(
    sample(0, { rxBytes: 900n, txBytes: 2n ** 64n - 1n }),
    sample(1000, { rxBytes: 100n, txBytes: 2n ** 64n - 1n }),
    1,
  );
  expect(rates).toMatchObject({ rxBytesPerSec: 100, txBytesPerSec: 0 });
});

it("gives nothing for a port that was not there, or no time at all", () => {
  expect(portRates(sample(0, {}), sample(1000, {}), 2)).toBeNull();
  expect(portRates(sample(1000, {}), sample(1000, {}), 1)).toBeNull();
});
