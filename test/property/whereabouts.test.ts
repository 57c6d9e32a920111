// Whatever is heard, declared, aged or removed, in whatever order: one place for a MAC, one MAC for an address, few changes.
import fc from "fast-check";
import { expect, test } from "vitest";
import { Whereabouts } from "../../src/discovery/whereabouts.ts";
import type { Declaration } from "../../src/model/declarations.ts";
import type { MobilityRules } from "../../src/model/mobility.ts";

const RULES: MobilityRules = {
  duplicateWindowMs: 5000,
  quietMs: 30_000,
  moves: { count: 5, windowMs: 180_000 },
  proofMs: 1000,
};
const VNI = 10;
const MACS = ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"];
const IPS = ["10.0.0.1", "10.0.0.2"];
const SWITCHES = ["s1", "s2", "s3"];

const place = fc.record({ dpid: fc.constantFrom(...SWITCHES), ofport: fc.integer({ min: 1, max: 2 }) });
const mac = fc.constantFrom(...MACS);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("hear" as const),
      place,
      mac,
      ip: fc.option(fc.constantFrom(...IPS)),
      announces: fc.boolean(),
      stale: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget" as const), place, mac }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("forgetIp" as const), place, mac, ip: fc.constantFrom(...IPS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("retain" as const),
      dpid: fc.constantFrom(...SWITCHES),
      ports: fc.subarray([1, 2]),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("declare" as const),
      mac,
      at: fc.array(place, { maxLength: 2 }),
      guest: fc.boolean(),
      active: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("load" as const), place, mac, ip: fc.constantFrom(...IPS) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("tick" as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function declarations(mac: string, at: readonly { dpid: string; ofport: number }[], guest: boolean, active: boolean) {
  return at.map(
    (place, index): Declaration => ({
      vni: VNI,
      mac,
      ips: [],
      hostId: place.dpid,
      hostIndex: 1,
      portName: `p${place.ofport}`,
      ofport: place.ofport,
      owner: null,
      place,
      configured: false,
      guest: guest ? { id: "vm", active: index === 0 || active } : null,
      away: false,
    }),
  );
}

function play(where: Whereabouts, at: Step, now: number): boolean {
  switch (at.kind) {
    case "hear": {
      const { place, mac, ip, announces, stale } = at;
      return where.hear(place.dpid, { vni: VNI, ofport: place.ofport, mac, ip, announces, router: null }, now, stale);
    }
    case "forget":
      return where.forget(at.place.dpid, VNI, at.mac, at.place.ofport);
    case "forgetIp":
      return where.forgetIp(at.place.dpid, VNI, at.mac, at.place.ofport, at.ip);
    case "retain":
      return where.retain(at.dpid, new Map(at.ports.map((port) => [port, new Map([[VNI, "p"]])])));
    case "declare":
      return where.declare(
        new Map(at.at.length === 0 ? [] : [[`${VNI}/${at.mac}`, declarations(at.mac, at.at, at.guest, at.active)]]),
        now,
      );
    case "load":
      where.load(at.place.dpid, [{ vni: VNI, mac: at.mac, ofport: at.place.ofport, ips: [at.ip] }], now);
      return true;
    case "tick":
      return where.tick(now);
  }
}

const shape = (where: Whereabouts) =>
  JSON.stringify([SWITCHES.map((dpid) => where.observedAt(dpid)), where.disputes(), where.capped()]);

test("a MAC is at one place and an address at one MAC, after every step; what changes is told", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ step, waitMs: fc.constantFrom(1, 200, 2000, 6000, 40_000) }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 3 }),
      (story, perPort) => {
        const where = new Whereabouts(RULES, perPort);
        let now = 0;
        for (const { step: one, waitMs } of story) {
          now += waitMs;
          const before = shape(where);
          const told = play(where, one, now);
          if (!told) expect(shape(where)).toBe(before);
          const facts = SWITCHES.flatMap((dpid) => where.observedAt(dpid).map((fact) => ({ ...fact, dpid })));
          expect(new Set(facts.map((fact) => fact.mac)).size).toBe(facts.length);
          const ips = facts.flatMap((fact) => fact.ips);
          expect(new Set(ips).size).toBe(ips.length);
          for (const { dpid, ofport } of facts) {
            const there = facts.filter((fact) => fact.dpid === dpid && fact.ofport === ofport);
            expect(there.length).toBeLessThanOrEqual(perPort);
          }
        }
        // In silence all disputes end.
        for (let more = 1; more <= 5; more++) where.tick(now + more * 60_000);
        expect(where.disputes()).toEqual([]);
        expect(where.isRestless).toBe(false);
      },
    ),
    { numRuns: 500 },
  );
});

test("however many frames say that a MAC or an address is at several places, few change anything", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ place, ip: fc.option(fc.constantFrom(...IPS)), announces: fc.boolean(), mac }), {
        minLength: 2,
        maxLength: 8,
      }),
      fc.integer({ min: 1, max: 50 }),
      (frames, everyMs) => {
        const where = new Whereabouts(RULES, 8);
        let changes = 0;
        for (let now = 0; now < 20_000; now += everyMs) {
          const frame = frames[(now / everyMs) % frames.length];
          if (frame === undefined) throw new Error("no frame");
          const { place, mac, ip, announces } = frame;
          if (where.hear(place.dpid, { vni: VNI, ofport: place.ofport, mac, ip, announces, router: null }, now))
            changes++;
          if (where.tick(now)) changes++;
        }
        // Each MAC and each address may settle, move five times, and name its rivals: nothing grows with the frames.
        expect(changes).toBeLessThanOrEqual((MACS.length + IPS.length) * 16);
      },
    ),
    { numRuns: 60 },
  );
});
