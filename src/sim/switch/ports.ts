// The ports of a simulated switch: what OpenFlow tells of them, and whether they can carry anything.
import { OFPPC, OFPPS, type PortDesc } from "../../../proto/openflow13/index.ts";

export interface SwitchPort {
  readonly portNo: number;
  readonly name: string;
  readonly hwAddr: string;
  /** The device is there and has a carrier. */
  readonly isUp: boolean;
  /** What BFD says; null where none runs. */
  readonly bfdForwards: boolean | null;
  /** OFPPC bits. */
  readonly config: number;
}

export interface PortCounters {
  rxPackets: number;
  txPackets: number;
  rxBytes: number;
  txBytes: number;
  rxDropped: number;
}

export function noTraffic(): PortCounters {
  return { rxPackets: 0, txPackets: 0, rxBytes: 0, txBytes: 0, rxDropped: 0 };
}

/** Whether a fast-failover bucket that watches it is taken. */
export function isLive({ isUp, bfdForwards, config }: SwitchPort): boolean {
  return isUp && bfdForwards !== false && (config & OFPPC.PORT_DOWN) === 0;
}

export function portDesc(port: SwitchPort): PortDesc {
  const rates = { curr: 0, advertised: 0, supported: 0, peer: 0, currSpeedKbps: 0, maxSpeedKbps: 0 };
  const { portNo, hwAddr, name, config, isUp } = port;
  const state = (isUp ? 0 : OFPPS.LINK_DOWN) | (isLive(port) ? OFPPS.LIVE : 0);
  return { portNo, hwAddr, name, config, state, ...rates };
}
