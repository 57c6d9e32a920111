// Valid input to be damaged: messages of every kind, OVSDB in JSON, frames, captures and flows in text.
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { encode } from "../../proto/openflow13/index.ts";
import type { Json } from "../../proto/ovsdb/index.ts";
import { BUNDLES, EXTENSIONS, PLAIN } from "../property/openflow-arbitraries.ts";
import { cooked, ethernet, ipSegment, pcap, pcapng } from "../unit/inspect/write-pcap.ts";

const PER_KIND = 24;
const SEED = 20_240_101;

/** Each kind of message as often as any other. */
export const OPENFLOW: readonly Uint8Array[] = Object.values({ ...PLAIN, ...BUNDLES, ...EXTENSIONS }).flatMap(
  (arbitrary) =>
    fc
      .sample(arbitrary, { numRuns: PER_KIND, seed: SEED })
      .map((message) => encode(message))
      .filter((bytes) => bytes.length < 2_000),
);

const UUIDS = ["1", "2", "3"].map((digit) => `${digit.repeat(8)}-2222-4333-8444-555555555555`);
const [A = "", B = "", C = ""] = UUIDS;

const SCHEMA_PATH = "/usr/share/openvswitch/vswitch.ovsschema";

/** A schema with every type of column; Open vSwitch's own beside it, where it is installed. */
export const SCHEMA: Json = {
  name: "Open_vSwitch",
  version: "8.3.1",
  cksum: "1 2",
  tables: {
    Bridge: {
      columns: {
        name: { type: "string", mutable: false },
        ports: { type: { key: { type: "uuid", refTable: "Port" }, min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        other_config: { type: { key: "integer", value: "real", min: 0, max: 5 } },
        fail_mode: { type: { key: { type: "string", enum: ["set", ["secure", "standalone"]] }, min: 0, max: 1 } },
        flood_vlans: { type: { key: { type: "integer", minInteger: 0, maxInteger: 4095 }, min: 0, max: 4096 } },
        stp_enable: { type: "boolean", ephemeral: true },
      },
      indexes: [["name"]],
      isRoot: true,
      maxRows: 10,
    },
    Port: { columns: { name: { type: "string" }, tag: { type: { key: "integer", min: 0, max: 1 } } } },
  },
};
export const OWN_SCHEMA: Json | undefined = existsSync(SCHEMA_PATH)
  ? (JSON.parse(readFileSync(SCHEMA_PATH, "utf8")) as Json)
  : undefined;

const ROW: Json = {
  name: "br0",
  ports: [
    "set",
    [
      ["uuid", B],
      ["uuid", C],
    ],
  ],
  external_ids: [
    "map",
    [
      ["a", "b"],
      ["c", "d"],
    ],
  ],
  other_config: ["map", [[1, 1.5]]],
  fail_mode: "secure",
  flood_vlans: ["set", [1, 2, 3]],
  stp_enable: true,
};

/** Update after update, as `update2` and `update` tell them. */
export const UPDATES: readonly Json[] = [
  { Bridge: { [A]: { initial: ROW } }, Port: { [B]: { insert: { name: "p1", tag: 5 } } } },
  { Bridge: { [A]: { modify: { flood_vlans: ["set", [2, 4]], external_ids: ["map", [["a", "x"]]] } } } },
  { Bridge: { [A]: { delete: null } } },
  { Bridge: { [A]: { new: ROW } }, Port: { [C]: { old: { name: "p1" } } } },
  { Bridge: { [A]: { old: { name: "x" }, new: ROW } } },
];

export const RPC: readonly Json[] = [
  { id: 1, method: "echo", params: [] },
  { id: null, method: "update2", params: ["weft", UPDATES[0] as Json] },
  { id: null, method: "update", params: ["weft", UPDATES[3] as Json] },
  { id: null, method: "update3", params: ["weft", A, UPDATES[1] as Json] },
  { id: null, method: "locked", params: ["lock"] },
  { id: 1, result: [false, A, UPDATES[0] as Json], error: null },
  { id: 1, result: ["Open_vSwitch", "_Server"], error: null },
  { id: 1, result: [{ uuid: ["uuid", A] }, { rows: [ROW] }, { count: 1 }, {}], error: null },
  { id: 1, result: [{ uuid: ["uuid", A] }, { error: "constraint violation", details: "x" }, null], error: null },
  { id: 1, result: null, error: { error: "unknown database", details: "x", syntax: "y" } },
  { id: 1, result: SCHEMA, error: null },
];

export const FRAMES: readonly Uint8Array[] = [
  "ffffffffffff0a000000000108060001080006040001 0a0000000001 0a000001 000000000000 0a000002",
  "0a00000000020a000000000181000005 0800 45000054000040004001 2688 0a0000010a000002 0800f7ff00010001",
  "333300000001fe54000000018 6dd 6000000000203aff fe800000000000000000000000000001 ff020000000000000000000000000001 8700 0000 00000000 fe800000000000000000000000000002 0101 0a0000000001",
  "0180c200000e0a000000000188cc 0207040a0000000001 040405 7031 06020078 0a0477656674 0000",
  "ffffffffffff0a0000000001 0800 450001480000000040113 9a6 00000000ffffffff 00440043 01340000 01010600 12345678 0000 8000 00000000 00000000 00000000 00000000 0a0000000001 00000000000000000000",
  "0a00000000020a0000000001 88a80064 81000005 86dd 60000000 0018 00 40 20010db8000000000000000000000001 20010db8000000000000000000000002 3c00 000000000000 1100 010400000000 04d2 0035 0008 0000",
].map((hex) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex")));

const STREAM = Uint8Array.from(Buffer.concat(OPENFLOW.filter((_, i) => i % 40 === 0)));

export const CAPTURES: readonly Uint8Array[] = [true, false].flatMap((littleEndian) => {
  const cut = [0, 100, 233, 400, 700, 701, 900, STREAM.length];
  const packets = cut
    .slice(1)
    .map((to, i) => ipSegment({ sequence: 1 + (cut[i] ?? 0), payload: STREAM.subarray(cut[i], to) }));
  const syn = ipSegment({ sequence: 0, syn: true });
  const mixed = [packets[0], packets[2], packets[1], packets[1], packets[4]].filter((p) => p !== undefined);
  const six = ipSegment({ sequence: 1, payload: STREAM.subarray(0, 300), ipv6: true });
  return [
    pcap(
      [syn, ...packets].map((p) => ethernet(p)),
      { littleEndian },
    ),
    pcap(
      mixed.map((p) => ethernet(p, [5])),
      { littleEndian, nanoseconds: true },
    ),
    pcapng(
      [syn, ...mixed, six].map((p) => ethernet(p)),
      { littleEndian, nanoseconds: true },
    ),
    pcapng(
      packets.map((p) => cooked(p)),
      { littleEndian, linkType: 113 },
    ),
  ];
});

export const FLOWS: readonly string[] = [
  "cookie=0x1, duration=1.5s, table=10, n_packets=3, n_bytes=5, idle_timeout=300, send_flow_rem priority=100,in_port=1 actions=output:2",
  "table=3,priority=7,tcp,nw_src=10.0.0.0/8,tp_dst=80/0xfff0,tcp_flags=+syn-ack,actions=ct(commit,zone=NXM_NX_REG1[0..15],nat(src=10.0.0.1-10.0.0.9:1-5,random),exec(set_field:0x5->ct_mark))",
  "ipv6,ipv6_src=fe80::1,ipv6_dst=2001:db8::/32,ipv6_label=0x12345,actions=dec_ttl(1,2,3),resubmit(3,10),resubmit(,10,ct)",
  "dl_src=0a:00:00:00:00:01/ff:00:00:00:00:00,dl_vlan=5,dl_vlan_pcp=3,actions=push_vlan:0x8100,set_field:4101->vlan_vid,write_actions(group:5),write_metadata:0x5/0xff,goto_table:5",
  "arp,arp_op=1,arp_spa=10.0.0.1,actions=move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],load:0x5->NXM_NX_REG1[4..11],note:01.02.03,IN_PORT",
  "ct_state=+est+trk-new,ct_zone=3,ct_mark=0x1/0x3,tun_id=5,tun_metadata0=0x1234/0xff,reg0=1,xreg1=7,xxreg0=0x12,metadata=7,actions=controller(max_len=128,id=5,userdata=01.02,pause,meter_id=7)",
  "priority=1,udp6,ip_frag=first,actions=output(port=3,max_len=100),fin_timeout(idle_timeout=5,hard_timeout=6),conjunction(7,1/2),learn(table=5,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[])",
  "actions=learn(table=5,limit=7,result_dst=NXM_NX_REG0[8],eth_type=0x800,reg2[4..11]=0x1f,load:0x5->NXM_NX_REG1[3..9]),clone(check_pkt_larger(1500)->reg0[3]),bundle(eth_src,0,hrw,ofport,members:1,2),sample(probability=5)",
  "actions=drop",
  "in_port=LOCAL,vlan_tci=0x1000/0x1000,actions=meter:3,multipath(eth_src,50,modulo_n,1,0,NXM_NX_REG0[]),clear_actions,CONTROLLER:64,set_queue:3",
];
