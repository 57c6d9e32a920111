import { describe, expect, it } from "vitest";
import { traceView } from "../../../src/trace/index.ts";
import { A, B, endpoint, flow, host, picture } from "./picture.ts";

describe("the ends of a trace", () => {
  it.each([
    ["vm1", "vm2"],
    ["10.0.0.1", "10.0.0.2"],
    [A, B.toUpperCase()],
    ["host1:tap0", "id2:1"],
    ["1:tap0", "fd00::2"],
  ])("are found by %s and %s", (from, to) => {
    const view = traceView(picture(), { from, to });
    expect(view).toMatchObject({ verdict: "delivered", deliveries: [{ host: "id2", port: "tap0" }] });
    expect(view.to).toBe(
      `vm2 is on host2 port tap0, declared by attached-mac (${B} 10.0.0.2 fd00::2, network default)`,
    );
  });

  it.each([
    ["vm9", "vm2", 'trace/unknown: "vm9" is not known'],
    ["vm1", "host9:tap0", 'trace/unknown: no host is called "host9"; known are host1, host2'],
    ["vm1", "host2:tap9", 'trace/unknown: host2 has no port "tap9"; its ports are tap0'],
    ["10.9.9.9", "vm2", 'trace/unknown: "10.9.9.9" is not known: no endpoint is known to have this address'],
    ["02:00:00:00:00:99", "vm2", 'trace/unknown: "02:00:00:00:00:99" is not known: no endpoint has this MAC'],
  ])("that are not known, as from %s to %s, are told with what is", (from, to, message) => {
    const said = (): string => {
      try {
        return traceView(picture(), { from, to }).summary;
      } catch (error) {
        return `${(error as { code: string }).code}: ${(error as Error).message}`;
      }
    };
    expect(said()).toContain(message);
  });

  it("with several meanings are the ones that share a network, or are asked for by their MACs", () => {
    const more = endpoint("02:00:00:00:00:03", "id2", { vni: 7, owner: "vm2" });
    const networks = [...picture().networks, { vni: 7, name: "blue", mtu: null }];
    const two = picture({ networks, endpoints: [...picture().endpoints, more] });
    expect(traceView(two, { from: "vm1", to: "vm2" }).verdict).toBe("delivered");
    const third = picture({ endpoints: [...picture().endpoints, { ...more, vni: 4095 }] });
    expect(() => traceView(third, { from: "vm1", to: "vm2" })).toThrow(
      `"vm2" may be more than one; say which by its MAC or HOST:PORT: ${B} (vm2 is on host2 port tap0, declared by attached-mac, in default); 02:00:00:00:00:03`,
    );
  });
});

describe("a trace", () => {
  it("says what every flow is for, and which tunnel a group takes", () => {
    const view = traceView(picture(), { from: "vm1", to: "vm2" });
    expect(view.summary).toBe("delivered: vm1 reaches vm2 at host2 port tap0, by geneve2");
    expect(view.hops.map(({ host, inPort, fromHost }) => [host, inPort, fromHost])).toEqual([
      ["id1", "tap0", null],
      ["id2", "geneve1", "id1"],
    ]);
    expect(view.hops[0]?.steps.map(({ table, reason }) => `${table}: ${reason}`)).toEqual([
      "CLASSIFY: port tap0 is in network default",
      "FORWARD: vm2 is on host2 port tap0, declared by attached-mac",
      "HOST(2): by geneve2, the first that is live",
    ]);
  });

  it("is lost in a tunnel whose far end hears nothing, and not in one whose near end does", () => {
    const deaf = (number: number, peer: number, why: string) => {
      const whole = host(number, peer);
      return { ...whole, tunnels: whole.tunnels.map((one) => ({ ...one, bfd: "down" as const, why })) };
    };
    const expired = "Control Detection Time Expired";
    const signaled = "Neighbor Signaled Session Down";
    const cut = picture({ hosts: [deaf(1, 2, signaled), deaf(2, 1, expired)] });
    const view = traceView(cut, { from: "vm1", to: "vm2" });
    expect(view.summary).toBe("lost: vm1 does not reach vm2: on host1 by geneve2 to host2, the tunnel is down");
    expect(view.hops[0]?.outputs).toEqual([
      { port: "geneve2", ofport: 11, toHost: "id2", arrives: false, reason: "the tunnel is down" },
    ]);
    expect(traceView(cut, { from: "vm2", to: "vm1" }).verdict).toBe("delivered");
  });

  it("names the table and the reason where a flow drops it, and the networks where they differ", () => {
    const [first, second] = picture().hosts;
    const dropping = [flow("table=0,priority=900,in_port=1 actions=drop", "impostor", 1)];
    const locked = { ...first!, switch: { ...first!.switch!, flows: [...first!.switch!.flows, ...dropping] } };
    const view = traceView(picture({ hosts: [locked, second!] }), { from: "vm1", to: "vm2" });
    expect(view.verdict).toBe("dropped");
    expect(view.summary).toContain(
      "on host1 in CLASSIFY, port tap0 is locked, and the sender or its address is not declared",
    );
    const apart = picture({
      networks: [...picture().networks, { vni: 7, name: "blue", mtu: null }],
      endpoints: [picture().endpoints[0]!, endpoint(B, "id2", { vni: 7, owner: "vm2" })],
    });
    expect(traceView(apart, { from: "vm1", to: "vm2" }).notes).toContain(
      "the sender is in network default and vm2 in blue: networks are kept apart",
    );
  });

  it("ends where a switch does what the model does not know, and leaves out flows it can't read", () => {
    const [first, second] = picture().hosts;
    const normal = { text: "table=0,priority=1000 actions=NORMAL", fact: null };
    const strange = { text: "table=0,priority=2000,ct_state=+trk actions=drop", fact: null };
    const unnamed = { text: "table=0,priority=3000 actions=experimenter(0x00abcdef,0x0102)", fact: null };
    const flows = [...first!.switch!.flows, normal, strange, unnamed];
    const group = { name: "group 7", text: "group_id=7,type=all,bucket=actions=experimenter(0x00abcdef,0x0102)" };
    const groups = [...first!.switch!.groups, group];
    const foreign = { ...first!, switch: { ...first!.switch!, flows, groups } };
    const view = traceView(picture({ hosts: [foreign, second!] }), { from: "vm1", to: "vm2" });
    expect(view.verdict).toBe("unknown");
    expect(view.summary).toContain("the model of the switch does not know output to NORMAL");
    expect(view.notes).toContain("host1: 2 flows that others wrote can't be followed, and are left out");
  });

  it("tells by what a switch is known that did not answer, and survives being written as JSON", () => {
    const [first, second] = picture().hosts;
    const silent = {
      ...second!,
      switch: { ...second!.switch!, source: "known" as const, reason: "it did not answer within 2 s" },
    };
    const whole = picture({ hosts: [first!, silent] });
    const view = traceView(JSON.parse(JSON.stringify(whole)), { from: "vm1", to: "vm2", size: 1600 });
    expect(view.hops.map(({ source }) => source)).toEqual(["read", "known"]);
    expect(view.summary).toMatch(
      /^delivered, if the underlay carries packets of 1586 bytes in tunnels \(it is known to carry 1442\): /,
    );
    expect(view.notes).toEqual([
      "1600 bytes are a packet of 1586, and 1442 fits the tunnels: it may be lost in the underlay (weft check tells)",
      "host2: by what it is known to hold, since it did not answer within 2 s",
    ]);
  });
});
