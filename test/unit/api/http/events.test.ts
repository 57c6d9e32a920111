// Events by HTTP: those that were missed, those that come, and listeners that do not listen.
import { afterEach, describe, expect, it } from "vitest";
import { EventStreams, MAX_LISTENERS } from "../../../../src/api/http/event-stream.ts";
import { type PaperServer, servePaper } from "../../../page/paper-server.ts";
import { event, FakeFeed } from "../fake-queries.ts";

let server: PaperServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function* linesOf(url: string, headers: Record<string, string> = {}): AsyncGenerator<string> {
  const { body } = await fetch(url, { headers });
  let text = "";
  for await (const chunk of body ?? []) {
    text += new TextDecoder().decode(chunk);
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}

/** The numbers of the next events. */
async function next(lines: AsyncGenerator<string>, count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const { value, done } = await lines.next();
    if (done === true) break;
    if (value.startsWith("id: ")) found.push(Number(value.slice(4)));
  }
  return found;
}

describe("events", () => {
  it("come as they happen, after those that were missed, each once", async () => {
    server = await servePaper({ hosts: 2 });
    const lines = linesOf(`${server.url}events`, { "last-event-id": "1" });
    expect(await next(lines, 1)).toEqual([2]);
    server.queries.events.add(event(3));
    expect(await next(lines, 1)).toEqual([3]);
    await lines.return(undefined);
    const last = linesOf(`${server.url}events?last=2`);
    expect(await next(last, 2)).toEqual([2, 3]);
    await last.return(undefined);
  });

  it("are not listened to by who asks for their headers alone", async () => {
    server = await servePaper({ hosts: 2 });
    for (let at = 0; at <= MAX_LISTENERS; at++) {
      const { status, headers } = await fetch(`${server.url}events`, { method: "HEAD" });
      expect([status, headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    }
    const metrics = await (await fetch(`${server.url}metrics`)).text();
    expect(metrics).toContain("\nweft_event_listeners 0\n");
  });

  it("end with the server", async () => {
    server = await servePaper({ hosts: 2 });
    const lines = linesOf(`${server.url}events?last=1`);
    expect(await next(lines, 1)).toEqual([2]);
    await server.close();
    server = undefined;
    await expect(next(lines, 1).catch(() => [])).resolves.toEqual([]);
  });
});

describe("listeners", () => {
  const timers = (beats: (() => void)[]) => ({
    setInterval: (callback: () => void) => {
      beats.push(callback);
      return { cancel: () => undefined };
    },
  });
  const all = { after: 0, last: 0 };

  it("are so many and no more, and one that goes makes room", async () => {
    const streams = new EventStreams(timers([]));
    const feed = new FakeFeed();
    const open = Array.from({ length: MAX_LISTENERS }, () => streams.open(feed, all));
    expect(() => streams.open(feed, all)).toThrow(/listen to events already/);
    await open[0]?.cancel();
    streams.open(feed, all);
    streams.close();
    expect(streams.size).toBe(0);
  });

  it("that do not read are cut off, and what they have missed is kept for them", async () => {
    const streams = new EventStreams(timers([]));
    const feed = new FakeFeed();
    const stream = streams.open(feed, { after: null, last: 0 });
    for (let seq = 3; streams.size > 0 && seq < 10_000; seq++) feed.add(event(seq, { message: "x".repeat(1_000) }));
    expect(streams.size).toBe(0);
    let text = "";
    for await (const chunk of stream) text += new TextDecoder().decode(chunk);
    expect(text.length).toBeLessThan(512 * 1024);
    const known = Number([...text.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1]);
    expect(feed.since(known, 10).length + known).toBe(feed.since(0, 100_000).length);
  });

  it("that know of more than there is are told all of a journal that has begun anew", async () => {
    const streams = new EventStreams(timers([]));
    const reader = streams.open(new FakeFeed(), { after: 5_000, last: 0 }).getReader();
    let text = "";
    for (let at = 0; at < 3; at++) text += new TextDecoder().decode((await reader.read()).value);
    expect([...text.matchAll(/^id: (\d+)$/gm)].map(([, seq]) => seq)).toEqual(["1", "2"]);
    streams.close();
    server = await servePaper({ hosts: 2 });
    const answer = (await (await fetch(`${server.url}api/v1/events?since=5000`)).json()) as { seq: number }[];
    expect(answer.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it("hear from time to time that they are heard", async () => {
    const beats: (() => void)[] = [];
    const streams = new EventStreams(timers(beats));
    const reader = streams.open(new FakeFeed(), { after: null, last: 0 }).getReader();
    await reader.read();
    for (const beat of beats) beat();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(": here\n\n");
  });

  it("that have missed more than is sent at once are sent away to come back for the rest", async () => {
    const streams = new EventStreams(timers([]));
    const feed = new FakeFeed();
    for (let seq = 3; seq <= 1_500; seq++) feed.add(event(seq));
    let known = 0;
    for (let round = 0; round < 2; round++) {
      const stream = streams.open(feed, { after: known, last: 0 });
      if (streams.size > 0) break;
      for await (const chunk of stream)
        known = Number(/^id: (\d+)/.exec(new TextDecoder().decode(chunk))?.[1] ?? known);
    }
    expect(known).toBe(1_000);
    expect(streams.size).toBe(1);
    streams.close();
  });
});
