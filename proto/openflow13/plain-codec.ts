// Encodes and decodes every message but those that carry another message inside.
import type { ByteReader } from "../bytes/reader.ts";
import type { ByteWriter } from "../bytes/writer.ts";
import { OFP_VERSION, OFPT } from "./constants.ts";
import type { PlainMessage } from "./message.ts";
import { decodeAsync, encodeAsync } from "./messages/async.ts";
import { decodeSwitchConfig, encodeSwitchConfig } from "./messages/config.ts";
import { decodeError, encodeError } from "./messages/error.ts";
import { decodeFeaturesReply, encodeFeaturesReply } from "./messages/features.ts";
import { decodeFlowMod, encodeFlowMod } from "./messages/flow-mod.ts";
import { decodeFlowRemoved, encodeFlowRemoved } from "./messages/flow-removed.ts";
import { decodeGroupMod, encodeGroupMod } from "./messages/group-mod.ts";
import { beginMessage, endMessage } from "./messages/header.ts";
import { decodeHello, encodeHello } from "./messages/hello.ts";
import { decodeMeterMod, encodeMeterMod } from "./messages/meter-mod.ts";
import { decodePacketIn, encodePacketIn } from "./messages/packet-in.ts";
import { decodePacketOut, encodePacketOut } from "./messages/packet-out.ts";
import { decodePortMod, encodePortMod } from "./messages/port-mod.ts";
import { decodePortStatus, encodePortStatus } from "./messages/port-status.ts";
import {
  decodeQueueGetConfigReply,
  decodeQueueGetConfigRequest,
  encodeQueueGetConfigReply,
  encodeQueueGetConfigRequest,
} from "./messages/queue-config.ts";
import { decodeRole, encodeRole } from "./messages/role.ts";
import { decodeTableMod, encodeTableMod } from "./messages/table-mod.ts";
import {
  decodeMultipartReply,
  decodeMultipartRequest,
  encodeMultipartReply,
  encodeMultipartRequest,
} from "./multipart/multipart.ts";

const TYPE_NUMBERS: Readonly<Record<PlainMessage["kind"], number>> = {
  hello: OFPT.HELLO,
  error: OFPT.ERROR,
  experimenter_error: OFPT.ERROR,
  echo_request: OFPT.ECHO_REQUEST,
  echo_reply: OFPT.ECHO_REPLY,
  experimenter: OFPT.EXPERIMENTER,
  features_request: OFPT.FEATURES_REQUEST,
  features_reply: OFPT.FEATURES_REPLY,
  get_config_request: OFPT.GET_CONFIG_REQUEST,
  get_config_reply: OFPT.GET_CONFIG_REPLY,
  set_config: OFPT.SET_CONFIG,
  packet_in: OFPT.PACKET_IN,
  flow_removed: OFPT.FLOW_REMOVED,
  port_status: OFPT.PORT_STATUS,
  packet_out: OFPT.PACKET_OUT,
  flow_mod: OFPT.FLOW_MOD,
  group_mod: OFPT.GROUP_MOD,
  port_mod: OFPT.PORT_MOD,
  table_mod: OFPT.TABLE_MOD,
  multipart_request: OFPT.MULTIPART_REQUEST,
  multipart_reply: OFPT.MULTIPART_REPLY,
  barrier_request: OFPT.BARRIER_REQUEST,
  barrier_reply: OFPT.BARRIER_REPLY,
  queue_get_config_request: OFPT.QUEUE_GET_CONFIG_REQUEST,
  queue_get_config_reply: OFPT.QUEUE_GET_CONFIG_REPLY,
  role_request: OFPT.ROLE_REQUEST,
  role_reply: OFPT.ROLE_REPLY,
  get_async_request: OFPT.GET_ASYNC_REQUEST,
  get_async_reply: OFPT.GET_ASYNC_REPLY,
  set_async: OFPT.SET_ASYNC,
  meter_mod: OFPT.METER_MOD,
};

/** The body of a message whose header has been read; the reader ends where the message ends. */
export function decodePlainBody(r: ByteReader, type: number, xid: number, version: number): PlainMessage {
  const message = decodeBody(r, type, xid, version);
  if (r.position !== r.end) r.expectEnd("body");
  return message;
}

function decodeBody(r: ByteReader, type: number, xid: number, version: number): PlainMessage {
  switch (type) {
    case OFPT.PACKET_IN:
      return decodePacketIn(r, xid);
    case OFPT.FLOW_MOD:
      return decodeFlowMod(r, xid);
    case OFPT.HELLO:
      return decodeHello(r, xid, version);
    case OFPT.ERROR:
      return decodeError(r, xid, version);
    case OFPT.ECHO_REQUEST:
      return { kind: "echo_request", xid, data: r.bytes(r.remaining, "echo.data") };
    case OFPT.ECHO_REPLY:
      return { kind: "echo_reply", xid, data: r.bytes(r.remaining, "echo.data") };
    case OFPT.EXPERIMENTER: {
      const experimenter = r.u32("experimenter.experimenter");
      const expType = r.u32("experimenter.exp_type");
      return { kind: "experimenter", xid, experimenter, expType, data: r.bytes(r.remaining, "experimenter.data") };
    }
    case OFPT.FEATURES_REQUEST:
      return { kind: "features_request", xid };
    case OFPT.FEATURES_REPLY:
      return decodeFeaturesReply(r, xid);
    case OFPT.GET_CONFIG_REQUEST:
      return { kind: "get_config_request", xid };
    case OFPT.GET_CONFIG_REPLY:
      return decodeSwitchConfig(r, xid, "get_config_reply");
    case OFPT.SET_CONFIG:
      return decodeSwitchConfig(r, xid, "set_config");
    case OFPT.FLOW_REMOVED:
      return decodeFlowRemoved(r, xid);
    case OFPT.PORT_STATUS:
      return decodePortStatus(r, xid);
    case OFPT.PACKET_OUT:
      return decodePacketOut(r, xid);
    case OFPT.GROUP_MOD:
      return decodeGroupMod(r, xid);
    case OFPT.PORT_MOD:
      return decodePortMod(r, xid);
    case OFPT.TABLE_MOD:
      return decodeTableMod(r, xid);
    case OFPT.MULTIPART_REQUEST:
      return decodeMultipartRequest(r, xid);
    case OFPT.MULTIPART_REPLY:
      return decodeMultipartReply(r, xid);
    case OFPT.BARRIER_REQUEST:
      return { kind: "barrier_request", xid };
    case OFPT.BARRIER_REPLY:
      return { kind: "barrier_reply", xid };
    case OFPT.QUEUE_GET_CONFIG_REQUEST:
      return decodeQueueGetConfigRequest(r, xid);
    case OFPT.QUEUE_GET_CONFIG_REPLY:
      return decodeQueueGetConfigReply(r, xid);
    case OFPT.ROLE_REQUEST:
      return decodeRole(r, xid, "role_request");
    case OFPT.ROLE_REPLY:
      return decodeRole(r, xid, "role_reply");
    case OFPT.GET_ASYNC_REQUEST:
      return { kind: "get_async_request", xid };
    case OFPT.GET_ASYNC_REPLY:
      return decodeAsync(r, xid, "get_async_reply");
    case OFPT.SET_ASYNC:
      return decodeAsync(r, xid, "set_async");
    case OFPT.METER_MOD:
      return decodeMeterMod(r, xid);
    default:
      throw r.fail("wire/type", `unknown message type ${type}`, "header.type", 1);
  }
}

/** Header and body, written behind what the writer already holds. */
export function encodePlain(w: ByteWriter, message: PlainMessage): void {
  const version = message.kind === "hello" || message.kind === "error" ? (message.version ?? OFP_VERSION) : OFP_VERSION;
  const start = beginMessage(w, TYPE_NUMBERS[message.kind], message.xid, version);
  encodeBody(w, message);
  endMessage(w, start);
}

function encodeBody(w: ByteWriter, message: PlainMessage): void {
  switch (message.kind) {
    case "flow_mod":
      encodeFlowMod(w, message);
      return;
    case "packet_out":
      encodePacketOut(w, message);
      return;
    case "hello":
      encodeHello(w, message);
      return;
    case "error":
    case "experimenter_error":
      encodeError(w, message);
      return;
    case "echo_request":
    case "echo_reply":
      w.bytes(message.data);
      return;
    case "experimenter":
      w.u32(message.experimenter, "experimenter.experimenter");
      w.u32(message.expType, "experimenter.exp_type");
      w.bytes(message.data);
      return;
    case "features_request":
    case "get_config_request":
    case "barrier_request":
    case "barrier_reply":
    case "get_async_request":
      return;
    case "features_reply":
      encodeFeaturesReply(w, message);
      return;
    case "get_config_reply":
    case "set_config":
      encodeSwitchConfig(w, message);
      return;
    case "packet_in":
      encodePacketIn(w, message);
      return;
    case "flow_removed":
      encodeFlowRemoved(w, message);
      return;
    case "port_status":
      encodePortStatus(w, message);
      return;
    case "group_mod":
      encodeGroupMod(w, message);
      return;
    case "port_mod":
      encodePortMod(w, message);
      return;
    case "table_mod":
      encodeTableMod(w, message);
      return;
    case "multipart_request":
      encodeMultipartRequest(w, message);
      return;
    case "multipart_reply":
      encodeMultipartReply(w, message);
      return;
    case "queue_get_config_request":
      encodeQueueGetConfigRequest(w, message);
      return;
    case "queue_get_config_reply":
      encodeQueueGetConfigReply(w, message);
      return;
    case "role_request":
    case "role_reply":
      encodeRole(w, message);
      return;
    case "get_async_reply":
    case "set_async":
      encodeAsync(w, message);
      return;
    case "meter_mod":
      encodeMeterMod(w, message);
  }
}
