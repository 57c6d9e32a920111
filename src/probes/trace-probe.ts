// The probe of a live trace: a datagram in the guest's name that no guest sends, and how it is known again.
import type { TraceRequest } from "../api/trace-views.ts";
import type { TraceMark } from "../pipeline/probe-flows.ts";
import { type Ends, type Frame, TraceError, type Transport, tracedFrame } from "../trace/index.ts";

export interface TraceProbe {
  readonly frame: Frame;
  readonly mark: TraceMark;
  readonly nonce: Uint8Array;
  readonly notes: readonly string[];
}

/** Frames of these are known by what they are: one with a mark in it would meet other flows. */
const UNMARKABLE: ReadonlySet<string> = new Set(["arp", "nd", "dhcp", "ether"]);
const NONCE_BYTES = 16;
/** Neither well-known ports nor those of tunnels and BFD are drawn. */
const FIRST_PORT = 20_000;
const PORTS = 40_000;

/** @param random so many bytes that nobody can guess. @throws TraceError `trace/no-probe`, and as `tracedFrame` */
export function traceProbe(ends: Ends, request: TraceRequest, random: (bytes: number) => Uint8Array): TraceProbe {
  const { protocol } = request;
  if (protocol !== undefined && UNMARKABLE.has(protocol)) {
    throw new TraceError(
      "trace/no-probe",
      `a live probe is an IP datagram: ${protocol} can be traced without --live, and icmp, icmp6, tcp and udp with it`,
    );
  }
  const { vlan, size } = request;
  const family = ipFamilyOf(ends, request);
  const asked: TraceRequest = {
    ...{ from: request.from, to: request.to, protocol: "udp" },
    ...(vlan === undefined ? {} : { vlan }),
    ...(size === undefined ? {} : { size }),
  };
  const { frame, notes } = tracedFrame(inFamily(ends, family), asked);
  const nonce = random(NONCE_BYTES);
  const lots = random(4);
  const lot = (at: number): number => FIRST_PORT + ((((lots[at] ?? 0) << 8) | (lots[at + 1] ?? 0)) % PORTS);
  const [sourcePort, destinationPort] = [lot(0), lot(2)];
  const { payload } = frame;
  if (payload.kind !== "ipv4" && payload.kind !== "ipv6") throw new TypeError("a datagram is an IP packet");
  const transport = {
    kind: "ports",
    source: sourcePort,
    destination: destinationPort,
    rest: datagram(payload.transport, nonce),
  } as const;
  return {
    frame: { ...frame, payload: { ...payload, transport } },
    mark: { family: payload.kind, source: frame.source, destination: frame.destination, sourcePort, destinationPort },
    nonce,
    notes,
  };
}

/** UDP's length, no checksum, and the nonce, as long as it was. */
function datagram(transport: Transport, nonce: Uint8Array): Uint8Array {
  const before = transport.kind === "ports" ? transport.rest.length : 0;
  const rest = new Uint8Array(Math.max(before, 4 + nonce.length));
  const length = rest.length + 4;
  rest.set([length >>> 8, length & 0xff, 0, 0]);
  rest.set(nonce, 4);
  return rest;
}

/** The family in which the frame that was asked for would be. */
function ipFamilyOf(ends: Ends, request: TraceRequest): "ipv4" | "ipv6" {
  const { frame } = tracedFrame(ends, request);
  return frame.payload.kind === "ipv6" ? "ipv6" : "ipv4";
}

function inFamily(ends: Ends, family: "ipv4" | "ipv6"): Ends {
  const isOf = (ip: string | null): boolean => ip !== null && ip.includes(":") === (family === "ipv6");
  const of = <E extends { readonly ip: string | null; readonly ips: readonly string[] }>(end: E): E => {
    const ips = end.ips.filter(isOf);
    return { ...end, ips, ip: isOf(end.ip) ? end.ip : (ips[0] ?? null) };
  };
  return { source: of(ends.source), destination: of(ends.destination) };
}

/** Whether these bytes are a copy of the probe, or of its beginning. */
export function isCopyOf({ nonce }: TraceProbe, data: Uint8Array): boolean {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).includes(Buffer.from(nonce));
}
