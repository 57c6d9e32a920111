// The description of a port (struct ofp_port, OpenFlow 1.3.5, section 7.2.1).
import { type Mac, macFromBytes, macToBytes } from "../bytes/mac.ts";
import type { ByteReader } from "../bytes/reader.ts";
import type { ByteWriter } from "../bytes/writer.ts";

export interface PortDesc {
  readonly portNo: number;
  readonly hwAddr: Mac;
  readonly name: string;
  /** OFPPC bits. */
  readonly config: number;
  /** OFPPS bits. */
  readonly state: number;
  /** OFPPF bits. */
  readonly curr: number;
  readonly advertised: number;
  readonly supported: number;
  readonly peer: number;
  readonly currSpeedKbps: number;
  readonly maxSpeedKbps: number;
}

const NAME_LENGTH = 16;

export function decodePortDesc(r: ByteReader): PortDesc {
  const portNo = r.u32("port.port_no");
  r.skip(4, "port.pad");
  const hwAddr = macFromBytes(r.bytes(6, "port.hw_addr"));
  r.skip(2, "port.pad2");
  return {
    portNo,
    hwAddr,
    name: r.text(NAME_LENGTH, "port.name"),
    config: r.u32("port.config"),
    state: r.u32("port.state"),
    curr: r.u32("port.curr"),
    advertised: r.u32("port.advertised"),
    supported: r.u32("port.supported"),
    peer: r.u32("port.peer"),
    currSpeedKbps: r.u32("port.curr_speed"),
    maxSpeedKbps: r.u32("port.max_speed"),
  };
}

export function encodePortDesc(w: ByteWriter, port: PortDesc): void {
  w.u32(port.portNo, "port.port_no");
  w.zeros(4);
  w.bytes(macToBytes(port.hwAddr));
  w.zeros(2);
  w.text(port.name, NAME_LENGTH, "port.name");
  w.u32(port.config, "port.config");
  w.u32(port.state, "port.state");
  w.u32(port.curr, "port.curr");
  w.u32(port.advertised, "port.advertised");
  w.u32(port.supported, "port.supported");
  w.u32(port.peer, "port.peer");
  w.u32(port.currSpeedKbps, "port.curr_speed");
  w.u32(port.maxSpeedKbps, "port.max_speed");
}
