import { describe, expect, it } from "vitest";
import { runCommand } from "../../../src/api/commands.ts";
import type { EventView } from "../../../src/api/event-views.ts";
import { whereText } from "../../../src/api/render/where.ts";
import { canonicalSubject, whereIs } from "../../../src/api/where.ts";
import { ENDPOINTS, event, FakeQueries, PORTS } from "./fake-queries.ts";

const MAC = "02:00:00:00:02:01";
const at = (second: number) => Date.UTC(2026, 0, 2, 3, 4, second);

function told(seq: number, kind: string, details: EventView["details"]): EventView {
  return event(seq, { kind, subject: MAC, details: { mac: MAC, network: "default", ips: "10.0.0.3", ...details } });
}

const EVENTS = [
  told(10, "endpoint/appeared", { host: "host1", port: "tap7" }),
  told(20, "endpoint/moved", { fromHost: "host1", fromPort: "tap7", host: "host2", port: "tap0" }),
];

const where = (subject: string, atMs: number | null = null, events = EVENTS, endpoints = ENDPOINTS) =>
  whereIs({ endpoints, ports: PORTS, events }, subject, atMs);
const places = (...args: Parameters<typeof where>) =>
  where(...args).places.map(({ host, port, since }) => `${host} ${port} ${since}`);

describe("where a station is", () => {
  it.each([[MAC], ["0200.0000.0201"], ["02-00-00-00-02-01"], ["10.0.0.3"], ["host2:tap0"]])(
    "is found by %s",
    (subject) => {
      const { places, history } = where(subject);
      expect(places).toMatchObject([
        {
          mac: MAC,
          host: "host2",
          port: "tap0",
          since: "2026-01-02T03:04:20.000Z",
          origin: "observed",
          portState: "up",
        },
      ]);
      expect(history.map(({ seq }) => seq)).toEqual([10, 20]);
    },
  );

  it("was, is told from the journal", () => {
    expect(places(MAC, at(9))).toEqual([]);
    expect(places(MAC, at(15))).toEqual(["host1 tap7 2026-01-02T03:04:10.000Z"]);
    expect(places(MAC, at(25))).toEqual(["host2 tap0 2026-01-02T03:04:20.000Z"]);
  });

  it("was before the journal begins is where the first move came from, or where it is now", () => {
    expect(places(MAC, at(5), EVENTS.slice(1))).toEqual(["host1 tap7 null"]);
    expect(places(MAC, at(5), [])).toEqual(["host2 tap0 null"]);
  });

  it("is nowhere once it is gone, and its story is told", () => {
    const gone = [...EVENTS, told(30, "endpoint/gone", { host: "host2", port: "tap0" })];
    const rest = ENDPOINTS.filter(({ mac }) => mac !== MAC);
    expect(where(MAC, null, gone, rest)).toMatchObject({ places: [], history: gone });
    expect(places(MAC, at(35), gone, rest)).toEqual([]);
  });

  it("is unknown for what was never heard of, with what is near", () => {
    expect(() => where("10.0.0.33")).toThrow(/^nothing is known of "10\.0\.0\.33"; near it: 10\.0\.0\.3/);
    expect(() => where("zebra-in-the-rain")).toThrow(/weft endpoints lists all/);
    expect(() => where("x", null, [], [])).toThrow(/no endpoint is known/);
  });

  it("takes addresses as people write them, and names as they are", () => {
    expect(canonicalSubject("FD00::1")).toBe("fd00::1");
    expect(canonicalSubject("VM3")).toBe("VM3");
  });

  it("is text a person reads, by the names of hosts", async () => {
    const queries = new FakeQueries();
    for (const one of EVENTS) queries.events.add(one);
    const text = await runCommand({ queries, version: "1" }, "where", [MAC]);
    expect(text).toMatch(/^02:00:00:00:02:01 {2}10\.0\.0\.3\n {2}on host2 port tap0, since 2026-01-02 03:04:20Z\n/);
    expect(text).toMatch(/\nJournal\n2026-01-02 03:04:10Z {2}endpoint\/appeared/);
  });
});

describe("endpoints", () => {
  const ask = async (...words: readonly string[]): Promise<readonly { mac: string }[]> =>
    JSON.parse(await runCommand({ queries: new FakeQueries(), version: "1" }, "endpoints", ["--json", "--", ...words]));

  it("are those of a MAC, an address, a host or a network", async () => {
    expect(await ask()).toHaveLength(3);
    expect(await ask("10.0.0.3")).toMatchObject([{ mac: MAC }]);
    expect(await ask("host1")).toHaveLength(2);
    expect(await ask("host1", "default")).toHaveLength(2);
    expect(await ask("", "vlan10")).toEqual([]);
    await expect(ask("", "defalt")).rejects.toThrow('no network is called "defalt"; did you mean default?');
  });
});

it("names the places of a MAC that two use now, and when the second came", () => {
  const message = `MAC ${MAC} is used at host2 port tap0 and used at host3 port tap9: it stays at the first`;
  const problem = { code: "endpoint/duplicate-mac", message, remedy: "give the guest a MAC of its own" };
  const other = { ...problem, message: message.replace(MAC, "02:00:00:00:09:09") };
  const events = [...EVENTS, event(30, { kind: "endpoint/duplicate", subject: problem.code, message })];
  const sources = { endpoints: ENDPOINTS, ports: PORTS, events, problems: [problem, problem, other] };
  const view = whereIs(sources, MAC, null);
  expect(view.disputes).toEqual([{ ...problem, since: "2026-01-02T03:04:30.000Z" }]);
  expect(whereIs(sources, MAC, at(31)).disputes).toBeUndefined();
  expect(whereText(view, { color: false, width: null }, new Map())).toContain(
    "host3 port tap9: it stays at the first, since ",
  );
});
