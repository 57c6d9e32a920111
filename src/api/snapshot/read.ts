// A snapshot's file, which may be anything: read under a bound, and refused with the reason.
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { WeftError } from "../../../proto/bytes/errors.ts";
import { SNAPSHOT_SCHEMA, type Snapshot } from "./sections.ts";

const MAX_FILE_BYTES = 128 * 1024 * 1024;
/** A few kilobytes can be made to unfold into anything. */
const MAX_TEXT_BYTES = 384 * 1024 * 1024;

/** @throws WeftError `snapshot/unreadable`, `snapshot/foreign`, `snapshot/damaged`, `snapshot/too-large`, `snapshot/newer` */
export function readSnapshot(path: string): Snapshot {
  return parseSnapshot(bytesOf(path), path);
}

function bytesOf(path: string): Uint8Array {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw fault("unreadable", `${path} is not a file`, path);
    if (stats.size > MAX_FILE_BYTES) throw tooLarge(path);
    return readFileSync(fd);
  } catch (cause) {
    if (cause instanceof WeftError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw fault("unreadable", `cannot read the snapshot ${path}: ${why}`, path, cause);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

export function parseSnapshot(bytes: Uint8Array, path: string): Snapshot {
  const isZipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isZipped && bytes[0] !== 0x7b) throw foreign(path);
  let value: unknown;
  try {
    const text = isZipped ? gunzipSync(bytes, { maxOutputLength: MAX_TEXT_BYTES }) : Buffer.from(bytes);
    value = JSON.parse(text.toString("utf8"));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(path);
    const why = cause instanceof Error ? cause.message : String(cause);
    throw fault("damaged", `the snapshot ${path} is damaged: ${why}; have it sent again`, path, cause);
  }
  return checked(value, path);
}

function checked(value: unknown, path: string): Snapshot {
  if (!isRecord(value) || typeof value.weftSnapshot !== "number") throw foreign(path);
  const { weftSnapshot, version, at, sections } = value;
  if (weftSnapshot > SNAPSHOT_SCHEMA) {
    const message = `the snapshot ${path} is of form ${weftSnapshot}, and this weft reads up to ${SNAPSHOT_SCHEMA}: use that of weft ${version}`;
    throw fault("newer", message, path);
  }
  const isWhole =
    typeof version === "string" &&
    typeof at === "string" &&
    !Number.isNaN(Date.parse(at)) &&
    isRecord(sections) &&
    Object.values(sections).every((one) => isRecord(one) && ("value" in one || typeof one.error === "string"));
  if (!isWhole) throw fault("damaged", `the snapshot ${path} is damaged: it lacks what every snapshot has`, path);
  return value as unknown as Snapshot;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fault(code: string, message: string, path: string, cause?: unknown): WeftError {
  return new WeftError(`snapshot/${code}`, message, { cause, context: { path } });
}

function foreign(path: string): WeftError {
  return fault("foreign", `${path} is no snapshot of weft; one is made by: weft snapshot FILE`, path);
}

function tooLarge(path: string): WeftError {
  return fault("too-large", `the snapshot ${path} is larger than any that weft writes, and is not read`, path);
}
