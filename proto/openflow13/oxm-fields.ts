// The one table of OXM and NXM match fields: who owns the number, how wide it is, whether it takes a mask, what it needs.

/** oxm_class values (OpenFlow 1.3.5, 7.2.3.2) and the experimenters of class 0xffff. */
export const OXM_CLASS = {
  NXM_0: 0x0000,
  NXM_1: 0x0001,
  ERICSSON: 0x1000,
  OPENFLOW_BASIC: 0x8000,
  PACKET_REGS: 0x8001,
  EXPERIMENTER: 0xffff,
} as const;

export const OXM_EXPERIMENTER = { NONE: 0, NICIRA: 0x00002320, NSH: 0x005ad650, ONF: 0x4f4e4600 } as const;

/** How a value is written in text. */
export type OxmFormat =
  | "decimal"
  | "hex"
  | "ipv4"
  | "ipv6"
  | "mac"
  | "port"
  | "frag"
  | "tcp_flags"
  | "ct_state"
  | "tun_flags";

/** What must be matched before (OpenFlow 1.3.5, table 12): the shorthand names of ovs-fields(7). */
export type OxmPrerequisite =
  | "none"
  | "in_port"
  | "vlan"
  | "mpls"
  | "pbb"
  | "ip"
  | "ipv4"
  | "ipv6"
  | "arp"
  | "tcp"
  | "udp"
  | "sctp"
  | "icmpv4"
  | "icmpv6"
  | "nd"
  | "nd_solicit"
  | "nd_advert"
  | "ct"
  | "nsh";

export interface OxmField {
  /** The name in this library: the specification's, in lower case, without OXM_OF_. */
  readonly name: OxmName;
  /** The specification's or Open vSwitch's constant: "OXM_OF_ETH_DST". */
  readonly wireName: string;
  /** What ovs-ofctl prints and reads: "dl_dst". */
  readonly ovsName: string;
  readonly oxmClass: number;
  readonly experimenter: number;
  readonly fieldNumber: number;
  /** The 32 bits of the OXM header without a mask, at the field's full length. */
  readonly header: number;
  /** The same with a mask; 0 if the field takes none. */
  readonly maskedHeader: number;
  /** Significant bits; the rest of the wire's bytes must be zero. */
  readonly bits: number;
  /** Bytes of the value on the wire, without mask and experimenter id; for a variable field its largest length. */
  readonly bytes: number;
  /** Shorter values are allowed (tunnel metadata, whose length the switch's TLV table decides). */
  readonly variable: boolean;
  readonly maskable: boolean;
  readonly prerequisite: OxmPrerequisite;
  readonly format: OxmFormat;
}

type Row = readonly [
  name: string,
  wireName: string,
  ovsName: string,
  fieldNumber: number,
  bits: number,
  bytes: number,
  mask: "mask" | "exact",
  prerequisite: OxmPrerequisite,
  format: OxmFormat,
];

const BASIC = [
  ["in_port", "OXM_OF_IN_PORT", "in_port", 0, 32, 4, "exact", "none", "port"],
  ["in_phy_port", "OXM_OF_IN_PHY_PORT", "in_phy_port", 1, 32, 4, "exact", "in_port", "port"],
  ["metadata", "OXM_OF_METADATA", "metadata", 2, 64, 8, "mask", "none", "hex"],
  ["eth_dst", "OXM_OF_ETH_DST", "dl_dst", 3, 48, 6, "mask", "none", "mac"],
  ["eth_src", "OXM_OF_ETH_SRC", "dl_src", 4, 48, 6, "mask", "none", "mac"],
  ["eth_type", "OXM_OF_ETH_TYPE", "dl_type", 5, 16, 2, "exact", "none", "hex"],
  ["vlan_vid", "OXM_OF_VLAN_VID", "vlan_vid", 6, 13, 2, "mask", "none", "decimal"],
  ["vlan_pcp", "OXM_OF_VLAN_PCP", "dl_vlan_pcp", 7, 3, 1, "exact", "vlan", "decimal"],
  ["ip_dscp", "OXM_OF_IP_DSCP", "ip_dscp", 8, 6, 1, "exact", "ip", "decimal"],
  ["ip_ecn", "OXM_OF_IP_ECN", "nw_ecn", 9, 2, 1, "exact", "ip", "decimal"],
  ["ip_proto", "OXM_OF_IP_PROTO", "nw_proto", 10, 8, 1, "exact", "ip", "decimal"],
  ["ipv4_src", "OXM_OF_IPV4_SRC", "nw_src", 11, 32, 4, "mask", "ipv4", "ipv4"],
  ["ipv4_dst", "OXM_OF_IPV4_DST", "nw_dst", 12, 32, 4, "mask", "ipv4", "ipv4"],
  ["tcp_src", "OXM_OF_TCP_SRC", "tp_src", 13, 16, 2, "mask", "tcp", "decimal"],
  ["tcp_dst", "OXM_OF_TCP_DST", "tp_dst", 14, 16, 2, "mask", "tcp", "decimal"],
  ["udp_src", "OXM_OF_UDP_SRC", "tp_src", 15, 16, 2, "mask", "udp", "decimal"],
  ["udp_dst", "OXM_OF_UDP_DST", "tp_dst", 16, 16, 2, "mask", "udp", "decimal"],
  ["sctp_src", "OXM_OF_SCTP_SRC", "tp_src", 17, 16, 2, "mask", "sctp", "decimal"],
  ["sctp_dst", "OXM_OF_SCTP_DST", "tp_dst", 18, 16, 2, "mask", "sctp", "decimal"],
  ["icmpv4_type", "OXM_OF_ICMPV4_TYPE", "icmp_type", 19, 8, 1, "exact", "icmpv4", "decimal"],
  ["icmpv4_code", "OXM_OF_ICMPV4_CODE", "icmp_code", 20, 8, 1, "exact", "icmpv4", "decimal"],
  ["arp_op", "OXM_OF_ARP_OP", "arp_op", 21, 16, 2, "exact", "arp", "decimal"],
  ["arp_spa", "OXM_OF_ARP_SPA", "arp_spa", 22, 32, 4, "mask", "arp", "ipv4"],
  ["arp_tpa", "OXM_OF_ARP_TPA", "arp_tpa", 23, 32, 4, "mask", "arp", "ipv4"],
  ["arp_sha", "OXM_OF_ARP_SHA", "arp_sha", 24, 48, 6, "mask", "arp", "mac"],
  ["arp_tha", "OXM_OF_ARP_THA", "arp_tha", 25, 48, 6, "mask", "arp", "mac"],
  ["ipv6_src", "OXM_OF_IPV6_SRC", "ipv6_src", 26, 128, 16, "mask", "ipv6", "ipv6"],
  ["ipv6_dst", "OXM_OF_IPV6_DST", "ipv6_dst", 27, 128, 16, "mask", "ipv6", "ipv6"],
  ["ipv6_flabel", "OXM_OF_IPV6_FLABEL", "ipv6_label", 28, 20, 4, "mask", "ipv6", "hex"],
  ["icmpv6_type", "OXM_OF_ICMPV6_TYPE", "icmp_type", 29, 8, 1, "exact", "icmpv6", "decimal"],
  ["icmpv6_code", "OXM_OF_ICMPV6_CODE", "icmp_code", 30, 8, 1, "exact", "icmpv6", "decimal"],
  ["ipv6_nd_target", "OXM_OF_IPV6_ND_TARGET", "nd_target", 31, 128, 16, "mask", "nd", "ipv6"],
  ["ipv6_nd_sll", "OXM_OF_IPV6_ND_SLL", "nd_sll", 32, 48, 6, "mask", "nd_solicit", "mac"],
  ["ipv6_nd_tll", "OXM_OF_IPV6_ND_TLL", "nd_tll", 33, 48, 6, "mask", "nd_advert", "mac"],
  ["mpls_label", "OXM_OF_MPLS_LABEL", "mpls_label", 34, 20, 4, "exact", "mpls", "decimal"],
  ["mpls_tc", "OXM_OF_MPLS_TC", "mpls_tc", 35, 3, 1, "exact", "mpls", "decimal"],
  ["mpls_bos", "OXM_OF_MPLS_BOS", "mpls_bos", 36, 1, 1, "exact", "mpls", "decimal"],
  ["pbb_isid", "OXM_OF_PBB_ISID", "pbb_isid", 37, 24, 3, "mask", "pbb", "hex"],
  ["tunnel_id", "OXM_OF_TUNNEL_ID", "tun_id", 38, 64, 8, "mask", "none", "hex"],
  ["ipv6_exthdr", "OXM_OF_IPV6_EXTHDR", "ipv6_exthdr", 39, 9, 2, "mask", "ipv6", "hex"],
  ["packet_type", "OXM_OF_PACKET_TYPE", "packet_type", 44, 32, 4, "exact", "none", "hex"],
] as const satisfies readonly Row[];

const NXM_OF = [
  ["nxm_of_in_port", "NXM_OF_IN_PORT", "in_port", 0, 16, 2, "exact", "none", "port"],
  ["nxm_of_eth_dst", "NXM_OF_ETH_DST", "dl_dst", 1, 48, 6, "mask", "none", "mac"],
  ["nxm_of_eth_src", "NXM_OF_ETH_SRC", "dl_src", 2, 48, 6, "mask", "none", "mac"],
  ["nxm_of_eth_type", "NXM_OF_ETH_TYPE", "dl_type", 3, 16, 2, "exact", "none", "hex"],
  ["nxm_of_vlan_tci", "NXM_OF_VLAN_TCI", "vlan_tci", 4, 16, 2, "mask", "none", "hex"],
  ["nxm_of_ip_tos", "NXM_OF_IP_TOS", "nw_tos", 5, 8, 1, "exact", "ip", "decimal"],
  ["nxm_of_ip_proto", "NXM_OF_IP_PROTO", "nw_proto", 6, 8, 1, "exact", "ip", "decimal"],
  ["nxm_of_ip_src", "NXM_OF_IP_SRC", "nw_src", 7, 32, 4, "mask", "ipv4", "ipv4"],
  ["nxm_of_ip_dst", "NXM_OF_IP_DST", "nw_dst", 8, 32, 4, "mask", "ipv4", "ipv4"],
  ["nxm_of_tcp_src", "NXM_OF_TCP_SRC", "tp_src", 9, 16, 2, "mask", "tcp", "decimal"],
  ["nxm_of_tcp_dst", "NXM_OF_TCP_DST", "tp_dst", 10, 16, 2, "mask", "tcp", "decimal"],
  ["nxm_of_udp_src", "NXM_OF_UDP_SRC", "tp_src", 11, 16, 2, "mask", "udp", "decimal"],
  ["nxm_of_udp_dst", "NXM_OF_UDP_DST", "tp_dst", 12, 16, 2, "mask", "udp", "decimal"],
  ["nxm_of_icmp_type", "NXM_OF_ICMP_TYPE", "icmp_type", 13, 8, 1, "exact", "icmpv4", "decimal"],
  ["nxm_of_icmp_code", "NXM_OF_ICMP_CODE", "icmp_code", 14, 8, 1, "exact", "icmpv4", "decimal"],
  ["nxm_of_arp_op", "NXM_OF_ARP_OP", "arp_op", 15, 16, 2, "exact", "arp", "decimal"],
  ["nxm_of_arp_spa", "NXM_OF_ARP_SPA", "arp_spa", 16, 32, 4, "mask", "arp", "ipv4"],
  ["nxm_of_arp_tpa", "NXM_OF_ARP_TPA", "arp_tpa", 17, 32, 4, "mask", "arp", "ipv4"],
] as const satisfies readonly Row[];

const NXM_NX = [
  ["nx_reg0", "NXM_NX_REG0", "reg0", 0, 32, 4, "mask", "none", "hex"],
  ["nx_reg1", "NXM_NX_REG1", "reg1", 1, 32, 4, "mask", "none", "hex"],
  ["nx_reg2", "NXM_NX_REG2", "reg2", 2, 32, 4, "mask", "none", "hex"],
  ["nx_reg3", "NXM_NX_REG3", "reg3", 3, 32, 4, "mask", "none", "hex"],
  ["nx_reg4", "NXM_NX_REG4", "reg4", 4, 32, 4, "mask", "none", "hex"],
  ["nx_reg5", "NXM_NX_REG5", "reg5", 5, 32, 4, "mask", "none", "hex"],
  ["nx_reg6", "NXM_NX_REG6", "reg6", 6, 32, 4, "mask", "none", "hex"],
  ["nx_reg7", "NXM_NX_REG7", "reg7", 7, 32, 4, "mask", "none", "hex"],
  ["nx_reg8", "NXM_NX_REG8", "reg8", 8, 32, 4, "mask", "none", "hex"],
  ["nx_reg9", "NXM_NX_REG9", "reg9", 9, 32, 4, "mask", "none", "hex"],
  ["nx_reg10", "NXM_NX_REG10", "reg10", 10, 32, 4, "mask", "none", "hex"],
  ["nx_reg11", "NXM_NX_REG11", "reg11", 11, 32, 4, "mask", "none", "hex"],
  ["nx_reg12", "NXM_NX_REG12", "reg12", 12, 32, 4, "mask", "none", "hex"],
  ["nx_reg13", "NXM_NX_REG13", "reg13", 13, 32, 4, "mask", "none", "hex"],
  ["nx_reg14", "NXM_NX_REG14", "reg14", 14, 32, 4, "mask", "none", "hex"],
  ["nx_reg15", "NXM_NX_REG15", "reg15", 15, 32, 4, "mask", "none", "hex"],
  ["nx_tun_id", "NXM_NX_TUN_ID", "tun_id", 16, 64, 8, "mask", "none", "hex"],
  ["nx_arp_sha", "NXM_NX_ARP_SHA", "arp_sha", 17, 48, 6, "mask", "arp", "mac"],
  ["nx_arp_tha", "NXM_NX_ARP_THA", "arp_tha", 18, 48, 6, "mask", "arp", "mac"],
  ["nx_ipv6_src", "NXM_NX_IPV6_SRC", "ipv6_src", 19, 128, 16, "mask", "ipv6", "ipv6"],
  ["nx_ipv6_dst", "NXM_NX_IPV6_DST", "ipv6_dst", 20, 128, 16, "mask", "ipv6", "ipv6"],
  ["nx_icmpv6_type", "NXM_NX_ICMPV6_TYPE", "icmp_type", 21, 8, 1, "exact", "icmpv6", "decimal"],
  ["nx_icmpv6_code", "NXM_NX_ICMPV6_CODE", "icmp_code", 22, 8, 1, "exact", "icmpv6", "decimal"],
  ["nx_nd_target", "NXM_NX_ND_TARGET", "nd_target", 23, 128, 16, "mask", "nd", "ipv6"],
  ["nx_nd_sll", "NXM_NX_ND_SLL", "nd_sll", 24, 48, 6, "mask", "nd_solicit", "mac"],
  ["nx_nd_tll", "NXM_NX_ND_TLL", "nd_tll", 25, 48, 6, "mask", "nd_advert", "mac"],
  ["nx_ip_frag", "NXM_NX_IP_FRAG", "nw_frag", 26, 2, 1, "mask", "ip", "frag"],
  ["nx_ipv6_label", "NXM_NX_IPV6_LABEL", "ipv6_label", 27, 20, 4, "mask", "ipv6", "hex"],
  ["nx_ip_ecn", "NXM_NX_IP_ECN", "nw_ecn", 28, 2, 1, "exact", "ip", "decimal"],
  ["nx_ip_ttl", "NXM_NX_IP_TTL", "nw_ttl", 29, 8, 1, "exact", "ip", "decimal"],
  ["nx_mpls_ttl", "NXM_NX_MPLS_TTL", "mpls_ttl", 30, 8, 1, "exact", "mpls", "decimal"],
  ["nx_tun_ipv4_src", "NXM_NX_TUN_IPV4_SRC", "tun_src", 31, 32, 4, "mask", "none", "ipv4"],
  ["nx_tun_ipv4_dst", "NXM_NX_TUN_IPV4_DST", "tun_dst", 32, 32, 4, "mask", "none", "ipv4"],
  ["nx_pkt_mark", "NXM_NX_PKT_MARK", "pkt_mark", 33, 32, 4, "mask", "none", "hex"],
  ["nx_tcp_flags", "NXM_NX_TCP_FLAGS", "tcp_flags", 34, 12, 2, "mask", "tcp", "tcp_flags"],
  ["nx_dp_hash", "NXM_NX_DP_HASH", "dp_hash", 35, 32, 4, "mask", "none", "hex"],
  ["nx_recirc_id", "NXM_NX_RECIRC_ID", "recirc_id", 36, 32, 4, "exact", "none", "decimal"],
  ["nx_conj_id", "NXM_NX_CONJ_ID", "conj_id", 37, 32, 4, "exact", "none", "decimal"],
  ["nx_tun_gbp_id", "NXM_NX_TUN_GBP_ID", "tun_gbp_id", 38, 16, 2, "mask", "none", "decimal"],
  ["nx_tun_gbp_flags", "NXM_NX_TUN_GBP_FLAGS", "tun_gbp_flags", 39, 8, 1, "mask", "none", "hex"],
  ["nx_tun_flags", "NXM_NX_TUN_FLAGS", "tun_flags", 104, 1, 2, "mask", "none", "tun_flags"],
  ["nx_ct_state", "NXM_NX_CT_STATE", "ct_state", 105, 32, 4, "mask", "none", "ct_state"],
  ["nx_ct_zone", "NXM_NX_CT_ZONE", "ct_zone", 106, 16, 2, "exact", "none", "decimal"],
  ["nx_ct_mark", "NXM_NX_CT_MARK", "ct_mark", 107, 32, 4, "mask", "none", "hex"],
  ["nx_ct_label", "NXM_NX_CT_LABEL", "ct_label", 108, 128, 16, "mask", "none", "hex"],
  ["nx_tun_ipv6_src", "NXM_NX_TUN_IPV6_SRC", "tun_ipv6_src", 109, 128, 16, "mask", "none", "ipv6"],
  ["nx_tun_ipv6_dst", "NXM_NX_TUN_IPV6_DST", "tun_ipv6_dst", 110, 128, 16, "mask", "none", "ipv6"],
  ["nx_xxreg0", "NXM_NX_XXREG0", "xxreg0", 111, 128, 16, "mask", "none", "hex"],
  ["nx_xxreg1", "NXM_NX_XXREG1", "xxreg1", 112, 128, 16, "mask", "none", "hex"],
  ["nx_xxreg2", "NXM_NX_XXREG2", "xxreg2", 113, 128, 16, "mask", "none", "hex"],
  ["nx_xxreg3", "NXM_NX_XXREG3", "xxreg3", 114, 128, 16, "mask", "none", "hex"],
  ["nx_ct_nw_proto", "NXM_NX_CT_NW_PROTO", "ct_nw_proto", 119, 8, 1, "exact", "ct", "decimal"],
  ["nx_ct_nw_src", "NXM_NX_CT_NW_SRC", "ct_nw_src", 120, 32, 4, "mask", "ct", "ipv4"],
  ["nx_ct_nw_dst", "NXM_NX_CT_NW_DST", "ct_nw_dst", 121, 32, 4, "mask", "ct", "ipv4"],
  ["nx_ct_ipv6_src", "NXM_NX_CT_IPV6_SRC", "ct_ipv6_src", 122, 128, 16, "mask", "ct", "ipv6"],
  ["nx_ct_ipv6_dst", "NXM_NX_CT_IPV6_DST", "ct_ipv6_dst", 123, 128, 16, "mask", "ct", "ipv6"],
  ["nx_ct_tp_src", "NXM_NX_CT_TP_SRC", "ct_tp_src", 124, 16, 2, "mask", "ct", "decimal"],
  ["nx_ct_tp_dst", "NXM_NX_CT_TP_DST", "ct_tp_dst", 125, 16, 2, "mask", "ct", "decimal"],
] as const satisfies readonly Row[];

const PACKET_REGS = [
  ["pkt_reg0", "OXM_OF_PKT_REG0", "xreg0", 0, 64, 8, "mask", "none", "hex"],
  ["pkt_reg1", "OXM_OF_PKT_REG1", "xreg1", 1, 64, 8, "mask", "none", "hex"],
  ["pkt_reg2", "OXM_OF_PKT_REG2", "xreg2", 2, 64, 8, "mask", "none", "hex"],
  ["pkt_reg3", "OXM_OF_PKT_REG3", "xreg3", 3, 64, 8, "mask", "none", "hex"],
  ["pkt_reg4", "OXM_OF_PKT_REG4", "xreg4", 4, 64, 8, "mask", "none", "hex"],
  ["pkt_reg5", "OXM_OF_PKT_REG5", "xreg5", 5, 64, 8, "mask", "none", "hex"],
  ["pkt_reg6", "OXM_OF_PKT_REG6", "xreg6", 6, 64, 8, "mask", "none", "hex"],
  ["pkt_reg7", "OXM_OF_PKT_REG7", "xreg7", 7, 64, 8, "mask", "none", "hex"],
] as const satisfies readonly Row[];

const ERICSSON = [
  ["eric_nd_reserved", "ERICOXM_OF_ICMPV6_ND_RESERVED", "nd_reserved", 1, 32, 4, "exact", "nd", "decimal"],
  ["eric_nd_options_type", "ERICOXM_OF_ICMPV6_ND_OPTIONS_TYPE", "nd_options_type", 2, 8, 1, "exact", "nd", "decimal"],
] as const satisfies readonly Row[];

const ONF = [
  ["onf_tcp_flags", "ONFOXM_ET_TCP_FLAGS", "tcp_flags", 42, 12, 2, "mask", "tcp", "tcp_flags"],
  ["onf_actset_output", "ONFOXM_ET_ACTSET_OUTPUT", "actset_output", 43, 32, 4, "exact", "none", "port"],
] as const satisfies readonly Row[];

const NICIRA_EXPERIMENTER = [
  ["nx_erspan_idx", "NXOXM_ET_ERSPAN_IDX", "tun_erspan_idx", 11, 20, 4, "mask", "none", "hex"],
  ["nx_erspan_ver", "NXOXM_ET_ERSPAN_VER", "tun_erspan_ver", 12, 4, 1, "mask", "none", "decimal"],
  ["nx_erspan_dir", "NXOXM_ET_ERSPAN_DIR", "tun_erspan_dir", 13, 1, 1, "mask", "none", "decimal"],
  ["nx_erspan_hwid", "NXOXM_ET_ERSPAN_HWID", "tun_erspan_hwid", 14, 6, 1, "mask", "none", "hex"],
  ["nx_gtpu_flags", "NXOXM_ET_GTPU_FLAGS", "tun_gtpu_flags", 15, 8, 1, "mask", "none", "hex"],
  ["nx_gtpu_msgtype", "NXOXM_ET_GTPU_MSGTYPE", "tun_gtpu_msgtype", 16, 8, 1, "mask", "none", "decimal"],
] as const satisfies readonly Row[];

const NSH = [
  ["nx_nsh_flags", "NXOXM_NSH_FLAGS", "nsh_flags", 1, 8, 1, "mask", "nsh", "decimal"],
  ["nx_nsh_mdtype", "NXOXM_NSH_MDTYPE", "nsh_mdtype", 2, 8, 1, "exact", "nsh", "decimal"],
  ["nx_nsh_np", "NXOXM_NSH_NP", "nsh_np", 3, 8, 1, "exact", "nsh", "decimal"],
  ["nx_nsh_spi", "NXOXM_NSH_SPI", "nsh_spi", 4, 24, 4, "exact", "nsh", "hex"],
  ["nx_nsh_si", "NXOXM_NSH_SI", "nsh_si", 5, 8, 1, "exact", "nsh", "decimal"],
  ["nx_nsh_c1", "NXOXM_NSH_C1", "nsh_c1", 6, 32, 4, "mask", "nsh", "hex"],
  ["nx_nsh_c2", "NXOXM_NSH_C2", "nsh_c2", 7, 32, 4, "mask", "nsh", "hex"],
  ["nx_nsh_c3", "NXOXM_NSH_C3", "nsh_c3", 8, 32, 4, "mask", "nsh", "hex"],
  ["nx_nsh_c4", "NXOXM_NSH_C4", "nsh_c4", 9, 32, 4, "mask", "nsh", "hex"],
  ["nx_nsh_ttl", "NXOXM_NSH_TTL", "nsh_ttl", 10, 8, 1, "exact", "nsh", "decimal"],
] as const satisfies readonly Row[];

type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
/** Tunnel metadata 0..63 (NXM_NX_TUN_METADATA0 is field 40); the type admits to 69 for brevity's sake, the table does not. */
type TunnelMetadataName = `nx_tun_metadata${Digit}` | `nx_tun_metadata${1 | 2 | 3 | 4 | 5 | 6}${Digit}`;

type NameOf<T extends readonly Row[]> = T[number][0];

/** Every field this library knows by name. */
export type OxmName =
  | NameOf<typeof BASIC>
  | NameOf<typeof NXM_OF>
  | NameOf<typeof NXM_NX>
  | NameOf<typeof PACKET_REGS>
  | NameOf<typeof ERICSSON>
  | NameOf<typeof ONF>
  | NameOf<typeof NICIRA_EXPERIMENTER>
  | NameOf<typeof NSH>
  | TunnelMetadataName;

function headerOf(oxmClass: number, fieldNumber: number, length: number, mask: boolean): number {
  return ((oxmClass << 16) | (fieldNumber << 9) | (mask ? 0x100 : 0) | length) >>> 0;
}

function build(rows: readonly Row[], oxmClass: number, experimenter: number): OxmField[] {
  const extra = experimenter === 0 ? 0 : 4;
  return rows.map((row) => ({
    name: row[0] as OxmName,
    wireName: row[1],
    ovsName: row[2],
    oxmClass,
    experimenter,
    fieldNumber: row[3],
    header: headerOf(oxmClass, row[3], row[5] + extra, false),
    maskedHeader: row[6] === "mask" ? headerOf(oxmClass, row[3], row[5] * 2 + extra, true) : 0,
    bits: row[4],
    bytes: row[5],
    variable: false,
    maskable: row[6] === "mask",
    prerequisite: row[7],
    format: row[8],
  }));
}

function tunnelMetadata(): OxmField[] {
  return Array.from({ length: 64 }, (_, i) => ({
    name: `nx_tun_metadata${i}` as OxmName,
    wireName: `NXM_NX_TUN_METADATA${i}`,
    ovsName: `tun_metadata${i}`,
    oxmClass: OXM_CLASS.NXM_1,
    experimenter: 0,
    fieldNumber: 40 + i,
    header: headerOf(OXM_CLASS.NXM_1, 40 + i, 124, false),
    maskedHeader: headerOf(OXM_CLASS.NXM_1, 40 + i, 248, true),
    bits: 992,
    bytes: 124,
    variable: true,
    maskable: true,
    prerequisite: "none" as const,
    format: "hex" as const,
  }));
}

/** Every field, in the order of the classes above. */
export const OXM_FIELDS: readonly OxmField[] = Object.freeze(
  [
    ...build(BASIC, OXM_CLASS.OPENFLOW_BASIC, 0),
    ...build(PACKET_REGS, OXM_CLASS.PACKET_REGS, 0),
    ...build(NXM_OF, OXM_CLASS.NXM_0, 0),
    ...build(NXM_NX, OXM_CLASS.NXM_1, 0),
    ...tunnelMetadata(),
    ...build(ERICSSON, OXM_CLASS.ERICSSON, 0),
    ...build(ONF, OXM_CLASS.EXPERIMENTER, OXM_EXPERIMENTER.ONF),
    ...build(NICIRA_EXPERIMENTER, OXM_CLASS.EXPERIMENTER, OXM_EXPERIMENTER.NICIRA),
    ...build(NSH, OXM_CLASS.EXPERIMENTER, OXM_EXPERIMENTER.NSH),
  ].map((field) => Object.freeze(field)),
);

const byName = new Map<string, OxmField>(OXM_FIELDS.map((field) => [field.name, field]));

/** The field of that name; undefined for a name that is not in the table. */
export function oxmFieldByName(name: string): OxmField | undefined {
  return byName.get(name);
}

// Dense arrays by field number, one for each class: a lookup while decoding is two array reads.
const byNumber = new Map<number, (OxmField | undefined)[]>();
const byExperimenter = new Map<number, (OxmField | undefined)[]>();
for (const field of OXM_FIELDS) {
  const [index, key] =
    field.oxmClass === OXM_CLASS.EXPERIMENTER ? [byExperimenter, field.experimenter] : [byNumber, field.oxmClass];
  let list = index.get(key);
  if (list === undefined) {
    list = new Array(128).fill(undefined);
    index.set(key, list);
  }
  list[field.fieldNumber] = field;
}
const basicByNumber = byNumber.get(OXM_CLASS.OPENFLOW_BASIC) as (OxmField | undefined)[];
const nicira1ByNumber = byNumber.get(OXM_CLASS.NXM_1) as (OxmField | undefined)[];

/** The field of that class and number (`experimenter` only counts for class 0xffff). */
export function oxmFieldByNumber(oxmClass: number, fieldNumber: number, experimenter = 0): OxmField | undefined {
  if (oxmClass === OXM_CLASS.OPENFLOW_BASIC) return basicByNumber[fieldNumber];
  if (oxmClass === OXM_CLASS.NXM_1) return nicira1ByNumber[fieldNumber];
  const list = oxmClass === OXM_CLASS.EXPERIMENTER ? byExperimenter.get(experimenter) : byNumber.get(oxmClass);
  return list?.[fieldNumber];
}
