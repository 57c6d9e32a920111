// Links of switches without OVSDB: what is believed, how soon, how long. Time is passed in; the seal is the real one.
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WatchedPort } from "../../../src/discovery/link-facts.ts";
import { type LinkFrame, linkFrame, readLinkFrame } from "../../../src/discovery/link-frame.ts";
import { LinkWatch, type WatchedSwitch } from "../../../src/discovery/link-watch.ts";
import type { Seal } from "../../../src/discovery/loop-probe.ts";
import { endKey, type LinkEnd } from "../../../src/model/plain-links.ts";

const sealWith =
  (key: string): Seal =>
  (bytes) =>
    createHmac("sha256", key).update(bytes).digest();
const seal = sealWith("ours");
const dpid = (number: number): string => number.toString(16).padStart(16, "0");
const end = (number: number, ofport: number): LinkEnd => ({ dpid: dpid(number), ofport });
const port = (number: number, ofport: number, listens = true): WatchedPort => ({
  ...end(number, ofport),
  name: `s${number}p${ofport}`,
  mac: "02:00:00:00:00:01",
  listens,
});
const device = (number: number, ports: readonly number[], fields: Partial<WatchedSwitch> = {}): WatchedSwitch => ({
  dpid: dpid(number),
  connected: true,
  ports: ports.map((ofport) => port(number, ofport)),
  ...fields,
});

const HOLD_MS = 15_000;

/** Switches, cables between them, and time. */
class Bench {
  readonly watch: LinkWatch;
  now = 0;
  switches: readonly WatchedSwitch[] = [];
  /** By `endKey`: where what leaves there comes in. One way only, so that each direction can be cut by itself. */
  readonly cables = new Map<string, LinkEnd>();
  readonly sent: { at: number; end: LinkEnd; frame: Uint8Array }[] = [];

  constructor(by: Seal = seal) {
    this.watch = new LinkWatch(by, HOLD_MS);
  }

  have(...switches: readonly WatchedSwitch[]): this {
    this.switches = switches;
    this.watch.sync(switches, this.now);
    return this;
  }

  cable(a: LinkEnd, b: LinkEnd): this {
    this.cables.set(endKey(a), b);
    this.cables.set(endKey(b), a);
    return this;
  }

  cut(a: LinkEnd): this {
    this.cables.delete(endKey(a));
    return this;
  }

  run(ms: number): this {
    const until = this.now + ms;
    while (this.now < until) {
      this.now += this.watch.tickMs;
      for (const { dpid: from, ofport, frame } of this.watch.tick(this.now).frames) {
        this.sent.push({ at: this.now, end: { dpid: from, ofport }, frame });
        const to = this.cables.get(endKey({ dpid: from, ofport }));
        if (to !== undefined) this.watch.received(to.dpid, to.ofport, frame, this.now);
      }
    }
    return this;
  }

  role(number: number, ofport: number) {
    return this.watch.facts.roles.get(endKey(end(number, ofport)));
  }

  get up(): number {
    return this.watch.facts.links.filter((link) => link.state === "up").length;
  }

  lastFrom(number: number, ofport: number): Uint8Array {
    const found = this.sent.filter((one) => endKey(one.end) === endKey(end(number, ofport))).at(-1);
    if (found === undefined) throw new Error("nothing was sent there");
    return found.frame;
  }

  get problems(): readonly string[] {
    return [...this.watch.facts.problems.values()].flat().map((problem) => problem.message);
  }
}

const cabled = (): Bench =>
  new Bench()
    .cable(end(1, 2), end(2, 2))
    .have(device(1, [1, 2]), device(2, [1, 2]))
    .run(1000);

describe("a frame that tells of a link", () => {
  const frame: LinkFrame = { ...end(7, 3), sequence: 9 };
  const bytes = linkFrame(frame, "02:00:00:00:00:01", 10, seal);

  it("is read as it was written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffff_fffe }), fc.integer({ min: 1, max: 0xfeff }), (sequence, ofport) => {
        const one: LinkFrame = { dpid: dpid(ofport), ofport, sequence };
        expect(readLinkFrame(linkFrame(one, "02:00:00:00:00:01", 10, seal), seal)).toEqual(one);
      }),
    );
  });

  it("that is sealed with another key, cut short, or changed where it counts is none", () => {
    expect(readLinkFrame(linkFrame(frame, "02:00:00:00:00:01", 10, sealWith("theirs")), seal)).toBeNull();
    for (let length = 0; length < bytes.length - 2; length++) {
      expect(readLinkFrame(bytes.subarray(0, length), seal)).toBeNull();
    }
    for (let at = 12; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const read = readLinkFrame(changed, seal);
      // What the seal is not over may change: how long it is good for, and what comes behind.
      if (read !== null) expect(read).toEqual(frame);
    }
  });

  it("is never read out of bytes that nobody has sealed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const head = [...bytes.subarray(0, 14)];
        expect(readLinkFrame(Uint8Array.from([...head, ...noise]), seal)).toBeNull();
      }),
    );
  });
});

describe("what is behind a port", () => {
  it("is unknown at first, and a guest when no other port has answered some frames", () => {
    const bench = new Bench().have(device(1, [1]));
    expect(bench.role(1, 1)).toBe("unknown");
    bench.run(200);
    expect(bench.role(1, 1)).toBe("unknown");
    bench.run(300);
    expect(bench.role(1, 1)).toBe("guest");
  });

  it("stays unknown while its switch does not listen there", () => {
    const bench = new Bench().have(device(1, [], { ports: [port(1, 1, false)] })).run(5000);
    expect(bench.role(1, 1)).toBe("unknown");
    bench.have(device(1, [1])).run(600);
    expect(bench.role(1, 1)).toBe("guest");
  });

  it("is another switch as soon as one frame has come through, long before it could be a guest's", () => {
    const bench = new Bench().cable(end(1, 2), end(2, 2)).have(device(1, [1, 2]), device(2, [1, 2]));
    bench.run(61);
    expect(bench.role(1, 2)).toBe("link");
    expect(bench.role(2, 2)).toBe("link");
    expect(bench.role(1, 1)).toBe("unknown");
    bench.run(500);
    expect(bench.role(1, 1)).toBe("guest");
    expect(bench.watch.facts.links).toEqual([{ link: { ends: [end(1, 2), end(2, 2)] }, state: "up", reason: null }]);
  });

  it("turns from a guest into a switch when one comes up there later", () => {
    const bench = new Bench()
      .cable(end(1, 2), end(2, 2))
      .have(device(1, [1, 2]))
      .run(1000);
    expect(bench.role(1, 2)).toBe("guest");
    bench.have(device(1, [1, 2]), device(2, [1, 2])).run(100);
    expect(bench.role(2, 2)).toBe("link");
    bench.run(500);
    expect(bench.role(1, 2)).toBe("link");
    expect(bench.up).toBe(1);
  });

  it("is asked often at first and seldom later, never more than so many in one tick", () => {
    const bench = new Bench().have(...Array.from({ length: 20 }, (_, at) => device(at + 1, [1, 2, 3, 4, 5])));
    expect(bench.watch.tick(1).frames.length).toBeLessThanOrEqual(40);
    bench.run(3000);
    const before = bench.sent.length;
    bench.run(10_000);
    expect(bench.sent.length - before).toBeLessThanOrEqual(100 * 3);
  });

  it("is forgotten with a port that goes down, even if it is up again at once", () => {
    const bench = cabled();
    bench.watch.reset(dpid(1), 2);
    bench.have(...bench.switches);
    expect(bench.role(1, 2)).toBe("unknown");
    expect(bench.up).toBe(0);
    bench.run(100);
    expect(bench.up).toBe(1);
  });
});

describe("a link", () => {
  it("is down when its frames pass in one direction only, and its ports are no guests'", () => {
    const bench = cabled().cut(end(2, 2)).run(5000);
    expect(bench.up).toBe(0);
    expect(bench.watch.facts.links).toEqual([
      expect.objectContaining({ state: "down", reason: `${dpid(1)} port 2 hears nothing from ${dpid(2)}` }),
    ]);
    expect([bench.role(1, 2), bench.role(2, 2)]).toEqual(["link", "link"]);
    bench.cable(end(1, 2), end(2, 2)).run(1000);
    expect(bench.up).toBe(1);
  });

  it("is not taken for down because one frame is lost, or because nothing was sent", () => {
    const bench = cabled();
    bench.cut(end(1, 2)).run(700);
    bench.cable(end(1, 2), end(2, 2)).run(3000);
    expect(bench.up).toBe(1);
    // The controller had other things to do for a minute.
    bench.now += 60_000;
    bench.run(300);
    expect(bench.up).toBe(1);
  });

  it("stays while one of its switches is away for a moment, and goes with it", () => {
    const bench = cabled();
    bench.have(device(1, [1, 2]), device(2, [1, 2], { connected: false })).run(10_000);
    expect(bench.up).toBe(1);
    bench.have(device(1, [1, 2])).run(100);
    expect(bench.up).toBe(0);
    expect(bench.role(1, 2)).toBe("link");
  });

  it("between two ports of one switch is told, and not used", () => {
    const bench = new Bench()
      .cable(end(1, 1), end(1, 2))
      .have(device(1, [1, 2, 3]))
      .run(1000);
    expect(bench.watch.facts.links).toEqual([
      expect.objectContaining({ state: "down", reason: expect.stringContaining("both ends") }),
    ]);
    expect([bench.role(1, 1), bench.role(1, 2)]).toEqual(["link", "link"]);
  });
});

describe("a guest that lies", () => {
  it("makes no link by what it has made up", () => {
    const bench = cabled();
    const forged = linkFrame({ ...end(1, 1), sequence: 1 }, "02:00:00:00:00:01", 10, sealWith("a guess"));
    expect(bench.watch.received(dpid(2), 1, forged, bench.now)).toBe(false);
    expect(bench.role(2, 1)).toBe("guest");
  });

  it("makes no link by what it kept: frames are good for a moment, and only the last ones", () => {
    const bench = cabled();
    const old = bench.lastFrom(1, 1);
    bench.run(20_000);
    expect(bench.watch.received(dpid(2), 1, old, bench.now)).toBe(false);
    bench.watch.reset(dpid(2), 1);
    bench.have(...bench.switches);
    expect(bench.watch.received(dpid(2), 1, old, bench.now)).toBe(false);
    expect(bench.role(2, 1)).toBe("unknown");
  });

  it("makes no link between two guests' ports by passing frames on, and that is reported", () => {
    const bench = cabled().cable(end(1, 1), end(2, 1)).run(6000);
    expect([bench.role(1, 1), bench.role(2, 1)]).toEqual(["guest", "guest"]);
    expect(bench.up).toBe(1);
    expect(bench.problems).toEqual(
      expect.arrayContaining([expect.stringContaining(`port s2p1 of ${dpid(2)} receives what port s1p1`)]),
    );
  });

  it("takes no link away by passing its frames on: who hears them elsewhere is shut, and told", () => {
    const bench = cabled();
    bench.run(600);
    bench.watch.received(dpid(2), 1, bench.lastFrom(1, 2), bench.now);
    expect(bench.role(2, 1)).toBe("link");
    expect(bench.up).toBe(1);
    expect(bench.problems).toEqual([expect.stringContaining("the port carries nothing")]);
    bench.run(30_000);
    expect(bench.role(2, 1)).toBe("guest");
    expect(bench.problems).toEqual([]);
  });

  it("is not heard under another controller's seal, of before a restart", () => {
    const before = cabled();
    const after = new Bench(sealWith("new")).have(...before.switches);
    expect(after.watch.received(dpid(2), 2, before.lastFrom(1, 2), 0)).toBe(false);
  });
});

describe("after a restart", () => {
  const links = new Map([[2, end(2, 2)]]);

  it("ports are what the switches' flows say; links are to be confirmed, and nothing changes when they are", () => {
    const bench = new Bench().cable(end(1, 2), end(2, 2));
    bench.watch.remember(dpid(1), { guests: [1], links }, 0);
    expect(bench.watch.facts.settling).toBe(true);
    bench.have(device(1, [1, 2])).run(3000);
    expect([bench.role(1, 1), bench.role(1, 2)]).toEqual(["guest", "link"]);
    expect(bench.watch.facts.settling).toBe(true);
    bench.watch.remember(dpid(2), { guests: [1], links: new Map([[2, end(1, 2)]]) }, bench.now);
    bench.have(device(1, [1, 2]), device(2, [1, 2]));
    expect(bench.up).toBe(1);
    bench.run(300);
    expect(bench.watch.facts.settling).toBe(false);
    expect(bench.up).toBe(1);
  });

  it("a link whose other switch does not come back is given up after a while", () => {
    const bench = new Bench();
    bench.watch.remember(dpid(1), { guests: [1], links }, 0);
    bench.have(device(1, [1, 2])).run(HOLD_MS + 100);
    expect(bench.watch.facts.settling).toBe(false);
    expect(bench.watch.facts.links).toEqual([expect.objectContaining({ state: "down" })]);
    expect(bench.role(1, 2)).toBe("link");
  });

  it("nobody waits for ever for links of a switch that was read and is no lone one", () => {
    const bench = cabled();
    bench.watch.remember(dpid(3), { guests: [], links: new Map([[2, end(4, 2)]]) }, bench.now);
    bench.watch.sync([...bench.switches, device(5, [1])], bench.now);
    expect(bench.watch.facts.settling).toBe(true);
    bench.run(HOLD_MS + 3100);
    expect(bench.watch.facts.settling).toBe(false);
  });

  it("nobody waits for links of a switch that is read again and has none", () => {
    const bench = cabled();
    bench.watch.remember(dpid(3), { guests: [], links: new Map([[2, end(4, 2)]]) }, bench.now);
    bench.watch.reset(dpid(3));
    expect(bench.watch.facts.settling).toBe(false);
  });

  it("a link that was pulled meanwhile is found out", () => {
    const bench = new Bench();
    bench.watch.remember(dpid(1), { guests: [1], links }, 0);
    bench.watch.remember(dpid(2), { guests: [1], links: new Map([[2, end(1, 2)]]) }, 0);
    bench.have(device(1, [1, 2]), device(2, [1, 2])).run(3000);
    expect(bench.watch.facts.settling).toBe(false);
    expect(bench.up).toBe(0);
  });

  it("a switch that has lost its flows starts anew", () => {
    const bench = cabled();
    bench.watch.reset(dpid(1));
    bench.have(...bench.switches);
    expect(bench.role(1, 1)).toBe("unknown");
    bench.run(1000);
    expect(bench.up).toBe(1);
    expect(bench.role(1, 1)).toBe("guest");
  });
});
