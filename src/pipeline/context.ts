// What the features of the pipeline compile from, and the terms they share.
import { type Action, type Instruction, OFPP, type OxmTlv } from "../../proto/openflow13/index.ts";
import type { Fabric, FabricHost, FabricPort } from "../model/fabric.ts";
import type { Vni } from "../model/facts.ts";
import type { Attachment, Network } from "../model/networks.ts";
import { RELAY_KEY_BIT, TABLES, type TableName } from "./registry.ts";

export interface PipelineSettings {
  /** A MAC that sends nothing for this long is forgotten. */
  readonly idleTimeoutSec: number;
  /** Copies to the controller, for each port. */
  readonly puntsPerSecond: number;
  readonly puntBurst: number;
}

/** A port that has its number, with one of its networks. */
export interface LocalAttachment {
  readonly port: FabricPort;
  readonly ofport: number;
  readonly attachment: Attachment;
}

export interface CompileContext {
  readonly fabric: Fabric;
  readonly host: FabricHost;
  readonly settings: PipelineSettings;
  /** Sorted by port number, then VNI. */
  readonly local: readonly LocalAttachment[];
  /** Networks with a port on this switch, sorted by VNI. A switch holds flows of no others. */
  readonly networks: readonly Network[];
  readonly maxMeter: number;
  /** Whether the switch can turn a neighbour solicitation into its answer: Open vSwitch's userspace datapath alone can. */
  readonly answersNd: boolean;
}

export function compileContext(fabric: Fabric, host: FabricHost, settings: PipelineSettings): CompileContext {
  const local = host.ports
    .flatMap((port) => {
      const ofport = port.fact.ofport;
      return ofport === null ? [] : port.attachments.map((attachment) => ({ port, ofport, attachment }));
    })
    .sort((a, b) => a.ofport - b.ofport || a.attachment.network.vni - b.attachment.network.vni);
  const byVni = new Map(local.map(({ attachment }) => [attachment.network.vni, attachment.network]));
  const networks = [...byVni.values()].sort((a, b) => a.vni - b.vni);
  const maxMeter = host.switch?.maxMeter ?? 0;
  return { fabric, host, settings, local, networks, maxMeter, answersNd: host.fact?.userspaceDatapath ?? false };
}

export function gotoTable(table: TableName): Instruction {
  return { kind: "goto_table", tableId: TABLES[table].id };
}

export function apply(...actions: readonly Action[]): Instruction {
  return { kind: "apply_actions", actions };
}

export function onPort(ofport: number): OxmTlv {
  return { field: "in_port", value: ofport };
}

/** The network a frame was classified into travels in `metadata`. */
export function inNetwork(vni: Vni): OxmTlv {
  return { field: "metadata", value: BigInt(vni) };
}

/** No limit on what is sent: max_len matters for the controller alone. */
export function output(port: number): Action {
  return { kind: "output", port, maxLen: 0 };
}

/** OFPVID_PRESENT of OpenFlow 1.3.5, section 7.2.3.7. */
const VID_PRESENT = 0x1000;
export const ETHERTYPE_VLAN = 0x8100;

/** `vlan_vid` of frames that carry no tag. */
export const UNTAGGED: OxmTlv = { field: "vlan_vid", value: 0 };

export function vlanVid(vlan: number): OxmTlv {
  return { field: "vlan_vid", value: VID_PRESENT | vlan };
}

/** Sets or clears "relay me" in the tunnel key, and leaves the network in it. */
export function relayBit(value: 0n | 1n): Action {
  return { kind: "nx_reg_load", dst: "tunnel_id", ofs: RELAY_KEY_BIT, nBits: 1, value };
}

/** Out of a local port, with the tag that the port's VLAN columns ask for. @param port `OFPP.IN_PORT` for its own frames. */
export function outOf(local: LocalAttachment, port: number = local.ofport): readonly Action[] {
  const vlan = local.attachment.egressVlan;
  if (vlan === null) return [output(port)];
  return [{ kind: "push_vlan", etherType: ETHERTYPE_VLAN }, { kind: "set_field", field: vlanVid(vlan) }, output(port)];
}

function attachmentOf(host: FabricHost, ofport: number, vni: Vni): LocalAttachment | null {
  const port = host.ports.find((one) => one.fact.ofport === ofport);
  const attachment = port?.attachments.find((one) => one.network.vni === vni);
  return port === undefined || attachment === undefined ? null : { port, ofport, attachment };
}

/** The actions that bring a frame without a tag to a port, as its network asks for; null where it is not in the network. */
export function outOfPort(host: FabricHost, ofport: number, vni: Vni): readonly Action[] | null {
  const local = attachmentOf(host, ofport, vni);
  return local === null ? null : outOf(local);
}

/** The VLAN of a frame that comes into a network by a port, 0 for none; null where the port is not in the network. */
export function intoPort(host: FabricHost, ofport: number, vni: Vni): number | null {
  return attachmentOf(host, ofport, vni)?.attachment.ingressVlans[0] ?? null;
}

/** As if the frame had come in by its port. */
export function throughTables(): Action {
  return output(OFPP.TABLE);
}
