import { describe, expect, it } from "vitest";
import type { CheckPath } from "../../../src/probes/check-paths.ts";
import { CheckRun } from "../../../src/probes/check-run.ts";
import { checkView } from "../../../src/probes/check-view.ts";

const WIRE = { protocol: "UDP 6081", from: "192.0.2.1", to: "192.0.2.2", overhead: 50 };

function path(from: string, to: string, fields: Partial<CheckPath> = {}): CheckPath {
  return {
    ...{ kind: "tunnel", from, to, name: `geneve-${to}`, type: "geneve", vni: null, destination: "0a:57:45:46:54:02" },
    ...{ actions: [], underlay: WIRE, unchecked: null },
    sizes: [
      { name: "small", bytes: 64 },
      { name: "mtu", bytes: 1442 },
    ],
    ...fields,
  };
}

const HOSTS = ["a", "b", "c"].map((id) => ({ id, name: id, underlayMtu: id === "b" ? 1400 : 1500 }));
/** Time that passes at once. */
const timers = {
  now: () => 0,
  setTimer: (_: number, callback: () => void) => {
    const timer = setImmediate(callback);
    return { cancel: () => clearImmediate(timer) };
  },
};

type Fate = (path: CheckPath, bytes: number, number: number) => string | null;

/** @param fate the host where a probe comes out; null where it is lost. */
async function checked(
  paths: readonly CheckPath[],
  fate: Fate,
  stalled: readonly string[] = [],
  limitMs = Number.POSITIVE_INFINITY,
) {
  const run: CheckRun = new CheckRun(
    paths,
    {
      ready: async () => undefined,
      send(one, number, bytes) {
        const host = fate(one, bytes, number);
        if (host !== null) queueMicrotask(() => run.received(number, host, one.vni));
      },
      stalled: async (hosts) => new Set([...hosts].filter((host) => stalled.includes(host))),
    },
    timers,
    limitMs,
  );
  const results = await run.run();
  return checkView({
    results,
    hosts: HOSTS,
    possible: paths.length,
    seed: null,
    delays: new Map(),
    ...run.counts,
    tookMs: 1,
  });
}

const both = [path("a", "b"), path("b", "a")];

describe("a check", () => {
  it("of what is well is ok, with the largest size and a round trip", async () => {
    const view = await checked(both, (one) => one.to);
    expect(view).toMatchObject({ ok: true, problems: [] });
    expect(view.paths.map(({ state, fits, roundTripUs }) => ({ state, fits, roundTripUs }))).toEqual([
      { state: "ok", fits: 1442, roundTripUs: null },
      { state: "ok", fits: 1442, roundTripUs: null },
    ]);
    expect(view.sent).toBe(view.received);
  });

  it("names the direction in which nothing passes, and what to let through", async () => {
    const view = await checked(both, (one) => (one.from === "a" ? null : one.to));
    expect(view.paths.map(({ state }) => state)).toEqual(["dead", "ok"]);
    expect(view.problems).toEqual([
      {
        code: "check/dead",
        message: "a -> b (geneve-b): nothing of 40 probes that a sends comes to b, while what b sends to a does",
        remedy: "see that firewalls and routes pass UDP 6081 from 192.0.2.1 to 192.0.2.2",
      },
    ]);
  });

  it.each([100, 1000, 1350, 1441])("finds that packets of %d bytes pass, and larger ones do not", async (most) => {
    const view = await checked(both, (one, bytes) => (one.from === "a" && bytes > most ? null : one.to));
    expect(view.paths.map(({ state, fits }) => [state, fits])).toEqual([
      ["mtu", most],
      ["ok", 1442],
    ]);
    expect(view.paths[0]?.reason).toContain(`the underlay passes ${most + 50} bytes there, and 1492 are needed`);
  });

  it("tells a loss that goes on, and not one probe that was lost once", async () => {
    const third = await checked(both, (one, _, number) => (one.from === "a" && number % 3 === 0 ? null : one.to));
    expect(third.paths.map(({ state }) => state)).toEqual(["loss", "ok"]);
    const once = await checked(both, (one, _, number) => (number === 0 ? null : one.to));
    expect(once.ok).toBe(true);
  });

  it("tells where what is for one host comes out at another", async () => {
    const view = await checked([path("a", "b")], () => "c");
    expect(view.paths[0]?.reason).toBe("what a sends to b comes out at c");
  });

  it("does not take a receiver that stands still for a cut tunnel, nor its silence for a way back that is well", async () => {
    const view = await checked(both, () => null, ["b"]);
    expect(view.paths.map(({ state }) => state)).toEqual(["unchecked", "unchecked"]);
    expect(view.paths[0]?.reason).toBe(
      "the connection between the controller and b stands still since probes of 64 bytes were to be sent there",
    );
    expect(view.problems).toEqual([
      {
        code: "check/unchecked",
        message:
          "the connection between the controller and b stands still since probes of 64 bytes were to be sent there: 2 paths from or to it are untested; b's underlay has an MTU of 1400",
        remedy: "see that packets of 1500 bytes pass between the controller and b",
      },
    ]);
    const alone = await checked([path("a", "b"), path("b", "a", { unchecked: "b is away" })], () => null);
    expect(alone.paths[0]?.reason).toBe("nothing of 40 probes that a sends comes to b");
  });

  it("does not say of sizes that it could not send, since the receiver stood still, that they do not pass", async () => {
    // What b is sent by the controller is lost at once, so its own first probes are what it stands still at.
    const view = await checked(both, (one, bytes) => (one.from === "b" || bytes > 64 ? null : one.to), ["b"]);
    expect(view.paths.map(({ state }) => state)).toEqual(["unchecked", "unchecked"]);
  });

  it("believes what came through, whoever stands still afterwards", async () => {
    const paths = [...both, path("a", "c")];
    const view = await checked(paths, (one, bytes) => (one.to === "c" && bytes > 64 ? null : one.to), ["a", "b", "c"]);
    expect(view.paths.map(({ to, state }) => [to, state])).toEqual([
      ["b", "ok"],
      ["a", "ok"],
      ["c", "unchecked"],
    ]);
  });

  it("says of what there was no time for that it was not checked", async () => {
    const view = await checked(both, (one) => one.to, [], 0);
    expect({ ok: view.ok, sent: view.sent }).toEqual({ ok: false, sent: 0 });
    expect(view.paths.map(({ state, reason }) => [state, reason])).toEqual([
      ["unchecked", "there was no time left for it"],
      ["unchecked", "there was no time left for it"],
    ]);
    expect(view.hosts.map(({ checked: paths, failed }) => [paths, failed])).toEqual([
      [2, 2],
      [2, 2],
      [0, 0],
    ]);
  });

  it("says that it can't know where the way from the controller itself stands still, or an end is away", async () => {
    const view = await checked(
      [path("a", "b"), path("b", "c", { unchecked: "c is not connected by OpenFlow" })],
      (one, bytes) => (bytes > 64 ? null : one.to),
      ["a"],
    );
    expect(view.ok).toBe(false);
    expect(view.paths.map(({ state, reason }) => [state, reason])).toEqual([
      [
        "unchecked",
        "the connection between the controller and a stands still since probes of 1442 bytes were to be sent there",
      ],
      ["unchecked", "c is not connected by OpenFlow"],
    ]);
  });
});
