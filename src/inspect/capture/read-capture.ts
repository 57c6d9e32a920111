// A capture file to the OpenFlow messages in it, connection by connection, in the order of their last frame.
import { captureError } from "./capture-error.ts";
import type { CapturedFrame } from "./captured-frame.ts";
import { OpenFlowDirection, type OpenFlowPiece } from "./openflow-direction.ts";
import { isPcap, readPcap } from "./pcap.ts";
import { isPcapng, readPcapng } from "./pcapng.ts";
import { TcpDirection } from "./tcp-direction.ts";
import { dissectFrame, type TcpSegment } from "./tcp-segment.ts";

/** Where OpenFlow is expected: the port that IANA assigned, and the one in use before. */
export const OPENFLOW_PORTS: readonly number[] = [6653, 6633];

export interface CaptureEntry {
  readonly frame: number;
  readonly timeNs: bigint | undefined;
  /** "10.0.0.1:6653", "[fe80::1]:6653". */
  readonly source: string;
  readonly destination: string;
  readonly piece: OpenFlowPiece;
}

/** A frame that could not be read, or the file's end where it is broken. */
export interface CaptureProblem {
  readonly frame: number;
  readonly problem: string;
}

export type CaptureItem = CaptureEntry | CaptureProblem;

/** So many directions at a time; beyond it the one that began first is given up. */
const MAX_DIRECTIONS = 20_000;

interface Direction {
  readonly source: string;
  readonly destination: string;
  readonly tcp: TcpDirection;
  readonly openflow: OpenFlowDirection;
  lastFrame: number;
  lastTimeNs: bigint | undefined;
}

export function isCapture(file: Uint8Array): boolean {
  return isPcap(file) || isPcapng(file);
}

function endpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * Yields messages, bytes that are none, and frames that cannot be read.
 * @throws WireError `capture/invalid` where the file itself is broken, after all that came before it
 */
export function* readCapture(file: Uint8Array, ports: readonly number[] = OPENFLOW_PORTS): Generator<CaptureItem> {
  if (!isCapture(file)) throw captureError("no capture file begins like this", 0, "magic");
  const wanted = new Set(ports);
  const directions = new Map<string, Direction>();
  let failure: unknown;
  try {
    for (const frame of isPcap(file) ? readPcap(file) : readPcapng(file)) {
      yield* takeFrame(frame, wanted, directions);
    }
  } catch (error) {
    failure = error;
  }
  for (const direction of directions.values()) yield* finish(direction);
  if (failure !== undefined) throw failure;
}

function* takeFrame(
  frame: CapturedFrame,
  wanted: ReadonlySet<number>,
  directions: Map<string, Direction>,
): Generator<CaptureItem> {
  const segment = dissectFrame(frame.linkType, frame.bytes);
  if (segment === undefined) return;
  if (segment.kind === "unreadable") {
    yield { frame: frame.number, problem: `this frame ${segment.why}` };
    return;
  }
  if (!wanted.has(segment.sourcePort) && !wanted.has(segment.destinationPort)) return;
  const direction = directionOf(segment, directions);
  direction.lastFrame = frame.number;
  direction.lastTimeNs = frame.timeNs;
  const { sequence, syn, payload } = segment;
  for (const piece of direction.tcp.push(sequence, syn, payload, frame.number, frame.timeNs)) {
    yield* entries(direction, direction.openflow.push(piece));
  }
  yield* limit(directions);
}

function directionOf(segment: TcpSegment, directions: Map<string, Direction>): Direction {
  const source = endpoint(segment.source, segment.sourcePort);
  const destination = endpoint(segment.destination, segment.destinationPort);
  const key = `${source}>${destination}`;
  let direction = directions.get(key);
  if (direction === undefined) {
    const tcp = new TcpDirection();
    direction = { source, destination, tcp, openflow: new OpenFlowDirection(), lastFrame: 0, lastTimeNs: undefined };
    directions.set(key, direction);
  }
  return direction;
}

function* limit(directions: Map<string, Direction>): Generator<CaptureItem> {
  if (directions.size > MAX_DIRECTIONS) {
    const [oldest] = directions;
    if (oldest !== undefined) {
      yield* finish(oldest[1]);
      directions.delete(oldest[0]);
    }
  }
}

function* entries(direction: Direction, pieces: Iterable<OpenFlowPiece>): Generator<CaptureEntry> {
  const { source, destination } = direction;
  for (const piece of pieces) yield { frame: piece.frame, timeNs: piece.timeNs, source, destination, piece };
}

function* finish(direction: Direction): Generator<CaptureEntry> {
  for (const piece of direction.tcp.flush()) yield* entries(direction, direction.openflow.push(piece));
  yield* entries(direction, direction.openflow.finish(direction.lastFrame, direction.lastTimeNs));
}
