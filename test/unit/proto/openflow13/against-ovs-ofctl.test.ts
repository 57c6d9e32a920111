// Flows that ovs-ofctl encodes from text must decode, encode to the same bytes, and print as ovs-ofctl prints them.
import { describe, expect, it } from "vitest";
import { toHex } from "../../../../proto/bytes/hex.ts";
import {
  canonicalFlow,
  decode,
  encode,
  formatFlow,
  formatGroup,
  formatInstructions,
  formatMatch,
  formatMeter,
  parseFlow,
  parseGroup,
  parseMeter,
} from "../../../../proto/openflow13/index.ts";
import { captureOfctl, ofpParse, ovsOfctlMissing } from "./ovs-ofctl.ts";

const MATCHES = `
priority=1
in_port=1
in_port=LOCAL
dl_src=0a:00:00:00:00:01,dl_dst=01:00:00:00:00:00/01:00:00:00:00:00
dl_type=0x88cc
dl_vlan=5
dl_vlan=5,dl_vlan_pcp=3
vlan_tci=0x1000/0x1000
vlan_tci=0x0000/0x1fff
vlan_tci=0x1005/0x1fff
vlan_vid=0x1004/0x100c
ip
ip,nw_src=10.0.0.0/8,nw_dst=10.1.2.3
ip,nw_src=10.0.0.1/255.0.0.255
ip,nw_tos=32,nw_ecn=2
ip,nw_ttl=64
ip,nw_proto=99
ip,ip_frag=first
ip,ip_frag=not_later
icmp,icmp_type=8,icmp_code=0
tcp,tp_src=80,tp_dst=0x1000/0xf000
tcp,tcp_flags=+syn-ack
tcp,tcp_flags=0x12
udp,tp_src=53
sctp,tp_dst=7
arp,arp_op=1,arp_spa=10.0.0.1,arp_tpa=10.0.0.0/24,arp_sha=0a:00:00:00:00:01,arp_tha=0a:00:00:00:00:02
rarp,arp_op=3
ipv6,ipv6_src=fe80::1,ipv6_dst=2001:db8::/32,ipv6_label=0x12345
ipv6,ipv6_label=0x12300/0xfff00
tcp6,tp_dst=443
icmp6,icmp_type=135,icmp_code=0,nd_target=fe80::5,nd_sll=0a:00:00:00:00:01
icmp6,icmp_type=136,icmp_code=0,nd_target=fe80::/64,nd_tll=0a:00:00:00:00:01
mpls,mpls_label=100,mpls_tc=3,mpls_bos=1
tun_id=5
tun_id=0x800000/0x800000
tun_src=10.0.0.1,tun_dst=10.0.0.0/16
tun_ipv6_src=fe80::1,tun_ipv6_dst=fe80::2
tun_gbp_id=5,tun_gbp_flags=0x8
tun_flags=+oam
tun_metadata0=0x1234
tun_metadata1=0x12/0xff
metadata=7,in_port=1
metadata=0x1/0xff
reg0=1,reg7=0x2/0xff,reg15=3
xreg1=0x1234567890
xxreg1=0x1234567890abcdef1234567890
pkt_mark=5
pkt_mark=5/0xf
conj_id=7
ct_state=+est+trk-new
ct_zone=3,ct_mark=4,ct_label=5
ct_mark=0x1/0x3
actset_output=5
`
  .trim()
  .split("\n");

const ACTIONS = `
drop
output:1
in_port,local,all,flood,normal
controller:128
controller(max_len=128,id=5)
controller(reason=no_match,max_len=128)
controller(max_len=64,meter_id=7)
controller(userdata=01.02.03.04.05,pause)
controller(reason=no_match,max_len=77,id=3,userdata=01.02,pause)
group:5
push_vlan:0x8100,set_field:4101->vlan_vid,set_field:3->vlan_pcp
push_vlan:0x8100,pop_vlan
set_queue:3,output:1,pop_queue
dec_ttl
dec_ttl(1,2,3)
mod_nw_ttl:5
push_mpls:0x8847,set_field:100->mpls_label,set_mpls_ttl(5),dec_mpls_ttl,pop_mpls:0x0800
set_field:0a:00:00:00:00:01->eth_dst
set_field:00:00:00:00:00:01/00:00:00:00:00:ff->eth_dst
set_field:0x5->tun_id
set_field:10.0.0.1->tun_dst
set_field:0x1234->reg3
set_field:0x12/0xff->reg3
set_field:0x5->metadata
set_field:0x1234567890->xreg0
set_field:0x1234567890123456789->xxreg0
set_field:0x1->pkt_mark
set_field:0x1234->tun_metadata0
load:5->NXM_NX_REG1[]
load:0x5->NXM_NX_REG1[4..11]
load:1->OXM_OF_METADATA[3]
load:0x17->NXM_NX_TUN_ID[0..23]
move:NXM_NX_TUN_ID[0..23]->OXM_OF_METADATA[0..23]
move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[]
move:NXM_NX_REG0[3]->NXM_NX_REG1[5]
set_tunnel:5
set_tunnel64:0x123456789a
resubmit:1
resubmit(,10)
resubmit(3,10)
resubmit(3)
note:01.02.03
note:01.02.03.04.05.06.07
output:NXM_NX_REG1[0..15]
output(port=3,max_len=100)
fin_timeout(idle_timeout=5,hard_timeout=6)
exit
ct_clear
ct(commit)
ct(commit,zone=5,table=3)
ct(commit,zone=NXM_NX_REG1[0..15],exec(set_field:0x5->ct_mark))
push:NXM_NX_REG1[],pop:NXM_NX_REG2[0..15]
conjunction(7,1/2)
multipath(eth_src,50,modulo_n,1,0,NXM_NX_REG0[])
multipath(symmetric_l4,1024,hrw,6,0,NXM_NX_REG3[5..10])
multipath(symmetric_l3l4+udp,1,iter_hash,6,32,NXM_NX_REG3[5..10])
bundle(eth_src,0,hrw,ofport,members:1,2)
bundle(nw_dst,0,active_backup,ofport,members:1,2,3,4,5)
bundle_load(symmetric_l3,7,active_backup,ofport,NXM_NX_REG0[0..15],members:1,2,3,4,5)
sample(probability=5,collector_set_id=1)
sample(probability=5,collector_set_id=1,obs_domain_id=2,obs_point_id=3,sampling_port=4)
sample(probability=5,collector_set_id=1,obs_domain_id=2,obs_point_id=3,sampling_port=4,ingress)
sample(probability=5,collector_set_id=1,egress)
learn(table=5,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[])
learn(table=5,idle_timeout=10,hard_timeout=20,fin_idle_timeout=1,fin_hard_timeout=2,priority=7,cookie=0x99,NXM_OF_ETH_SRC[])
learn(table=5,send_flow_rem,delete_learned,load:NXM_OF_IN_PORT[]->NXM_NX_REG0[0..15],load:0x5->NXM_NX_REG1[3..9])
learn(table=5,limit=7,result_dst=NXM_NX_REG0[8],NXM_OF_VLAN_TCI[0..11],output:NXM_NX_REG4[0..15])
learn(table=5,limit=7,reg2[4..11]=0x1f,reg3[]=0x12345678,NXM_NX_REG5[0..3]=NXM_NX_REG6[4..7])
learn(table=5,eth_type=0x800,nw_proto=6,ip_src=10.0.0.1,tcp_dst=80,eth_dst=0a:00:00:00:00:01,in_port=3,in_port_oxm=4)
learn(table=5,dl_type=0x86dd,nw_proto=58,ipv6_dst=fe80::1,icmpv6_type=135,tun_id=0x123456789,metadata=5,NXM_NX_IPV6_SRC[])
learn(table=5,in_port=LOCAL,tun_metadata0=5,load:NXM_OF_ETH_SRC[0..15]->NXM_OF_VLAN_TCI[],xreg0[]=xreg1[])
learn()
ct(commit,nat(src=10.0.0.1))
ct(commit,nat(src=10.0.0.1-10.0.0.9:1000-2000,random))
ct(commit,nat(dst=10.0.0.1:80,persistent,hash))
ct(commit,nat(src=fe80::1-fe80::9))
ct(commit,nat(dst=[fe80::1]:80))
ct(table=5,nat)
ct(commit,nat(src))
ct(commit,zone=5,nat(src=10.0.0.1),exec(set_field:0x5->ct_mark))
check_pkt_larger(1500)->NXM_NX_REG0[3]
delete_field:tun_metadata0
clone(output:1,output:2)
clone(set_field:0x5->reg1,clone(learn(table=5,output:NXM_OF_IN_PORT[]),output:3)),output:4
encap(ethernet)
goto_table:10
write_metadata:0x5/0xff,goto_table:5
meter:3,output:1
write_actions(output:1),goto_table:4
clear_actions,goto_table:4
output:1,write_metadata:0x7
`
  .trim()
  .split("\n");

/** Shown as bytes by us, in words by ovs-ofctl. */
const OPAQUE = /^encap/;
/** Actions whose text leaves no choice of how to encode it. */
const SAME_BYTES = /^(multipath|bundle|sample|learn|check_pkt|delete_field|clone)/;
/** Registers that overlap others: ovs-ofctl prints them as the parts they are made of. */
const OVERLAPPING = /^(xreg|xxreg)/;

const GROUPS = [
  "group_id=1,type=all,bucket=output:1,bucket=output:2",
  "group_id=2,type=select,bucket=weight:5,actions=output:1,bucket=actions=output:2,pop_vlan",
  "group_id=3,type=indirect,bucket=actions=set_field:0a:00:00:00:00:01->eth_dst,output:3",
  "group_id=4,type=ff,bucket=watch_port:1,output:1,bucket=watch_port:2,watch_group:3,actions=output:2",
  "group_id=5,type=fast_failover,bucket=watch_group=9,actions=group:9",
  "group_id=6,type=all",
  "group_id=0x10,type=select,bucket=weight=0,actions=resubmit(,3),ct(commit,exec(set_field:1->ct_mark)),2",
  "group_id=8,type=all,bucket=bucket_id:0,actions=learn(table=5,output:NXM_OF_IN_PORT[]),output:LOCAL",
  "group_id=9 type=all bucket=actions=drop",
];

const METERS = [
  "meter=5 pktps burst stats bands=type=drop rate=50 burst_size=10",
  "meter=6,kbps,band=type=drop,rate=1000",
  "meter=7 pktps bands=type=dscp_remark rate=5 prec_level=1,type=drop rate=9",
  "meter=0x8 kbps bands=type=drop rate=3",
  "meter=controller pktps bands=type=drop rate=3",
];

function splitPrinted(line: string): { match: string; actions: string } {
  const found = /priority=\d+(?:,(\S*))?.* actions=(.*)$/.exec(line);
  return { match: found?.[1] ?? "", actions: found?.[2] ?? line };
}

describe.skipIf(ovsOfctlMissing())("flow-mods that ovs-ofctl encodes", () => {
  const lines = [
    ...MATCHES.map((match) => `table=3,priority=7,${match},actions=drop`),
    ...ACTIONS.map((actions) => `table=3,priority=7,${actions.includes("fe80") ? "tcp6" : "tcp"},actions=${actions}`),
  ];

  it("decode, encode to the same bytes, and print alike", async () => {
    const captured = await captureOfctl("add-flows", ["-"], lines.join("\n"));
    expect(captured).toHaveLength(lines.length);
    const printed = ofpParse(captured);
    expect(printed).toHaveLength(lines.length);

    const differences: string[] = [];
    captured.forEach((bytes, i) => {
      const message = decode(bytes);
      if (toHex(encode(message)) !== toHex(bytes)) differences.push(`${lines[i]}: other bytes`);
      if (message.kind !== "flow_mod") throw new Error(`${lines[i]} became a ${message.kind}`);
      const theirs = splitPrinted(printed[i] as string);
      const source = (i < MATCHES.length ? MATCHES[i] : ACTIONS[i - MATCHES.length]) as string;
      const match = formatMatch(message.match);
      const actions = formatInstructions(message.instructions);
      if (match !== theirs.match && !OVERLAPPING.test(source)) differences.push(`${match} for ${theirs.match}`);
      if (actions !== theirs.actions && !OPAQUE.test(source)) differences.push(`${actions} for ${theirs.actions}`);
    });
    expect(differences).toEqual([]);
  });

  it("are what we read from the same text, and from our own", async () => {
    const captured = await captureOfctl("add-flows", ["-"], lines.join("\n"));
    const differences: string[] = [];
    captured.forEach((bytes, i) => {
      const line = lines[i] as string;
      const source = (i < MATCHES.length ? MATCHES[i] : ACTIONS[i - MATCHES.length]) as string;
      // The length of tunnel metadata is the switch's affair; text does not tell it.
      if (OPAQUE.test(source) || source.startsWith("tun_metadata")) return;
      const theirs = decode(bytes);
      if (theirs.kind !== "flow_mod") throw new Error(`${line} became a ${theirs.kind}`);
      try {
        const ours = canonicalFlow(parseFlow(line));
        if (ours !== canonicalFlow(theirs)) differences.push(`${ours} for ${canonicalFlow(theirs)}`);
        const again = canonicalFlow(parseFlow(formatFlow(theirs)));
        if (again !== canonicalFlow(theirs)) differences.push(`${again} again for ${canonicalFlow(theirs)}`);
        const sameBytes = toHex(encode({ ...parseFlow(line), xid: theirs.xid })) === toHex(bytes);
        if (SAME_BYTES.test(source) && !sameBytes) differences.push(`${line}: other bytes`);
      } catch (error) {
        differences.push(`${line}: ${(error as Error).message}`);
      }
    });
    expect(differences).toEqual([]);
  });

  it("are made of groups too", async () => {
    const captured = await captureOfctl("add-groups", ["-"], GROUPS.join("\n"));
    expect(captured).toHaveLength(GROUPS.length);
    const printed = ofpParse(captured);
    captured.forEach((bytes, i) => {
      const theirs = decode(bytes);
      expect(toHex(encode(theirs))).toBe(toHex(bytes));
      const line = GROUPS[i] as string;
      expect(toHex(encode({ ...parseGroup(line), xid: theirs.xid })), line).toBe(toHex(bytes));
      if (theirs.kind !== "group_mod") throw new Error(`${line} became a ${theirs.kind}`);
      expect(printed[i]).toContain(`ADD ${formatGroup(theirs)}`);
      expect({ ...parseGroup(formatGroup(theirs)), xid: theirs.xid }).toEqual(theirs);
    });
    const [deletion = new Uint8Array(0)] = await captureOfctl("del-groups", ["group_id=7"]);
    expect({ ...parseGroup("group_id=7", "delete"), xid: decode(deletion).xid }).toEqual(decode(deletion));
  });

  it.each(METERS)("are made of meters too: %s", async (line) => {
    const [bytes = new Uint8Array(0)] = await captureOfctl("add-meter", [line]);
    const theirs = decode(bytes);
    expect(toHex(encode(theirs))).toBe(toHex(bytes));
    expect(toHex(encode({ ...parseMeter(line), xid: theirs.xid }))).toBe(toHex(bytes));
    if (theirs.kind !== "meter_mod") throw new Error(`${line} became a ${theirs.kind}`);
    const squeezed = (text: string): string => text.replace(/\s+/g, " ");
    expect(squeezed(ofpParse([bytes])[0] ?? "")).toContain(
      `ADD ${squeezed(formatMeter(theirs).replace("bands=", "bands= "))}`,
    );
    expect({ ...parseMeter(formatMeter(theirs)), xid: theirs.xid }).toEqual(theirs);
  });

  it("decode from bundles too, with groups beside them", async () => {
    const captured = await captureOfctl(
      "bundle",
      ["-"],
      "flow priority=1 actions=output:1\ngroup add group_id=1,type=all,bucket=output:1\n",
    );
    const kinds = captured.map((bytes) => {
      const message = decode(bytes);
      expect(toHex(encode(message))).toBe(toHex(bytes));
      return message.kind === "bundle_control" ? message.type : message.kind;
    });
    expect(kinds).toEqual(["open_request", "bundle_add", "bundle_add", "commit_request"]);
  });
});
