import { describe, expect, it } from "vitest";
import type { KnownHost } from "../../../src/journal/known.ts";
import { changes, endpoint, HOSTS, host, problem, told, tunnel } from "./pictures.ts";

describe("what is as it was", () => {
  it("gives no change", () => {
    const all = [...HOSTS, endpoint(), tunnel(), problem()];
    expect(changes(all, [...HOSTS.map((one) => ({ ...one })), { ...endpoint() }, { ...tunnel() }, problem()])).toEqual(
      [],
    );
  });
});

describe("a host", () => {
  const was = (state: KnownHost["state"]) => [host(1, { state, openflow: state === "up" })];
  it.each([
    ["joins", [], was("up"), ["host1 host/joined: h1 has joined"]],
    ["goes", was("up"), was("down"), ["host1 host/left: h1 is gone: nothing is heard of it"]],
    ["comes back", was("down"), was("up"), ["host1 host/back: h1 is back"]],
    ["is forgotten", was("down"), [], ["host1 host/forgotten: h1 is forgotten"]],
    [
      "loses its switch",
      was("up"),
      was("joining"),
      ["host1 switch/disconnected: h1: its switch is not connected any more"],
    ],
    ["has its switch again", was("joining"), was("up"), ["host1 switch/connected: h1: its switch is connected"]],
    [
      "waits",
      [],
      [host(1, { state: "waiting", reason: "nobody approved it" })],
      ["host1 host/waiting: h1 waits: nobody approved it"],
    ],
    ["is let in", was("waiting"), was("up"), ["host1 host/joined: h1 has joined"]],
    ["is on its way", [], was("joining"), []],
    ["is on its way back", was("down"), was("joining"), []],
  ] as const)("that %s is told so", (_what, before, after, expected) => {
    expect(told(before, after)).toEqual(expected);
  });

  it("that is taken over is told step by step", () => {
    expect(told([host(1, { adoption: "prepare" })], [host(1, { adoption: "take" })])).toEqual([
      "host1 host/adopted: h1 is being taken over: Weft forwards, and still hears its old tunnels",
    ]);
  });
});

describe("an endpoint", () => {
  const moved = endpoint({ host: "host2", port: "tap5" });
  it.each([
    [
      "appears",
      [],
      [endpoint()],
      ["host1 endpoint/appeared: MAC 02:00:00:00:00:01 of network default is at h1 port tap0 with 10.0.0.1"],
    ],
    [
      "goes",
      [endpoint()],
      [],
      ["host1 endpoint/gone: MAC 02:00:00:00:00:01 of network default is gone from h1 port tap0"],
    ],
    [
      "moves",
      [endpoint()],
      [moved],
      ["host2 endpoint/moved: MAC 02:00:00:00:00:01 of network default has moved from h1 port tap0 to h2 port tap5"],
    ],
    [
      "gets an address",
      [endpoint()],
      [endpoint({ ips: ["10.0.0.1", "fd00::1"] })],
      ["host1 address/appeared: MAC 02:00:00:00:00:01 of network default at h1 port tap0 has address fd00::1"],
    ],
    [
      "loses an address",
      [endpoint()],
      [endpoint({ ips: [] })],
      [
        "host1 address/gone: MAC 02:00:00:00:00:01 of network default at h1 port tap0 has not address 10.0.0.1 any more",
      ],
    ],
    ["is only declared now", [endpoint()], [endpoint({ origin: "declared" })], []],
    ["has its port's name only now", [endpoint({ port: null })], [endpoint()], []],
    ["is remembered by other hosts alone", [endpoint()], [endpoint({ port: null })], []],
  ] as const)("that %s is told so", (_what, before, after, expected) => {
    expect(told([...HOSTS, ...before], [...HOSTS, ...after])).toEqual(expected);
  });

  it("whose address goes over to another is told as one move of the address", () => {
    const other = endpoint({ mac: "02:00:00:00:00:02", host: "host2", port: "tap7", ips: [] });
    expect(
      told([...HOSTS, endpoint(), other], [...HOSTS, endpoint({ ips: [] }), { ...other, ips: ["10.0.0.1"] }]),
    ).toEqual([
      "host2 address/moved: address 10.0.0.1 of network default has moved from MAC 02:00:00:00:00:01 to MAC 02:00:00:00:00:02 at h2 port tap7",
    ]);
  });

  it("says from where and to where it moved, for programs", () => {
    const [change] = changes([endpoint()], [moved]);
    expect(change?.events[0]?.details).toMatchObject({
      fromHost: "host1",
      fromPort: "tap0",
      host: "host2",
      port: "tap5",
    });
  });
});

describe("a tunnel", () => {
  it.each([
    [
      "fails",
      [],
      [tunnel()],
      ["host1 tunnel/down: geneve tunnel of h1 and h2 is down: BFD: Control Detection Time Expired"],
    ],
    [
      "is one-way",
      [],
      [tunnel({ state: "one-way", deaf: "host2" })],
      [
        "host2 tunnel/one-way: geneve tunnel of h1 and h2 is one-way: h2 hears nothing from h1: BFD: Control Detection Time Expired",
      ],
    ],
    ["is up again", [tunnel()], [], ["host1 tunnel/up: geneve tunnel of h1 and h2 is up again"]],
    ["changes its reason", [tunnel()], [tunnel({ reason: "Neighbor Signaled Session Down" })], []],
  ] as const)("that %s is told so", (_what, before, after, expected) => {
    expect(told([...HOSTS, ...before], [...HOSTS, ...after])).toEqual(expected);
  });

  it("that heals is not told at its first end", () => {
    const before = tunnel({ state: "one-way", deaf: "host2" });
    expect(changes([...HOSTS, before], [...HOSTS, tunnel({ reason: "BFD: Neighbor Signaled Session Down" })])).toEqual(
      [],
    );
    expect(told([...HOSTS, before], [...HOSTS, tunnel()])).toHaveLength(1);
  });

  it("to a host that is not there is not up because nothing is said of it", () => {
    const away = [host(1), host(2, { state: "down" })];
    expect(changes([...away, tunnel()], away)).toEqual([]);
    expect(told([host(1), tunnel()], [host(1)])).toEqual([]);
  });

  it("of many that fail at once with one host in common is not told of each", () => {
    const hosts = [1, 2, 3, 4, 5, 6].map((number) => host(number));
    const failed = [2, 3, 4, 5, 6].map((number) => tunnel({ b: `host${number}` }));
    const [change, ...others] = changes(hosts, [...hosts, ...failed]);
    expect(others).toEqual([]);
    expect(change?.events.map(({ message }) => message)).toEqual([
      "5 tunnels of h1, to h2, h3, h4, h5, h6, are down: BFD: Control Detection Time Expired",
    ]);
    expect(change?.known).toHaveLength(5);
  });
});

describe("a problem", () => {
  it("is told when it is raised and when it is over", () => {
    expect(told(HOSTS, [...HOSTS, problem()])).toEqual(["host1 problem/raised: h1: tap9 is missing"]);
    expect(told([...HOSTS, problem()], HOSTS)).toEqual(["host1 problem/cleared: over: h1: tap9 is missing"]);
  });

  it("is the same one while only its numbers grow", () => {
    const before = problem({ message: "the bridge holds 2 flows that Weft did not write" });
    expect(told([before], [{ ...before, message: "the bridge holds 7 flows that Weft did not write" }])).toEqual([]);
  });

  it("of which only the words change is no line in the journal's file", () => {
    const before = problem({ message: "a peer at 192.0.2.9 was turned away: it is unknown" });
    const after = { ...before, message: "a peer at 192.0.2.9 was turned away, 2 times: it is unknown" };
    expect(changes([before], [after])).toMatchObject([{ events: [], isWording: true }]);
  });

  it("that is a duplicate is an event of that kind", () => {
    expect(told([], [problem({ code: "endpoint/duplicate-mac", host: null, message: "MAC x is twice" })])).toEqual([
      "null endpoint/duplicate: MAC x is twice",
    ]);
  });

  it("about a MAC is the same one while a host that is yet to be read has no names for its ports", () => {
    const dispute = (port: string) =>
      problem({ code: "endpoint/duplicate-mac", host: null, message: `MAC x is used at ${port}`, about: "x" });
    expect(told([dispute("h2 port tap0")], [dispute("h2 port 2")])).toEqual([]);
    expect(told([dispute("h2 port tap0")], [{ ...dispute("h2 port tap0"), about: "y" }])).toHaveLength(2);
  });

  it("that somebody made and Weft mended is told once it is mended", () => {
    const deed = (end: string) =>
      problem({ code: "switch/tampered", message: `2 flows were deleted at 12:03:11; ${end}` });
    expect(changes([], [deed("being restored")])).toEqual([]);
    expect(told([], [deed("restored")])).toEqual([
      "host1 tampering/repaired: host1: 2 flows were deleted at 12:03:11; restored",
    ]);
    expect(told([deed("restored")], [])).toEqual([]);
    const left = problem({ code: "switch/tampered-left", message: "1 flow was added at 12:03:11; left as it is" });
    expect(told([], [left])).toEqual(["host1 tampering/left: host1: 1 flow was added at 12:03:11; left as it is"]);
  });
});

describe("after a start, until hosts are back", () => {
  it("nothing that is not there is gone", () => {
    const before = [...HOSTS, endpoint(), problem()];
    expect(changes(before, [], true)).toEqual([]);
    expect(changes(before, [host(1, { state: "down", openflow: false })], true)).toEqual([]);
  });

  it("an address that was not heard of yet stays known, and what is new is told", () => {
    const after = endpoint({ ips: ["10.0.0.9"] });
    const [change] = changes([endpoint()], [after], true);
    expect(change?.events.map(({ kind }) => kind)).toEqual(["address/appeared"]);
    expect(change?.known).toEqual([
      ["endpoint default 02:00:00:00:00:01", { ...after, ips: ["10.0.0.1", "10.0.0.9"] }],
    ]);
    expect(changes([{ ...after, ips: ["10.0.0.1", "10.0.0.9"] }], [after], true)).toEqual([]);
  });

  it("what only other hosts' flows remember is no news", () => {
    const remembered = endpoint({ host: "host2", port: null });
    expect(changes([...HOSTS, endpoint()], [host(2), remembered], true)).toEqual([]);
    expect(changes(HOSTS, [host(2), remembered], true)).toEqual([]);
    expect(told(HOSTS, [...HOSTS, remembered])).toHaveLength(1);
  });

  it("what has moved meanwhile is told at once", () => {
    expect(told([...HOSTS, endpoint()], [host(2), endpoint({ host: "host2" })], true)).toEqual([
      "host2 endpoint/moved: MAC 02:00:00:00:00:01 of network default has moved from h1 port tap0 to h2 port tap0",
    ]);
  });
});
