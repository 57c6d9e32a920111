// The description of a port (struct ofp_port, OpenFlow 1.3.5, section 7.2.1).
import type { Mac } from "../bytes/mac.ts";

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
