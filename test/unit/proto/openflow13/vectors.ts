// Messages as annotated bytes next to their values: layouts written out from the specification, not from the code.
import { fromHex } from "../../../../proto/bytes/hex.ts";
import type { OpenFlowMessage } from "../../../../proto/openflow13/index.ts";

/** Hex with `#` comments. */
function bytes(text: string): Uint8Array {
  return fromHex(text.replace(/#.*$/gm, ""));
}

export interface Vector {
  readonly title: string;
  readonly bytes: Uint8Array;
  readonly message: OpenFlowMessage;
  /** What `ovs-ofctl ofp-print` says of it, in part. */
  readonly print: RegExp;
}

export const VECTORS: readonly Vector[] = [
  {
    title: "HELLO with a version bitmap (7.5.1)",
    bytes: bytes(`
      04 00 0010 00000001  # header: version, type, length, xid
      0001 0008 00000012   # OFPHET_VERSIONBITMAP, length; versions 1 and 4
    `),
    message: { kind: "hello", xid: 1, version: 4, elements: [{ kind: "version_bitmap", bitmaps: [0x12] }] },
    print: /OFPT_HELLO.*version bitmap: 0x01, 0x04/s,
  },
  {
    title: "ERROR with the start of the message that caused it (7.4.4)",
    bytes: bytes(`
      04 01 0014 00000007
      0002 0004             # OFPET_BAD_ACTION, OFPBAC_BAD_OUT_PORT
      04 14 0008 00000007   # data
    `),
    message: {
      kind: "error",
      xid: 7,
      type: 2,
      code: 4,
      data: Uint8Array.of(4, 0x14, 0, 8, 0, 0, 0, 7),
    },
    print: /OFPT_ERROR \(OF1.3\) \(xid=0x7\): OFPBAC_BAD_OUT_PORT/,
  },
  {
    title: "FEATURES_REPLY (7.3.1)",
    bytes: bytes(`
      04 06 0020 00000002
      0000 0a0000000001     # datapath_id
      00000100 fe 00 0000   # n_buffers, n_tables, auxiliary_id, pad
      0000004f 00000000     # capabilities, reserved
    `),
    message: {
      kind: "features_reply",
      xid: 2,
      datapathId: 0x0a0000000001n,
      nBuffers: 256,
      nTables: 254,
      auxiliaryId: 0,
      capabilities: 0x4f,
      reserved: 0,
    },
    print: /dpid:00000a0000000001\s+n_tables:254, n_buffers:256/,
  },
  {
    title: "PACKET_IN with a match of one field (7.4.1)",
    bytes: bytes(`
      04 0a 0038 00000000
      ffffffff 000e 01 0a            # buffer_id, total_len, OFPR_ACTION, table_id
      0000000000001234               # cookie
      0001 000c 80000004 00000003    # OXM match of 12 bytes: in_port=3
      00000000                       # pad to 16
      0000                           # pad
      ffffffffffff 0a0000000001 88b5 # frame
    `),
    message: {
      kind: "packet_in",
      xid: 0,
      bufferId: 0xffffffff,
      totalLen: 14,
      reason: 1,
      tableId: 10,
      cookie: 0x1234n,
      match: [{ field: "in_port", value: 3 }],
      data: fromHex("ffffffffffff0a000000000188b5"),
    },
    print: /OFPT_PACKET_IN.*table_id=10 cookie=0x1234 total_len=14 in_port=3 \(via action\)/s,
  },
  {
    title: "FLOW_MOD with masked fields and three instructions (7.3.4.1)",
    bytes: bytes(`
      04 0e 0080 00000005
      0000000000000001 0000000000000000  # cookie, cookie_mask
      0a 00 012c 0000 0064               # table_id, ADD, idle_timeout, hard_timeout, priority
      ffffffff ffffffff ffffffff         # buffer_id, out_port, out_group
      0001 0000                          # SEND_FLOW_REM, pad
      0001 001e                          # match of 30 bytes
      80000606 0a0000000001              # eth_dst
      80000d04 1005 1fff                 # vlan_vid and mask
      00010604 00000007                  # nx_reg3
      0000                               # pad to 32
      0002 0018 00000000                 # WRITE_METADATA
      0000000000000005 00000000000000ff  # metadata, mask
      0004 0010 00000000                 # APPLY_ACTIONS
      0016 0008 00000009                 # GROUP 9
      0001 0008 14 000000                # GOTO_TABLE 20
    `),
    message: {
      kind: "flow_mod",
      xid: 5,
      cookie: 1n,
      cookieMask: 0n,
      tableId: 10,
      command: "add",
      idleTimeoutSec: 300,
      hardTimeoutSec: 0,
      priority: 100,
      bufferId: 0xffffffff,
      outPort: 0xffffffff,
      outGroup: 0xffffffff,
      flags: 1,
      match: [
        { field: "eth_dst", value: 0x0a0000000001n },
        { field: "vlan_vid", value: 0x1005, mask: 0x1fff },
        { field: "nx_reg3", value: 7 },
      ],
      instructions: [
        { kind: "write_metadata", metadata: 5n, mask: 0xffn },
        { kind: "apply_actions", actions: [{ kind: "group", groupId: 9 }] },
        { kind: "goto_table", tableId: 20 },
      ],
    },
    print:
      /ADD table:10 priority=100,reg3=0x7,dl_vlan=5,dl_dst=0a:00:00:00:00:01 cookie:0x1 idle:300 send_flow_rem actions=group:9,write_metadata:0x5\/0xff,goto_table:20/,
  },
  {
    title: "GROUP_MOD of a fast-failover group (7.3.4.2)",
    bytes: bytes(`
      04 0f 0030 00000003
      0000 03 00 00010001            # ADD, FF, pad, group_id
      0020 0000 00000001 ffffffff    # bucket: len, weight, watch_port, watch_group
      00000000                       # pad
      0000 0010 00000001 0000        # OUTPUT to port 1, max_len
      000000000000                   # pad
    `),
    message: {
      kind: "group_mod",
      xid: 3,
      command: "add",
      type: "ff",
      groupId: 0x10001,
      buckets: [
        {
          weight: 0,
          watchPort: 1,
          watchGroup: 0xffffffff,
          actions: [{ kind: "output", port: 1, maxLen: 0 }],
        },
      ],
    },
    print: /ADD group_id=65537,type=ff,bucket=watch_port:1,actions=output:1/,
  },
  {
    title: "METER_MOD with two bands (7.3.4.4)",
    bytes: bytes(`
      04 1d 0030 00000004
      0000 0006 00000009             # ADD, PKTPS|BURST, meter_id
      0001 0010 00000032 0000000a 00000000   # DROP: rate 50, burst 10
      0002 0010 00000005 00000001 01 000000  # DSCP_REMARK: rate 5, burst 1, prec_level 1
    `),
    message: {
      kind: "meter_mod",
      xid: 4,
      command: "add",
      flags: 6,
      meterId: 9,
      bands: [
        { kind: "drop", rate: 50, burstSize: 10 },
        { kind: "dscp_remark", rate: 5, burstSize: 1, precLevel: 1 },
      ],
    },
    print:
      /ADD meter=9 pktps burst bands=\s*type=drop rate=50 burst_size=10\s+type=dscp_remark rate=5 burst_size=1 prec_level=1/,
  },
  {
    title: "PACKET_OUT (7.3.7)",
    bytes: bytes(`
      04 0d 0036 00000006
      ffffffff fffffffd 0010 000000000000    # buffer_id, in_port, actions_len, pad
      0000 0010 00000002 0000 000000000000   # OUTPUT to port 2
      ffffffffffff 0a0000000001 88b5         # frame
    `),
    message: {
      kind: "packet_out",
      xid: 6,
      bufferId: 0xffffffff,
      inPort: 0xfffffffd,
      actions: [{ kind: "output", port: 2, maxLen: 0 }],
      data: fromHex("ffffffffffff0a000000000188b5"),
    },
    print: /in_port=CONTROLLER actions=output:2 data_len=14/,
  },
  {
    title: "a bundle's OPEN_REQUEST (ONF extension 230)",
    bytes: bytes(`
      04 04 0018 00000008
      4f4e4600 000008fc        # ONF, ONFT_BUNDLE_CONTROL
      00000001 0000 0003       # bundle_id, OPEN_REQUEST, ATOMIC|ORDERED
    `),
    message: { kind: "bundle_control", xid: 8, bundleId: 1, type: "open_request", flags: 3 },
    print: /bundle_id=0x1 type=OPEN_REQUEST flags=atomic ordered/,
  },
  {
    title: "a message in a bundle (ONF extension 230)",
    bytes: bytes(`
      04 04 0028 00000009
      4f4e4600 000008fd             # ONF, ONFT_BUNDLE_ADD_MESSAGE
      00000001 0000 0003            # bundle_id, pad, flags
      04 0f 0010 00000009           # GROUP_MOD
      0002 00 00 fffffffc           # DELETE, ALL, pad, OFPG_ALL
    `),
    message: {
      kind: "bundle_add",
      xid: 9,
      bundleId: 1,
      flags: 3,
      message: { kind: "group_mod", xid: 9, command: "delete", type: "all", groupId: 0xfffffffc, buckets: [] },
    },
    print: /ONFT_BUNDLE_ADD_MESSAGE.*OFPT_GROUP_MOD.*DEL group_id=4294967292/s,
  },
  {
    title: "a packet-in by NXAST_CONTROLLER2 with its own meter",
    bytes: bytes(`
      04 0d 0038 0000000a
      ffffffff fffffffd 0020 000000000000
      ffff 0020 00002320 0025 000000000000  # experimenter action: Nicira, CONTROLLER2, pad
      0000 0008 0080 0000                   # NXAC2PT_MAX_LEN 128
      0005 0008 00000007                    # NXAC2PT_METER_ID 7
    `),
    message: {
      kind: "packet_out",
      xid: 10,
      bufferId: 0xffffffff,
      inPort: 0xfffffffd,
      actions: [{ kind: "nx_controller2", maxLen: 128, meterId: 7 }],
      data: new Uint8Array(0),
    },
    print: /actions=controller\(max_len=128,meter_id=7\)/,
  },
  {
    title: "PORT_STATUS (7.4.3)",
    bytes: bytes(`
      04 0c 0050 00000000
      02 00000000000000                     # MODIFY, pad
      00000001 00000000 0a0000000001 0000   # port_no, pad, hw_addr, pad
      7031 0000000000000000000000000000     # name "p1"
      00000000 00000004 00000840            # config, state LIVE, curr
      00000000 00000000 00000000            # advertised, supported, peer
      00989680 00000000                     # curr_speed, max_speed
    `),
    message: {
      kind: "port_status",
      xid: 0,
      reason: "modify",
      port: {
        portNo: 1,
        hwAddr: "0a:00:00:00:00:01",
        name: "p1",
        config: 0,
        state: 4,
        curr: 0x840,
        advertised: 0,
        supported: 0,
        peer: 0,
        currSpeedKbps: 10_000_000,
        maxSpeedKbps: 0,
      },
    },
    print: /MOD: 1\(p1\): addr:0a:00:00:00:00:01\s+config:\s+0\s+state:\s+LIVE/,
  },
  {
    title: "ROLE_REQUEST (7.3.9)",
    bytes: bytes(`
      04 18 0018 0000000b
      00000002 00000000 0000000000000005    # MASTER, pad, generation_id
    `),
    message: { kind: "role_request", xid: 11, role: "master", generationId: 5n },
    print: /OFPT_ROLE_REQUEST.*role=(primary|master) generation_id=5/,
  },
  {
    title: "a flow statistics request for everything (7.3.5.2)",
    bytes: bytes(`
      04 12 0038 0000000c
      0001 0000 00000000                    # OFPMP_FLOW, flags, pad
      ff 000000 ffffffff ffffffff 00000000  # table_id, pad, out_port, out_group, pad
      0000000000000000 0000000000000000     # cookie, cookie_mask
      0001 0004 00000000                    # empty match
    `),
    message: {
      kind: "multipart_request",
      xid: 12,
      flags: 0,
      body: {
        kind: "flow",
        tableId: 0xff,
        outPort: 0xffffffff,
        outGroup: 0xffffffff,
        cookie: 0n,
        cookieMask: 0n,
        match: [],
      },
    },
    print: /OFPST_FLOW request \(OF1.3\) \(xid=0xc\):/,
  },
  {
    title: "FLOW_REMOVED (7.4.2)",
    bytes: bytes(`
      04 0b 0040 00000000
      0000000000001234 0064 00 0a           # cookie, priority, IDLE_TIMEOUT, table_id
      00000005 1dcd6500 012c 0000           # duration 5.5 s, idle_timeout, hard_timeout
      0000000000000003 00000000000000c0     # packet_count, byte_count
      0001 000a 80000a02 0806 000000000000  # eth_type=0x0806, pad
    `),
    message: {
      kind: "flow_removed",
      xid: 0,
      cookie: 0x1234n,
      priority: 100,
      reason: 0,
      tableId: 10,
      durationSec: 5,
      durationNsec: 500_000_000,
      idleTimeoutSec: 300,
      hardTimeoutSec: 0,
      packetCount: 3n,
      byteCount: 192n,
      match: [{ field: "eth_type", value: 0x0806 }],
    },
    print: /priority=100,arp reason=idle table_id=10 cookie:0x1234 duration5\.500s idle300 pkts3 bytes192/,
  },
  {
    title: "NXT_PACKET_IN2 with metadata and userdata",
    bytes: bytes(`
      04 04 0058 00000000
      00002320 0000001e                 # Nicira, NXT_PACKET_IN2
      0000 0012 ffffffffffff 0a0000000001 88b5 000000000000  # PACKET of 14 bytes, pad
      0003 0005 0a 000000               # TABLE_ID, pad
      0004 0010 00000000 0000000000001234   # COOKIE
      0005 0005 01 000000               # REASON: action, pad
      0006 000c 80000004 00000003 00000000  # METADATA: in_port=3, pad
    `),
    message: {
      kind: "nx_packet_in2",
      xid: 0,
      packet: fromHex("ffffffffffff0a000000000188b5"),
      tableId: 10,
      cookie: 0x1234n,
      reason: 1,
      metadata: [{ field: "in_port", value: 3 }],
    },
    print: /NXT_PACKET_IN2.*table_id=10 cookie=0x1234 total_len=14 in_port=3 \(via action\)/s,
  },
  {
    title: "NXT_TLV_TABLE_MOD",
    bytes: bytes(`
      04 04 0020 00000001
      00002320 00000018                 # Nicira, NXT_TLV_TABLE_MOD
      0000 000000000000                 # ADD, pad
      0102 80 04 0000 0000              # class, type, length, tun_metadata0
    `),
    message: {
      kind: "nx_tlv_table_mod",
      xid: 1,
      command: "add",
      maps: [{ optionClass: 0x102, optionType: 0x80, optionLen: 4, index: 0 }],
    },
    print: /NXT_TLV_TABLE_MOD.*ADD.*0x102\s+0x80\s+4\s+tun_metadata0/s,
  },
  {
    title: "ONFT_ROLE_STATUS",
    bytes: bytes(`
      04 04 0020 00000000
      4f4e4600 00000777                 # ONF, ONFT13_ROLE_STATUS 1911
      00000003 00 000000                # SLAVE, MASTER_REQUEST, pad
      0000000000000007                  # generation_id
    `),
    message: { kind: "onf_role_status", xid: 0, role: 3, reason: 0, generationId: 7n },
    print: /ROLE_STATUS.*role=(secondary|slave) generation_id=7/s,
  },
  {
    title: "table features with their eight required properties (7.3.5.5)",
    bytes: bytes(`
      04 13 0098 00000001 000c 0000 00000000  # MULTIPART_REPLY, TABLE_FEATURES
      0088 05 0000000000                       # length, table_id, pad
      74 35 ${"00".repeat(30)}                 # name "t5"
      00000000000000ff 00000000000000ff        # metadata_match, metadata_write
      00000000 000f4240                        # config, max_entries
      0000 0008 0001 0004                      # INSTRUCTIONS: goto_table
      0002 0005 06 000000                      # NEXT_TABLES: 6
      0004 0008 0000 0004                      # WRITE_ACTIONS: output
      0006 0008 0016 0004                      # APPLY_ACTIONS: group
      0008 0008 80000706                       # MATCH: eth_dst, maskable
      000a 0008 80000706                       # WILDCARDS
      000c 0008 80000606                       # WRITE_SETFIELD
      000e 0008 80000606                       # APPLY_SETFIELD
      0001 0004 00000000                       # INSTRUCTIONS_MISS: none
    `),
    message: {
      kind: "multipart_reply",
      xid: 1,
      flags: 0,
      body: {
        kind: "table_features",
        tables: [
          {
            tableId: 5,
            name: "t5",
            metadataMatch: 0xffn,
            metadataWrite: 0xffn,
            config: 0,
            maxEntries: 1_000_000,
            properties: [
              { kind: "instructions", miss: false, ids: [{ type: 1 }] },
              { kind: "next_tables", miss: false, tableIds: [6] },
              { kind: "write_actions", miss: false, ids: [{ type: 0 }] },
              { kind: "apply_actions", miss: false, ids: [{ type: 22 }] },
              { kind: "match", oxms: [{ oxmClass: 0x8000, fieldNumber: 3, hasMask: true, length: 6 }] },
              { kind: "wildcards", oxms: [{ oxmClass: 0x8000, fieldNumber: 3, hasMask: true, length: 6 }] },
              {
                kind: "write_setfield",
                miss: false,
                oxms: [{ oxmClass: 0x8000, fieldNumber: 3, hasMask: false, length: 6 }],
              },
              {
                kind: "apply_setfield",
                miss: false,
                oxms: [{ oxmClass: 0x8000, fieldNumber: 3, hasMask: false, length: 6 }],
              },
              { kind: "instructions", miss: true, ids: [] },
            ],
          },
        ],
      },
    },
    print: /OFPST_TABLE_FEATURES reply.*t5/s,
  },
];
