// The commands that turn an empty namespace into an Open vSwitch host, as one shell script per host.
import { mkdirSync } from "node:fs";
import { inNamespace, run, shellLine } from "./command.ts";
import { daemonCommand, databaseSocketOf, hostDirOf, ovsEnvOf } from "./daemon.ts";
import type { HostRecord, LabState } from "./state.ts";
import { IPV6_PREFIX_LENGTH } from "./subnet.ts";

export interface HostPresets {
  /** Undefined: the host's number and the lab's, for example "t1-h1". */
  readonly systemId?: string;
  /** More `external_ids` of the Open_vSwitch row, or others in place of the preset ones; null leaves one out. */
  readonly externalIds?: Readonly<Record<string, string | null>>;
}

/** Settings of a namespace's kernel; one that this kernel does not know is passed over. */
export const setKernel = (settings: Readonly<Record<string, number>>): string =>
  Object.entries(settings)
    .map(([key, value]) => {
      const path = `/proc/sys/net/${key}`;
      return `if [ -w ${path} ]; then echo ${value} > ${path}; fi`;
    })
    .join("\n");

/** `02:` marks a locally administered address; kind keeps NICs, bridges and guests apart. */
export function labMac(kind: number, subnetOctet: number, number: number): string {
  const bytes = [0x02, 0x57, kind, subnetOctet, Math.floor(number / 256) % 256, number % 256];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

const nicKind = 1;
const bridgeKind = 2;
const octetOf = (state: LabState): number => Number(state.subnet.split(".")[2]);

/** The links of a host, made from the root namespace: its NIC is plugged into the underlay's bridge. */
export function hostLinkCommands(state: LabState, host: HostRecord, underlay: string): string[] {
  const mac = labMac(nicKind, octetOf(state), host.index);
  return [
    `netns add ${host.namespace}`,
    `link add eth0 address ${mac} mtu ${state.underlayMtu} netns ${host.namespace} type veth peer name ${host.name} mtu ${state.underlayMtu} netns ${underlay}`,
  ];
}

/** br-phy carries the underlay address: also after ovs-vswitchd was away, and its device with it. */
export function underlayAddressCommands(state: LabState, host: HostRecord): string {
  const isIpv6 = state.family === "ipv6";
  const prefix = isIpv6 ? IPV6_PREFIX_LENGTH : state.subnet.split("/")[1];
  const ip = [
    ...(isIpv6 ? ["echo 0 > /proc/sys/net/ipv6/conf/br-phy/disable_ipv6"] : []),
    "ip link set br-phy up",
    `ip addr replace ${host.ip}/${prefix} dev br-phy${isIpv6 ? " nodad" : ""}`,
    ...host.addresses.flatMap(({ device, cidr }) => [
      `if [ -e /proc/sys/net/ipv6/conf/${device} ]; then echo 0 > /proc/sys/net/ipv6/conf/${device}/disable_ipv6; fi`,
      `ip link set ${device} up`,
      `ip addr replace ${cidr} dev ${device}`,
    ]),
  ];
  return ip.join("\n");
}

/** Starts the daemons and br-phy in the namespace; everything on it is up when it resolves. */
export async function startHost(
  labDir: string,
  state: LabState,
  host: HostRecord,
  presets: HostPresets,
): Promise<void> {
  const hostDir = hostDirOf(labDir, host.name);
  mkdirSync(hostDir, { recursive: true });
  const externalIds = {
    "system-id": presets.systemId ?? `${state.name}-${host.name}`,
    "weft-datapath-type": "netdev",
    ...presets.externalIds,
  };
  const settings = Object.entries(externalIds)
    .filter((entry): entry is [string, string] => entry[1] !== null)
    .map(([key, value]) => `external_ids:${key}=${JSON.stringify(value)}`);
  const script = [
    "set -e",
    // The kernel of a host sees every frame that Open vSwitch reads from a veth. It must not answer ARP for an address
    // of another link, forward, or speak IPv6 on links that are only Open vSwitch's.
    setKernel({
      "ipv4/ip_forward": 0,
      "ipv4/conf/all/rp_filter": 1,
      "ipv4/conf/all/arp_ignore": 1,
      "ipv6/conf/default/disable_ipv6": 1,
      "ipv6/conf/eth0/disable_ipv6": 1,
    }),
    "ip link set lo up",
    "ip link set eth0 up",
    // Open vSwitch passes on a veth's unfinished checksums as they are, and the far end drops them.
    "ethtool -K eth0 tx off > /dev/null",
    shellLine(["ovsdb-tool", "create", `${hostDir}/conf.db`]),
    shellLine(daemonCommand("ovsdb-server", hostDir)),
    shellLine([
      "ovs-vsctl",
      "--no-wait",
      `--db=unix:${databaseSocketOf(hostDir)}`,
      ...["init", "--"],
      ...(settings.length > 0 ? ["set", "open_vswitch", ".", ...settings, "--"] : []),
      ...["add-br", "br-phy", "--", "set", "bridge", "br-phy", "datapath_type=netdev", "fail_mode=standalone"],
      `other_config:hwaddr="${labMac(bridgeKind, octetOf(state), host.index)}"`,
      // In-band control would let the manager's connection past every flow, and so past what holds it back.
      "other_config:disable-in-band=true",
      ...["--", "add-port", "br-phy", "eth0"],
    ]),
    shellLine(daemonCommand("ovs-vswitchd", hostDir)),
    underlayAddressCommands(state, host),
  ].join("\n");
  await run(inNamespace(host.namespace, ["sh", "-c", script]), { env: ovsEnvOf(labDir, hostDir) });
}
