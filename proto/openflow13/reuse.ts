// One encoding for many connections: the bytes of a message under another xid, by itself or as part of a bundle, many in one buffer.
import { EXPERIMENTER_ID, OFP_VERSION, OFPT } from "./constants.ts";
import { ONF_BUNDLE } from "./messages/bundle.ts";
import { HEADER_LENGTH } from "./messages/header.ts";

const XID_AT = 4;
/** What a BUNDLE_ADD puts before its message: header, experimenter, its type, bundle id, padding and flags. */
export const BUNDLE_ADD_LENGTH = 24;

/** A buffer that messages are put into. */
export interface MessageRoom {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function messageRoom(length: number): MessageRoom {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** Puts a copy of `message`, whole as `encode` gives it, at `at` with this xid. @returns where it ends. */
export function putMessage({ bytes, view }: MessageRoom, at: number, message: Uint8Array, xid: number): number {
  bytes.set(message, at);
  view.setUint32(at + XID_AT, xid);
  return at + message.length;
}

/** The BUNDLE_ADD of that message: what `encode` gives of a `bundle_add` without properties. Both have this xid. */
export function putBundleAdd(
  room: MessageRoom,
  at: number,
  message: Uint8Array,
  { xid, bundleId, flags }: { readonly xid: number; readonly bundleId: number; readonly flags: number },
): number {
  const { view } = room;
  view.setUint8(at, OFP_VERSION);
  view.setUint8(at + 1, OFPT.EXPERIMENTER);
  view.setUint16(at + 2, BUNDLE_ADD_LENGTH + message.length);
  view.setUint32(at + XID_AT, xid);
  view.setUint32(at + HEADER_LENGTH, EXPERIMENTER_ID.ONF);
  view.setUint32(at + HEADER_LENGTH + 4, ONF_BUNDLE.ADD_MESSAGE);
  view.setUint32(at + HEADER_LENGTH + 8, bundleId);
  view.setUint16(at + HEADER_LENGTH + 14, flags);
  return putMessage(room, at + BUNDLE_ADD_LENGTH, message, xid);
}
