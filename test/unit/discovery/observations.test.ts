// What is kept of what guests were heard to say, and for how long.
import { describe, expect, test } from "vitest";
import { Observations } from "../../../src/discovery/observations.ts";

const A = "02:00:00:00:00:0a";
const B = "02:00:00:00:00:0b";

function heardOn(ofport: number, mac: string, ip: string | null = null, vni = 10) {
  return { vni, ofport, mac, ip, router: null };
}

describe("observations of a switch", () => {
  test("a MAC is news once, each of its addresses once", () => {
    const observations = new Observations(8);
    expect(observations.hear(heardOn(1, A), 1)).toBe(true);
    expect(observations.hear(heardOn(1, A), 2)).toBe(false);
    expect(observations.hear(heardOn(1, A, "10.0.0.1"), 3)).toBe(true);
    expect(observations.hear(heardOn(1, A, "10.0.0.1"), 4)).toBe(false);
    expect(observations.all).toMatchObject([{ vni: 10, mac: A, ofport: 1, ips: ["10.0.0.1"], heard: 1 }]);
  });

  test("a MAC that is heard on another port has left the first", () => {
    const observations = new Observations(8);
    observations.hear(heardOn(1, A, "10.0.0.1"), 1);
    observations.hear(heardOn(2, A), 2);
    expect(observations.all).toMatchObject([{ vni: 10, mac: A, ofport: 2, ips: [], heard: 2 }]);
  });

  test("what was heard on a port goes with it, so that a port that gets its number later begins with nothing", () => {
    const observations = new Observations(8);
    observations.hear(heardOn(1, A, "10.0.0.1"), 1);
    observations.hear(heardOn(2, B), 2);
    observations.retain(new Map([[2, new Map([[10, "tap2"]])]]));
    expect(observations.all.map((fact) => fact.mac)).toEqual([B]);
    expect(observations.hear(heardOn(1, A), 3)).toBe(true);
    expect(observations.all.find((fact) => fact.mac === A)?.ips).toEqual([]);
  });

  test("what was heard in a network goes when the port leaves the network", () => {
    const observations = new Observations(8);
    observations.hear(heardOn(1, A, null, 10), 1);
    observations.hear(heardOn(1, A, null, 20), 2);
    observations.retain(new Map([[1, new Map([[20, "tap1"]])]]));
    expect(observations.all.map((fact) => fact.vni)).toEqual([20]);
  });

  test("the snapshot stays the same object while nothing is forgotten", () => {
    const observations = new Observations(8);
    observations.hear(heardOn(1, A), 1);
    const before = observations.all;
    observations.retain(new Map([[1, new Map([[10, "tap1"]])]]));
    expect(observations.all).toBe(before);
  });

  test("a port holds only so many MACs: the one longest unheard makes room", () => {
    const observations = new Observations(2);
    for (const mac of [A, B, "02:00:00:00:00:0c"]) observations.hear(heardOn(1, mac), 1);
    expect(observations.all.map((fact) => fact.mac)).toEqual([B, "02:00:00:00:00:0c"]);
  });
});
