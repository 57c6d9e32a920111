// ANSWER, ADVERTISE and RETURN as they are compiled, and what is read back out of them.
import { describe, expect, it } from "vitest";
import { formatInstructions, formatMatch } from "../../../proto/openflow13/index.ts";
import type { Fabric, FabricInput } from "../../../src/model/fabric.ts";
import type { ObservedFact, PortFact, RememberedFact } from "../../../src/model/facts.ts";
import { compileSwitch } from "../../../src/pipeline/compile.ts";
import type { DesiredFlow } from "../../../src/pipeline/desired.ts";
import { decodeNote, encodeNote } from "../../../src/pipeline/note.ts";
import { readBack } from "../../../src/pipeline/readback.ts";
import { decodeCookie, tableName } from "../../../src/pipeline/registry.ts";
import { derive, hostFact, portFact, stored, switchFact, tunnelTo, vlan } from "../model/facts-for-tests.ts";

const SETTINGS = { idleTimeoutSec: 300, puntsPerSecond: 100, puntBurst: 100 };
const MAC = { a: "52:54:00:00:00:0a", b: "52:54:00:00:00:0b", c: "52:54:00:00:00:0c" };
const TAP = portFact({ name: "tap0", ofport: 1 });

interface Example {
  readonly ports?: Readonly<Record<string, readonly PortFact[]>>;
  readonly observed?: Readonly<Record<string, readonly ObservedFact[]>>;
  readonly userspace?: boolean;
  readonly fields?: Partial<FabricInput>;
}

function heard(mac: string, ips: readonly string[], fields: Partial<ObservedFact> = {}): ObservedFact {
  return { vni: 4095, mac, ofport: 1, ips, heard: 1, ...fields };
}

/** Three hosts, each with one plain port unless told otherwise. */
function fabricOf({ ports = {}, observed = {}, userspace = true, fields = {} }: Example): Fabric {
  const ids = ["a", "b", "c"];
  const hosts = ids.map((id, at) =>
    hostFact({
      id,
      stored: stored(id, at + 1),
      tunnelIp: `10.0.0.${at + 1}`,
      userspaceDatapath: userspace,
      ports: ports[id] ?? [TAP],
      tunnels: ids.flatMap((peer, of) => (peer === id ? [] : [tunnelTo(peer, of + 1, `10.0.0.${of + 1}`)])),
    }),
  );
  const switches = ids.map((id) => [id, switchFact({ observed: observed[id] ?? [] })] as const);
  return derive(hosts, Object.fromEntries(switches), fields);
}

function flowsOf(fabric: Fabric, id: string): readonly DesiredFlow[] {
  const host = fabric.hosts.get(id);
  if (host === undefined) throw new Error(`no host ${id}`);
  return [...compileSwitch(fabric, host, SETTINGS).flows.values()];
}

/** ANSWER, ADVERTISE and RETURN, and the ways into them, as a network engineer reads them. */
function answers(fabric: Fabric, id: string): readonly string[] {
  return flowsOf(fabric, id)
    .filter(({ tableId, cookie }) => (tableId >= 20 && tableId < 30) || decodeCookie(cookie)?.kind === "known-address")
    .sort((x, y) => x.tableId - y.tableId || y.priority - x.priority || (x.key < y.key ? -1 : 1))
    .map(({ tableId, priority, match, instructions }) => {
      return `${tableName(tableId)} ${priority} ${formatMatch(match) || "any"} -> ${formatInstructions(instructions)}`;
    });
}

const GUEST = { a: [heard(MAC.a, ["192.168.0.1", "fe80::a"], { router: false })] };

describe("answers in the switch", () => {
  it("read like this on the endpoint's own host, and on another", () => {
    const fabric = fabricOf({ observed: GUEST });
    expect(answers(fabric, "a")).toMatchSnapshot("own host");
    expect(answers(fabric, "b")).toMatchSnapshot("another host");
  });

  it("are the same objects on every switch, the endpoint's own included", () => {
    const fabric = fabricOf({ observed: GUEST });
    const [own, ...others] = ["a", "b", "c"].map((id) =>
      flowsOf(fabric, id).filter((flow) => decodeCookie(flow.cookie)?.kind === "answer"),
    );
    expect(own).toHaveLength(2);
    for (const flows of others) for (const [at, flow] of flows.entries()) expect(flow).toBe(own?.[at]);
  });

  it("cost one flow for each address of a remote endpoint, and five for a switch", () => {
    const bare = fabricOf({ observed: {} });
    const many = fabricOf({
      observed: {
        b: Array.from({ length: 50 }, (_, at) =>
          heard(`52:54:00:00:01:${(at + 16).toString(16)}`, [`192.168.1.${at}`]),
        ),
      },
    });
    expect(answers(bare, "a")).toHaveLength(5);
    expect(flowsOf(many, "a").length - flowsOf(bare, "a").length).toBe(2 * 50);
  });

  it("of a solicitation lead to the owner alone while nobody knows whether it routes, and where the datapath can't write them", () => {
    const steered = `ANSWER 200 icmp6,metadata=0xfff,icmp_type=135,nd_target=fe80::a -> set_field:${MAC.a}->eth_dst,goto_table:30`;
    expect(answers(fabricOf({ observed: { a: [heard(MAC.a, ["fe80::a"])] } }), "b")).toContain(steered);
    const kernel = answers(fabricOf({ observed: GUEST, userspace: false }), "b");
    expect(kernel).toContain(steered);
    expect(kernel.filter((text) => /nd_sll|nd_tll|nd_reserved/.test(text))).toEqual([]);
  });

  it("say of a router that it is one", () => {
    const router = fabricOf({ observed: { a: [heard(MAC.a, ["fe80::a"], { router: true })] } });
    expect(answers(router, "b").join()).toContain(`set_field:${0xe0000000}->nd_reserved`);
    expect(answers(fabricOf({ observed: GUEST }), "b").join()).toContain(`set_field:${0x60000000}->nd_reserved`);
  });

  it("go back as all frames leave the port that asked", () => {
    const trunk = portFact({ name: "trunk0", ofport: 2, vlan: vlan(null, [10], "trunk") });
    const fabric = fabricOf({ ports: { a: [TAP, trunk] } });
    expect(answers(fabric, "a")).toContain(
      "RETURN 0 any -> move:OXM_OF_IN_PORT[]->NXM_NX_REG0[],load:0x0->OXM_OF_IN_PORT[],goto_table:50",
    );
  });

  it("are given in no network that is told not to", () => {
    const networkSettings = [{ name: "default", vni: null, tag: null, answer: false }];
    const off = answers(fabricOf({ observed: GUEST, fields: { networkSettings } }), "a");
    expect(off.map((text) => text.replace(/.* -> /, ""))).toEqual(["goto_table:30", "goto_table:30"]);
  });

  it("are not given for an endpoint whose port has no link", () => {
    const silent = fabricOf({ observed: GUEST, ports: { a: [{ ...TAP, up: false }] } });
    for (const id of ["a", "b"]) expect(answers(silent, id).join()).not.toContain("arp_tpa=192.168.0.1");
  });

  it("are not given for an endpoint whose port is gone", () => {
    const gone = fabricOf({ observed: GUEST, ports: { a: [] } });
    expect(answers(gone, "b").join()).not.toContain("192.168.0.1");
  });
});

describe("an address that two MACs claim", () => {
  const claims = (first: Partial<ObservedFact>, second: Partial<ObservedFact>) => {
    const fabric = fabricOf({
      observed: { a: [heard(MAC.a, ["192.168.0.9"], first)], b: [heard(MAC.b, ["192.168.0.9"], second)] },
    });
    return [...fabric.endpoints.values()].map(({ mac, ips }) => `${mac} ${ips.join()}`);
  };

  it("belongs to the one that was heard last with it", () => {
    const at = (moment: number) => ({ ipsHeard: new Map([["192.168.0.9", moment]]) });
    expect(claims(at(3), at(7))).toEqual([`${MAC.a} `, `${MAC.b} 192.168.0.9`]);
    expect(claims(at(8), at(7))).toEqual([`${MAC.a} 192.168.0.9`, `${MAC.b} `]);
    expect(claims({ heard: 99 }, at(1))).toEqual([`${MAC.a} `, `${MAC.b} 192.168.0.9`]);
  });

  it("belongs to one of them even where nothing tells which", () => {
    expect(claims({}, {})).toEqual([`${MAC.a} 192.168.0.9`, `${MAC.b} `]);
  });
});

/** Of whom endpoints are remembered: relays tell of hosts without any. */
const withEndpoints = (facts: readonly RememberedFact[]) => facts.filter(({ endpoints }) => endpoints.length > 0);

describe("reading answers back", () => {
  const everything = { a: GUEST.a, b: [heard(MAC.b, ["192.168.0.2", "fe80::b"], { router: true })] };

  it("gives the addresses of remote endpoints, and whether they route", () => {
    const fabric = fabricOf({ observed: everything });
    const back = readBack(flowsOf(fabric, "c"), []);
    expect(withEndpoints(back.remembered)).toEqual([
      { index: 1, vnis: [], endpoints: [{ vni: 4095, mac: MAC.a, ips: ["192.168.0.1", "fe80::a"], router: false }] },
      { index: 2, vnis: [], endpoints: [{ vni: 4095, mac: MAC.b, ips: ["192.168.0.2", "fe80::b"], router: true }] },
    ]);
  });

  it("of steered solicitations gives the addresses alone", () => {
    const back = readBack(flowsOf(fabricOf({ observed: GUEST, userspace: false }), "c"), []);
    expect(withEndpoints(back.remembered)).toEqual([
      { index: 1, vnis: [], endpoints: [{ vni: 4095, mac: MAC.a, ips: ["192.168.0.1", "fe80::a"] }] },
    ]);
  });

  it("leaves what it says of the switch's own endpoints to LEARN", () => {
    const back = readBack(flowsOf(fabricOf({ observed: GUEST }), "a"), []);
    expect(withEndpoints(back.remembered)).toEqual([]);
    expect(back.observed).toEqual([
      { vni: 4095, mac: MAC.a, ofport: 1, ips: ["192.168.0.1", "fe80::a"], router: false },
    ]);
  });

  it("keeps every answer for the endpoints of a host that has not come back", () => {
    const fabric = fabricOf({ observed: everything });
    const [a, , c] = ["a", "b", "c"].map((id) => fabric.hosts.get(id)?.fact);
    if (!a || !c) throw new Error("no such host");
    const back = ["a", "c"].map((id) => readBack(flowsOf(fabric, id), []));
    const remembered = back.flatMap((one): readonly RememberedFact[] => one.remembered);
    const observed = (one: (typeof back)[number] | undefined) =>
      (one?.observed ?? []).map((fact) => ({ ...fact, heard: 0 }));
    const again = derive(
      [a, c],
      { a: switchFact({ observed: observed(back[0]) }), c: switchFact({ observed: observed(back[1]) }) },
      { remembered },
    );
    for (const id of ["a", "c"]) {
      const kinds = new Set(["answer", "known-address", "known-mac", "remote-endpoint", "own-port"]);
      const forms = (flows: readonly DesiredFlow[]) =>
        flows
          .filter((flow) => kinds.has(decodeCookie(flow.cookie)?.kind ?? ""))
          .map(({ key, form }) => `${key} ${form}`);
      expect(forms(flowsOf(again, id)).sort()).toEqual(forms(flowsOf(fabric, id)).sort());
    }
  });
});

describe("the note", () => {
  it.each([undefined, true, false])("keeps whether the endpoint routes (%s) beside its addresses", (router) => {
    const ips = ["192.168.0.1", "fe80::a"];
    const noted = encodeNote(ips, router);
    const padded = new Uint8Array([...noted, 0, 0, 0, 0]);
    expect(decodeNote(padded)).toEqual({ ips, ...(router === undefined ? {} : { router }) });
  });

  it("that is cut off gives what is whole in it", () => {
    expect(decodeNote(encodeNote(["192.168.0.1", "fe80::a"], true).subarray(0, 9))).toEqual({
      ips: ["192.168.0.1"],
      router: true,
    });
    expect(decodeNote(new Uint8Array([9, 4, 1, 2, 3, 4]))).toEqual({ ips: [] });
  });
});
