// NXAST_NAT: address translation inside of ct (struct nx_action_nat). Ranges that are present follow in the order of their bits.
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import type { NxNat } from "../action-types.ts";
import { endsInPadding } from "./body.ts";

/** Bits of nx_nat_flags, and of range_present. */
export const NX_NAT = { SRC: 1, DST: 2, PERSISTENT: 4, PROTO_HASH: 8, PROTO_RANDOM: 16 } as const;
const RANGE = { IPV4_MIN: 1, IPV4_MAX: 2, IPV6_MIN: 4, IPV6_MAX: 8, PROTO_MIN: 16, PROTO_MAX: 32 } as const;
const ALL_RANGES = 0x3f;

type Writable = { -readonly [K in keyof NxNat]: NxNat[K] };

/** Undefined for ranges that are not known: then the bytes are kept. */
export function decodeNat(r: ByteReader): NxNat | undefined {
  r.skip(2, "nat.pad");
  const nat: Writable = { kind: "nx_nat", flags: r.u16("nat.flags") };
  const present = r.u16("nat.range_present");
  if ((present & ~ALL_RANGES) !== 0) return undefined;
  if ((present & RANGE.IPV4_MIN) !== 0) nat.ipv4Min = r.u32("nat.ipv4_min");
  if ((present & RANGE.IPV4_MAX) !== 0) nat.ipv4Max = r.u32("nat.ipv4_max");
  if ((present & RANGE.IPV6_MIN) !== 0) nat.ipv6Min = r.big(16, "nat.ipv6_min");
  if ((present & RANGE.IPV6_MAX) !== 0) nat.ipv6Max = r.big(16, "nat.ipv6_max");
  if ((present & RANGE.PROTO_MIN) !== 0) nat.protoMin = r.u16("nat.proto_min");
  if ((present & RANGE.PROTO_MAX) !== 0) nat.protoMax = r.u16("nat.proto_max");
  return endsInPadding(r) ? nat : undefined;
}

export function encodeNat(w: ByteWriter, nat: NxNat): void {
  w.zeros(2);
  w.u16(nat.flags, "nat.flags");
  const at = w.length;
  let present = 0;
  w.u16(0);
  if (nat.ipv4Min !== undefined) {
    w.u32(nat.ipv4Min, "nat.ipv4_min");
    present |= RANGE.IPV4_MIN;
  }
  if (nat.ipv4Max !== undefined) {
    w.u32(nat.ipv4Max, "nat.ipv4_max");
    present |= RANGE.IPV4_MAX;
  }
  if (nat.ipv6Min !== undefined) {
    w.big(nat.ipv6Min, 16, "nat.ipv6_min");
    present |= RANGE.IPV6_MIN;
  }
  if (nat.ipv6Max !== undefined) {
    w.big(nat.ipv6Max, 16, "nat.ipv6_max");
    present |= RANGE.IPV6_MAX;
  }
  if (nat.protoMin !== undefined) {
    w.u16(nat.protoMin, "nat.proto_min");
    present |= RANGE.PROTO_MIN;
  }
  if (nat.protoMax !== undefined) {
    w.u16(nat.protoMax, "nat.proto_max");
    present |= RANGE.PROTO_MAX;
  }
  w.patchU16(at, present);
}
