// What is written to a real switch and read back is canonically equal: the ground that reconciliation stands on.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canonicalFlow, parseFlow } from "../../../../proto/openflow13/index.ts";
import { type OpenFlowSession, serveOpenFlow } from "../../../../src/southbound/openflow/index.ts";
import { type Listener, listen, systemClock } from "../../../../src/southbound/stream/index.ts";
import { RealSwitch } from "./real-switch.ts";

const MATCHES = `
in_port=1
in_port=LOCAL
dl_src=0a:00:00:00:00:01,dl_dst=01:00:00:00:00:00/01:00:00:00:00:00
dl_dst=0a:00:00:00:00:01/ff:ff:ff:ff:ff:ff
dl_type=0x88cc
dl_vlan=5
dl_vlan=5,dl_vlan_pcp=3
vlan_tci=0x1000/0x1000
vlan_tci=0x0000/0x1fff
vlan_tci=0x0000/0x1000
vlan_vid=0x1004/0x100c
ip,nw_src=10.0.0.0/8,nw_dst=10.1.2.3
ip,nw_src=10.0.0.1/255.0.0.255
ip,nw_tos=32,nw_ecn=2
ip,nw_ttl=64
icmp,icmp_type=8,icmp_code=0
tcp,tp_src=80,tp_dst=0x1000/0xf000
tcp,tcp_flags=+syn-ack
udp,tp_src=67,tp_dst=68
arp,arp_op=1,arp_spa=10.0.0.1,arp_tpa=10.0.0.0/24,arp_sha=0a:00:00:00:00:01
ipv6,ipv6_src=fe80::1,ipv6_dst=2001:db8::/32,ipv6_label=0x12345
icmp6,icmp_type=135,icmp_code=0,nd_target=fe80::5,nd_sll=0a:00:00:00:00:01
icmp6,icmp_type=136,icmp_code=0,nd_target=fe80::/64
mpls,mpls_label=100,mpls_tc=3,mpls_bos=1
tun_id=5
tun_id=0x800000/0x800000
tun_id=0x5/0xffffff,in_port=1,dl_vlan=7
tun_src=10.0.0.1,tun_dst=10.0.0.0/16
tun_ipv6_src=fe80::1
metadata=7,in_port=1
metadata=0x1/0xff
reg0=1,reg7=0x2/0xff,reg15=3
xreg1=0x1234567890
xxreg1=0x1234567890abcdef1234567890
xreg2=0x5/0xff
pkt_mark=5/0xf
ct_state=+est+trk-new
ct_zone=3,ct_mark=0x4/0xf,ct_label=5
conj_id=7
ip,ip_frag=first
`
  .trim()
  .split("\n");

const ACTIONS = `
drop
output:1
output:1,output:2,output:1
in_port
controller:128
controller:65535
controller(max_len=128,id=5)
controller(reason=no_match,max_len=128)
controller(max_len=64,meter_id=7)
controller(userdata=01.02.03.04.05,pause)
push_vlan:0x8100,set_field:4101->vlan_vid,set_field:3->vlan_pcp
set_queue:3,output:1,pop_queue
dec_ttl
dec_ttl(1,2,3)
mod_nw_ttl:5
set_field:0a:00:00:00:00:01->eth_dst
set_field:00:00:00:00:00:01/00:00:00:00:00:ff->eth_dst
set_field:0x5->tun_id
set_field:0x800000/0x800000->tun_id
set_field:10.0.0.1->tun_dst
set_field:10.0.0.1->ip_dst
set_field:0x1234->reg3
set_field:0x12/0xff->reg3
set_field:0x5->metadata
set_field:0x5/0xff->metadata
set_field:0x1234567890->xreg0
set_field:0x1234567890123456789->xxreg0
set_field:0x1->pkt_mark
load:5->NXM_NX_REG1[]
load:0x5->NXM_NX_REG1[4..11]
load:1->OXM_OF_METADATA[3]
load:0x17->NXM_NX_TUN_ID[0..23]
load:0x0->NXM_NX_TUN_ID[23]
move:NXM_NX_TUN_ID[0..23]->OXM_OF_METADATA[0..23]
move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[]
move:NXM_NX_REG0[3]->NXM_NX_REG1[5]
set_tunnel:5
set_tunnel64:0x123456789a
resubmit:1
resubmit(,10)
resubmit(3,10)
note:01.02.03
note:01.02.03.04.05.06
note:01.02.03.04.05.06.07
output:NXM_NX_REG1[0..15]
output(port=1,max_len=100)
fin_timeout(idle_timeout=5,hard_timeout=6)
exit
ct_clear
ct(commit)
ct(commit,zone=5,table=3)
ct(commit,zone=NXM_NX_REG1[0..15],exec(set_field:0x5->ct_mark))
push:NXM_NX_REG1[],pop:NXM_NX_REG2[0..15]
goto_table:10
write_metadata:0x5/0xff,goto_table:5
write_metadata:0x7
meter:3,output:1
write_actions(output:1),goto_table:4
clear_actions,goto_table:4
output:1,clear_actions,write_actions(set_field:0x5->tun_id,output:2),write_metadata:0x1/0x1,goto_table:9
`
  .trim()
  .split("\n");

describe("flows written to Open vSwitch", () => {
  let sw: RealSwitch;
  let listener: Listener;
  let session: OpenFlowSession;

  beforeAll(async () => {
    sw = await RealSwitch.start();
    const path = join(sw.directory, "controller.sock");
    const ready = new Promise<OpenFlowSession>((resolve) => {
      const ignore = () => undefined;
      const handlers = {
        ...{ onReady: resolve, onPacketIn: ignore, onFlowRemoved: ignore },
        ...{ onPortStatus: ignore, onError: ignore, onClosed: ignore },
      };
      listen({ kind: "punix", path }, (stream) => serveOpenFlow(stream, handlers, systemClock)).then((made) => {
        listener = made;
        return sw.vsctl("set-controller", "br0", `unix:${path}`);
      });
    });
    session = await ready;
    for (const meterId of [3, 7]) {
      const bands = [{ kind: "drop", rate: 1, burstSize: 0 }] as const;
      await session.apply([{ kind: "meter_mod", command: "add", flags: 2, meterId, bands }]);
    }
  });

  afterAll(async () => {
    session?.close("the test is over");
    await listener?.close();
    await sw?.stop();
  });

  it("read back canonically equal, every match and every action", async () => {
    const lines = [
      ...MATCHES.map((match, i) => `table=1,priority=${i + 1},${match} actions=drop`),
      ...ACTIONS.map((actions, i) => `table=2,priority=${i + 1},tcp actions=${actions}`),
    ];
    const wanted = lines.map((line) => parseFlow(line));
    const result = await session.apply(wanted);
    const refused = result.ok
      ? []
      : result.errors.map(({ message, error }) => {
          const line = lines[wanted.indexOf(message as (typeof wanted)[number])];
          return `${line}: ${error.message}`;
        });
    expect(refused).toEqual([]);
    const read = new Map((await session.readFlows()).map((flow) => [`${flow.tableId} ${flow.priority}`, flow]));
    const differences = wanted.flatMap((flow, i) => {
      const back = read.get(`${flow.tableId} ${flow.priority}`);
      const text = back === undefined ? "nothing" : canonicalFlow(back);
      return text === canonicalFlow(flow) ? [] : [`${lines[i]}\n  wanted ${canonicalFlow(flow)}\n  read   ${text}`];
    });
    expect(differences).toEqual([]);
    expect(read.size).toBe(lines.length);
  });
});
