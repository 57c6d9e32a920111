// The host's own address on the fabric: an internal port of the bridge, or its LOCAL port.
import { addPort, addPortCommand, forgetGuest, type PortSpec, reserveGuest } from "./add-guest.ts";
import { run } from "./command.ts";
import { hostDirOf, ovsEnvOf } from "./daemon.ts";
import { Guest } from "./guest.ts";
import { underlayAddressCommands } from "./host-start.ts";
import { checkLinkName } from "./names.ts";
import { runAt } from "./place.ts";
import type { GuestRecord, HostRecord, LabStore } from "./state.ts";

export interface InternalPortSpec extends PortSpec {
  /** Its name in the lab, for example "metal". */
  readonly name: string;
  /** The bridge's own name for its LOCAL port; a new internal port otherwise. The guest's name unless given. */
  readonly port?: string;
  readonly ip: string;
  /** Unless given, the one Open vSwitch chose. */
  readonly mac?: string;
  readonly mtu?: number;
}

/** The result is used as any guest is; its namespace is the host's. */
export async function addInternalPort(store: LabStore, host: HostRecord, spec: InternalPortSpec): Promise<Guest> {
  const port = checkLinkName(spec.port ?? spec.name);
  const bridge = spec.bridge ?? "br-int";
  const env = ovsEnvOf(store.dir, hostDirOf(store.dir, host.name));
  const reserved = reserveGuest(store, spec, { host: host.name, namespace: host.namespace, device: port, port });
  try {
    const columns = [
      `mtu_request=${reserved.mtu}`,
      ...(spec.mac === undefined || port === bridge ? [] : [`mac=${JSON.stringify(reserved.mac)}`]),
    ];
    if (port === bridge) {
      const timeout = `--timeout=${spec.bridgeTimeoutSec ?? 15}`;
      const wait = ["wait-until", "bridge", bridge, "datapath_id!=[]"];
      await run(["ovs-vsctl", timeout, ...wait, "--", "set", "interface", bridge, ...columns], { env });
    } else {
      const internal = ["type=internal", ...columns];
      await addPort(
        store,
        host,
        addPortCommand(port, spec, spec.mac === undefined ? undefined : reserved.mac, internal),
      );
    }
    const cidr = `${reserved.ip}/${reserved.prefixLength}`;
    store.updateHost(host.name, (record) => ({ ...record, addresses: [...record.addresses, { device: port, cidr }] }));
    const place = { name: host.name, namespace: host.namespace, device: port, env };
    const script = `set -e\n${underlayAddressCommands(store.state, store.host(host.name))}\ncat /sys/class/net/${port}/address`;
    const { stdout } = await runAt(place, ["sh", "-c", script]);
    const record = { ...reserved, mac: stdout.trim() };
    store.update((state) => ({
      ...state,
      guests: state.guests.map((guest) => (guest.name === record.name ? record : guest)),
    }));
    return new Guest(record, env);
  } catch (error) {
    forgetGuest(store, reserved.name);
    throw error;
  }
}

/** Takes the port away, with its address. */
export async function removeInternalPort(store: LabStore, host: HostRecord, guest: GuestRecord): Promise<void> {
  const env = ovsEnvOf(store.dir, hostDirOf(store.dir, host.name));
  store.updateHost(host.name, (record) => ({
    ...record,
    addresses: record.addresses.filter(({ device }) => device !== guest.port),
  }));
  await run(["ovs-vsctl", "--timeout=10", "--if-exists", "del-port", guest.port], { env });
  forgetGuest(store, guest.name);
}
