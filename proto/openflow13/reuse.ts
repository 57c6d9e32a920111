// One encoding for many connections: the bytes of a message under another xid, by itself or as part of a bundle.
import { EXPERIMENTER_ID, OFP_VERSION, OFPT } from "./constants.ts";
import { ONF_BUNDLE } from "./messages/bundle.ts";
import { HEADER_LENGTH } from "./messages/header.ts";

const XID_AT = 4;
/** Header, experimenter, its type, bundle id, padding and flags. */
const BUNDLE_ADD_LENGTH = 24;

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A copy of the message in `bytes`, whole as `encode` gives it, with this xid. */
export function withXid(bytes: Uint8Array, xid: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  view(copy).setUint32(XID_AT, xid);
  return copy;
}

/** The BUNDLE_ADD of that message: what `encode` gives of a `bundle_add` without properties. Both have this xid. */
export function bundleAddOf(
  bytes: Uint8Array,
  { xid, bundleId, flags }: { readonly xid: number; readonly bundleId: number; readonly flags: number },
): Uint8Array {
  const whole = new Uint8Array(BUNDLE_ADD_LENGTH + bytes.length);
  const at = view(whole);
  at.setUint8(0, OFP_VERSION);
  at.setUint8(1, OFPT.EXPERIMENTER);
  at.setUint16(2, whole.length);
  at.setUint32(XID_AT, xid);
  at.setUint32(HEADER_LENGTH, EXPERIMENTER_ID.ONF);
  at.setUint32(HEADER_LENGTH + 4, ONF_BUNDLE.ADD_MESSAGE);
  at.setUint32(HEADER_LENGTH + 8, bundleId);
  at.setUint16(HEADER_LENGTH + 14, flags);
  whole.set(bytes, BUNDLE_ADD_LENGTH);
  at.setUint32(BUNDLE_ADD_LENGTH + XID_AT, xid);
  return whole;
}
