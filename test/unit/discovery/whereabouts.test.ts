// Where guests are, as transcripts of what was heard of them.
import { describe, expect, it } from "vitest";
import type { Sighting } from "../../../src/discovery/sighting.ts";
import { Whereabouts } from "../../../src/discovery/whereabouts.ts";
import type { Declaration } from "../../../src/model/declarations.ts";
import type { MobilityRules } from "../../../src/model/mobility.ts";

const RULES: MobilityRules = {
  duplicateWindowMs: 5000,
  quietMs: 30_000,
  moves: { count: 5, windowMs: 180_000 },
  proofMs: 1000,
};
const VNI = 10;
const M = "02:00:00:00:00:0a";
const N = "02:00:00:00:00:0b";
const O = "02:00:00:00:00:0c";
const IP = "10.0.0.1";

function declared(fields: Partial<Declaration> & { dpid: string; port: number }): Declaration {
  const { dpid, port, ...rest } = fields;
  return {
    vni: VNI,
    mac: M,
    ips: [],
    hostId: dpid,
    hostIndex: 1,
    portName: `tap${port}`,
    ofport: port,
    owner: null,
    place: { dpid, ofport: port },
    configured: false,
    guest: null,
    away: false,
    ...rest,
  };
}

/** `s1`, `s2`, `s3` are switches. */
class Story {
  readonly where: Whereabouts;
  /** How often something changed that flows could follow from. */
  changes = 0;

  constructor(perPort = 8) {
    this.where = new Whereabouts(RULES, perPort);
  }

  /** @param at such as "s1/1" */
  hear(now: number, at: string, mac: string, ip: string | null = null, more: Partial<Sighting> = {}, stale = false) {
    const [dpid = "", port = ""] = at.split("/");
    const news = this.where.hear(dpid, { vni: VNI, ofport: Number(port), mac, ip, router: null, ...more }, now, stale);
    if (news) this.changes++;
    return news;
  }

  declare(now: number, ...declarations: readonly Declaration[]): boolean {
    return this.where.declare(new Map(declarations.length > 0 ? [[`${VNI}/${M}`, declarations]] : []), now);
  }

  /** `mac@switch/port ip ip` */
  get places(): readonly string[] {
    return ["s1", "s2", "s3"].flatMap((dpid) =>
      this.where.observedAt(dpid).map((fact) => [`${fact.mac}@${dpid}/${fact.ofport}`, ...fact.ips].join(" ")),
    );
  }

  get disputes(): readonly string[] {
    const name = (party: { mac: string; place: { dpid: string; ofport: number } | null }) =>
      `${party.mac}@${party.place?.dpid}/${party.place?.ofport}`;
    return this.where
      .disputes()
      .map((one) => `${one.ip ?? one.mac} ${one.reason}: ${[one.holder, ...one.rivals].map(name).join(" ")}`);
  }
}

describe("a MAC", () => {
  it("is news once, each of its addresses once", () => {
    const story = new Story();
    expect(story.hear(0, "s1/1", M)).toBe(true);
    expect(story.hear(1, "s1/1", M)).toBe(false);
    expect(story.hear(2, "s1/1", M, IP)).toBe(true);
    expect(story.hear(3, "s1/1", M, IP)).toBe(false);
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`]);
  });

  it("that is heard on another port or switch has left the first, and takes its addresses along", () => {
    const story = new Story();
    story.hear(0, "s1/1", M, IP);
    story.hear(10, "s1/2", M);
    expect(story.places).toEqual([`${M}@s1/2 ${IP}`]);
    story.hear(6000, "s2/1", M);
    expect(story.places).toEqual([`${M}@s2/1 ${IP}`]);
  });

  it("of one network has nothing to do with the same MAC of another", () => {
    const story = new Story();
    story.hear(0, "s1/1", M, IP);
    story.where.hear("s2", { vni: 20, ofport: 1, mac: M, ip: IP, router: null }, 1);
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`, `${M}@s2/1 ${IP}`]);
    expect(story.disputes).toEqual([]);
  });

  it("is not taken for a duplicate by a frame that passed its old switch before the flow of the MAC went", () => {
    const story = new Story();
    story.hear(0, "s1/1", M);
    story.hear(10, "s2/1", M);
    expect(story.hear(11, "s1/1", M, null, {}, true)).toBe(false);
    expect(story.places).toEqual([`${M}@s2/1`]);
    expect(story.disputes).toEqual([]);
  });

  it("that has moved has its old place asked by its address, in case somebody there only answers", () => {
    const story = new Story();
    story.hear(0, "s1/1", M, IP);
    story.hear(10, "s2/7", M);
    expect(story.where.questions(100)).toEqual([{ vni: VNI, ip: IP, mac: M, place: { dpid: "s1", ofport: 1 } }]);
    expect(story.where.questions(1010)).toEqual([]);
    story.hear(1100, "s1/1", M, IP);
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`]);
    expect(story.disputes).toEqual([`${M} duplicate: ${M}@s1/1 ${M}@s2/7`]);
  });

  it("on two hosts stays at the first with the first's addresses, whatever the second says", () => {
    const story = new Story();
    story.hear(0, "s1/1", M, IP);
    story.hear(10, "s2/7", M, "10.0.0.99");
    expect(story.places).toEqual([`${M}@s2/7 ${IP} 10.0.0.99`]);
    story.hear(20, "s1/1", M);
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`]);
    expect(story.disputes).toEqual([`${M} duplicate: ${M}@s1/1 ${M}@s2/7`]);
    const before = story.changes;
    for (let now = 30; now < 1000; now += 10) story.hear(now, "s2/7", M, "10.0.0.99", { announces: true });
    expect(story.changes).toBe(before);
    expect(story.where.tick(30_990)).toBe(true);
    expect(story.disputes).toEqual([]);
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`]);
    expect(story.where.isRestless).toBe(false);
  });

  it("on two hosts is the second's as soon as the first's port is removed", () => {
    const story = new Story();
    story.hear(0, "s1/1", M);
    story.hear(10, "s2/7", M);
    story.hear(20, "s1/1", M);
    expect(story.where.retain("s1", new Map())).toBe(true);
    expect(story.places).toEqual([`${M}@s2/7`]);
    expect(story.disputes).toEqual([]);
  });

  it("on two hosts is no duplicate any more as soon as the second's port is removed", () => {
    const story = new Story();
    story.hear(0, "s1/1", M);
    story.hear(10, "s2/7", M);
    story.hear(20, "s1/1", M);
    expect(story.where.retain("s2", new Map())).toBe(true);
    expect(story.places).toEqual([`${M}@s1/1`]);
    expect(story.disputes).toEqual([]);
  });

  it("goes with its port, so that a port that gets its number later begins with nothing", () => {
    const story = new Story();
    story.hear(0, "s1/1", M, IP);
    story.hear(0, "s1/2", N);
    story.where.retain("s1", new Map([[2, new Map([[VNI, "tap2"]])]]));
    expect(story.places).toEqual([`${N}@s1/2`]);
    story.hear(1, "s1/1", M);
    expect(story.places).toEqual([`${M}@s1/1`, `${N}@s1/2`]);
  });

  it("goes when the port leaves its network", () => {
    const story = new Story();
    story.hear(0, "s1/1", M);
    story.where.retain("s1", new Map([[1, new Map([[20, "tap1"]])]]));
    expect(story.places).toEqual([]);
  });

  it("that idles out where it was before has not gone from where it is now", () => {
    const story = new Story();
    story.hear(0, "s1/1", M, IP);
    story.hear(10, "s2/1", M);
    expect(story.where.forget("s1", VNI, M, 1)).toBe(false);
    expect(story.where.forgetIp("s1", VNI, M, 1, IP)).toBe(false);
    expect(story.places).toEqual([`${M}@s2/1 ${IP}`]);
    expect(story.where.forgetIp("s2", VNI, M, 1, IP)).toBe(true);
    expect(story.where.forget("s2", VNI, M, 1)).toBe(true);
    expect(story.places).toEqual([]);
  });

  it("that its switch held before a restart is where it was, unless it was heard elsewhere since", () => {
    const story = new Story();
    story.hear(0, "s2/1", M);
    story.where.load("s1", [{ vni: VNI, mac: M, ofport: 1, ips: [IP] }], 1);
    story.where.load("s1", [{ vni: VNI, mac: N, ofport: 2, ips: [IP] }], 1);
    expect(story.places).toEqual([`${N}@s1/2 ${IP}`, `${M}@s2/1`]);
  });

  it("comes with whether it routes, as it said last; a duplicate's word is void", () => {
    const story = new Story();
    const router = () => story.where.observedAt("s1").map((fact) => fact.router);
    story.where.load("s1", [{ vni: VNI, mac: M, ofport: 1, ips: [], router: false }], 0);
    expect(router()).toEqual([false]);
    expect(story.hear(1, "s1/1", M, null, { router: true })).toBe(true);
    expect(story.hear(2, "s1/1", M, null, { router: true })).toBe(false);
    expect(router()).toEqual([true]);
    story.hear(10, "s2/1", M, null, { router: false });
    story.hear(20, "s1/1", M);
    expect(router()).toEqual([undefined]);
  });

  it("has the same snapshot while nothing changes", () => {
    const story = new Story();
    story.hear(0, "s1/1", M);
    const before = story.where.observedAt("s1");
    story.hear(1, "s1/1", M);
    story.where.retain("s1", new Map([[1, new Map([[VNI, "tap1"]])]]));
    expect(story.where.observedAt("s1")).toBe(before);
  });
});

describe("rivals of before a restart", () => {
  const held = { vni: VNI, mac: M, ofport: 1, ips: [IP] };
  const rivals = [
    { vni: VNI, mac: M, ofport: 7, ip: null },
    { vni: VNI, mac: N, ofport: 7, ip: IP },
  ];

  it("are rivals still when the first holder's switch is read, in whatever order", () => {
    for (const order of [
      [1, 2],
      [2, 1],
    ]) {
      const story = new Story();
      for (const which of order) {
        if (which === 1) story.where.load("s1", [held], 0);
        else {
          story.where.load("s2", [{ vni: VNI, mac: N, ofport: 7, ips: [] }], 0);
          story.where.recall("s2", rivals, 0);
          // Whatever they say before the holder is known.
          story.hear(1, "s2/7", M, IP);
          story.hear(2, "s2/7", N, IP, { announces: true });
        }
      }
      expect(story.places).toEqual([`${M}@s1/1 ${IP}`, `${N}@s2/7`]);
      expect(story.disputes).toEqual([`${M} duplicate: ${M}@s1/1 ${M}@s2/7`, `${IP} duplicate: ${M}@s1/1 ${N}@s2/7`]);
      expect(story.where.defended(10)).toEqual([]);
      story.where.tick(30_010);
      expect(story.disputes).toEqual([]);
    }
  });

  it("have what they use when nobody else turns out to have it", () => {
    const story = new Story();
    story.where.recall("s2", rivals, 0);
    expect(story.hear(1, "s2/7", M)).toBe(false);
    expect(story.where.isRestless).toBe(true);
    expect(story.where.tick(30_000)).toBe(true);
    expect(story.disputes).toEqual([]);
    expect(story.hear(30_001, "s2/7", M)).toBe(true);
    expect(story.places).toEqual([`${M}@s2/7`]);
  });
});

describe("a port", () => {
  it("holds only so many MACs: the one longest unheard makes room, and it is told for a while", () => {
    const story = new Story(2);
    story.hear(0, "s1/1", M);
    story.hear(1, "s1/1", N);
    story.hear(2, "s1/1", M);
    expect(story.where.capped()).toEqual([]);
    story.hear(3, "s1/1", O);
    expect(story.places).toEqual([`${M}@s1/1`, `${O}@s1/1`]);
    expect(story.where.capped()).toEqual([{ place: { dpid: "s1", ofport: 1 }, limit: 2 }]);
    story.where.tick(30_003);
    expect(story.where.capped()).toEqual([]);
  });

  it("is one of as many as its switch may have: the least recently heard of any port makes room", () => {
    const where = new Whereabouts(RULES, 2, 3);
    const hear = (now: number, ofport: number, mac: string) =>
      where.hear("s1", { vni: VNI, ofport, mac, ip: null, router: null }, now);
    hear(0, 1, M);
    hear(1, 2, N);
    hear(2, 3, O);
    hear(3, 1, M);
    hear(4, 4, "02:00:00:00:00:0d");
    expect(where.observedAt("s1").map((fact) => `${fact.mac}@${fact.ofport}`)).toEqual([
      `${M}@1`,
      `${O}@3`,
      "02:00:00:00:00:0d@4",
    ]);
    expect(where.capped()).toEqual([{ place: { dpid: "s1", ofport: 4 }, limit: 3, ofSwitch: true }]);
    // Endlessly many change nothing of the bound.
    for (let n = 0; n < 1000; n++) hear(5 + n, n, `02:00:00:01:${hex(n >> 8)}:${hex(n & 0xff)}`);
    expect(where.observedAt("s1")).toHaveLength(3);
  });
});

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

describe("a declared MAC", () => {
  it("stays where it is declared, and who uses it elsewhere is named until he is silent", () => {
    const story = new Story();
    story.declare(0, declared({ dpid: "s1", port: 1 }));
    story.hear(1, "s1/1", M, IP);
    story.hear(2, "s2/1", M, "10.0.0.9");
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`]);
    expect(story.disputes).toEqual([`${M} declared: ${M}@s1/1 ${M}@s2/1`]);
    const before = story.changes;
    for (let now = 3; now < 100; now++) story.hear(now, "s2/1", M, "10.0.0.9");
    expect(story.changes).toBe(before);
    story.where.tick(30_099);
    expect(story.disputes).toEqual([]);
  });

  it("goes to where it is declared though it was heard elsewhere, and away when that is no longer declared", () => {
    const story = new Story();
    story.hear(0, "s2/1", M, IP);
    expect(story.declare(1, declared({ dpid: "s1", port: 1 }))).toBe(true);
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`]);
    expect(story.declare(2, declared({ dpid: "s1", port: 1 }))).toBe(false);
    story.hear(3, "s2/1", M);
    story.declare(4);
    story.hear(5, "s2/1", M);
    expect(story.places).toEqual([`${M}@s2/1 ${IP}`]);
    expect(story.disputes).toEqual([]);
  });
});

describe("a guest with ports of one iface-id on two hosts", () => {
  const source = (active: boolean) => declared({ dpid: "s1", port: 1, guest: { id: "vm", active } });
  const target = (active: boolean) => declared({ dpid: "s2", port: 4, guest: { id: "vm", active } });

  it("arrives at the target when it is first heard there, and is no duplicate", () => {
    const story = new Story();
    story.declare(0, source(true), target(true));
    story.hear(1, "s1/1", M, IP);
    story.hear(10, "s2/4", M);
    expect(story.places).toEqual([`${M}@s2/4 ${IP}`]);
    expect(story.where.questions(10)).toEqual([]);
    // A last word of the source, and the guest goes on at the target.
    story.hear(11, "s1/1", M);
    story.hear(12, "s2/4", M);
    expect(story.places).toEqual([`${M}@s2/4 ${IP}`]);
    expect(story.disputes).toEqual([]);
  });

  it("arrives at the target when that becomes active, heard or not", () => {
    const story = new Story();
    story.declare(0, source(true), target(false));
    story.hear(1, "s1/1", M, IP);
    expect(story.declare(10, source(true), target(false))).toBe(false);
    expect(story.declare(20, source(true), target(true))).toBe(true);
    expect(story.places).toEqual([`${M}@s2/4 ${IP}`]);
    expect(story.declare(30, target(true), source(true))).toBe(false);
    expect(story.disputes).toEqual([]);
  });

  it("arrives at the place that is active when the source is so no longer", () => {
    const story = new Story();
    story.declare(0, source(true), target(true));
    story.hear(1, "s1/1", M, IP);
    expect(story.declare(20, source(false), target(true))).toBe(true);
    expect(story.places).toEqual([`${M}@s2/4 ${IP}`]);
  });

  it("does not arrive where a row is merely read for the first time", () => {
    const story = new Story();
    story.declare(0, source(true));
    story.hear(1, "s1/1", M, IP);
    expect(story.declare(20, source(true), target(true))).toBe(false);
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`]);
  });

  it("is a duplicate anywhere else", () => {
    const story = new Story();
    story.declare(0, source(true), target(true));
    story.hear(1, "s1/1", M, IP);
    story.hear(2, "s3/1", M);
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`]);
    expect(story.disputes).toEqual([`${M} declared: ${M}@s1/1 ${M}@s3/1`]);
  });
});

describe("an address", () => {
  const announced = { announces: true };

  it("that is announced by another MAC is that MAC's at once, and the old holder is asked", () => {
    const story = new Story();
    story.hear(0, "s1/1", M, IP);
    story.hear(10, "s2/1", N, IP, announced);
    expect(story.places).toEqual([`${M}@s1/1`, `${N}@s2/1 ${IP}`]);
    expect(story.where.questions(11)).toEqual([{ vni: VNI, ip: IP, mac: M, place: { dpid: "s1", ofport: 1 } }]);
    story.where.tick(6000);
    expect(story.disputes).toEqual([]);
    expect(story.where.isRestless).toBe(false);
  });

  it("that its old holder defends stays with it, and both are named", () => {
    const story = new Story();
    story.hear(0, "s1/1", M, IP);
    story.hear(10, "s2/1", N, IP, announced);
    story.hear(200, "s1/1", M, IP);
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`, `${N}@s2/1`]);
    expect(story.disputes).toEqual([`${IP} duplicate: ${M}@s1/1 ${N}@s2/1`]);
    const before = story.changes;
    for (let now = 210; now < 1000; now += 10) story.hear(now, "s2/1", N, IP, announced);
    expect(story.changes).toBe(before);
    story.where.tick(31_000);
    expect(story.disputes).toEqual([]);
  });

  it("that another merely uses is nobody's until its holder has answered", () => {
    const story = new Story();
    story.hear(0, "s1/1", M, IP);
    story.hear(10, "s2/1", N, IP);
    expect(story.places).toEqual([`${M}@s1/1`, `${N}@s2/1`]);
    expect(story.where.questions(11)).toEqual([{ vni: VNI, ip: IP, mac: M, place: { dpid: "s1", ofport: 1 } }]);
    story.hear(200, "s1/1", M, IP);
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`, `${N}@s2/1`]);
    expect(story.disputes).toEqual([`${IP} duplicate: ${M}@s1/1 ${N}@s2/1`]);
  });

  it("that another uses while its holder does not answer is the other's", () => {
    const story = new Story();
    story.hear(0, "s1/1", M, IP);
    story.hear(10, "s2/1", N, IP);
    expect(story.where.tick(1010)).toBe(true);
    expect(story.places).toEqual([`${M}@s1/1`, `${N}@s2/1 ${IP}`]);
    expect(story.disputes).toEqual([]);
  });

  it("of a MAC that has gone is free for the next", () => {
    const story = new Story();
    story.hear(0, "s1/1", M, IP);
    story.where.forget("s1", VNI, M, 1);
    story.hear(10, "s2/1", N, IP);
    expect(story.places).toEqual([`${N}@s2/1 ${IP}`]);
  });

  it("of a duplicate that remains is its own when the first has gone", () => {
    const story = new Story();
    story.hear(0, "s1/1", M, IP);
    story.hear(10, "s2/1", N, IP, announced);
    story.hear(20, "s1/1", M, IP);
    story.where.retain("s1", new Map());
    expect(story.places).toEqual([`${N}@s2/1 ${IP}`]);
    expect(story.disputes).toEqual([]);
  });

  it("does not fall to one that has itself gone", () => {
    const story = new Story();
    story.hear(0, "s1/1", M, IP);
    story.hear(10, "s2/1", N, IP);
    story.where.forget("s2", VNI, N, 1);
    story.where.tick(2000);
    story.hear(2001, "s1/1", M, IP);
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`]);
  });

  it("that is declared is never another's", () => {
    const story = new Story();
    story.declare(0, declared({ dpid: "s1", port: 1, ips: [IP], configured: true }));
    story.hear(1, "s1/1", M);
    story.hear(2, "s2/1", N, IP, announced);
    expect(story.disputes).toEqual([`${IP} declared: ${M}@s1/1 ${N}@s2/1`]);
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`, `${N}@s2/1`]);
  });

  it("that is declared of a MAC which was never heard is not another's either", () => {
    const story = new Story();
    story.declare(0, declared({ dpid: "s1", port: 1, ips: [IP], configured: true }));
    for (let now = 1; now < 100; now++) story.hear(now, "s2/1", N, IP, announced);
    expect(story.changes).toBe(1);
    expect(story.disputes).toEqual([`${IP} declared: ${M}@s1/1 ${N}@s2/1`]);
    expect(story.places).toEqual([`${N}@s2/1`]);
    story.where.tick(31_000);
    expect(story.disputes).toEqual([]);
  });

  it("that becomes declared is taken from whoever has it, and he is a rival from then on", () => {
    const story = new Story();
    story.hear(0, "s2/1", N, IP, announced);
    expect(story.places).toEqual([`${N}@s2/1 ${IP}`]);
    expect(story.declare(1, declared({ dpid: "s1", port: 1, ips: [IP] }))).toBe(true);
    expect(story.places).toEqual([`${N}@s2/1`]);
    expect(story.disputes).toEqual([`${IP} declared: ${M}@s1/1 ${N}@s2/1`]);
    expect(story.declare(2, declared({ dpid: "s1", port: 1, ips: [IP] }))).toBe(false);
  });

  it("that is reserved for several MACs of a port moves among them as any other, and to nobody else", () => {
    const story = new Story();
    const both = [M, N].map((mac) => declared({ dpid: "s1", port: 1, mac, reserved: [IP] }));
    story.where.declare(new Map(both.map((one) => [`${VNI}/${one.mac}`, [one]])), 0);
    story.hear(1, "s1/1", N, IP, announced);
    story.hear(2, "s2/1", O, IP, announced);
    expect(story.places).toEqual([`${N}@s1/1 ${IP}`, `${O}@s2/1`]);
    expect(story.disputes).toEqual([`${IP} declared: ${N}@s1/1 ${O}@s2/1`]);
    story.hear(3, "s1/1", M, IP, announced);
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`, `${N}@s1/1`, `${O}@s2/1`]);
  });

  it("that a DHCP server leases is its client's, unless another has it; what a client releases is nobody's", () => {
    const story = new Story();
    story.hear(0, "s1/1", M);
    story.hear(0, "s1/2", N, "10.0.0.2");
    story.hear(1, "s2/1", O, null, { lease: { mac: M, ip: IP } });
    story.hear(2, "s2/1", O, null, { lease: { mac: M, ip: "10.0.0.2" } });
    story.hear(3, "s2/1", O, null, { lease: { mac: "02:00:00:00:00:99", ip: "10.0.0.3" } });
    expect(story.places).toEqual([`${M}@s1/1 ${IP}`, `${N}@s1/2 10.0.0.2`, `${O}@s2/1`]);
    story.hear(4, "s1/1", M, null, { releases: IP });
    story.hear(5, "s1/1", M, null, { releases: "10.0.0.2" });
    expect(story.places).toEqual([`${M}@s1/1`, `${N}@s1/2 10.0.0.2`, `${O}@s2/1`]);
  });

  it("is one of sixty-four at most on one MAC", () => {
    const story = new Story();
    for (let n = 1; n <= 70; n++) story.hear(n, "s1/1", M, `10.0.1.${n}`);
    expect(story.where.observedAt("s1")[0]?.ips).toHaveLength(64);
  });
});
