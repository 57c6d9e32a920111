// Who is heard again at his place is found by a shorter way, which must come to what the long way comes to.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { macToBytes } from "../../proto/bytes/mac.ts";
import { OFP_NO_BUFFER, type PacketIn } from "../../proto/openflow13/index.ts";
import { plainSightingOf, sightingOf } from "../../src/discovery/sighting.ts";
import { Whereabouts } from "../../src/discovery/whereabouts.ts";

const RULES = { duplicateWindowMs: 50, quietMs: 200, moves: { count: 3, windowMs: 500 }, proofMs: 20 };
const MACS = ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"];
const VNI = 7;

function packetIn(ofport: number, data: Uint8Array): PacketIn {
  return {
    ...{
      kind: "packet_in",
      xid: 0,
      bufferId: OFP_NO_BUFFER,
      totalLen: data.length,
      reason: 1,
      tableId: 10,
      cookie: 0n,
    },
    match: [
      { field: "in_port", value: ofport },
      { field: "metadata", value: BigInt(VNI) },
    ],
    data,
  };
}

/** An IPv4 frame, more or less. */
const frames = fc
  .record({
    head: fc.uint8Array({ minLength: 12, maxLength: 12 }),
    etherType: fc.constantFrom([0x08, 0x00], [0x08, 0x00], [0x08, 0x06], [0x86, 0xdd], [0x81, 0x00], [0x00, 0x2e]),
    version: fc.constantFrom(0x45, 0x45, 0x46, 0x60),
    protocol: fc.constantFrom(17, 17, 6, 1),
    fragment: fc.constantFrom([0, 0], [0x20, 0], [0, 1]),
    ports: fc.constantFrom([0, 67, 0, 68], [0, 68, 0, 67], [0x30, 0x39, 0x30, 0x3a], [0, 67, 0x30, 0x39]),
    rest: fc.uint8Array({ minLength: 0, maxLength: 300 }),
    length: fc.nat({ max: 360 }),
  })
  .map(({ head, etherType, version, protocol, fragment, ports, rest, length }) => {
    const ip = [version, 0, 1, 44, 0, 0, ...fragment, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    return Uint8Array.from([...head, ...etherType, ...ip, ...ports, ...rest]).subarray(0, length);
  });

const events = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("hear" as const),
      mac: fc.constantFrom(...MACS),
      port: fc.constantFrom(1, 2),
      dpid: fc.constantFrom("s1", "s2"),
      isArp: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("forget" as const),
      mac: fc.constantFrom(...MACS),
      port: fc.constantFrom(1, 2),
      dpid: fc.constantFrom("s1", "s2"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("tick" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("take" as const), dpid: fc.constantFrom("s1", "s2") }) },
);

function frame(mac: string, isArp: boolean): Uint8Array {
  const data = new Uint8Array(60);
  data.set([2, 0, 0, 0, 0, 9, ...macToBytes(mac), 0x08, isArp ? 0x06 : 0x00]);
  if (!isArp) data.set([0x45, 0, 0, 46, 0, 0, 0, 0, 64, 6], 14);
  else data.set([0, 1, 8, 0, 6, 4, 0, 1, ...macToBytes(mac), 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2], 14);
  return data;
}

describe("a frame that shows its source alone", () => {
  it("is one of which reading all of it tells no more", () => {
    fc.assert(
      fc.property(frames, (data) => {
        const message = packetIn(3, data);
        const plain = plainSightingOf(message);
        if (plain === null) return;
        const { source, ...where } = plain;
        const mac = source
          .toString(16)
          .padStart(12, "0")
          .replace(/..(?!$)/g, "$&:");
        expect(sightingOf(message)).toEqual({ ...where, mac, ip: null, router: null });
      }),
      { numRuns: 3000 },
    );
  });

  it("is heard by the short way as by the long one, whatever was heard before", () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 60 }), (story) => {
        const [short, long] = [new Whereabouts(RULES, 2, 3), new Whereabouts(RULES, 2, 3)];
        const told = ({ dpid }: { dpid: string }, where: Whereabouts) =>
          where.observedAt(dpid).map(({ heard: _heard, ...fact }) => fact);
        let now = 0;
        for (const event of story) {
          now += 7;
          if (event.kind === "hear") {
            const message = packetIn(event.port, frame(event.mac, event.isArp));
            const [plain, sighting] = [plainSightingOf(message), sightingOf(message)];
            if (sighting === null) throw new Error("it shows nothing");
            const isNews =
              !(plain !== null && short.hearAgain(event.dpid, plain)) && short.hear(event.dpid, sighting, now);
            expect(isNews).toBe(long.hear(event.dpid, sighting, now));
          } else if (event.kind === "forget") {
            for (const one of [short, long]) one.forget(event.dpid, VNI, event.mac, event.port);
          } else if (event.kind === "take") for (const one of [short, long]) one.take(event.dpid);
          else expect(short.tick(now)).toBe(long.tick(now));
          for (const dpid of ["s1", "s2"]) expect(told({ dpid }, short)).toEqual(told({ dpid }, long));
          expect([short.disputes(), short.capped()]).toEqual([long.disputes(), long.capped()]);
        }
      }),
      { numRuns: 300 },
    );
  });
});
