// PORT_STATUS (OpenFlow 1.3.5, section 7.4.3).
import type { PortDesc } from "../port-desc.ts";

export interface PortStatus {
  readonly kind: "port_status";
  readonly xid: number;
  readonly reason: "add" | "delete" | "modify";
  readonly port: PortDesc;
}
