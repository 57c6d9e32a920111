// Random flows and groups in everything that the model of the switch claims to know.
import fc from "fast-check";
import { ipv4ToNumber, ipv6ToBigInt } from "../../proto/bytes/ip.ts";
import { macToBigInt } from "../../proto/bytes/mac.ts";
import {
  type Action,
  type Bucket,
  type GroupType,
  type Instruction,
  type Match,
  OFPG,
  OFPP,
  type OpenFlowMessage,
  type OxmTlv,
} from "../../proto/openflow13/index.ts";
import { IPV4, IPV6, PORTS } from "./random-frames.ts";

/** The first of them is down. */
export const BUILT_PORTS = [1, 2, 3, 4] as const;
const TABLES = [0, 1, 2, 3] as const;
const GROUPS = [1, 2, 3, 4, 5] as const;

interface BuiltFlow {
  readonly tableId: number;
  readonly priority: number;
  readonly match: Match;
  readonly instructions: readonly Instruction[];
}

interface BuiltGroup {
  readonly groupId: number;
  readonly type: GroupType;
  readonly buckets: readonly Bucket[];
}

export interface Build {
  readonly flows: readonly BuiltFlow[];
  readonly groups: readonly BuiltGroup[];
}

const v4 = fc.constantFrom(...IPV4).map(ipv4ToNumber);
const v6 = fc.constantFrom(...IPV6).map(ipv6ToBigInt);
const small = fc.constantFrom(0, 1, 2, 3);
const one = (value: OxmTlv): fc.Arbitrary<OxmTlv> => fc.constant(value);

function field(
  name: string,
  value: fc.Arbitrary<number | bigint>,
  mask?: fc.Arbitrary<number | bigint | undefined>,
): fc.Arbitrary<OxmTlv> {
  return fc.tuple(value, mask ?? fc.constant(undefined)).map(([exact, bits]): OxmTlv => {
    // A masked-out bit of the value must be zero.
    const kept =
      bits === undefined
        ? exact
        : typeof exact === "bigint"
          ? exact & BigInt(bits)
          : Number(BigInt(exact) & BigInt(bits));
    return { field: name, value: kept, ...(bits === undefined ? {} : { mask: bits }) } as OxmTlv;
  });
}

function matches(macs: readonly string[]): fc.Arbitrary<Match> {
  const mac = fc.constantFrom(...macs).map(macToBigInt);
  const macMask = fc.constantFrom(undefined, undefined, 0xffff_ffff_fffen, 0x0100_0000_0000n);
  const v4Mask = fc.constantFrom(undefined, 0xffff_fffe, 0xffff_ff00);
  const v6Mask = fc.constantFrom(undefined, 0xffffn << 112n);
  const free: readonly fc.Arbitrary<OxmTlv>[] = [
    field("in_port", fc.constantFrom(...BUILT_PORTS)),
    field("metadata", small.map(BigInt), fc.constantFrom(undefined, 1n)),
    field("tunnel_id", small.map(BigInt), fc.constantFrom(undefined, 1n)),
    field("nx_reg0", small, fc.constantFrom(undefined, 1, 2)),
    field("nx_reg1", small),
    field("eth_dst", mac, macMask),
    field("eth_src", mac, macMask),
  ];
  const vlan: fc.Arbitrary<Match> = fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    field("vlan_vid", fc.constantFrom(0, 0x1000, 0x100a, 0x1014)).map((tlv) => [tlv]),
    { weight: 3, arbitrary: field("vlan_vid", fc.constant(0x1000), fc.constant(0x1000)).map((tlv) => [tlv]) },
    fc.tuple(field("vlan_vid", fc.constant(0x1000), fc.constant(0x1000)), field("vlan_pcp", fc.constantFrom(0, 5))),
  );
  const ethType = (value: number): fc.Arbitrary<OxmTlv> => one({ field: "eth_type", value });
  const proto = (value: number): fc.Arbitrary<OxmTlv> => one({ field: "ip_proto", value });
  const some = (...fields: readonly fc.Arbitrary<OxmTlv>[]): fc.Arbitrary<readonly OxmTlv[]> =>
    fc
      .subarray([...fields], { maxLength: Math.min(2, fields.length) })
      .chain((chosen) => fc.tuple(...chosen) as fc.Arbitrary<OxmTlv[]>);
  const with_ = (
    needed: readonly fc.Arbitrary<OxmTlv>[],
    ...more: readonly fc.Arbitrary<OxmTlv>[]
  ): fc.Arbitrary<Match> =>
    fc.tuple(fc.tuple(...needed) as fc.Arbitrary<OxmTlv[]>, some(...more)).map(([a, b]) => [...a, ...b]);
  const protocols = fc.oneof(
    { weight: 4, arbitrary: fc.constant([] as Match) },
    with_(
      [ethType(0x0806)],
      field("arp_op", fc.constantFrom(1, 2)),
      field("arp_spa", v4, v4Mask),
      field("arp_tpa", v4),
      field("arp_sha", mac),
      field("arp_tha", mac),
    ),
    with_(
      [ethType(0x0800)],
      field("ipv4_src", v4, v4Mask),
      field("ipv4_dst", v4),
      field("ip_proto", fc.constantFrom(1, 6, 17)),
    ),
    with_(
      [ethType(0x0800), proto(17)],
      field("udp_src", fc.constantFrom(...PORTS)),
      field("udp_dst", fc.constantFrom(...PORTS)),
    ),
    with_([ethType(0x0800), proto(6)], field("tcp_dst", fc.constantFrom(...PORTS))),
    with_([ethType(0x86dd)], field("ipv6_src", v6, v6Mask), field("ipv6_dst", v6)),
    with_([ethType(0x86dd), proto(58)], field("icmpv6_type", fc.constantFrom(128, 135, 136))),
    with_(
      [ethType(0x86dd), proto(58), one({ field: "icmpv6_type", value: 135 })],
      field("ipv6_nd_target", v6),
      field("ipv6_nd_sll", fc.constant(0x02000000000an)),
    ),
    with_([ethType(0x86dd), proto(58), one({ field: "icmpv6_type", value: 136 })], field("ipv6_nd_target", v6)),
    with_([ethType(0x88b5)]),
  );
  return fc.tuple(some(...free), vlan, protocols).map((parts) => parts.flat());
}

function typeOf(match: Match): number | undefined {
  const tlv = match.find((each) => each.field === "eth_type");
  return tlv === undefined || tlv.field === "unknown" ? undefined : Number(tlv.value);
}

/** Actions that change the packet, as far as the flow's match allows them. */
function rewrites(match: Match, macs: readonly string[]): fc.Arbitrary<Action> {
  const mac = fc.constantFrom(...macs).map(macToBigInt);
  const set = (value: fc.Arbitrary<OxmTlv>): fc.Arbitrary<Action> =>
    value.map((tlv) => ({ kind: "set_field", field: tlv }));
  const move = (src: string, dst: string, nBits: number, srcOfs = 0, dstOfs = 0): fc.Arbitrary<Action> =>
    fc.constant({ kind: "nx_reg_move", nBits, srcOfs, dstOfs, src, dst } as Action);
  const always: fc.Arbitrary<Action>[] = [
    set(field("eth_dst", mac)),
    set(field("eth_src", mac)),
    set(field("tunnel_id", small.map(BigInt))),
    set(field("metadata", small.map(BigInt))),
    set(field("nx_reg0", small)),
    set(field("nx_reg1", small, fc.constantFrom(undefined, 1))),
    set(field("pkt_reg0", fc.constantFrom(1n, 0x2_0000_0001n))),
    move("eth_src", "eth_dst", 48),
    move("tunnel_id", "metadata", 24),
    move("nx_reg0", "nx_reg1", 2, 0, 1),
    move("metadata", "nx_reg0", 32),
    fc.constantFrom(0n, 3n).map((value): Action => ({ kind: "nx_reg_load", ofs: 1, nBits: 2, dst: "nx_reg0", value })),
    fc.constant({ kind: "nx_note", note: Uint8Array.of(1, 2, 3, 4, 5, 6) } as Action),
  ];
  if (match.some((tlv) => tlv.field === "vlan_vid" && tlv.value !== 0)) {
    const vlan = [
      fc.constant({ kind: "pop_vlan" } as Action),
      set(field("vlan_vid", fc.constantFrom(0x100a, 0x1014))),
      set(field("vlan_pcp", fc.constantFrom(0, 3))),
      move("vlan_pcp", "nx_reg0", 3),
    ];
    always.push(...vlan, ...vlan);
  }
  always.push(fc.constantFrom(0x8100, 0x8100, 0x88a8).map((etherType): Action => ({ kind: "push_vlan", etherType })));
  const type = typeOf(match);
  const byType: fc.Arbitrary<Action>[] = [];
  if (type === 0x0806) {
    byType.push(set(field("arp_op", fc.constantFrom(1, 2))), set(field("arp_spa", v4)), set(field("arp_sha", mac)));
    byType.push(move("arp_sha", "arp_tha", 48), move("arp_spa", "arp_tpa", 32), move("eth_src", "arp_tha", 48));
  } else if (type === 0x0800) {
    byType.push(set(field("ipv4_src", v4)), set(field("ipv4_dst", v4)), fc.constant({ kind: "dec_nw_ttl" } as Action));
  } else if (type === 0x86dd) {
    byType.push(set(field("ipv6_src", v6)), set(field("ipv6_dst", v6)), move("ipv6_src", "ipv6_dst", 128));
    if (match.some((tlv) => tlv.field === "icmpv6_type" && tlv.value !== 128))
      byType.push(set(field("ipv6_nd_target", v6)));
  }
  return fc.oneof(...always, ...byType, ...byType, ...byType);
}

const output: fc.Arbitrary<Action> = fc
  .constantFrom(...BUILT_PORTS, ...BUILT_PORTS, 77, OFPP.IN_PORT, OFPP.LOCAL, OFPP.CONTROLLER)
  .map((port) => ({ kind: "output", port, maxLen: port === OFPP.CONTROLLER ? 100 : 0 }));

const group: fc.Arbitrary<Action> = fc.constantFrom(...GROUPS).map((groupId) => ({ kind: "group", groupId }));

const controller: fc.Arbitrary<Action> = fc
  .record({ maxLen: fc.constantFrom(64, 192) })
  .map((fields) => ({ kind: "nx_controller2", ...fields }));

/** Sets of actions: one of each kind, in any order, as buckets and write_actions have them. */
function actionSets(final: fc.Arbitrary<Action>, macs: readonly string[]): fc.Arbitrary<readonly Action[]> {
  return fc
    .tuple(
      fc.array(
        rewrites([], macs).filter((action) => action.kind !== "nx_note"),
        { maxLength: 3 },
      ),
      fc.array(final, { maxLength: 2 }),
    )
    .chain(([a, b]) => fc.shuffledSubarray([...a, ...b], { minLength: a.length + b.length }));
}

function flows(macs: readonly string[]): fc.Arbitrary<Omit<BuiltFlow, "priority">> {
  return fc.tuple(fc.constantFrom(...TABLES), matches(macs)).chain(([tableId, match]) => {
    const later = TABLES.filter((table) => table > tableId);
    const resubmit: fc.Arbitrary<Action>[] =
      later.length === 0
        ? []
        : [
            fc
              .record({ table: fc.constantFrom(...later), inPort: fc.constantFrom(0xfff8, 0xfff8, ...BUILT_PORTS) })
              .map((fields) => ({ kind: "nx_resubmit_table", ...fields })),
          ];
    const action = fc.oneof(
      { weight: 4, arbitrary: rewrites(match, macs) },
      { weight: 3, arbitrary: output },
      { weight: 2, arbitrary: group },
      { weight: 1, arbitrary: controller },
      ...resubmit.map((arbitrary) => ({ weight: 1, arbitrary })),
    );
    const applied = fc
      .array(action, { maxLength: 5 })
      .map((actions): Instruction => ({ kind: "apply_actions", actions }));
    const written = actionSets(fc.oneof(output, group), macs).map(
      (actions): Instruction => ({ kind: "write_actions", actions }),
    );
    const metadata = fc.record({ metadata: small.map(BigInt), mask: fc.constantFrom(0xffff_ffff_ffff_ffffn, 1n) }).map(
      (fields): Instruction => ({
        kind: "write_metadata",
        metadata: fields.metadata & fields.mask,
        mask: fields.mask,
      }),
    );
    const cleared = fc.constant({ kind: "clear_actions" } as Instruction);
    const maybe = (percent: number, instruction: fc.Arbitrary<Instruction>): fc.Arbitrary<Instruction | null> =>
      fc.oneof({ weight: percent, arbitrary: instruction }, { weight: 100 - percent, arbitrary: fc.constant(null) });
    const goto =
      later.length === 0
        ? fc.constant(null)
        : maybe(
            75,
            fc.constantFrom(...later).map((table): Instruction => ({ kind: "goto_table", tableId: table })),
          );
    return fc
      .tuple(maybe(80, applied), maybe(10, cleared), maybe(40, written), maybe(30, metadata), goto)
      .map((list) => ({ tableId, match, instructions: list.filter((instruction) => instruction !== null) }));
  });
}

function groups(macs: readonly string[]): fc.Arbitrary<readonly BuiltGroup[]> {
  return fc.tuple(
    ...GROUPS.map((groupId) => {
      // Only onward: Open vSwitch takes a ring of groups, and gives up in it.
      const onward = GROUPS.filter((other) => other > groupId);
      const next: fc.Arbitrary<Action> =
        onward.length === 0 ? output : fc.constantFrom(...onward).map((id) => ({ kind: "group", groupId: id }));
      const actions = actionSets(fc.oneof(output, output, next), macs);
      const watch = fc.record({
        watchPort: fc.constantFrom(...BUILT_PORTS, OFPP.ANY),
        watchGroup: fc.constantFrom(OFPG.ANY, OFPG.ANY, ...onward),
      });
      const bucket = (live: boolean): fc.Arbitrary<Bucket> =>
        fc.tuple(actions, watch).map(([list, watched]) => ({
          weight: 0,
          watchPort: OFPP.ANY,
          watchGroup: OFPG.ANY,
          ...(live ? watched : {}),
          actions: list,
        }));
      return fc.oneof(
        fc.array(bucket(false), { maxLength: 3 }).map((buckets): BuiltGroup => ({ groupId, type: "all", buckets })),
        bucket(false).map((only): BuiltGroup => ({ groupId, type: "indirect", buckets: [only] })),
        fc.array(bucket(true), { maxLength: 3 }).map((buckets): BuiltGroup => ({ groupId, type: "ff", buckets })),
      );
    }),
  );
}

export function builds(macs: readonly string[]): fc.Arbitrary<Build> {
  return fc.record({
    groups: groups(macs),
    // One priority each: which of two equal ones a switch takes is left open.
    flows: fc
      .array(flows(macs), { minLength: 16, maxLength: 40, size: "max" })
      .map((list) => list.map((flow, at) => ({ ...flow, priority: 100 + at }))),
  });
}

/** All that was there is deleted first; what the switch refuses is left out by it. */
export function messagesOf(build: Build): readonly OpenFlowMessage[] {
  const base = {
    cookieMask: 0n,
    idleTimeoutSec: 0,
    hardTimeoutSec: 0,
    bufferId: 0xffff_ffff,
    outPort: OFPP.ANY,
    outGroup: OFPG.ANY,
    flags: 0,
  };
  let xid = 1000;
  return [
    {
      kind: "flow_mod",
      xid: xid++,
      command: "delete",
      tableId: 0xff,
      priority: 0,
      cookie: 0n,
      match: [],
      instructions: [],
      ...base,
    },
    { kind: "group_mod", xid: xid++, command: "delete", type: "all", groupId: OFPG.ALL, buckets: [] },
    ...[...build.groups]
      .reverse()
      .map((each): OpenFlowMessage => ({ kind: "group_mod", xid: xid++, command: "add", ...each })),
    ...build.flows.map(
      (flow, at): OpenFlowMessage => ({
        kind: "flow_mod",
        xid: xid++,
        command: "add",
        cookie: BigInt(at + 1),
        ...flow,
        ...base,
      }),
    ),
  ];
}
