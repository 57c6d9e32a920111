// Frames about addresses, sent out by the switch where a station is.
import { defenceFrame, questionFrame } from "../discovery/address-frames.ts";
import type { Station } from "../discovery/whereabouts.ts";
import type { FabricHost } from "../model/fabric.ts";
import { intoPort, outOfPort, throughTables } from "../pipeline/context.ts";
import { bridgeMac } from "../pipeline/rows.ts";
import type { PacketOutRequest } from "../southbound/openflow/index.ts";

export interface StationSwitch {
  readonly host: FabricHost;
  readonly session: { packetOut(request: PacketOutRequest): void };
}

/** Asks a station whether an address is still its own; what it answers is heard like anything else. */
export function askStation(at: StationSwitch | null, { ip, vni, place }: Station): void {
  if (at === null) return;
  const actions = outOfPort(at.host, place.ofport, vni);
  const data = questionFrame(ip, bridgeMac(at.host.id));
  if (actions !== null && data !== null) at.session.packetOut({ actions, data });
}

/** Tells the station's network that an address is the station's, in its name. */
export function defendStation(at: StationSwitch | null, { ip, mac, vni, place }: Station): void {
  const vlan = at === null ? null : intoPort(at.host, place.ofport, vni);
  const data = vlan === null ? null : defenceFrame(ip, mac, vlan);
  if (data !== null) at?.session.packetOut({ inPort: place.ofport, actions: [throughTables()], data });
}
