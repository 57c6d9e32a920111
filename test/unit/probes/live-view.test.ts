import { describe, expect, it } from "vitest";
import { liveView, type Observation } from "../../../src/probes/live-view.ts";
import { traceProbe } from "../../../src/probes/trace-probe.ts";
import { resolveEnds, traceView } from "../../../src/trace/index.ts";
import { picture } from "../trace/picture.ts";

const request = { from: "vm1", to: "vm2" };
const expected = traceView(picture(), request);
const receiver = { host: "id2", port: "tap0" };
const outcome = (observations: readonly Observation[], sent = 1) =>
  liveView({ expected, observations, sent, receiver, notes: [] });
const at = (host: string, what: Observation["what"], port: string, afterUs: number): Observation => ({
  ...{ host, what, port, afterUs },
});

describe("a live trace", () => {
  it("is delivered where the probe came to its end, with times that only grow", () => {
    const view = outcome([
      at("id1", "seen", "tap0", 900),
      at("id2", "seen", "geneve1", 400),
      at("id2", "end", "tap0", 420),
    ]);
    expect(view).toMatchObject({ live: true, verdict: "delivered", deliveries: [receiver] });
    expect(view.summary).toBe("delivered: the probe came to host2 port tap0 after 0.42 ms, and was taken off there");
    expect(view.hops.map(({ seenUs }) => seenUs)).toEqual([400, 400]);
  });

  it("names the tunnel that it left by and did not come out of, whatever the flows say", () => {
    const view = outcome([at("id1", "seen", "tap0", 100)], 3);
    expect(view).toMatchObject({ verdict: "lost", deliveries: [] });
    expect(view.summary).toBe("lost: 3 probes left host1 by geneve2 for host2, which has not seen it");
    expect(view.hops[0]?.outputs[0]).toMatchObject({ arrives: false, reason: "it was not seen there" });
    expect(view.hops[1]?.seenUs).toBe(null);
  });

  it("sends a datagram in the guest's name, of the family that was asked for, and nothing that flows know by its kind", () => {
    const random = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(7);
    const ends = resolveEnds(picture(), request);
    const probe = traceProbe(ends, { ...request, protocol: "tcp", size: 500 }, random);
    expect(probe.frame.payload).toMatchObject({
      kind: "ipv4",
      protocol: 17,
      source: "10.0.0.1",
      destination: "10.0.0.2",
    });
    expect(probe.mark.sourcePort).toBeGreaterThanOrEqual(20_000);
    expect(() => traceProbe(ends, { ...request, protocol: "arp" }, random)).toThrow("a live probe is an IP datagram");
  });
});
