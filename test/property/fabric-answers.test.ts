// Who is told what when a known address is asked for, on random fabrics.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Endpoint } from "../../src/model/endpoints.ts";
import { MESH } from "../../src/model/topology.ts";
import {
  arpFrame,
  type Frame,
  frameToBytes,
  ipv6Frame,
  renderTrace,
  traceFrame,
  vlanTag,
} from "../../src/trace/index.ts";
import { settled } from "./fabric-expectations.ts";
import type { FabricSimulation } from "./fabric-simulation.ts";
import { type FabricSpec, fabricSpec, MACS, membersOf } from "./fabric-spec.ts";
import { runs, TIMEOUT } from "./runs.ts";

const BROADCAST = "ff:ff:ff:ff:ff:ff";
const SOLICITED_OVERRIDE = 0x6000_0000;

const place = (host: string, port: number): string => `${host} ${port}`;

function questionFor(ip: string, asker: Endpoint, vlan: number, own: string): Frame {
  const vlans = vlan === 0 ? [] : [vlanTag(vlan)];
  if (!ip.includes(":")) {
    const base = { source: asker.mac, destination: BROADCAST, vlans };
    return arpFrame({ ...base, operation: 1, senderIp: own, targetIp: ip });
  }
  const rest = { targetMac: null, otherOptions: new Uint8Array() };
  const transport = { kind: "nd", type: 135, flags: 0, target: ip, sourceMac: asker.mac, ...rest } as const;
  const base = { source: asker.mac, destination: "33:33:ff:00:00:01", vlans };
  return ipv6Frame({ ...base, ip: { source: own, destination: "ff02::1:ff00:1", transport } });
}

/** What comes back to the one who asked, to the letter. */
function answerFor(ip: string, owner: Endpoint, asker: Endpoint, vlan: number | null, own: string): Frame {
  const vlans = vlan === null ? [] : [vlanTag(vlan)];
  const base = { source: owner.mac, destination: asker.mac, vlans };
  if (!ip.includes(":")) {
    return arpFrame({ ...base, operation: 2, senderIp: ip, targetMac: asker.mac, targetIp: own });
  }
  const rest = { sourceMac: null, otherOptions: new Uint8Array() };
  const flags = SOLICITED_OVERRIDE + (owner.router === true ? 0x8000_0000 : 0);
  const transport = { kind: "nd", type: 136, flags, target: ip, targetMac: owner.mac, ...rest } as const;
  return ipv6Frame({ ...base, ip: { source: ip, destination: own, transport } });
}

/** A known address is asked for at the asker's own switch; of what is behind the asker's own port, or not known to route, others hear. */
function expectAnswers(simulation: FabricSimulation, spec: FabricSpec): { arp: number; nd: number } {
  const world = simulation.world();
  const { endpoints, networks } = simulation.fabric;
  const answered = { arp: 0, nd: 0 };
  for (const member of membersOf(spec)) {
    const at = place(member.host, member.ofport);
    const vni = networks.byName(member.way.network)?.vni;
    for (const asker of endpoints.values()) {
      if (asker.vni !== vni || asker.hostId !== member.host || asker.ofport !== member.ofport) continue;
      for (const owner of endpoints.values()) {
        if (owner.vni !== vni) continue;
        for (const own of asker.ips) {
          for (const ip of owner.ips) {
            if (ip.includes(":") !== own.includes(":")) continue;
            const question = questionFor(ip, asker, member.way.ingress[0] ?? 0, own);
            const trace = traceFrame(world, member.host, member.ofport, question);
            expect(trace.copies, renderTrace(trace)).toEqual([]);
            const homes = trace.deliveries.filter(({ host, port }) => place(host, port) === at);
            if (at === place(owner.hostId, owner.ofport ?? 0)) {
              expect(homes, renderTrace(trace)).toEqual([]);
            } else if (ip.includes(":") && owner.router === undefined) {
              const places = trace.deliveries.map(({ host, port }) => place(host, port));
              expect(places, renderTrace(trace)).toEqual([place(owner.hostId, owner.ofport ?? 0)]);
            } else {
              const wanted = frameToBytes(answerFor(ip, owner, asker, member.way.egress, own));
              expect(
                trace.deliveries.map(({ frame }) => frameToBytes(frame)),
                renderTrace(trace),
              ).toEqual([wanted]);
              expect(homes).toHaveLength(1);
              answered[ip.includes(":") ? "nd" : "arp"]++;
            }
          }
        }
      }
    }
  }
  return answered;
}

const guest = (mac: string, ...ips: string[]) => ({ mac, way: 0, known: "observed" as const, ips });
const plain = (ofport: number, guests: readonly ReturnType<typeof guest>[]) => ({
  ...{ ofport, tag: null, trunks: [], vlanMode: null, networkName: null },
  guests,
});
/** Two who can ask each other, whatever else chance brings. */
const ASKERS: FabricSpec = {
  hosts: [
    { ports: [plain(1, [guest(MACS[0] ?? "", "10.0.0.1", "fd00::1")])] },
    { ports: [plain(1, [guest(MACS[1] ?? "", "10.0.0.2", "fd00::2")])] },
  ],
  tunnelType: "geneve",
  topology: MESH,
  flowBased: { mode: "never", above: 200 },
  settings: [],
};

describe("questions for known addresses", () => {
  it(
    "are answered by the asker's own switch, to the letter, and by nobody where the owner is behind the same port",
    TIMEOUT,
    () => {
      const answered = { arp: 0, nd: 0 };
      fc.assert(
        fc.property(fabricSpec({ maxHosts: 4 }), (spec) => {
          const { arp, nd } = expectAnswers(settled(spec), spec);
          answered.arp += arp;
          answered.nd += nd;
        }),
        { ...runs(60), examples: [[ASKERS]] },
      );
      expect(answered.arp).toBeGreaterThan(0);
      expect(answered.nd).toBeGreaterThan(0);
    },
  );
});
