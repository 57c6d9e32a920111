// OFPMP_PORT_STATS (OpenFlow 1.3.5, section 7.3.5.6).
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

/** Counters the switch does not keep are 2^64 - 1. */
export interface PortStats {
  readonly portNo: number;
  readonly rxPackets: bigint;
  readonly txPackets: bigint;
  readonly rxBytes: bigint;
  readonly txBytes: bigint;
  readonly rxDropped: bigint;
  readonly txDropped: bigint;
  readonly rxErrors: bigint;
  readonly txErrors: bigint;
  readonly rxFrameErrors: bigint;
  readonly rxOverErrors: bigint;
  readonly rxCrcErrors: bigint;
  readonly collisions: bigint;
  readonly durationSec: number;
  readonly durationNsec: number;
}

export function decodePortNo(r: ByteReader): number {
  const portNo = r.u32("port_stats_request.port_no");
  r.skip(4, "port_stats_request.pad");
  return portNo;
}

export function encodePortNo(w: ByteWriter, portNo: number): void {
  w.u32(portNo, "port_stats_request.port_no");
  w.zeros(4);
}

export function decodePortStatsList(r: ByteReader): PortStats[] {
  const ports: PortStats[] = [];
  while (r.remaining > 0) {
    const portNo = r.u32("port_stats.port_no");
    r.skip(4, "port_stats.pad");
    ports.push({
      portNo,
      rxPackets: r.u64("port_stats.rx_packets"),
      txPackets: r.u64("port_stats.tx_packets"),
      rxBytes: r.u64("port_stats.rx_bytes"),
      txBytes: r.u64("port_stats.tx_bytes"),
      rxDropped: r.u64("port_stats.rx_dropped"),
      txDropped: r.u64("port_stats.tx_dropped"),
      rxErrors: r.u64("port_stats.rx_errors"),
      txErrors: r.u64("port_stats.tx_errors"),
      rxFrameErrors: r.u64("port_stats.rx_frame_err"),
      rxOverErrors: r.u64("port_stats.rx_over_err"),
      rxCrcErrors: r.u64("port_stats.rx_crc_err"),
      collisions: r.u64("port_stats.collisions"),
      durationSec: r.u32("port_stats.duration_sec"),
      durationNsec: r.u32("port_stats.duration_nsec"),
    });
  }
  return ports;
}

export function encodePortStatsList(w: ByteWriter, ports: readonly PortStats[]): void {
  for (const port of ports) {
    w.u32(port.portNo, "port_stats.port_no");
    w.zeros(4);
    w.u64(port.rxPackets, "port_stats.rx_packets");
    w.u64(port.txPackets, "port_stats.tx_packets");
    w.u64(port.rxBytes, "port_stats.rx_bytes");
    w.u64(port.txBytes, "port_stats.tx_bytes");
    w.u64(port.rxDropped, "port_stats.rx_dropped");
    w.u64(port.txDropped, "port_stats.tx_dropped");
    w.u64(port.rxErrors, "port_stats.rx_errors");
    w.u64(port.txErrors, "port_stats.tx_errors");
    w.u64(port.rxFrameErrors, "port_stats.rx_frame_err");
    w.u64(port.rxOverErrors, "port_stats.rx_over_err");
    w.u64(port.rxCrcErrors, "port_stats.rx_crc_err");
    w.u64(port.collisions, "port_stats.collisions");
    w.u32(port.durationSec, "port_stats.duration_sec");
    w.u32(port.durationNsec, "port_stats.duration_nsec");
  }
}
