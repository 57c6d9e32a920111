// Many guests behind one port of the bridge: a Linux bridge in its own namespace, as docker0 joined by a veth.
import {
  addPort,
  addPortCommand,
  bringUp,
  forgetGuest,
  type PortSpec,
  removeMember,
  reserveGuest,
} from "./add-guest.ts";
import { inNamespace, ipBatch, run } from "./command.ts";
import { Guest } from "./guest.ts";
import { setKernel } from "./host-start.ts";
import { LabError } from "./lab-error.ts";
import { checkLinkName, checkMemberName, defaultPortOf, namespaceOf } from "./names.ts";
import { markOf } from "./processes.ts";
import type { HostRecord, LabStore, SegmentRecord } from "./state.ts";

export interface SegmentSpec extends PortSpec {
  readonly name: string;
}

export interface SegmentGuestSpec {
  readonly name: string;
  readonly ip: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly gateway?: string;
}

export class Segment {
  readonly name: string;
  readonly host: string;
  readonly namespace: string;
  /** The one interface on the host's bridge. */
  readonly port: string;
  readonly #store: LabStore;

  constructor(store: LabStore, record: SegmentRecord) {
    this.#store = store;
    this.name = record.name;
    this.host = record.host;
    this.namespace = record.namespace;
    this.port = record.port;
  }

  /** A guest on the segment's bridge. */
  async addGuest(spec: SegmentGuestSpec): Promise<Guest> {
    const namespace = namespaceOf(this.#store.state.name, spec.name);
    const place = { host: this.host, namespace, device: "eth0", port: this.port };
    const guest = reserveGuest(this.#store, spec, place);
    const near = checkLinkName(defaultPortOf(spec.name));
    try {
      await ipBatch([
        `netns add ${namespace}`,
        `link add ${near} mtu ${guest.mtu} netns ${this.namespace} type veth peer name eth0 address ${guest.mac} mtu ${guest.mtu} netns ${namespace}`,
      ]);
      await run(["ip", "-n", this.namespace, "link", "set", near, "master", "br0", "up"]);
      await bringUp(this.#store, guest, spec.gateway);
    } catch (error) {
      await removeMember(namespace, "eth0");
      forgetGuest(this.#store, guest.name);
      throw error;
    }
    return new Guest(guest, markOf(this.#store.dir));
  }
}

export async function addSegment(store: LabStore, host: HostRecord, spec: SegmentSpec): Promise<Segment> {
  const { name: lab, guests, segments, guestMtu } = store.state;
  const name = checkMemberName(spec.name);
  if ([...guests, ...segments].some((other) => other.name === name))
    throw new LabError("lab/taken", `the lab has a guest or segment ${name} already`, { context: { name } });
  const port = checkLinkName(spec.port ?? defaultPortOf(name));
  const namespace = namespaceOf(lab, name);
  const record = { name, host: host.name, namespace, port };
  store.update((state) => ({ ...state, segments: [...state.segments, record] }));
  try {
    await ipBatch([
      `netns add ${namespace}`,
      // With snooping the bridge would speak of itself, now and then.
      `link add br0 netns ${namespace} type bridge forward_delay 0 stp_state 0 mcast_snooping 0`,
      `link add ${port} mtu ${guestMtu} netns ${host.namespace} type veth peer name up0 mtu ${guestMtu} netns ${namespace}`,
    ]);
    const script = [
      "set -e",
      // Frames between ports of a bridge are no business of a firewall that is set for another network.
      setKernel({ "bridge/bridge-nf-call-iptables": 0, "bridge/bridge-nf-call-arptables": 0, "ipv4/ip_forward": 0 }),
      setKernel({
        "ipv6/conf/default/disable_ipv6": 1,
        "ipv6/conf/br0/disable_ipv6": 1,
        "ipv6/conf/up0/disable_ipv6": 1,
      }),
      "ethtool -K up0 tx off > /dev/null",
      "ip link set br0 up",
      "ip link set up0 master br0 up",
    ].join("\n");
    await run(inNamespace(namespace, ["sh", "-c", script]), { env: markOf(store.dir) });
    const ready = `ethtool -K ${port} tx off > /dev/null\nip link set ${port} up`;
    await addPort(store, host, addPortCommand(port, spec, undefined, []), ready);
  } catch (error) {
    await removeMember(namespace, "up0");
    store.update((state) => ({ ...state, segments: state.segments.filter((other) => other.name !== name) }));
    throw error;
  }
  return new Segment(store, record);
}
