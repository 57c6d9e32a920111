# os-ken as an oracle. Standard input: a JSON list of messages in hex. Standard output: {"parsed", "built"}: what os-ken
# reads in these messages, and messages that os-ken itself makes. Integers are written as hex text, so that none is rounded.
import json
import logging
import sys

from os_ken.ofproto import nicira_ext as nicira
from os_ken.ofproto import nx_actions  # noqa: F401  registers the Nicira actions
from os_ken.ofproto import ofproto_parser
from os_ken.ofproto import ofproto_v1_3 as ofp
from os_ken.ofproto import ofproto_v1_3_parser as p
from os_ken.ofproto.ofproto_protocol import ProtocolDesc

logging.disable(logging.CRITICAL)
DP = ProtocolDesc(version=4)


def plain(value):
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return hex(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def described(message):
    """Bytes come out as hex, but for a few that os-ken always gives in base64."""
    return plain(message.to_jsondict(encode_string=lambda raw: raw.hex().encode()))


def parse(hex_text):
    raw = bytes.fromhex(hex_text)
    try:
        message = p.msg_parser(DP, raw[0], raw[1], len(raw), int.from_bytes(raw[4:8], "big"), raw)
        return {"json": described(message)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def flow_mod(match=None, actions=None, instructions=None, **fields):
    if actions is not None:
        instructions = [p.OFPInstructionActions(ofp.OFPIT_APPLY_ACTIONS, actions)]
    return p.OFPFlowMod(
        DP, **{"table_id": 3, "priority": 7, "match": match, "instructions": instructions or [], **fields}
    )


def matches():
    for field in ofp.oxm_types:
        size = getattr(field.type, "size", None)
        if size is None:
            continue
        raw = bytes(range(1, size + 1))
        value = field.type.to_user(raw)
        yield f"match {field.name}", lambda f=field, v=value: flow_mod(p.OFPMatch(**{f.name: v}))
        if field.name in ("metadata", "eth_dst", "ipv4_src", "ipv6_dst", "reg3", "ct_label", "tunnel_id", "tun_ipv4_dst"):
            mask = field.type.to_user(b"\xff" * size)
            yield f"match {field.name} masked", lambda f=field, v=value, m=mask: flow_mod(p.OFPMatch(**{f.name: (v, m)}))
    yield "match of many", lambda: flow_mod(
        p.OFPMatch(in_port=5, eth_type=0x0800, ip_proto=6, ipv4_src=("10.0.0.0", "255.0.0.0"), tcp_dst=80)
    )


def actions():
    nx = p
    yield from {
        "output": p.OFPActionOutput(5, 0x80),
        "group": p.OFPActionGroup(9),
        "copy_ttl_out": p.OFPActionCopyTtlOut(),
        "copy_ttl_in": p.OFPActionCopyTtlIn(),
        "set_mpls_ttl": p.OFPActionSetMplsTtl(9),
        "dec_mpls_ttl": p.OFPActionDecMplsTtl(),
        "push_vlan": p.OFPActionPushVlan(0x88A8),
        "pop_vlan": p.OFPActionPopVlan(),
        "push_mpls": p.OFPActionPushMpls(0x8848),
        "pop_mpls": p.OFPActionPopMpls(0x0800),
        "set_queue": p.OFPActionSetQueue(0x12345),
        "set_nw_ttl": p.OFPActionSetNwTtl(64),
        "dec_nw_ttl": p.OFPActionDecNwTtl(),
        "set_field": p.OFPActionSetField(eth_src="0a:00:00:00:00:01"),
        "set_field of 64 bits": p.OFPActionSetField(tunnel_id=0x123456789),
        "push_pbb": p.OFPActionPushPbb(0x88E7),
        "pop_pbb": p.OFPActionPopPbb(),
        "experimenter": p.OFPActionExperimenterUnknown(0x12345678, b"12345678"),
        "nx_set_queue": nx.NXActionSetQueue(5),
        "nx_pop_queue": nx.NXActionPopQueue(),
        "nx_reg_load": nx.NXActionRegLoad(ofs_nbits=nx_bits(4, 11), dst="reg0", value=0x5A),
        "nx_reg_load2": nx.NXActionRegLoad2(dst="tun_ipv4_src", value="192.168.10.0", mask="255.255.255.0"),
        "nx_note": nx.NXActionNote(note=[1, 2, 3, 4, 5, 6]),
        "nx_set_tunnel": nx.NXActionSetTunnel(tun_id=0xA),
        "nx_set_tunnel64": nx.NXActionSetTunnel64(tun_id=0x123456789),
        "nx_reg_move": nx.NXActionRegMove(src_field="reg0", dst_field="reg1", n_bits=5, src_ofs=3, dst_ofs=10),
        "nx_resubmit": nx.NXActionResubmit(in_port=8080),
        "nx_resubmit_table": nx.NXActionResubmitTable(in_port=8080, table_id=10),
        "nx_output_reg": nx.NXActionOutputReg(ofs_nbits=nx_bits(4, 19), src="reg0", max_len=1024),
        "nx_learn": nx.NXActionLearn(
            table_id=10,
            specs=[
                nx.NXFlowSpecMatch(src=0x800, dst=("eth_type_nxm", 0), n_bits=16),
                nx.NXFlowSpecMatch(src=("reg1", 1), dst=("reg2", 3), n_bits=5),
                nx.NXFlowSpecLoad(src=0x5, dst=("reg3", 3), n_bits=5),
                nx.NXFlowSpecLoad(src=("eth_src_nxm", 0), dst=("eth_dst_nxm", 0), n_bits=48),
                nx.NXFlowSpecOutput(src=("in_port_nxm", 0), dst="", n_bits=16),
            ],
            idle_timeout=180,
            hard_timeout=300,
            priority=1,
            cookie=0x64,
            flags=ofp.OFPFF_SEND_FLOW_REM,
            fin_idle_timeout=181,
            fin_hard_timeout=301,
        ),
        "nx_exit": nx.NXActionExit(),
        "nx_dec_ttl": nx.NXActionDecTtl(),
        "nx_controller": nx.NXActionController(max_len=1024, controller_id=1, reason=ofp.OFPR_INVALID_TTL),
        "nx_controller2": nx.NXActionController2(
            max_len=1024, controller_id=1, reason=ofp.OFPR_INVALID_TTL, userdata=[0xA, 0xB, 0xC], pause=True
        ),
        "nx_dec_ttl_cnt_ids": nx.NXActionDecTtlCntIds(cnt_ids=[1, 2, 3]),
        "nx_stack_push": nx.NXActionStackPush(field="reg2", start=2, end=5),
        "nx_stack_pop": nx.NXActionStackPop(field="reg2", start=2, end=5),
        "nx_sample": nx.NXActionSample(probability=3, collector_set_id=1, obs_domain_id=2, obs_point_id=3),
        "nx_sample2": nx.NXActionSample2(
            probability=3, collector_set_id=1, obs_domain_id=2, obs_point_id=3, sampling_port=8080
        ),
        "nx_fin_timeout": nx.NXActionFinTimeout(fin_idle_timeout=30, fin_hard_timeout=60),
        "nx_conjunction": nx.NXActionConjunction(clause=1, n_clauses=2, id_=10),
        "nx_multipath": nx.NXActionMultipath(
            fields=nicira.NX_HASH_FIELDS_SYMMETRIC_L4,
            basis=1024,
            algorithm=nicira.NX_MP_ALG_HRW,
            max_link=5,
            arg=0,
            ofs_nbits=nx_bits(4, 31),
            dst="reg2",
        ),
        "nx_bundle": nx.NXActionBundle(
            algorithm=nicira.NX_MP_ALG_HRW,
            fields=nicira.NX_HASH_FIELDS_ETH_SRC,
            basis=7,
            slave_type=nicira.NXM_OF_IN_PORT,
            n_slaves=2,
            ofs_nbits=0,
            dst=0,
            slaves=[2, 3],
        ),
        "nx_bundle_load": nx.NXActionBundleLoad(
            algorithm=nicira.NX_MP_ALG_HRW,
            fields=nicira.NX_HASH_FIELDS_ETH_SRC,
            basis=7,
            slave_type=nicira.NXM_OF_IN_PORT,
            n_slaves=2,
            ofs_nbits=nx_bits(4, 31),
            dst="reg0",
            slaves=[2, 3],
        ),
        "nx_ct": nx.NXActionCT(flags=1, zone_src="reg0", zone_ofs_nbits=nx_bits(4, 19), recirc_table=4, alg=0, actions=[]),
        "nx_ct with nat": nx.NXActionCT(
            flags=1,
            zone_src="",
            zone_ofs_nbits=5,
            recirc_table=4,
            alg=21,
            actions=[
                nx.NXActionNAT(
                    flags=1,
                    range_ipv4_min="10.1.12.0",
                    range_ipv4_max="10.1.13.255",
                    range_proto_min=1,
                    range_proto_max=1023,
                )
            ],
        ),
        "nx_ct_clear": nx.NXActionCTClear(),
        "nx_output_trunc": nx.NXActionOutputTrunc(port=8080, max_len=1024),
    }.items()


def nx_bits(start, end):
    return (start << 6) | (end - start)


def buckets():
    return [
        p.OFPBucket(weight=5, watch_port=1, watch_group=2, actions=[p.OFPActionOutput(3, 0), p.OFPActionPopVlan()]),
        p.OFPBucket(actions=[p.OFPActionGroup(4)]),
    ]


def table_features():
    return p.OFPTableFeaturesStats(
        table_id=1,
        name=b"classify",
        metadata_match=0xFF,
        metadata_write=0xF0,
        config=3,
        max_entries=1000,
        properties=[
            p.OFPTableFeaturePropInstructions(
                type_=ofp.OFPTFPT_INSTRUCTIONS, instruction_ids=[p.OFPInstructionId(1), p.OFPInstructionId(4)]
            ),
            p.OFPTableFeaturePropNextTables(type_=ofp.OFPTFPT_NEXT_TABLES, table_ids=[2, 3, 4]),
            p.OFPTableFeaturePropActions(type_=ofp.OFPTFPT_APPLY_ACTIONS, action_ids=[p.OFPActionId(0), p.OFPActionId(22)]),
            p.OFPTableFeaturePropOxm(
                type_=ofp.OFPTFPT_MATCH, oxm_ids=[p.OFPOxmId(type_="in_port", hasmask=False), p.OFPOxmId(type_="eth_dst", hasmask=True)]
            ),
        ],
    )


def messages():
    flow_filter = dict(table_id=2, out_port=5, out_group=6, cookie=7, cookie_mask=0xFF)
    some_match = p.OFPMatch(in_port=5, eth_type=0x86DD)
    yield "hello", lambda: p.OFPHello(DP, [p.OFPHelloElemVersionBitmap(versions=[1, 4])])
    yield "error", lambda: p.OFPErrorMsg(DP, type_=2, code=4, data=b"abcdefgh")
    yield "experimenter error", lambda: p.OFPErrorMsg(
        DP, type_=ofp.OFPET_EXPERIMENTER, exp_type=3, experimenter=0x12345678, data=b"abc"
    )
    yield "echo_request", lambda: p.OFPEchoRequest(DP, b"ping")
    yield "echo_reply", lambda: p.OFPEchoReply(DP, b"pong")
    yield "experimenter", lambda: p.OFPExperimenter(DP, 0x12345678, 9, b"data")
    yield "features_request", lambda: p.OFPFeaturesRequest(DP)
    yield "get_config_request", lambda: p.OFPGetConfigRequest(DP)
    yield "set_config", lambda: p.OFPSetConfig(DP, flags=1, miss_send_len=128)
    yield "packet_out", lambda: p.OFPPacketOut(
        DP, buffer_id=ofp.OFP_NO_BUFFER, in_port=3, actions=[p.OFPActionOutput(2, 0)], data=b"frame"
    )
    yield "flow_mod", lambda: flow_mod(
        some_match,
        cookie=0x123456789,
        cookie_mask=0xFF,
        command=ofp.OFPFC_MODIFY_STRICT,
        idle_timeout=10,
        hard_timeout=20,
        buffer_id=4,
        out_port=5,
        out_group=6,
        flags=ofp.OFPFF_SEND_FLOW_REM,
        instructions=[
            p.OFPInstructionMeter(8),
            p.OFPInstructionActions(ofp.OFPIT_APPLY_ACTIONS, [p.OFPActionOutput(1, 0)]),
            p.OFPInstructionActions(ofp.OFPIT_CLEAR_ACTIONS, []),
            p.OFPInstructionActions(ofp.OFPIT_WRITE_ACTIONS, [p.OFPActionGroup(1)]),
            p.OFPInstructionWriteMetadata(0x1234, 0xFFFF),
            p.OFPInstructionGotoTable(9),
        ],
    )
    for number, name in enumerate(("add", "modify", "modify_strict", "delete", "delete_strict")):
        yield f"flow_mod {name}", lambda n=number: flow_mod(command=n)
    for type_ in range(4):
        yield f"group_mod {type_}", lambda t=type_: p.OFPGroupMod(DP, t % 3, t, 0x10001, buckets() if t % 3 != 2 else [])
    yield "port_mod", lambda: p.OFPPortMod(DP, 5, "0a:00:00:00:00:01", 1, 0x65, 0x40)
    yield "table_mod", lambda: p.OFPTableMod(DP, 5, 3)
    yield "meter_mod", lambda: p.OFPMeterMod(
        DP, ofp.OFPMC_MODIFY, 5, 9, [p.OFPMeterBandDrop(100, 10), p.OFPMeterBandDscpRemark(200, 20, 1)]
    )
    yield "meter_mod experimenter", lambda: p.OFPMeterMod(
        DP, ofp.OFPMC_ADD, 1, 9, [p.OFPMeterBandExperimenter(100, 10, 0x12345678)]
    )
    yield "desc", lambda: p.OFPDescStatsRequest(DP)
    yield "flow", lambda: p.OFPFlowStatsRequest(DP, 0, match=some_match, **flow_filter)
    yield "aggregate", lambda: p.OFPAggregateStatsRequest(DP, 0, match=some_match, **flow_filter)
    yield "table", lambda: p.OFPTableStatsRequest(DP, 0)
    yield "port_stats", lambda: p.OFPPortStatsRequest(DP, 0, 5)
    yield "queue", lambda: p.OFPQueueStatsRequest(DP, 0, 5, 6)
    yield "group", lambda: p.OFPGroupStatsRequest(DP, 0, 5)
    yield "group_desc", lambda: p.OFPGroupDescStatsRequest(DP)
    yield "group_features", lambda: p.OFPGroupFeaturesStatsRequest(DP)
    yield "meter", lambda: p.OFPMeterStatsRequest(DP, 0, 5)
    yield "meter_config", lambda: p.OFPMeterConfigStatsRequest(DP, 0, 5)
    yield "meter_features", lambda: p.OFPMeterFeaturesStatsRequest(DP)
    yield "table_features empty", lambda: p.OFPTableFeaturesStatsRequest(DP)
    yield "table_features", lambda: p.OFPTableFeaturesStatsRequest(DP, 0, [table_features()])
    yield "port_desc", lambda: p.OFPPortDescStatsRequest(DP)
    yield "multipart experimenter", lambda: p.OFPExperimenterStatsRequest(DP, 0, 0x12345678, 9, b"data")
    yield "flow monitor", lambda: p.ONFFlowMonitorStatsRequest(
        DP, 0, [p.ONFFlowMonitorRequest(7, ofp.ONFFMF_ADD, match=some_match, out_port=5, table_id=2)]
    )
    yield "barrier_request", lambda: p.OFPBarrierRequest(DP)
    yield "barrier_reply", lambda: p.OFPBarrierReply(DP)
    yield "queue_get_config_request", lambda: p.OFPQueueGetConfigRequest(DP, 5)
    for role in range(4):
        yield f"role_request {role}", lambda r=role: p.OFPRoleRequest(DP, r, 0x123456789)
    yield "get_async_request", lambda: p.OFPGetAsyncRequest(DP)
    yield "set_async", lambda: p.OFPSetAsync(DP, [1, 2], [3, 4], [5, 6])
    yield "bundle_control", lambda: p.ONFBundleCtrlMsg(DP, 7, ofp.ONF_BCT_COMMIT_REQUEST, ofp.ONF_BF_ATOMIC, [])
    yield "bundle_add", lambda: p.ONFBundleAddMsg(DP, 7, ofp.ONF_BF_ORDERED, with_xid(p.OFPGroupMod(DP, 0, 0, 5, buckets())), [])
    yield "set_packet_in_format", lambda: p.NXTSetPacketInFormatMsg(DP, 2)
    for name, action in actions():
        yield f"action {name}", lambda a=action: flow_mod(actions=[a])
    yield from matches()


def with_xid(message):
    message.set_xid(0x11)
    return message


def build():
    for name, make in messages():
        try:
            message = with_xid(make())
            message.serialize()
            yield {"name": name, "hex": bytes(message.buf).hex(), "json": described(message)}
        except Exception as error:
            yield {"name": name, "error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    parsed = [parse(text) for text in json.load(sys.stdin)]
    json.dump({"parsed": parsed, "built": list(build())}, sys.stdout)
