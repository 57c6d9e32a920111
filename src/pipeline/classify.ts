// CLASSIFY: where did a frame come from?
import { macToBigInt } from "../../proto/bytes/mac.ts";
import type { Instruction, Match, OxmTlv } from "../../proto/openflow13/index.ts";
import { apply, type CompileContext, gotoTable, onPort, output, relayBit, UNTAGGED, vlanVid } from "./context.ts";
import { type DesiredFlow, desiredFlow } from "./desired.ts";
import { PRIORITIES, RELAY_KEY_BIT } from "./registry.ts";

const ALL_METADATA = 0xffff_ffff_ffff_ffffn;
/** Addresses that a bridge does not forward (IEEE 802.1D, table 7-10): STP, LACP, LLDP. */
const LINK_LOCAL_DST = macToBigInt("01:80:c2:00:00:00");
const LINK_LOCAL_MASK = macToBigInt("ff:ff:ff:ff:ff:f0");
const GROUP_BIT = macToBigInt("01:00:00:00:00:00");
const TUNNEL_KEY_BITS = 24;
const RELAY_BIT = 1n << BigInt(RELAY_KEY_BIT);

export function* classifyFlows(context: CompileContext): Generator<DesiredFlow> {
  yield identityFlow(context);
  for (const match of [
    [{ field: "eth_src", value: GROUP_BIT, mask: GROUP_BIT }],
    [{ field: "eth_dst", value: LINK_LOCAL_DST, mask: LINK_LOCAL_MASK }],
  ] as const satisfies readonly Match[]) {
    yield desiredFlow({
      table: "classify",
      priority: PRIORITIES.classify.guard,
      match,
      cookie: { kind: "guard", place: 0, vni: 0 },
      instructions: [],
    });
  }
  yield* portFlows(context);
  yield* relayFlows(context);
  yield* tunnelFlows(context);
}

/** Tells a controller that starts with nothing whose switch this is, before the host's OVSDB has come. */
function identityFlow({ host }: CompileContext): DesiredFlow {
  return desiredFlow({
    table: "classify",
    priority: PRIORITIES.classify.identity,
    match: [],
    cookie: { kind: "identity", place: host.index ?? 0, vni: 0 },
    instructions: [],
  });
}

function* portFlows({ local }: CompileContext): Generator<DesiredFlow> {
  for (const { ofport, attachment } of local) {
    const { vni } = attachment.network;
    const flow = (match: Match, before: readonly Instruction[]): DesiredFlow =>
      desiredFlow({
        table: "classify",
        priority: PRIORITIES.classify.port,
        match,
        cookie: { kind: "port", place: ofport, vni },
        instructions: [
          ...before,
          { kind: "write_metadata", metadata: BigInt(vni), mask: ALL_METADATA },
          gotoTable("learn"),
        ],
      });
    for (const vlan of attachment.ingressVlans) {
      if (vlan === 0) yield flow([onPort(ofport), UNTAGGED], []);
      // VLAN 0 in a tag is only a priority: such a frame counts as untagged.
      yield flow([onPort(ofport), vlanVid(vlan)], [apply({ kind: "pop_vlan" })]);
    }
  }
}

/**
 * Straight out again, knowing nothing of networks or MACs. By the direct tunnel alone, and with the bit cleared: a frame
 * crosses at most two tunnels, whatever state the fabric is in.
 */
function* relayFlows({ host }: CompileContext): Generator<DesiredFlow> {
  const asked: OxmTlv = { field: "tunnel_id", value: RELAY_BIT, mask: RELAY_BIT };
  for (const [index, ofport] of host.relaying) {
    yield desiredFlow({
      table: "classify",
      priority: PRIORITIES.classify.relay,
      match: [asked, vlanVid(index)],
      cookie: { kind: "relay", place: index, vni: 0 },
      instructions: [apply({ kind: "pop_vlan" }, relayBit(0n), output(ofport))],
    });
  }
}

/** The key becomes the network. A key of a network that has no port here meets nothing in DELIVER. */
function* tunnelFlows({ host }: CompileContext): Generator<DesiredFlow> {
  const ports = new Map<number, number>();
  for (const [index, { direct }] of host.ways) if (direct !== null) ports.set(direct, index);
  for (const tunnel of host.fact?.tunnels ?? []) {
    if (tunnel.ofport !== null && host.ways.has(tunnel.peerIndex)) ports.set(tunnel.ofport, tunnel.peerIndex);
  }
  for (const [ofport, index] of [...ports].sort(([a], [b]) => a - b)) {
    yield desiredFlow({
      table: "classify",
      priority: PRIORITIES.classify.tunnel,
      match: [onPort(ofport)],
      cookie: { kind: "tunnel", place: index, vni: 0 },
      instructions: [
        apply({
          kind: "nx_reg_move",
          nBits: TUNNEL_KEY_BITS,
          srcOfs: 0,
          dstOfs: 0,
          src: "tunnel_id",
          dst: "metadata",
        }),
        gotoTable("deliver"),
      ],
    });
  }
}
