// What the features of the pipeline compile from, and the terms they share.
import { ipv4ToNumber, ipv6ToBigInt, isIpv4 } from "../../proto/bytes/ip.ts";
import { type Action, type Instruction, OFPP, type OxmTlv } from "../../proto/openflow13/index.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import type { FabricPort } from "../model/fabric-ports.ts";
import type { Lane, Vni } from "../model/facts.ts";
import { type Attachment, type Network, OTHER_VLANS_VNI, policyOf } from "../model/networks.ts";
import { floodMeter, REGISTERS, RELAY_KEY_BIT, TABLES, type TableName } from "./registry.ts";

export interface PipelineSettings {
  /** A MAC that sends nothing for this long is forgotten. */
  readonly idleTimeoutSec: number;
  /** Copies to the controller, for each port. */
  readonly puntsPerSecond: number;
  readonly puntBurst: number;
  /** Whether ports are probed for loops outside of the fabric. */
  readonly loopProbes?: boolean;
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
  /** Ports that are probed for loops, sorted. */
  readonly probed: readonly number[];
  /** Ports at which frames that tell of plain links are listened for, sorted. */
  readonly listening: readonly number[];
  /** Of those that are probed the ones that are cut off. */
  readonly blocked: readonly number[];
  /** By VNI, for networks on this switch whose floods are capped and can be. */
  readonly floodMeters: ReadonlyMap<Vni, FloodMeter>;
}

/** As much of it as some of the ports decide, each by itself. */
export type PortsContext = Pick<CompileContext, "local" | "probed" | "blocked" | "maxMeter">;

export interface FloodMeter {
  readonly meterId: number;
  readonly kbps: number;
}

/** Meters of all networks that configuration caps, by VNI; the number comes from the network's place among them. */
export function floodMetersOf(fabric: Fabric): ReadonlyMap<Vni, FloodMeter> {
  const capped = fabric.networks.all().filter((network) => policyOf(network).floodKbps !== null);
  return new Map(
    capped.map((network, at) => [network.vni, { meterId: floodMeter(at), kbps: policyOf(network).floodKbps ?? 0 }]),
  );
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
  const floodMeters = new Map(
    [...floodMetersOf(fabric)].filter(([vni, { meterId }]) => byVni.has(vni) && meterId <= maxMeter),
  );
  const numbers = (ports: readonly FabricPort[]): readonly number[] =>
    ports.flatMap((port) => port.fact.ofport ?? []).sort((a, b) => a - b);
  const probed = settings.loopProbes === true ? numbers(host.ports.filter((port) => port.carried.length > 0)) : [];
  const blocked = numbers(host.ports.filter((port) => port.blocked));
  const answersNd = host.fact?.userspaceDatapath ?? false;
  const listening = host.plain?.listening ?? [];
  return { fabric, host, settings, local, networks, maxMeter, answersNd, probed, listening, blocked, floodMeters };
}

export const ALL_METADATA = 0xffff_ffff_ffff_ffffn;
const VID_MASK = 0xfffn;
const VID_BITS = 12;

/** Between the VLAN id and `metadata`, for VLANs that are no networks; see `OTHER_VLANS_VNI`. */
export function moveVlan(src: "vlan_vid" | "metadata", dst: "vlan_vid" | "metadata"): Action {
  return { kind: "nx_reg_move", nBits: VID_BITS, srcOfs: 0, dstOfs: 0, src, dst };
}

const TUNNEL_KEY_BITS = 24;

export function moveKey(src: "tunnel_id" | "metadata", dst: "tunnel_id" | "metadata"): Action {
  return { kind: "nx_reg_move", nBits: TUNNEL_KEY_BITS, srcOfs: 0, dstOfs: 0, src, dst };
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
  if (vni !== OTHER_VLANS_VNI) return { field: "metadata", value: BigInt(vni) };
  return { field: "metadata", value: BigInt(vni), mask: ~VID_MASK & ALL_METADATA };
}

/** No limit on what is sent: max_len matters for the controller alone. */
export function output(port: number): Action {
  return { kind: "output", port, maxLen: 0 };
}

/** By a tunnel; by one that leads to many hosts, to the lane's address. */
export function outBy({ port, toward }: Lane): readonly Action[] {
  return toward === null ? [output(port)] : [{ kind: "set_field", field: tunnelTo(toward) }, output(port)];
}

function tunnelTo(ip: string): OxmTlv {
  return isIpv4(ip)
    ? { field: "nx_tun_ipv4_dst", value: ipv4ToNumber(ip) }
    : { field: "nx_tun_ipv6_dst", value: ipv6ToBigInt(ip) };
}

export function tunnelFrom(ip: string): OxmTlv {
  return isIpv4(ip)
    ? { field: "nx_tun_ipv4_src", value: ipv4ToNumber(ip) }
    : { field: "nx_tun_ipv6_src", value: ipv6ToBigInt(ip) };
}

const PORT_BITS = 16;
/**
 * Before a frame that came by a flow-based tunnel leaves by one: a switch puts nothing out of the port it came in by,
 * unless it has forgotten that, and takes its old destination for the new one where the address families differ.
 */
export const ONWARD: readonly Action[] = [
  { kind: "nx_reg_load", dst: "nxm_of_in_port", ofs: 0, nBits: PORT_BITS, value: 0n },
  { kind: "set_field", field: { field: "nx_tun_ipv4_dst", value: 0 } },
  { kind: "set_field", field: { field: "nx_tun_ipv6_dst", value: 0n } },
];

/** OFPVID_PRESENT of OpenFlow 1.3.5, section 7.2.3.7. */
const VID_PRESENT = 0x1000;
/** Of a tag's control information: the VLAN id, and the bit by which Open vSwitch says that there is a tag. */
const VLAN_BITS = 13;
/** OFPP_IN_PORT as 16 bits: the port a frame came from stays what it is. */
const SAME_PORT = 0xfff8;
export const ETHERTYPE_VLAN = 0x8100;

/** Frames that carry a tag, whatever its VLAN. */
export const TAGGED: OxmTlv = { field: "vlan_vid", value: VID_PRESENT, mask: VID_PRESENT };

/** Frames without a tag, and those whose tag has VLAN 0 and so is but a priority. */
export const WITHOUT_VLAN: OxmTlv = { field: "vlan_vid", value: 0, mask: 0xfff };

export function vlanVid(vlan: number): OxmTlv {
  return { field: "vlan_vid", value: VID_PRESENT | vlan };
}

/** Gives the frame a tag with this VLAN, or its tag this VLAN: the tag's priority and TPID stay. */
export function tagWith(vlan: number): Action {
  const value = BigInt(VID_PRESENT | vlan);
  return { kind: "nx_reg_load", dst: "nxm_of_vlan_tci", ofs: 0, nBits: VLAN_BITS, value };
}

/** The whole of an outer tag: VLAN 0, priority 0. */
export const PLAIN_CARRIER: Action = {
  kind: "nx_reg_load",
  dst: "nxm_of_vlan_tci",
  ofs: 0,
  nBits: 16,
  value: BigInt(VID_PRESENT),
};

/** A table as a subroutine. In a group's bucket it must be the last step: a bucket is an action set. */
export function through(table: TableName): Action {
  return { kind: "nx_resubmit_table", inPort: SAME_PORT, table: TABLES[table].id };
}

function toPort(ofport: number): Action {
  const { field, bits } = REGISTERS.outPort;
  return { kind: "nx_reg_load", dst: field, ofs: 0, nBits: bits, value: BigInt(ofport) };
}

/** Out of a local port, with the tag that the port's VLAN columns ask for: in a bucket. */
export function outOf({ ofport }: LocalAttachment): readonly Action[] {
  return [toPort(ofport), through("egress")];
}

/** The same in a flow, as its last step. */
export function leaveBy({ ofport }: Pick<LocalAttachment, "ofport">): readonly Instruction[] {
  return [apply(toPort(ofport)), gotoTable("egress")];
}

/** The same for a frame of the controller's own, which has not come through the tables. */
export function sendOutOf(local: LocalAttachment): readonly Action[] {
  return [{ kind: "set_field", field: inNetwork(local.attachment.network.vni) }, ...outOf(local)];
}

/** Sets or clears "relay me" in the tunnel key, and leaves the network in it. */
export function relayBit(value: 0n | 1n): Action {
  return { kind: "nx_reg_load", dst: "tunnel_id", ofs: RELAY_KEY_BIT, nBits: 1, value };
}

function attachmentOf(host: FabricHost, ofport: number, vni: Vni): LocalAttachment | null {
  const port = host.ports.find((one) => one.fact.ofport === ofport);
  const attachment = port?.attachments.find((one) => one.network.vni === vni);
  return port === undefined || attachment === undefined ? null : { port, ofport, attachment };
}

/** The actions that bring a frame of the controller's own to a port, as its network asks for; null where it is not in the network. */
export function outOfPort(host: FabricHost, ofport: number, vni: Vni): readonly Action[] | null {
  const local = attachmentOf(host, ofport, vni);
  return local === null ? null : sendOutOf(local);
}

/** The VLAN of a frame that comes into a network by a port, 0 for none; null where the port is not in the network. */
export function intoPort(host: FabricHost, ofport: number, vni: Vni): number | null {
  return attachmentOf(host, ofport, vni)?.attachment.ingressVlans[0] ?? null;
}

/** As if the frame had come in by its port. */
export function throughTables(): Action {
  return output(OFPP.TABLE);
}
