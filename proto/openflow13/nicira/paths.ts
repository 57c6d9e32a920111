// NXAST_MULTIPATH, NXAST_BUNDLE and NXAST_BUNDLE_LOAD: a hash of the packet chooses a link (include/openvswitch/ofp-actions.h).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";
import type { NxBundle, NxMultipath } from "../action-types.ts";
import { decodeOxmHeader, encodeOxmHeader } from "../oxm.ts";
import { endsInPadding, expectBody, packBits, unpackBits } from "./body.ts";

export function decodeMultipath(r: ByteReader): NxMultipath | undefined {
  expectBody(r, 22, "multipath");
  const fields = r.u16("multipath.fields");
  const basis = r.u16("multipath.basis");
  r.skip(2, "multipath.pad");
  const algorithm = r.u16("multipath.algorithm");
  const maxLink = r.u16("multipath.max_link");
  const arg = r.u32("multipath.arg");
  r.skip(2, "multipath.pad");
  const { ofs, nBits } = unpackBits(r.u16("multipath.ofs_nbits"));
  const dst = decodeOxmHeader(r);
  if (dst === undefined || r.remaining !== 0) return undefined;
  return { kind: "nx_multipath", fields, basis, algorithm, maxLink, arg, dst, ofs, nBits };
}

export function encodeMultipath(w: ByteWriter, action: NxMultipath): void {
  w.u16(action.fields, "multipath.fields");
  w.u16(action.basis, "multipath.basis");
  w.u16(0);
  w.u16(action.algorithm, "multipath.algorithm");
  w.u16(action.maxLink, "multipath.max_link");
  w.u32(action.arg, "multipath.arg");
  w.u16(0);
  w.u16(packBits(action.ofs, action.nBits), "multipath.ofs_nbits");
  encodeOxmHeader(w, action.dst);
}

const BUNDLE_FIXED = 22;

/** Undefined for a layout that would not be written back the same. */
export function decodeBundle(r: ByteReader, kind: NxBundle["kind"]): NxBundle | undefined {
  if (r.remaining < BUNDLE_FIXED) throw r.fail("wire/length", "bundle is shorter than 32 bytes", "action.len");
  const algorithm = r.u16("bundle.algorithm");
  const fields = r.u16("bundle.fields");
  const basis = r.u16("bundle.basis");
  const memberType = r.u32("bundle.member_type");
  const count = r.u16("bundle.n_members");
  const common = { algorithm, fields, basis, memberType };
  if (kind === "nx_bundle") {
    if (r.u16("bundle.ofs_nbits") !== 0 || r.u32("bundle.dst") !== 0) return undefined;
    const members = decodeMembers(r, count);
    return members === undefined ? undefined : { kind, ...common, members };
  }
  const bits = unpackBits(r.u16("bundle.ofs_nbits"));
  const at = r.position;
  const dst = decodeOxmHeader(r);
  if (dst === undefined || r.position !== at + 4) return undefined;
  const members = decodeMembers(r, count);
  return members === undefined ? undefined : { kind, ...common, dst, ...bits, members };
}

function decodeMembers(r: ByteReader, count: number): number[] | undefined {
  r.skip(4, "bundle.pad");
  if (count * 2 > r.remaining) throw r.fail("wire/length", `${count} members announced`, "bundle.n_members");
  const members: number[] = [];
  for (let i = 0; i < count; i++) members.push(r.u16("bundle.member"));
  return endsInPadding(r) ? members : undefined;
}

export function encodeBundle(w: ByteWriter, action: NxBundle): void {
  w.u16(action.algorithm, "bundle.algorithm");
  w.u16(action.fields, "bundle.fields");
  w.u16(action.basis, "bundle.basis");
  w.u32(action.memberType, "bundle.member_type");
  w.u16(action.members.length, "bundle.n_members");
  if (action.kind === "nx_bundle") w.zeros(6);
  else {
    w.u16(packBits(action.ofs, action.nBits), "bundle.ofs_nbits");
    encodeOxmHeader(w, action.dst);
  }
  w.zeros(4);
  for (const member of action.members) w.u16(member, "bundle.member");
}
