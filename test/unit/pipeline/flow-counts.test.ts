// How many flows a host holds: counted in the compiled tables, so that no change makes them more unseen.
import { describe, expect, it } from "vitest";
import type { Fabric } from "../../../src/model/fabric.ts";
import { compileSwitch } from "../../../src/pipeline/compile.ts";
import { derive, hostFact, portFact, stored, switchFact, tunnelTo } from "../model/facts-for-tests.ts";

const SETTINGS = { idleTimeoutSec: 300, puntsPerSecond: 100, puntBurst: 100 };
const VNI = 4095;

const macOf = (number: number): string =>
  (0x52_54_00_00_00_00 + number)
    .toString(16)
    .padStart(12, "0")
    .replace(/(..)(?!$)/g, "$1:");
const ipOf = (number: number): string => `10.0.${number >>> 8}.${number & 0xff}`;

/** One network; each host has as many guests, each behind a port of its own, declared and with addresses that were heard. */
function fabricOf(hosts: number, guests: number, addresses: 0 | 1): Fabric {
  const indexes = Array.from({ length: hosts }, (_, at) => at + 1);
  const ids = (index: number): number[] => Array.from({ length: guests }, (_, at) => (index - 1) * guests + at + 1);
  const facts = indexes.map((index) =>
    hostFact({
      id: `h${index}`,
      stored: stored(`h${index}`, index),
      tunnelIp: `192.0.2.${index}`,
      ports: ids(index).map((number, at) =>
        portFact({ name: `tap${number}`, ofport: at + 1, declaredMacs: [macOf(number)] }),
      ),
      tunnels: indexes.filter((peer) => peer !== index).map((peer) => tunnelTo(`h${peer}`, peer, `192.0.2.${peer}`)),
    }),
  );
  const switches = indexes.map((index): [string, ReturnType<typeof switchFact>] => {
    const observed = ids(index).map((number, at) => ({
      ...{ vni: VNI, mac: macOf(number), ofport: at + 1, heard: 1 },
      ips: addresses === 0 ? [] : [ipOf(number)],
    }));
    return [`h${index}`, switchFact({ dpid: index.toString(16).padStart(16, "0"), observed })];
  });
  return derive(facts, Object.fromEntries(switches));
}

function flowsOf(fabric: Fabric, id = "h1"): number {
  const host = fabric.hosts.get(id);
  if (host === undefined) throw new Error(`no host ${id}`);
  return compileSwitch(fabric, host, SETTINGS).flows.size;
}

/** What more of something adds, each. */
function added(few: number, many: number, by: number): number {
  return (many - few) / by;
}

describe("the number of flows on a host", () => {
  it.each([0, 1] as const)(
    "grows by one for each endpoint elsewhere and by one for each of its addresses: %i",
    (ips) => {
      const sizes = [2, 12].map((guests) => {
        const [few = 0, many = 0] = [3, 5].map((hosts) => flowsOf(fabricOf(hosts, guests, ips)));
        return many - few;
      });
      // Two hosts more, with ten guests more each.
      expect(added(sizes[0] ?? 0, sizes[1] ?? 0, 2 * 10)).toBeLessThanOrEqual(1 + ips);
    },
  );

  it("grows by two for each host beside its endpoints: what comes from it, and what is to be passed on to it", () => {
    const [few = 0, many = 0] = [4, 14].map((hosts) => flowsOf(fabricOf(hosts, 1, 0)));
    expect(added(few, many, 10)).toBeLessThanOrEqual(1 + 2);
  });

  it("grows by so many for each port and guest of its own, with those in which it is known to all", () => {
    const [few = 0, many = 0] = [5, 15].map((guests) => flowsOf(fabricOf(2, guests, 1)));
    const elsewhere = 2;
    const [known, port] = [6, 10];
    expect(added(few, many, 10)).toBeLessThanOrEqual(elsewhere + known + port);
  });

  it("is 2.2 for each endpoint and 4 for each host at the most, where guests have no addresses", () => {
    const [hosts, guests] = [10, 100];
    expect(flowsOf(fabricOf(hosts, guests, 0))).toBeLessThanOrEqual(2.2 * hosts * guests + 4 * hosts);
  });
});
