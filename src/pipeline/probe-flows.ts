// The flows that catch probes while they are on their way. They are not part of what a switch should hold; see `isPassing`.
import { type Mac, macToBigInt } from "../../proto/bytes/mac.ts";
import type { Action, Match } from "../../proto/openflow13/index.ts";
import type { Lane, Vni } from "../model/facts.ts";
import { CHECK_DESTINATION, CHECK_NETWORK_DESTINATION, PROBE_ETHER_TYPE } from "../model/probe-address.ts";
import { apply, outBy, output, through } from "./context.ts";
import { type DesiredFlow, desiredFlow } from "./desired.ts";
import { setTunnelKey } from "./forward.ts";
import { hostGroup, PRIORITIES, REGISTERS, TABLES } from "./registry.ts";

/** By what a switch knows a probe of `weft trace` from the frames of the guest in whose name it is sent. */
export interface TraceMark {
  readonly family: "ipv4" | "ipv6";
  readonly source: Mac;
  readonly destination: Mac;
  /** Of UDP; both drawn by lot for each probe. */
  readonly sourcePort: number;
  readonly destinationPort: number;
}

const UDP = 17;
const ETHER_TYPES = { ipv4: 0x0800, ipv6: 0x86dd } as const;
/** All headers, with two tags. */
const COPY_BYTES = 256;
/** OFPP_IN_PORT as 16 bits. */
const SAME_PORT = 0xfff8;
const NO_FACT = { place: 0, vni: 0 } as const;

const copy: Action = { kind: "nx_controller2", maxLen: COPY_BYTES };

function matchOf({ family, source, destination, sourcePort, destinationPort }: TraceMark): Match {
  return [
    { field: "eth_src", value: macToBigInt(source) },
    { field: "eth_dst", value: macToBigInt(destination) },
    { field: "eth_type", value: ETHER_TYPES[family] },
    { field: "ip_proto", value: UDP },
    { field: "udp_src", value: sourcePort },
    { field: "udp_dst", value: destinationPort },
  ];
}

/**
 * CLASSIFY tells of the probe, marks in a register that it has, and begins anew: from there the probe meets the flows
 * that any frame meets. Where one would go out to a guest it ends: in EGRESS, and in an island in TRANSIT.
 */
export function traceProbeFlows(mark: TraceMark): readonly DesiredFlow[] {
  const match = matchOf(mark);
  const { told } = REGISTERS;
  const seen = desiredFlow({
    table: "classify",
    priority: PRIORITIES.classify.traced,
    match: [...match, { field: told.field, value: 0 }],
    cookie: { kind: "trace-seen", ...NO_FACT },
    instructions: [
      apply(
        copy,
        { kind: "nx_reg_load", dst: told.field, ofs: 0, nBits: told.bits, value: 1n },
        { kind: "nx_resubmit_table", inPort: SAME_PORT, table: TABLES.classify.id },
      ),
    ],
  });
  const end = desiredFlow({
    table: "egress",
    priority: PRIORITIES.egress.traced,
    match,
    cookie: { kind: "trace-end", ...NO_FACT },
    instructions: [apply(copy)],
  });
  return [seen, end];
}

/** On the switch of an island where the receiver is: TRANSIT puts out to its port by itself. */
export function transitEnd(mark: TraceMark): DesiredFlow {
  return desiredFlow({
    table: "transit",
    priority: PRIORITIES.transit.traced,
    match: matchOf(mark),
    cookie: { kind: "trace-end", ...NO_FACT },
    instructions: [apply(copy)],
  });
}

/** Probes of `weft check`, sent in the name of `source`, which is drawn by lot: in CLASSIFY, and those of networks in DELIVER. */
export function checkProbeFlows(source: Mac): readonly DesiredFlow[] {
  const from = { field: "eth_src", value: macToBigInt(source) } as const;
  const type = { field: "eth_type", value: PROBE_ETHER_TYPE } as const;
  const to = (mac: Mac) => ({ field: "eth_dst", value: macToBigInt(mac) }) as const;
  const cookie = { kind: "check-end", ...NO_FACT } as const;
  return [
    desiredFlow({
      table: "classify",
      priority: PRIORITIES.classify.traced,
      match: [from, to(CHECK_DESTINATION), type],
      cookie,
      instructions: [apply(copy)],
    }),
    desiredFlow({
      table: "deliver",
      priority: PRIORITIES.deliver.checked,
      match: [from, to(CHECK_NETWORK_DESTINATION), type],
      cookie,
      instructions: [apply(copy)],
    }),
  ];
}

/** By the very tunnel, whatever the groups say; with a key of no network, so that nobody but the probe's flow takes it in. */
export function byTunnel(lane: Lane): readonly Action[] {
  return [setTunnelKey(0), ...outBy(lane)];
}

/** By a plain link: without a label nobody but the probe's flow takes it in. */
export function byLink(ofport: number): readonly Action[] {
  return [output(ofport)];
}

/** As a frame of the network leaves for that host. */
export function byNetwork(vni: Vni, hostIndex: number): readonly Action[] {
  return [setTunnelKey(vni), through("depart"), { kind: "group", groupId: hostGroup(hostIndex) }];
}
