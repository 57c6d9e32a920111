// PORT_MOD (OpenFlow 1.3.5, section 7.3.4.3).
import type { Mac } from "../../bytes/mac.ts";

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
