// Makes guests: the namespace, the veth, the port on the bridge, the address.
import { inNamespace, ipBatch, run, shellLine } from "./command.ts";
import { hostDirOf, ovsEnvOf } from "./daemon.ts";
import { Guest } from "./guest.ts";
import { labMac, setKernel } from "./host-start.ts";
import { LabError } from "./lab-error.ts";
import { checkLinkName, checkMemberName, defaultPortOf, namespaceOf } from "./names.ts";
import { markOf } from "./processes.ts";
import type { GuestRecord, HostRecord, LabStore } from "./state.ts";
import { splitCidr } from "./subnet.ts";

/** How a port stands on the bridge. */
export interface PortSpec {
  /** The port's name on the bridge; `tap-<guest>` unless given. */
  readonly port?: string;
  /** The bridge; br-int unless given. */
  readonly bridge?: string;
  /** The VLAN of an access port. */
  readonly tag?: number;
  /** `external_ids:weft-network` of the port. */
  readonly network?: string;
  /** Declares the guest's MAC as `external_ids:attached-mac`. Unless given it has to be observed. */
  readonly attachedMac?: boolean;
  /** More columns of the Interface or Port row, as ovs-vsctl writes them: `{ vlan_mode: "trunk" }`. */
  readonly portColumns?: Readonly<Record<string, string>>;
  readonly interfaceColumns?: Readonly<Record<string, string>>;
  /** How long the bridge is waited for; 15 unless given. */
  readonly bridgeTimeoutSec?: number;
}

export interface GuestSpec extends PortSpec {
  readonly name: string;
  /** With a prefix length, or /24. */
  readonly ip: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly gateway?: string;
}

const guestKind = 16;

/** A MAC no other guest of the lab has; the same for the same lab made again. */
function freshMac(store: LabStore): string {
  const taken = new Set(store.state.guests.map((guest) => guest.mac));
  const octet = Number(store.state.subnet.split(".")[2]);
  for (let number = store.state.guests.length + 1; ; number++) {
    const mac = labMac(guestKind, octet, number);
    if (!taken.has(mac)) return mac;
  }
}

/** Enters the guest into the state before it is made, so that its name is taken and a crash leaves nothing unknown. */
export function reserveGuest(
  store: LabStore,
  spec: GuestSpec,
  place: Pick<GuestRecord, "host" | "namespace" | "device" | "port">,
): GuestRecord {
  checkMemberName(spec.name);
  const { guests, segments, guestMtu } = store.state;
  if ([...guests, ...segments].some((other) => other.name === spec.name))
    throw new LabError("lab/taken", `the lab has a guest ${spec.name} already`, { context: { name: spec.name } });
  const mac = spec.mac?.toLowerCase() ?? freshMac(store);
  const record = { name: spec.name, ...place, ...splitCidr(spec.ip), mac, mtu: spec.mtu ?? guestMtu };
  store.update((state) => ({ ...state, guests: [...state.guests, record] }));
  return record;
}

export function forgetGuest(store: LabStore, name: string): void {
  store.update((state) => ({ ...state, guests: state.guests.filter((guest) => guest.name !== name) }));
}

/** The ovs-vsctl command that waits for the bridge and adds the port to it, in one transaction. */
export function addPortCommand(
  port: string,
  spec: PortSpec,
  mac: string | undefined,
  columns: readonly string[],
): string[] {
  const bridge = spec.bridge ?? "br-int";
  const ofPort = [
    ...(spec.tag === undefined ? [] : [`tag=${spec.tag}`]),
    ...(spec.network === undefined ? [] : [`external_ids:weft-network=${JSON.stringify(spec.network)}`]),
    ...Object.entries(spec.portColumns ?? {}).map(([column, value]) => `${column}=${value}`),
  ];
  const ofInterface = [
    ...columns,
    ...(spec.attachedMac === true && mac !== undefined ? [`external_ids:attached-mac=${JSON.stringify(mac)}`] : []),
    ...Object.entries(spec.interfaceColumns ?? {}).map(([column, value]) => `${column}=${value}`),
  ];
  return [
    "ovs-vsctl",
    `--timeout=${spec.bridgeTimeoutSec ?? 15}`,
    ...["wait-until", "bridge", bridge, "--", "add-port", bridge, port, ...ofPort],
    ...(ofInterface.length > 0 ? ["--", "set", "interface", port, ...ofInterface] : []),
  ];
}

/** Adds the port; what ovs-vswitchd could not set up is an error, though ovs-vsctl only warns of it. */
export async function addPort(store: LabStore, host: HostRecord, argv: readonly string[], script = ""): Promise<void> {
  const env = ovsEnvOf(store.dir, hostDirOf(store.dir, host.name));
  const shell = ["sh", "-c", `set -e\n${script}\n${shellLine(argv)}`];
  try {
    const { stderr } = await run(inNamespace(host.namespace, shell), { env, timeoutSec: 120 });
    if (!stderr.includes("Error detected")) return;
    throw new LabError("lab/port", stderr.trim());
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LabError(
      "lab/port",
      `the port could not be added on ${host.name} (its bridge is made by the controller, or by createBridge): ${reason}`,
      { cause, context: { host: host.name, argv } },
    );
  }
}

/** The end of a veth that belongs to the guest: checksums by itself, its address, up. Its first frame is seen. */
export async function bringUp(store: LabStore, guest: GuestRecord, gateway?: string): Promise<void> {
  const script = [
    "set -e",
    setKernel({ "ipv4/ip_forward": 0, "bridge/bridge-nf-call-iptables": 0, "bridge/bridge-nf-call-arptables": 0 }),
    `ethtool -K ${guest.device} tx off > /dev/null`,
    "ip link set lo up",
    `ip addr add ${guest.ip}/${guest.prefixLength} dev ${guest.device}`,
    `ip link set ${guest.device} up`,
    ...(gateway === undefined ? [] : [`ip route add default via ${gateway}`]),
  ].join("\n");
  await run(inNamespace(guest.namespace, ["sh", "-c", script]), { env: markOf(store.dir) });
}

/** A guest with a veth of its own: as a virtual machine with its tap, or a container. */
export async function addVethGuest(store: LabStore, host: HostRecord, spec: GuestSpec): Promise<Guest> {
  const port = checkLinkName(spec.port ?? defaultPortOf(spec.name));
  const namespace = namespaceOf(store.state.name, spec.name);
  const guest = reserveGuest(store, spec, { host: host.name, namespace, device: "eth0", port });
  try {
    await ipBatch([
      `netns add ${namespace}`,
      `link add ${port} mtu ${guest.mtu} netns ${host.namespace} type veth peer name eth0 address ${guest.mac} mtu ${guest.mtu} netns ${namespace}`,
    ]);
    const ready = `ethtool -K ${port} tx off > /dev/null\nip link set ${port} up`;
    await addPort(store, host, addPortCommand(port, spec, guest.mac, []), ready);
    await bringUp(store, guest, spec.gateway);
  } catch (error) {
    await removeVethGuest(store, host, guest);
    throw error;
  }
  return new Guest(guest, markOf(store.dir));
}

/**
 * Takes a namespace away with the veth whose end `device` is in it. A veth that goes with its namespace goes when the kernel comes to it, and
 * its name is taken until then; one that is deleted is gone at once.
 */
export async function removeMember(namespace: string, device: string): Promise<void> {
  await run(["ip", "-n", namespace, "link", "del", device], { check: false });
  await ipBatch([`netns del ${namespace}`], { force: true });
}

/** Takes a guest away with its port; what is gone already is no error. */
export async function removeVethGuest(store: LabStore, host: HostRecord, guest: GuestRecord): Promise<void> {
  const env = ovsEnvOf(store.dir, hostDirOf(store.dir, host.name));
  await run(["ovs-vsctl", "--timeout=10", "--if-exists", "del-port", guest.port], { env, check: false });
  await removeMember(guest.namespace, guest.device);
  forgetGuest(store, guest.name);
}
