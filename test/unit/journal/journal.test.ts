import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { draft } from "../../../src/journal/change.ts";
import { Journal } from "../../../src/journal/journal.ts";
import { keyOf } from "../../../src/journal/known.ts";
import type { Diagnostic } from "../../../src/model/diagnostic.ts";
import { systemClock } from "../../../src/southbound/stream/index.ts";
import { endpoint, host } from "./pictures.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "weft-journal-"));
  path = join(directory, "state", "journal.jsonl");
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const problems: (Diagnostic | null)[] = [];

function open(changes: { readonly path?: string | null; readonly maxBytes?: number } = {}): Journal {
  problems.length = 0;
  return new Journal({
    path,
    maxBytes: 1_000_000,
    timers: systemClock,
    wallClock: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    problemChanged: (problem) => problems.push(problem),
    ...changes,
  });
}

const say = (text: string) => draft("host/joined", "info", "host1", null, text);
const texts = (journal: Journal) => journal.since(0, 1_000_000).map(({ seq, message }) => `${seq} ${message}`);

describe("the journal", () => {
  it("goes on after a restart with the next number, and knows what it knew", async () => {
    const first = open();
    first.record([say("one")], [[keyOf(host(1)), host(1)]]);
    first.record([say("two")], [[keyOf(endpoint()), endpoint()]]);
    first.record([say("three")], [[keyOf(endpoint()), null]]);
    await first.close();
    const second = open();
    second.record([say("four")]);
    expect(texts(second)).toEqual(["1 one", "2 two", "3 three", "4 four"]);
    expect([...second.told.values()]).toEqual([host(1)]);
    expect(second.isCut).toBe(false);
    await second.close();
  });

  it("is readable by its owner alone, in a directory of its own", async () => {
    const journal = open();
    journal.record([say("one")]);
    await journal.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, "state")).mode & 0o777).toBe(0o700);
    chmodSync(path, 0o644);
    const again = open();
    again.record([say("two")]);
    await again.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("takes no more room than it may, keeps the latest, and knows all that it knew when the older file went", async () => {
    const maxBytes = 65_536;
    const journal = open({ maxBytes });
    journal.record([say("first")], [[keyOf(host(1)), host(1)]]);
    for (let at = 0; at < 1000; at++) {
      journal.record([say(`event ${at} ${"x".repeat(100)}`)]);
      if (at % 10 === 0) await new Promise(setImmediate);
    }
    await journal.close();
    const sizes = [path, `${path}.1`].map((file) => statSync(file).size);
    expect(sizes[0] ?? 0).toBeLessThanOrEqual(maxBytes / 2 + 8192);
    expect(sizes[1] ?? 0).toBeLessThanOrEqual(maxBytes / 2 + 8192);
    const again = open({ maxBytes });
    expect(texts(again).at(-1)).toMatch(/^1001 event 999 /);
    expect(texts(again)[0]).not.toBe("1 first");
    expect(again.told.get(keyOf(host(1)))).toEqual(host(1));
    const kept = again.since(0, 10_000);
    expect(kept.map(({ seq }) => seq)).toEqual(kept.map((_, at) => (kept[0]?.seq ?? 0) + at));
    await again.close();
  });

  it("keeps its history where what it knows is written in letters of several bytes", async () => {
    const maxBytes = 65_536;
    const journal = open({ maxBytes });
    // Fewer characters than a header may have, and more bytes than a file may have.
    const names = Array.from({ length: 30 }, (_, at) => host(at, { reason: "\u4e3b".repeat(350) }));
    journal.record(
      [say("first")],
      names.map((one) => [keyOf(one), one]),
    );
    for (let at = 0; at < 100; at++) {
      journal.record([say(`event ${at}`)]);
      await new Promise(setImmediate);
    }
    await journal.close();
    const kept = texts(open({ maxBytes }));
    expect(kept.length).toBeGreaterThan(90);
    expect(kept.at(-1)).toBe("101 event 99");
  });

  it("knows words that have changed, and writes no line for them", async () => {
    const journal = open();
    journal.record([say("one")], [[keyOf(host(1)), host(1)]]);
    journal.learn([[keyOf(host(1)), host(1, { reason: "7 times" })]]);
    expect(journal.told.get(keyOf(host(1)))).toEqual(host(1, { reason: "7 times" }));
    await journal.close();
    expect(readFileSync(path, "utf8")).toContain('"message":"one"');
    expect(readFileSync(path, "utf8").trimEnd().split("\n")).toHaveLength(2);
  });

  it("reads on past half a last line, and writes the next one whole", async () => {
    const first = open();
    first.record([say("one")]);
    first.record([say("two")]);
    await first.close();
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 20));
    const second = open();
    expect(texts(second)).toEqual(["1 one"]);
    second.record([say("again")]);
    await second.close();
    expect(texts(open())).toEqual(["1 one", "2 again"]);
  });

  it.each([
    ["no JSON", "what is this\n"],
    ["zeros, as a crash of the machine leaves them", "\0".repeat(5000)],
    ["a line of another shape", '{"seq":"x","told":[["a",{"kind":"host"}],7,[1,2]]}\n'],
    [
      "a number that goes back",
      '{"seq":1,"at":"2026-01-01T00:00:00Z","kind":"a/b","severity":"info","host":null,"subject":null,"message":"forged","details":{}}\n',
    ],
    ["a prototype", '{"seq":9,"__proto__":{"at":"2026-01-01T00:00:00Z"},"details":{"__proto__":{}}}\n'],
  ])("skips %s in its file", async (_what, text) => {
    const first = open();
    first.record([say("one")]);
    first.record([say("two")]);
    await first.close();
    appendFileSync(path, `${text}\n`);
    const second = open();
    second.record([say("three")]);
    await second.close();
    expect(texts(open())).toEqual(["1 one", "2 two", "3 three"]);
  });

  it("that has lost the beginning of its file says that what it knows has gaps", async () => {
    const first = open();
    first.record([say("one")], [[keyOf(host(1)), host(1)]]);
    first.record([say("two")]);
    await first.close();
    writeFileSync(path, readFileSync(path, "utf8").split("\n").slice(2).join("\n"));
    const second = open();
    expect(second.isCut).toBe(true);
    second.accept(new Map([[keyOf(host(1)), host(1)]]));
    await second.close();
    const third = open();
    expect(third.isCut).toBe(false);
    expect(third.told.get(keyOf(host(1)))).toEqual(host(1));
  });

  it("that can't be written tells so once, keeps what happens in memory, and writes it when it can", async () => {
    mkdirSync(path, { recursive: true });
    const journal = open();
    journal.record([say("one")]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    journal.record([say("two")]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(problems).toHaveLength(1);
    expect(journal.problem?.message).toMatch(/not a file|directory/);
    expect(texts(journal)).toEqual(["1 one", "2 two"]);
    rmSync(path, { recursive: true });
    await journal.close();
    expect(problems).toHaveLength(2);
    expect(journal.problem).toBeNull();
    expect(texts(open())).toEqual(["1 one", "2 two"]);
  });

  it("follows no link to somebody else's file", async () => {
    mkdirSync(join(directory, "state"));
    const victim = join(directory, "victim");
    writeFileSync(victim, "mine\n");
    symlinkSync(victim, path);
    const journal = open();
    journal.record([say("one")]);
    await journal.close();
    expect(readFileSync(victim, "utf8")).toBe("mine\n");
    expect(journal.problem?.code).toBe("controller/journal");
  });

  it("whose file is taken away begins another one that knows the same", async () => {
    const journal = open();
    journal.record([say("one")], [[keyOf(host(1)), host(1)]]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    rmSync(path);
    journal.record([say("two")]);
    await journal.close();
    const again = open();
    expect(texts(again)).toEqual(["2 two"]);
    expect(again.told.get(keyOf(host(1)))).toEqual(host(1));
    expect(again.isCut).toBe(false);
  });

  it("without a file keeps as much in memory as it may", () => {
    const journal = open({ path: null, maxBytes: 2_000 });
    for (let at = 0; at < 100; at++) journal.record([say(`event ${at}`)]);
    const kept = journal.since(0, 1000);
    expect(kept.length).toBeLessThan(20);
    expect(kept.at(-1)?.seq).toBe(100);
    expect(journal.since(98, 10).map(({ seq }) => seq)).toEqual([99, 100]);
    expect(journal.since(0, 2).map(({ seq }) => seq)).toEqual(kept.slice(0, 2).map(({ seq }) => seq));
    expect(existsSync(path)).toBe(false);
  });

  it("tells those who listen, until they do not any more", () => {
    const journal = open({ path: null });
    const heard: string[] = [];
    const stop = journal.subscribe(({ message }) => heard.push(message));
    journal.record([say("one"), say("two")]);
    stop();
    journal.record([say("three")]);
    expect(heard).toEqual(["one", "two"]);
  });
});
