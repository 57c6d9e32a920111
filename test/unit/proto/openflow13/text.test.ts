// The ovs-ofctl syntax: mistakes are named with their place, and what the oracle does not cover.
import { describe, expect, it } from "vitest";
import {
  canonicalActions,
  canonicalInstructions,
  canonicalMatch,
  formatActions,
  formatFlow,
  formatGroup,
  formatMatch,
  formatMeter,
  parseActions,
  parseFlow,
  parseGroup,
  parseMatch,
  parseMeter,
} from "../../../../proto/openflow13/index.ts";

describe("parsing", () => {
  it.each([
    ["in_port=x", /"x" is not a number \(at character 8\)/],
    ["tcp,tp_dst=99999", /99999 does not fit 16 bits \(at character 11\)/],
    ["tp_dst=80", /needs tcp, udp or sctp/],
    ["ip,nw_src=10.0.0.300", /is not an IPv4 address \(at character 10\)/],
    ["ip,nw_src=10.0.0.1/33", /"\/33" is not a mask/],
    ["dl_src=1:2:3", /is not an Ethernet address/],
    ["colour=red", /no match field is named "colour"/],
    ["hello", /neither a protocol nor name=value/],
    ["in_port=1/1", /is not a number/],
    ["ct_state=+bogus", /"bogus" is not one of new, est/],
    ["__proto__", /neither a protocol/],
  ])("the match %j is refused, with the place of the mistake", (text, message) => {
    expect(() => parseMatch(text)).toThrowError(message);
  });

  it.each([
    ["output", /needs an argument/],
    ["fly:1", /no action is named "fly"/],
    ["set_field:1", /lacks "->"/],
    ["set_field:1->nothing", /no field is named "nothing"/],
    ["load:0x100->NXM_NX_REG0[0..7]", /0x100 does not fit 8 bits/],
    ["load:1->NXM_NX_REG0[40]", /has the bits 0 to 31/],
    ["move:NXM_NX_REG0[]->NXM_NX_REG1[0..15]", /32 bits do not fit 16/],
    ["ct(commit", /not closed/],
    ["output:1)", /closes nothing/],
    ["encap(ethernet)", /cannot be read yet/],
    ["learn(colour=1)", /not a field/],
    ["learn(reg0[]=0x123456789)", /does not fit 32 bits/],
    ["learn(NXM_OF_ETH_SRC[]=reg0[])", /32 bits do not fit 48/],
    ["learn(eth_src=0a:00:00:00:00:01/ff:00:00:00:00:00)", /whole values/],
    ["learn(result_dst=reg0[0..3])", /one bit/],
    ["bundle(eth_src,0,hrw,ofport)", /members/],
    ["multipath(eth_src,0,modulo_n,0,0,reg0[])", /no number of links/],
    ["check_pkt_larger(1500)", /lacks/],
    ["sample(collector_set_id=1)", /probability/],
    ["constructor", /no action/],
  ])("the actions %j are refused", (text, message) => {
    expect(() => parseActions(text)).toThrowError(message);
  });

  it("a flow without actions is refused, unless it is to be deleted", () => {
    expect(() => parseFlow("table=1,in_port=1")).toThrowError(/needs actions=/);
    expect(parseFlow("table=1,in_port=1,out_port=2", "delete")).toMatchObject({ command: "delete", outPort: 2 });
  });

  it.each([
    ["type=all,bucket=output:1", /needs group_id=/],
    ["group_id=1,bucket=output:1", /needs type=/],
    ["group_id=1,type=some", /no type of group/],
    ["group_id=1,type=all,colour=red", /a group has no "colour"/],
    ["group_id=1,type=all,bucket=colour=red,actions=output:1", /a bucket has no "colour=red" \(at character 27\)/],
    ["group_id=1,type=all,bucket=weight:99999,output:1", /does not fit 16 bits/],
    ["group_id=1,type=all,bucket=fly:1", /no action/],
  ])("the group %j is refused", (text, message) => {
    expect(() => parseGroup(text)).toThrowError(message);
  });

  it.each([
    ["pktps bands=type=drop rate=1", /needs meter=/],
    ["meter=1 bands=type=drop rate=1", /needs kbps or pktps/],
    ["meter=1 pktps", /needs bands=/],
    ["meter=1 pktps bands=rate=1", /before a band's type=/],
    ["meter=1 pktps bands=type=drop", /needs rate=/],
    ["meter=1 pktps bands=type=fly rate=1", /no type of band/],
    ["meter=1 pktps bands=type=drop rate=1 colour=red", /a band has no "colour"/],
    ["meter=1 constructor bands=type=drop rate=1", /a meter has no/],
  ])("the meter %j is refused", (text, message) => {
    expect(() => parseMeter(text)).toThrowError(message);
  });

  it("takes what dump-flows shows", () => {
    const line =
      " cookie=0x77, duration=5.5s, table=10, n_packets=3, n_bytes=180, idle_timeout=300, send_flow_rem priority=100,in_port=1 actions=output:2,goto_table:20";
    const flow = parseFlow(line);
    expect(flow).toMatchObject({ cookie: 0x77n, tableId: 10, idleTimeoutSec: 300, flags: 1, priority: 100 });
    expect(formatFlow(flow)).toBe(
      "cookie=0x77, table=10, idle_timeout=300, send_flow_rem priority=100,in_port=1 actions=output:2,goto_table:20",
    );
  });
});

describe("printing", () => {
  it("shows counters and durations of a flow that was read", () => {
    const stats = { durationSec: 5, durationNsec: 20_000_000, packetCount: 3n, byteCount: 180n };
    expect(formatFlow({ ...parseFlow("priority=1 actions=drop"), ...stats })).toBe(
      "cookie=0x0, duration=5.020s, table=0, n_packets=3, n_bytes=180, priority=1 actions=drop",
    );
  });

  it("shows groups and meters", () => {
    const actions = parseActions("output:1");
    const bucket = { weight: 3, watchPort: 1, watchGroup: 0xffffffff, actions };
    expect(formatGroup({ groupId: 1, type: "select", buckets: [bucket] })).toBe(
      "group_id=1,type=select,bucket=weight:3,watch_port:1,actions=output:1",
    );
    expect(formatMeter({ meterId: 5, flags: 6, bands: [{ kind: "drop", rate: 50, burstSize: 9 }] })).toBe(
      "meter=5 pktps burst bands=type=drop rate=50 burst_size=9",
    );
  });

  it("shows what has no name in Open vSwitch's words by number", () => {
    const unknown = {
      field: "unknown",
      oxmClass: 0x1234,
      fieldNumber: 5,
      hasMask: false,
      bytes: Uint8Array.of(7),
    } as const;
    expect(formatMatch([unknown])).toBe("oxm(class=0x1234,field=5)=0x07");
    expect(formatActions([{ kind: "experimenter", experimenter: 0x55, bytes: new Uint8Array(8) }])).toBe(
      "experimenter(0x55,0x0000000000000000)",
    );
  });
});

describe("canonical forms", () => {
  it("do not depend on order, all-ones masks or fields that restrict nothing", () => {
    const wanted = canonicalMatch([
      { field: "eth_dst", value: 5n, mask: 0xffffffffffffn },
      { field: "metadata", value: 0xff05n, mask: 0xffn },
      { field: "nx_reg1", value: 9, mask: 0 },
      { field: "in_port", value: 1 },
    ]);
    expect(wanted).toBe(
      canonicalMatch([
        { field: "in_port", value: 1 },
        { field: "metadata", value: 5n, mask: 0xffn },
        { field: "eth_dst", value: 5n },
      ]),
    );
  });

  it("take NXM and OXM names of one field for one, and wide registers for their parts", () => {
    expect(canonicalMatch([{ field: "nx_tun_id", value: 5n }])).toBe(
      canonicalMatch([{ field: "tunnel_id", value: 5n }]),
    );
    expect(canonicalMatch([{ field: "pkt_reg1", value: 0x100000002n, mask: 0xffffffff_00000000n }])).toBe(
      canonicalMatch([{ field: "nx_reg2", value: 1 }]),
    );
  });

  it("tell apart what differs", () => {
    const matches = [
      "in_port=1",
      "in_port=2",
      "reg0=1",
      "reg0=1/1",
      "metadata=1",
      "vlan_tci=0x1000/0x1000",
      "dl_vlan=5",
    ];
    expect(new Set(matches.map((text) => canonicalMatch(parseMatch(text)))).size).toBe(matches.length);
    const actions = [
      "output:1",
      "output:2",
      "group:1",
      "drop",
      "output:1,output:2",
      "output:2,output:1",
      "controller:1",
    ];
    expect(new Set(actions.map((text) => canonicalActions(parseActions(text)))).size).toBe(actions.length);
  });

  it("take the forms in which a switch may give back one action for one", () => {
    const same = (a: string, b: string) =>
      expect(canonicalActions(parseActions(a))).toBe(canonicalActions(parseActions(b)));
    same("load:0x5->NXM_NX_REG1[]", "set_field:0x5->reg1");
    same("load:0x5->NXM_NX_REG1[4..11]", "set_field:0x50/0xff0->reg1");
    same("set_tunnel:5", "set_field:5->tun_id");
    same("note:01.02.03", "note:01.02.03.00.00.00");
    same("resubmit:5", "resubmit(5,)");
    same("controller(id=5,max_len=128)", "controller(max_len=128,id=5,reason=action)");
    expect(canonicalActions([{ kind: "output", port: 3, maxLen: 0xffff }])).toBe(canonicalActions(parseActions("3")));
  });

  it("sort instructions by their order of execution and drop an empty apply", () => {
    const goto = { kind: "goto_table", tableId: 3 } as const;
    const metadata = { kind: "write_metadata", metadata: 0xff1n, mask: 0xfn } as const;
    expect(canonicalInstructions([goto, { kind: "apply_actions", actions: [] }, metadata])).toBe(
      canonicalInstructions([{ ...metadata, metadata: 1n }, goto]),
    );
  });
});
