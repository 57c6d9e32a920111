// QUEUE_GET_CONFIG_REQUEST and _REPLY (OpenFlow 1.3.5, section 7.3.6).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

export type QueueProperty =
  /** Tenths of a percent; above 1000 is "disabled". */
  | { readonly kind: "min_rate" | "max_rate"; readonly rate: number }
  | { readonly kind: "experimenter"; readonly experimenter: number; readonly bytes: Uint8Array }
  | { readonly kind: "unknown"; readonly type: number; readonly bytes: Uint8Array };

export interface PacketQueue {
  readonly queueId: number;
  readonly port: number;
  readonly properties: readonly QueueProperty[];
}

export interface QueueGetConfigRequest {
  readonly kind: "queue_get_config_request";
  readonly xid: number;
  readonly port: number;
}

export interface QueueGetConfigReply {
  readonly kind: "queue_get_config_reply";
  readonly xid: number;
  readonly port: number;
  readonly queues: readonly PacketQueue[];
}

const OFPQT = { MIN_RATE: 1, MAX_RATE: 2, EXPERIMENTER: 0xffff } as const;
const QUEUE_HEADER = 16;
const PROPERTY_HEADER = 8;

export function decodeQueueGetConfigRequest(r: ByteReader, xid: number): QueueGetConfigRequest {
  const port = r.u32("queue_get_config.port");
  r.skip(4, "queue_get_config.pad");
  return { kind: "queue_get_config_request", xid, port };
}

export function encodeQueueGetConfigRequest(w: ByteWriter, m: QueueGetConfigRequest): void {
  w.u32(m.port, "queue_get_config.port");
  w.zeros(4);
}

export function decodeQueueGetConfigReply(r: ByteReader, xid: number): QueueGetConfigReply {
  const port = r.u32("queue_get_config.port");
  r.skip(4, "queue_get_config.pad");
  const queues: PacketQueue[] = [];
  while (r.remaining > 0) {
    const queueId = r.u32("queue.queue_id");
    const queuePort = r.u32("queue.port");
    const length = r.u16("queue.len");
    if (length < QUEUE_HEADER) throw r.fail("wire/length", `queue length ${length}`, "queue.len", r.offset - 2);
    r.skip(6, "queue.pad");
    const body = r.sub(length - QUEUE_HEADER, "queue.len");
    const properties: QueueProperty[] = [];
    while (body.remaining > 0) properties.push(decodeProperty(body));
    queues.push({ queueId, port: queuePort, properties });
  }
  return { kind: "queue_get_config_reply", xid, port, queues };
}

function decodeProperty(r: ByteReader): QueueProperty {
  const type = r.u16("queue_prop.property");
  const length = r.u16("queue_prop.len");
  const rated = type === OFPQT.MIN_RATE || type === OFPQT.MAX_RATE;
  if (length < PROPERTY_HEADER || (length & 7) !== 0 || (rated && length !== 16)) {
    throw r.fail("wire/length", `property length ${length}`, "queue_prop.len", r.offset - 2);
  }
  r.skip(4, "queue_prop.pad");
  const body = r.sub(length - PROPERTY_HEADER, "queue_prop.len");
  if (rated) {
    const rate = body.u16("queue_prop.rate");
    return { kind: type === OFPQT.MIN_RATE ? "min_rate" : "max_rate", rate };
  }
  if (type === OFPQT.EXPERIMENTER) {
    const experimenter = body.u32("queue_prop.experimenter");
    body.skip(4, "queue_prop.pad");
    return { kind: "experimenter", experimenter, bytes: body.bytes(body.remaining, "queue_prop.data") };
  }
  return { kind: "unknown", type, bytes: body.bytes(body.remaining, "queue_prop.data") };
}

export function encodeQueueGetConfigReply(w: ByteWriter, m: QueueGetConfigReply): void {
  w.u32(m.port, "queue_get_config.port");
  w.zeros(4);
  for (const queue of m.queues) {
    const start = w.length;
    w.u32(queue.queueId, "queue.queue_id");
    w.u32(queue.port, "queue.port");
    w.zeros(8);
    for (const property of queue.properties) encodeProperty(w, property);
    w.patchU16(start + 8, w.length - start, "queue.len");
  }
}

function encodeProperty(w: ByteWriter, property: QueueProperty): void {
  const start = w.length;
  w.u16(propertyType(property), "queue_prop.property");
  w.u16(0);
  w.zeros(4);
  if (property.kind === "experimenter") {
    w.u32(property.experimenter, "queue_prop.experimenter");
    w.zeros(4);
    w.bytes(property.bytes);
  } else if (property.kind === "unknown") {
    w.bytes(property.bytes);
  } else {
    w.u16(property.rate, "queue_prop.rate");
    w.zeros(6);
  }
  w.align(8, start);
  w.patchU16(start + 2, w.length - start, "queue_prop.len");
}

function propertyType(property: QueueProperty): number {
  switch (property.kind) {
    case "min_rate":
      return OFPQT.MIN_RATE;
    case "max_rate":
      return OFPQT.MAX_RATE;
    case "experimenter":
      return OFPQT.EXPERIMENTER;
    case "unknown":
      return property.type;
  }
}
