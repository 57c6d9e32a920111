// Who holds what, as transcripts: each line is a moment, what is claimed, what comes of it, and who has it then.
import { describe, expect, it } from "vitest";
import { type Claim, Mobility, type MobilityRules } from "../../../src/model/mobility.ts";

const RULES: MobilityRules = {
  duplicateWindowMs: 5000,
  quietMs: 30_000,
  moves: { count: 5, windowMs: 180_000 },
  proofMs: 1000,
};

const KEY = "10/m";

class Story {
  readonly mobility = new Mobility<string>(RULES, (holder) => holder);
  readonly #lines: string[] = [];

  /** Claims by several one after the other: "A B A", `ms` apart. */
  claims(from: number, who: string, ms = 1, how: Claim<string> = {}): this {
    for (const [at, by] of who.split(" ").entries()) {
      const now = from + at * ms;
      const { kind, changed } = this.mobility.claim(KEY, by, now, how);
      this.#tell(now, `${by} ${kind}${changed ? "" : " (as before)"}`);
    }
    return this;
  }

  tick(now: number): this {
    this.#tell(now, `tick ${this.mobility.tick(now).length > 0 ? "changes" : "changes nothing"}`);
    return this;
  }

  release(now: number, by: string): this {
    this.#tell(now, `${by} goes${this.mobility.release(KEY, by) ? "" : " (as before)"}`);
    return this;
  }

  #tell(now: number, what: string): void {
    const [dispute] = this.mobility.disputes();
    const disputed = dispute === undefined ? "" : `, ${dispute.reason} with ${dispute.rivals.join(" and ")}`;
    const doubted = this.mobility.isDoubted(KEY) ? ", in doubt" : "";
    this.#lines.push(`${now}: ${what} -> ${this.mobility.holder(KEY) ?? "nobody"}${disputed}${doubted}`);
  }

  get lines(): readonly string[] {
    return this.#lines;
  }
}

describe("a thing that one place holds", () => {
  it("moves at once to the place that uses it, and later back again", () => {
    expect(new Story().claims(0, "A A").claims(100, "B").claims(6000, "A").lines).toEqual([
      "0: A new -> A",
      "1: A same (as before) -> A",
      "100: B moved -> B",
      "6000: A moved -> A",
    ]);
  });

  it("goes back to the first place when that speaks again within some seconds, and stays there", () => {
    const story = new Story().claims(0, "A").claims(100, "B").claims(4000, "A B A B");
    expect(story.lines).toEqual([
      "0: A new -> A",
      "100: B moved -> B",
      "4000: A restored -> A, duplicate with B",
      "4001: B refused (as before) -> A, duplicate with B",
      "4002: A same (as before) -> A, duplicate with B",
      "4003: B refused (as before) -> A, duplicate with B",
    ]);
  });

  it("is disputed until the rival has been silent for long enough", () => {
    const story = new Story().claims(0, "A B A").claims(20_000, "B").tick(49_999).tick(50_000).tick(50_001);
    expect(story.lines.slice(3)).toEqual([
      "20000: B refused (as before) -> A, duplicate with B",
      "49999: tick changes nothing -> A, duplicate with B",
      "50000: tick changes -> A",
      "50001: tick changes nothing -> A",
    ]);
    expect(story.mobility.isRestless).toBe(false);
  });

  it("names each of several rivals, and leaves out the one that has gone", () => {
    const story = new Story().claims(0, "A B A C C").tick(30_002).tick(30_004);
    expect(story.lines.slice(3)).toEqual([
      "3: C refused -> A, duplicate with B and C",
      "4: C refused (as before) -> A, duplicate with B and C",
      "30002: tick changes -> A, duplicate with C",
      "30004: tick changes -> A",
    ]);
  });

  it("is the rival's as soon as the holder is known to be gone", () => {
    const story = new Story().claims(0, "A B A").release(10, "A").claims(11, "B");
    expect(story.lines.slice(3)).toEqual(["10: A goes -> B", "11: B same (as before) -> B"]);
  });

  it("is no longer disputed as soon as the rival is known to be gone", () => {
    const story = new Story().claims(0, "A B A").release(10, "B").release(11, "B").claims(12, "C");
    expect(story.lines.slice(3)).toEqual(["10: B goes -> A", "11: B goes (as before) -> A", "12: C moved -> C"]);
  });

  it("is nobody's when the holder goes, and a late report about an old place changes nothing", () => {
    const story = new Story().claims(0, "A").claims(100, "B").release(200, "A").release(300, "B");
    expect(story.lines.slice(2)).toEqual(["200: A goes (as before) -> B", "300: B goes -> nobody"]);
  });

  it("stays at the first place after five moves in three minutes, until the others are silent", () => {
    const story = new Story().claims(0, "A B A B A B", 10_000).claims(60_000, "B A").tick(90_000);
    expect(story.lines).toEqual([
      "0: A new -> A",
      "10000: B moved -> B",
      "20000: A moved -> A",
      "30000: B moved -> B",
      "40000: A moved -> A",
      "50000: B refused -> A, flapping with B",
      "60000: B refused (as before) -> A, flapping with B",
      "60001: A same (as before) -> A, flapping with B",
      "90000: tick changes -> A",
    ]);
    expect(story.claims(90_001, "B").lines.at(-1)).toBe("90001: B moved -> B");
  });

  it("may move every minute for ever: that is no flapping", () => {
    const story = new Story().claims(0, "A B A B A B A B A B", 60_000);
    expect(story.lines.slice(1).every((line) => line.includes("moved"))).toBe(true);
  });

  it("that visits five places in a second stays at the first", () => {
    expect(new Story().claims(0, "A B C D E F").lines.at(-1)).toBe("5: F restored -> A, flapping with F and E");
  });
});

describe("a thing that is declared to be somebody's", () => {
  const owner = { owner: "A" };

  it("is never another's, and who uses it is named while he does", () => {
    const story = new Story().claims(0, "B B A B", 1, owner).tick(30_003);
    expect(story.lines).toEqual([
      "0: B refused -> A, declared with B",
      "1: B refused (as before) -> A, declared with B",
      "2: A same (as before) -> A, declared with B",
      "3: B refused (as before) -> A, declared with B",
      "30003: tick changes -> A",
    ]);
  });

  it("goes to its owner when the declaration comes, and to who uses it when the declaration goes", () => {
    const story = new Story().claims(0, "B").claims(1, "A", 1, owner).claims(2, "B", 1, owner).claims(3, "B");
    expect(story.lines).toEqual([
      "0: B new -> B",
      "1: A moved -> A",
      "2: B refused -> A, declared with B",
      "3: B moved -> B",
    ]);
  });
});

describe("a guest that migrates", () => {
  it("is where it spoke last, though its old place speaks again", () => {
    const story = new Story().claims(0, "A").claims(1, "B A B", 1, { migrating: true });
    expect(story.lines.slice(1)).toEqual(["1: B moved -> B", "2: A moved -> A", "3: B moved -> B"]);
  });

  it("that goes to and fro without end is held at its first place like any other", () => {
    const story = new Story().claims(0, "A").claims(1, "B A B A B A B", 1, { migrating: true });
    expect(story.lines.slice(5)).toEqual([
      "5: B refused -> A, flapping with B",
      "6: A same (as before) -> A, flapping with B",
      "7: B refused (as before) -> A, flapping with B",
    ]);
  });
});

describe("a thing that another mentions as his own, without announcing it", () => {
  const mention = { unannounced: true };

  it("stays with its holder when that proves to be there, and both are named", () => {
    const story = new Story().claims(0, "A").claims(10, "B B", 1, mention).claims(200, "A", 1, mention).tick(2000);
    expect(story.lines).toEqual([
      "0: A new -> A",
      "10: B doubted -> A, in doubt",
      "11: B doubted (as before) -> A, in doubt",
      "200: A same -> A, duplicate with B",
      "2000: tick changes nothing -> A, duplicate with B",
    ]);
  });

  it("is the other's when the holder does not answer", () => {
    const story = new Story().claims(0, "A").claims(10, "B", 1, mention).tick(1009).tick(1010);
    expect(story.lines.slice(1)).toEqual([
      "10: B doubted -> A, in doubt",
      "1009: tick changes nothing -> A, in doubt",
      "1010: tick changes -> B",
    ]);
  });

  it("has its holder asked, whether it is in doubt or has just gone to another", () => {
    const story = new Story().claims(0, "A").claims(10, "B", 1, mention);
    expect(story.mobility.asked(10)).toEqual([{ key: KEY, of: "A" }]);
    story.claims(20, "B");
    expect(story.mobility.holder(KEY)).toBe("B");
    expect(story.mobility.asked(21)).toEqual([{ key: KEY, of: "A" }]);
    expect(story.mobility.asked(1020)).toEqual([]);
    story.claims(1100, "A", 1, mention);
    expect(story.lines.at(-1)).toBe("1100: A restored -> A, duplicate with B");
    expect(story.mobility.asked(1101)).toEqual([]);
  });
});
