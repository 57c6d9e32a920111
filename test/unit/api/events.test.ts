import { describe, expect, it } from "vitest";
import { runCommand } from "../../../src/api/commands.ts";
import { readEventRequest, readMoment } from "../../../src/api/event-query.ts";
import type { EventView } from "../../../src/api/event-views.ts";
import { eventLines } from "../../../src/api/render/events.ts";
import { event, FakeQueries } from "./fake-queries.ts";

const NOW = Date.UTC(2026, 0, 2, 4);

async function ask(queries: FakeQueries, ...words: readonly string[]): Promise<readonly number[]> {
  const context = { queries, version: "1", nowMs: NOW };
  const found: readonly EventView[] = JSON.parse(await runCommand(context, "events", ["--json", "--", ...words]));
  return found.map(({ seq }) => seq);
}

function queries(): FakeQueries {
  const fake = new FakeQueries();
  fake.events.add(event(3, { kind: "tunnel/down", details: { from: "host1", to: "host2" } }));
  fake.events.add(event(4, { kind: "endpoint/moved", host: "host3", at: "2026-01-02T03:50:00.000Z" }));
  return fake;
}

describe("events", () => {
  it.each([
    [[], [1, 2, 3, 4]],
    [["limit=2"], [3, 4]],
    [["limit=0"], []],
    [["since=3"], [3, 4]],
    [["after=3"], [4]],
    [["after=99"], [1, 2, 3, 4]],
    [["since=20m"], [4]],
    [["since=2026-01-02T03:04:03Z"], [3, 4]],
    [["since=2026-01-02 03:50:00Z"], [4]],
    [["host=host2"], [2, 3]],
    [["host=host1", "kind=host"], [1]],
    [["kind=tunnel/down"], [3]],
    [["kind=tun"], []],
  ])("selected by %j are %j", async (words, seqs) => {
    expect(await ask(queries(), ...words)).toEqual(seqs);
  });

  it.each([
    ["since=yesterday", /no time: say how long ago/],
    ["limit=-1", /limit is a whole number from 0 to 100000/],
    ["limit=x", /whole number/],
    ["wait=999", /wait is a whole number from 0 to 60/],
    ["colour=red", /is not one of since=/],
    ["host=host9", /no host is called "host9"; known: host2, host1, host3/],
  ])("asked for by %s say what is wrong", async (word, message) => {
    await expect(ask(queries(), word)).rejects.toThrow(message);
  });

  it("are waited for where there is none yet, those of one moment together", async () => {
    const fake = queries();
    const asked = ask(fake, "after=4", "wait=20");
    setImmediate(() => {
      fake.events.add(event(5, { kind: "host/left" }));
      fake.events.add(event(6));
    });
    expect(await asked).toEqual([5, 6]);
  });

  it("that are waited for in vain are none", async () => {
    expect(await ask(queries(), "after=4", "wait=1")).toEqual([]);
  });

  it("are counted back from the moment of the question", () => {
    expect(readMoment("90s", 100_000)).toBe(10_000);
    expect(readEventRequest(["since=1h"], 3_600_000).fromMs).toBe(0);
  });

  it("fit a terminal, however narrow, with the whole message", () => {
    const long = event(7, { message: `MAC ${"02:00:00:00:00:01 ".repeat(8)}has moved` });
    for (const width of [40, 72, 80, 200]) {
      const lines = eventLines([long], { color: false, width });
      expect(lines.filter((line) => line.length > width)).toEqual([]);
      expect(lines.join(" ").replaceAll(/\s+/g, " ")).toContain(long.message);
    }
  });

  it("can't move the cursor of whoever reads them", () => {
    expect(eventLines([event(8, { message: "a\u001b[2Jb\nc" })], { color: false, width: null }).join("\n")).not.toMatch(
      /\p{Cc}/u,
    );
  });
});
