// Rounds of loop probes: what is sent, what is believed, how long. Time is ticks; the seal is the real one.
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Probe, probeFrame, readProbe, type Seal } from "../../../src/discovery/loop-probe.ts";
import { LoopWatch, type ProbedPort, TICKS_PER_ROUND } from "../../../src/discovery/loop-watch.ts";

const sealWith =
  (key: string): Seal =>
  (bytes) =>
    createHmac("sha256", key).update(bytes).digest();
const seal = sealWith("ours");

function port(host: number, ofport: number, fields: Partial<ProbedPort> = {}): ProbedPort {
  const ways = [{ vni: 4095, ingressVlans: [0], egressVlan: null }];
  return { fabricId: "f0", hostId: `h${host}`, dpid: `d${host}`, ofport, ways, ...fields };
}

const PORTS = [port(1, 1), port(2, 1), port(2, 2)];
const probe = (fields: Partial<Probe> = {}): Probe => ({
  fabricId: "f0",
  hostId: "h1",
  ofport: 1,
  vni: 4095,
  sequence: 1,
  ...fields,
});

/** @returns all that was sent, and whether anything known changed. */
function round(watch: LoopWatch, ports: readonly ProbedPort[], limit = 1000, ticks = TICKS_PER_ROUND) {
  const sent = [];
  let changed = false;
  for (let tick = 0; tick < ticks; tick++) {
    const step = watch.tick(ports, limit);
    sent.push(...step.probes);
    changed ||= step.changed;
  }
  return { sent, changed };
}

const wellFormed = fc.string({ unit: "grapheme" });

describe("a probe", () => {
  it("is read as it was written, with the tag it bears", () => {
    fc.assert(
      fc.property(
        fc.record({ fabricId: wellFormed, hostId: wellFormed, ofport: fc.nat(), vni: fc.nat(), sequence: fc.nat() }),
        fc.option(fc.integer({ min: 1, max: 4094 })),
        (said, tag) => {
          expect(readProbe(probeFrame(said, tag, seal), seal)).toEqual({ ...said, vlan: tag ?? 0 });
        },
      ),
    );
  });

  it("that is sealed with another key, changed in any byte that counts, or cut short is none", () => {
    const frame = probeFrame(probe(), null, seal);
    expect(readProbe(probeFrame(probe(), null, sealWith("theirs")), seal)).toBeNull();
    for (let at = 12; at < frame.length; at++) {
      const changed = Uint8Array.from(frame);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(readProbe(changed, seal), `byte ${at}`).toBeNull();
    }
    for (let length = 0; length < frame.length; length++) expect(readProbe(frame.slice(0, length), seal)).toBeNull();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => readProbe(bytes, seal) === null));
  });

  it("comes from a station that is the port's own", () => {
    const sources = [probe(), probe({ ofport: 2 }), probe({ hostId: "h2" }), probe({ sequence: 9 })].map((one) =>
      Buffer.from(probeFrame(one, null, seal).subarray(6, 12)).toString("hex"),
    );
    expect(new Set(sources).size).toBe(3);
    expect(sources[0]).toBe(sources[3]);
  });
});

describe("a round", () => {
  it("sends one probe by each port, for each of its networks, and spreads them", () => {
    const trunk = port(3, 7, {
      ways: [
        { vni: 4095, ingressVlans: [0], egressVlan: null },
        { vni: 10, ingressVlans: [10], egressVlan: 10 },
      ],
    });
    const many = [...PORTS, trunk, ...Array.from({ length: 36 }, (_, at) => port(9, at + 1))];
    const watch = new LoopWatch(seal);
    const { sent } = round(watch, many);
    const places = sent.map(({ dpid, ofport }) => `${dpid}/${ofport}`);
    expect(places.length).toBe(many.length + 1);
    expect(new Set(places).size).toBe(many.length);
    expect(
      sent.filter(({ ofport, dpid }) => dpid === "d3" && ofport === 7).map(({ frame }) => readProbe(frame, seal)),
    ).toEqual([expect.objectContaining({ vni: 4095, vlan: 0 }), expect.objectContaining({ vni: 10, vlan: 10 })]);
    expect(watch.tick(many, 1000).probes.length).toBeLessThanOrEqual(5);
  });

  it("takes longer where there are more ports than the limit lets out, and leaves none out", () => {
    const many = Array.from({ length: 50 }, (_, at) => port(9, at + 1));
    const watch = new LoopWatch(seal);
    const { sent } = round(watch, many, 2, 25);
    expect(new Set(sent.map(({ ofport }) => ofport)).size).toBe(50);
  });

  it("does not wait for its end with a port that is new", () => {
    const watch = new LoopWatch(seal);
    round(watch, PORTS, 1000, TICKS_PER_ROUND - 2);
    const { sent } = round(watch, [...PORTS, port(5, 5)], 1000, 2);
    expect(sent.some(({ dpid }) => dpid === "d5")).toBe(true);
  });
});

describe("a probe that comes in", () => {
  it("at another port is a meeting, told once and whichever end it came in at", () => {
    const watch = new LoopWatch(seal);
    const { sent } = round(watch, PORTS);
    const frameOf = (dpid: string, ofport: number) =>
      sent.find((one) => one.dpid === dpid && one.ofport === ofport)?.frame ?? new Uint8Array();
    expect(watch.received(PORTS, "d2", 2, frameOf("d1", 1))).toBe(true);
    expect(watch.received(PORTS, "d1", 1, frameOf("d2", 2))).toBe(false);
    expect(watch.facts.meetings).toEqual([
      {
        ends: [
          { hostId: "h1", ofport: 1, vni: 4095 },
          { hostId: "h2", ofport: 2, vni: 4095 },
        ],
      },
    ]);
  });

  it.each([
    ["at the port it was sent by", "d1", 1, probe()],
    ["of a sequence that is over", "d2", 1, probe({ sequence: 1 })],
    ["of a sequence that is yet to come", "d2", 1, probe({ sequence: 9 })],
    ["of a port that is not there", "d2", 1, probe({ ofport: 77, sequence: 4 })],
    ["at a port that is not there", "d2", 77, probe({ sequence: 4 })],
    ["of another fabric", "d2", 1, probe({ fabricId: "f1", sequence: 4 })],
  ])("%s counts for nothing", (_, dpid, ofport, said) => {
    const watch = new LoopWatch(seal);
    for (let count = 0; count < 4; count++) round(watch, PORTS);
    expect(watch.received(PORTS, dpid, ofport, probeFrame(said, null, seal))).toBe(false);
    expect(watch.facts.meetings).toEqual([]);
    // The same way, as it should be.
    expect(watch.received(PORTS, "d2", 1, probeFrame(probe({ sequence: 4 }), null, seal))).toBe(true);
  });

  it("with a tag that the port does not take counts for nothing", () => {
    const watch = new LoopWatch(seal);
    round(watch, PORTS);
    expect(watch.received(PORTS, "d2", 1, probeFrame(probe(), 10, seal))).toBe(false);
  });
});

describe("a meeting", () => {
  it("casts doubt on what was heard at its ends, when it is found and a round later, and no more", () => {
    const watch = new LoopWatch(seal);
    round(watch, PORTS, 1000, TICKS_PER_ROUND - 1);
    watch.received(PORTS, "d2", 1, probeFrame(probe(), null, seal));
    const doubts: number[] = [];
    for (let tick = 0; tick < 5 * TICKS_PER_ROUND; tick++) {
      const { doubtful } = watch.tick(PORTS, 1000);
      if (doubtful.length > 0) doubts.push(tick);
      expect(doubtful.map(({ hostId, ofport }) => `${hostId}/${ofport}`)).toEqual(
        doubtful.length > 0 ? ["h1/1", "h2/1"] : [],
      );
    }
    expect(doubts).toEqual([0, 1 + TICKS_PER_ROUND]);
  });

  it("casts none where a switch shows that the two were parted before", () => {
    const watch = new LoopWatch(seal);
    watch.remember("d2", [1]);
    round(watch, PORTS);
    watch.received(PORTS, "d2", 1, probeFrame(probe(), null, seal));
    for (let tick = 0; tick < 5 * TICKS_PER_ROUND; tick++) expect(watch.tick(PORTS, 1000).doubtful).toEqual([]);
  });

  it("is over when no probe has come through for two rounds", () => {
    const watch = new LoopWatch(seal);
    round(watch, PORTS);
    watch.received(PORTS, "d2", 1, probeFrame(probe(), null, seal));
    const before = watch.facts;
    for (let count = 0; count < 2; count++) expect(round(watch, PORTS).changed).toBe(false);
    expect(watch.facts).toBe(before);
    expect(round(watch, PORTS).changed).toBe(true);
    expect(watch.facts.meetings).toEqual([]);
  });

  it("lasts as long as probes come through, in whichever direction", () => {
    const watch = new LoopWatch(seal);
    for (let sequence = 1; sequence < 8; sequence++) {
      expect(round(watch, PORTS).changed).toBe(false);
      const [said, dpid] = sequence % 2 === 0 ? [probe({ sequence }), "d2"] : [probe({ hostId: "h2", sequence }), "d1"];
      watch.received(PORTS, dpid, 1, probeFrame(said, null, seal));
    }
    expect(watch.facts.meetings.length).toBe(1);
  });

  it("that a switch still shows is believed for as long", () => {
    const watch = new LoopWatch(seal);
    watch.remember("d2", [1]);
    expect([...watch.facts.held]).toEqual(["d2/1"]);
    for (let count = 0; count < 3; count++) round(watch, PORTS);
    expect(watch.facts.held.size).toBe(1);
    expect(round(watch, PORTS).changed).toBe(true);
    expect(watch.facts.held.size).toBe(0);
  });
});
