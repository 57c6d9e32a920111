// Bytes to messages and back: the one entry to encoding and decoding.
import { ByteReader } from "../bytes/reader.ts";
import { ByteWriter } from "../bytes/writer.ts";
import { EXPERIMENTER_ID, OFP_VERSION, OFPT } from "./constants.ts";
import { decodeExtension, encodeExtension, isExtension } from "./extensions/extension.ts";
import type { OpenFlowMessage, PlainMessage } from "./message.ts";
import {
  decodeBundleAdd,
  decodeBundleControl,
  encodeBundleAdd,
  encodeBundleControl,
  ONF_BUNDLE,
} from "./messages/bundle.ts";
import { beginMessage, endMessage, HEADER_LENGTH } from "./messages/header.ts";
import { decodePlainBody, encodePlain } from "./plain-codec.ts";

function checkVersion(r: ByteReader, version: number, type: number): void {
  // A peer of another version must be able to greet, and to say why it goes.
  if (version === OFP_VERSION || type === OFPT.HELLO || type === OFPT.ERROR) return;
  throw r.fail("wire/version", `version ${version}, not ${OFP_VERSION}`, "header.version", 0);
}

function decodePlainAt(r: ByteReader): PlainMessage {
  const version = r.u8("header.version");
  const type = r.u8("header.type");
  r.skip(2, "header.length");
  const xid = r.u32("header.xid");
  checkVersion(r, version, type);
  return decodePlainBody(r, type, xid, version);
}

/** ONF and other extensions have their own message forms; everything else stays a plain `experimenter`. */
function decodeExperimenter(r: ByteReader, xid: number): OpenFlowMessage {
  const start = r.position;
  const experimenter = r.u32("experimenter.experimenter");
  const expType = r.u32("experimenter.exp_type");
  if (experimenter === EXPERIMENTER_ID.ONF) {
    if (expType === ONF_BUNDLE.CONTROL) {
      const control = decodeBundleControl(r, xid);
      r.expectEnd("bundle_control");
      return control;
    }
    if (expType === ONF_BUNDLE.ADD_MESSAGE) return decodeBundleAdd(r, xid, decodePlainAt);
  }
  const known = decodeExtension(r, xid, experimenter, expType);
  if (known !== undefined) {
    r.expectEnd("experimenter body");
    return known;
  }
  r.position = start;
  return decodePlainBody(r, OFPT.EXPERIMENTER, xid, OFP_VERSION);
}

/**
 * The message in `buffer[start, end)`, which must be exactly one. Throws WireError with the offset in the message.
 * Byte ranges in the result are views into `buffer`.
 */
export function decodeRange(buffer: Uint8Array, start: number, end: number): OpenFlowMessage {
  const r = new ByteReader(buffer, start, end);
  const version = r.u8("header.version");
  const type = r.u8("header.type");
  const length = r.u16("header.length");
  if (length !== end - start) {
    const code = length > end - start ? "wire/short" : "wire/trailing";
    throw r.fail(code, `length ${length} in a message of ${end - start} bytes`, "header.length", 2);
  }
  const xid = r.u32("header.xid");
  if (version !== OFP_VERSION) checkVersion(r, version, type);
  return type === OFPT.EXPERIMENTER ? decodeExperimenter(r, xid) : decodePlainBody(r, type, xid, version);
}

/** Exactly one whole message. Throws WireError with offset and field. */
export function decode(bytes: Uint8Array): OpenFlowMessage {
  return decodeRange(bytes, 0, bytes.length);
}

function encodeInto(w: ByteWriter, message: OpenFlowMessage): void {
  const extension = isExtension(message);
  if (!extension && message.kind !== "bundle_control" && message.kind !== "bundle_add") {
    encodePlain(w, message);
    return;
  }
  const start = beginMessage(w, OFPT.EXPERIMENTER, message.xid);
  if (extension) {
    encodeExtension(w, message);
    endMessage(w, start);
    return;
  }
  w.u32(EXPERIMENTER_ID.ONF);
  if (message.kind === "bundle_control") {
    w.u32(ONF_BUNDLE.CONTROL);
    encodeBundleControl(w, message);
  } else {
    w.u32(ONF_BUNDLE.ADD_MESSAGE);
    encodeBundleAdd(w, message, encodePlain);
  }
  endMessage(w, start);
}

// Encoding is synchronous and does not call out, so one writer serves all.
const writer = new ByteWriter(16 * 1024);

/** The whole message, header included. Throws WireError for a value that does not fit its field. */
export function encode(message: OpenFlowMessage): Uint8Array {
  try {
    encodeInto(writer, message);
    return writer.finish();
  } catch (error) {
    writer.reset();
    throw error;
  }
}

/** Several messages as one block of bytes, for one write. */
export function encodeAll(messages: readonly OpenFlowMessage[]): Uint8Array {
  try {
    for (const message of messages) encodeInto(writer, message);
    return writer.finish();
  } catch (error) {
    writer.reset();
    throw error;
  }
}

/** Type, length and xid of a message that may not decode, for reporting. Undefined if there is no whole header. */
export function peekHeader(
  bytes: Uint8Array,
  start = 0,
): { readonly version: number; readonly type: number; readonly length: number; readonly xid: number } | undefined {
  if (bytes.length - start < HEADER_LENGTH) return undefined;
  const r = new ByteReader(bytes, start, start + HEADER_LENGTH);
  return { version: r.u8("version"), type: r.u8("type"), length: r.u16("length"), xid: r.u32("xid") };
}
