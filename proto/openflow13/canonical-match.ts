// One text for all forms of the same match: Open vSwitch returns fields in its own order, without all-ones masks, and wide
// registers as the 32-bit ones they are made of.
import { toHex } from "../bytes/hex.ts";
import type { Match, OxmTlv, OxmValue } from "./oxm.ts";
import { OXM_CLASS, OXM_FIELDS, type OxmField, type OxmName, oxmFieldByName } from "./oxm-fields.ts";

/** Fields with two numbers (NXM and OXM) for one thing: the switch answers with the OXM one. */
const SAME_AS = new Map<OxmName, OxmName>();
for (const field of OXM_FIELDS) {
  if (field.oxmClass === OXM_CLASS.OPENFLOW_BASIC) continue;
  const twin = OXM_FIELDS.find(
    (other) =>
      other.oxmClass !== OXM_CLASS.NXM_0 &&
      other.oxmClass !== OXM_CLASS.NXM_1 &&
      other.ovsName === field.ovsName &&
      other.bits === field.bits &&
      other.prerequisite === field.prerequisite,
  );
  if (twin !== undefined && twin !== field) SAME_AS.set(field.name, twin.name);
}

export function canonicalName(name: OxmName): OxmName {
  return SAME_AS.get(name) ?? name;
}

const ONES: readonly bigint[] = Array.from({ length: 993 }, (_, bits) => (1n << BigInt(bits)) - 1n);

export function allOnes(bits: number): bigint {
  return ONES[bits] as bigint;
}

/** Undefined for a TLV that restricts nothing. */
export function canonicalTlv(tlv: OxmTlv): string | undefined {
  if (tlv.field === "unknown") {
    const owner = tlv.experimenter === undefined ? "" : `:${tlv.experimenter.toString(16)}`;
    return `oxm:${tlv.oxmClass.toString(16)}:${tlv.fieldNumber}${owner}${tlv.hasMask ? "/m" : ""}=${toHex(tlv.bytes)}`;
  }
  const name = canonicalName(tlv.field);
  if (tlv.mask === undefined) return `${name}=${tlv.value.toString(16)}`;
  const field = oxmFieldByName(tlv.field) as OxmField;
  if (typeof tlv.mask === "number" && typeof tlv.value === "number") {
    const ones = field.bits === 32 ? 0xffffffff : (1 << field.bits) - 1;
    const mask = (tlv.mask & ones) >>> 0;
    if (mask === 0) return undefined;
    if (mask === ones) return `${name}=${tlv.value.toString(16)}`;
    return `${name}=${((tlv.value & mask) >>> 0).toString(16)}/${mask.toString(16)}`;
  }
  const ones = allOnes(tlv.length === undefined ? field.bits : tlv.length * 8);
  const mask = BigInt(tlv.mask) & ones;
  if (mask === 0n) return undefined;
  if (mask === ones) return `${name}=${tlv.value.toString(16)}`;
  return `${name}=${(BigInt(tlv.value) & mask).toString(16)}/${mask.toString(16)}`;
}

const OVERLAPPING = /^(pkt_reg|nx_xxreg)(\d)$/;

/** The 32-bit registers that xreg and xxreg are made of: as such a switch reads them back. */
const REGISTERS_OF = new Map<OxmName, readonly OxmName[]>();
for (const field of OXM_FIELDS) {
  const found = OVERLAPPING.exec(field.name);
  if (found === null) continue;
  const count = field.bytes / 4;
  const first = Number(found[2]) * count;
  REGISTERS_OF.set(
    field.name,
    Array.from({ length: count }, (_, i) => `nx_reg${first + i}` as OxmName),
  );
}

function pushRegisters(parts: string[], tlv: OxmValue, registers: readonly OxmName[]): void {
  for (let i = 0; i < registers.length; i++) {
    const shift = BigInt((registers.length - 1 - i) * 32);
    const word = (whole: number | bigint): number => Number((BigInt(whole) >> shift) & 0xffffffffn);
    const field = registers[i] as OxmName;
    const value = word(tlv.value);
    const part = canonicalTlv(tlv.mask === undefined ? { field, value } : { field, value, mask: word(tlv.mask) });
    if (part !== undefined) parts.push(part);
  }
}

/** Sorted by field; all-ones masks and fully wildcarded fields dropped; values in hexadecimal. */
export function canonicalMatch(match: Match): string {
  const parts: string[] = [];
  for (const tlv of match) {
    const registers = tlv.field === "unknown" ? undefined : REGISTERS_OF.get(tlv.field);
    if (tlv.field !== "unknown" && registers !== undefined) {
      pushRegisters(parts, tlv, registers);
      continue;
    }
    const part = canonicalTlv(tlv);
    if (part !== undefined) parts.push(part);
  }
  return parts.sort().join(",");
}
