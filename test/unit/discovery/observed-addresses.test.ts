// Which MAC an address is taken to belong to, as switches report who says to have it.
import { describe, expect, it } from "vitest";
import { Observations } from "../../../src/discovery/observations.ts";
import type { Sighting } from "../../../src/discovery/sighting.ts";

const MAC = { a: "52:54:00:00:00:0a", b: "52:54:00:00:00:0b" };

function sighting(fields: Partial<Sighting>): Sighting {
  return { vni: 4095, ofport: 1, mac: MAC.a, ip: null, router: null, ...fields };
}

function held(observations: Observations): readonly string[] {
  return observations.all.map(({ mac, ofport, ips }) => `${mac}@${ofport} ${ips.join(" ")}`.trim());
}

describe("the addresses of what was heard", () => {
  it("move to the MAC that says last that it has them", () => {
    const observations = new Observations(10);
    expect(observations.hear(sighting({ ip: "10.0.0.1" }), 1)).toBe(true);
    expect(observations.hear(sighting({ ip: "10.0.0.1" }), 2)).toBe(false);
    expect(observations.hear(sighting({ mac: MAC.b, ofport: 2, ip: "10.0.0.1" }), 3)).toBe(true);
    expect(held(observations)).toEqual([`${MAC.a}@1`, `${MAC.b}@2 10.0.0.1`]);
    expect(observations.hear(sighting({ ip: "10.0.0.1" }), 4)).toBe(true);
    expect(held(observations)).toEqual([`${MAC.a}@1 10.0.0.1`, `${MAC.b}@2`]);
  });

  it("of one network say nothing of another", () => {
    const observations = new Observations(10);
    observations.hear(sighting({ ip: "10.0.0.1" }), 1);
    observations.hear(sighting({ vni: 10, mac: MAC.b, ip: "10.0.0.1" }), 2);
    expect(observations.all.map(({ ips }) => ips)).toEqual([["10.0.0.1"], ["10.0.0.1"]]);
  });

  it("are forgotten at the word of another switch, and with the MAC that had them", () => {
    const observations = new Observations(1);
    observations.hear(sighting({ ip: "10.0.0.1" }), 1);
    expect(observations.forgetAddress(10, "10.0.0.1")).toBe(false);
    expect(observations.forgetAddress(4095, "10.0.0.1")).toBe(true);
    expect(held(observations)).toEqual([`${MAC.a}@1`]);
    observations.hear(sighting({ ip: "10.0.0.2" }), 2);
    // The port has room for one: the first makes room, and its address with it.
    observations.hear(sighting({ mac: MAC.b }), 3);
    expect(observations.forgetAddress(4095, "10.0.0.2")).toBe(false);
  });

  it("that were only read back count as heard before all others, until they are heard", () => {
    const observations = new Observations(10);
    observations.load([{ vni: 4095, mac: MAC.a, ofport: 1, ips: ["10.0.0.1"], router: false }]);
    expect(observations.all[0]).toMatchObject({ ips: ["10.0.0.1"], router: false, heard: 0 });
    expect(observations.all[0]?.ipsHeard?.get("10.0.0.1")).toBeUndefined();
    expect(observations.hear(sighting({ ip: "10.0.0.1" }), 5)).toBe(true);
    expect(observations.all[0]?.ipsHeard?.get("10.0.0.1")).toBe(5);
    expect(observations.hear(sighting({ ip: "10.0.0.1" }), 6)).toBe(false);
  });

  it("come with whether their owner routes, as it said last", () => {
    const observations = new Observations(10);
    const advertised = (router: boolean) => observations.hear(sighting({ ip: "fe80::a", router }), 1);
    expect([advertised(false), advertised(false), advertised(true)]).toEqual([true, false, true]);
    observations.hear(sighting({ ip: "10.0.0.1" }), 2);
    expect(observations.all[0]).toMatchObject({ ips: ["10.0.0.1", "fe80::a"], router: true });
  });
});
