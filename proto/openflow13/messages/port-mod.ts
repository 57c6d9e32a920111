// PORT_MOD (OpenFlow 1.3.5, section 7.3.4.3).
import { type Mac, macFromBytes, macToBytes } from "../../bytes/mac.ts";
import type { ByteReader } from "../../bytes/reader.ts";
import type { ByteWriter } from "../../bytes/writer.ts";

export interface PortMod {
  readonly kind: "port_mod";
  readonly xid: number;
  readonly portNo: number;
  readonly hwAddr: Mac;
  /** OFPPC bits to set, of those in `mask`. */
  readonly config: number;
  readonly mask: number;
  /** OFPPF bits; 0 changes nothing. */
  readonly advertise: number;
}

export function decodePortMod(r: ByteReader, xid: number): PortMod {
  const portNo = r.u32("port_mod.port_no");
  r.skip(4, "port_mod.pad");
  const hwAddr = macFromBytes(r.bytes(6, "port_mod.hw_addr"));
  r.skip(2, "port_mod.pad2");
  const config = r.u32("port_mod.config");
  const mask = r.u32("port_mod.mask");
  const advertise = r.u32("port_mod.advertise");
  r.skip(4, "port_mod.pad3");
  return { kind: "port_mod", xid, portNo, hwAddr, config, mask, advertise };
}

export function encodePortMod(w: ByteWriter, m: PortMod): void {
  w.u32(m.portNo, "port_mod.port_no");
  w.zeros(4);
  w.bytes(macToBytes(m.hwAddr));
  w.zeros(2);
  w.u32(m.config, "port_mod.config");
  w.u32(m.mask, "port_mod.mask");
  w.u32(m.advertise, "port_mod.advertise");
  w.zeros(4);
}
