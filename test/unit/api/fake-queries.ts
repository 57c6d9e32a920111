// A fabric of three hosts, as a controller would describe it.
import { WeftError } from "../../../proto/bytes/errors.ts";
import type { DriftView, FindingView } from "../../../src/api/doctor-views.ts";
import type { PlanView } from "../../../src/api/plan-views.ts";
import type { EndpointView, HostView, NetworkView, PortView, Queries, TunnelView } from "../../../src/api/views.ts";

export function host(index: number, changes: Partial<HostView> = {}): HostView {
  return {
    id: `host${index}`,
    name: `host${index}`,
    index,
    tunnelIp: `10.200.0.${10 + index}`,
    bridge: "br-int",
    dpid: `000000000000000${index}`,
    ovsdb: "connected",
    openflow: "connected",
    state: "up",
    ovsVersion: "3.1.0",
    flows: { desired: 31, installed: 31 },
    problems: [],
    ...changes,
  };
}

export function tunnel(from: string, to: string, changes: Partial<TunnelView> = {}): TunnelView {
  return {
    from,
    to,
    type: "geneve",
    state: "up",
    name: `geneve${to.at(-1)}`,
    ofport: 40_960 + Number(to.at(-1)),
    remoteIp: `10.200.0.1${to.at(-1)}`,
    reason: null,
    ...changes,
  };
}

export const HOSTS: readonly HostView[] = [
  host(2),
  host(1),
  host(3, {
    name: "host3",
    state: "refused",
    openflow: "disconnected",
    dpid: null,
    flows: { desired: 31, installed: 0 },
    problems: [
      {
        code: "host/ovn-owned",
        message: "OVN owns this host: external_ids:ovn-remote is set",
        remedy: "ovs-vsctl remove Open_vSwitch . external_ids ovn-remote",
      },
    ],
  }),
];

export const TUNNELS: readonly TunnelView[] = [
  tunnel("host2", "host1"),
  tunnel("host1", "host2"),
  tunnel("host1", "host3", { state: "down", reason: "no answer to BFD" }),
];

export const NETWORKS: readonly NetworkView[] = [
  { name: "default", vni: 4095, tag: null, hosts: ["host1", "host2"], ports: 3, endpoints: 3, mtu: 1442 },
  { name: "vlan10", vni: 10, tag: 10, hosts: ["host1"], ports: 1, endpoints: 0, mtu: null },
];

export const PORTS: readonly PortView[] = [
  {
    host: "host2",
    name: "tap0",
    ofport: 2,
    type: "system",
    mode: "access",
    tag: null,
    trunks: [],
    networks: ["default"],
    state: "up",
    locked: false,
    blocked: false,
    mtu: 1442,
    problems: [],
  },
  {
    host: "host1",
    name: "tap10",
    ofport: 11,
    type: "system",
    mode: "trunk",
    tag: null,
    trunks: [10, 20],
    networks: ["vlan10", "vlan20"],
    state: "down",
    locked: false,
    blocked: false,
    mtu: 1442,
    problems: [{ code: "port/down", message: "the link is down", remedy: "ip link set tap10 up" }],
  },
  {
    host: "host1",
    name: "tap2",
    ofport: null,
    type: "internal",
    mode: "access",
    tag: 10,
    trunks: [],
    networks: ["vlan10"],
    state: "error",
    locked: false,
    blocked: false,
    mtu: 1442,
    problems: [],
  },
];

export const ENDPOINTS: readonly EndpointView[] = [
  { mac: "02:00:00:00:02:01", ips: ["10.0.0.3"], network: "default", host: "host2", port: "tap0", origin: "observed" },
  {
    mac: "02:00:00:00:01:01",
    ips: ["10.0.0.1", "fd00::1"],
    network: "default",
    host: "host1",
    port: "tap0",
    origin: "declared",
  },
  { mac: "02:00:00:00:01:02", ips: [], network: "default", host: "host1", port: null, origin: "observed" },
];

export const FINDINGS: readonly FindingView[] = [
  {
    code: "tunnel/cut",
    severity: "critical",
    host: "host2",
    subject: "geneve1",
    message: "nothing passes between host2 (10.0.0.2) and host1 (10.0.0.1) by tunnel geneve1",
    remedy: "the path between the two addresses is cut",
    command: "tcpdump -ni any 'udp port 6081 and src 10.0.0.1'",
  },
  {
    code: "port/silent",
    severity: "note",
    host: "host1",
    subject: "tap0",
    message: "nothing was heard from port tap0 yet",
    remedy: "see that the guest is up",
    command: null,
  },
];

export const DRIFT: readonly DriftView[] = [
  { host: "host1", reason: null, deviations: [] },
  {
    host: "host2",
    reason: "its switch is not connected",
    deviations: [
      { what: "row", state: "changed", wanted: "fail_mode of br-int: unset, not secure", held: null, foreign: false },
      { what: "meter", state: "changed", wanted: "meter=1 pktps", held: "meter=1 kbps", foreign: false },
      { what: "flow", state: "extra", wanted: null, held: "table=0, priority=5 actions=NORMAL", foreign: true },
    ],
  },
];

const NONE = { added: 0, changed: 0, removed: 0 };

export const PLAN: PlanView = {
  applied: ["tunnel.type"],
  needsRestart: ["limits"],
  touches: ["tunnels change from geneve to vxlan"],
  hosts: [
    {
      host: "host1",
      rows: { added: 1, changed: 0, removed: 1 },
      flows: { added: 2, changed: 1, removed: 0 },
      groups: NONE,
      meters: NONE,
      changes: [{ what: "row", deed: "add", text: "tunnel vxlan2 to 10.0.0.2" }],
      omitted: 4,
    },
  ],
};

export class FakeQueries implements Queries {
  readonly forgotten: string[] = [];
  readonly approved: string[] = [];
  reloads = 0;

  status() {
    return {
      version: "9.9.9",
      fabric: "f1",
      uptimeSec: 3_725,
      hosts: { total: 3, up: 2 },
      listeners: ["ptcp:6653", "ptcp:6640"],
      problems: [],
      counters: { packetIns: 7, flowMods: 93 },
    };
  }
  hosts() {
    return HOSTS;
  }
  tunnels() {
    return TUNNELS;
  }
  ports() {
    return PORTS;
  }
  endpoints() {
    return ENDPOINTS;
  }
  networks() {
    return NETWORKS;
  }
  topology() {
    return { fabric: "f1", hosts: HOSTS, tunnels: TUNNELS, links: [], networks: NETWORKS, endpoints: ENDPOINTS };
  }
  async flows(name: string) {
    if (name === "boom") throw new TypeError("a secret of the inside");
    if (!HOSTS.some((known) => known.id === name)) {
      throw new WeftError("host/unknown", `there is no host "${name}"; the hosts are host1, host2, host3`);
    }
    return {
      host: name,
      flows: [
        {
          table: "FORWARD",
          tableId: 30,
          priority: 100,
          match: "metadata=0xfff,dl_dst=02:00:00:00:02:01",
          actions: "group:65538",
          cookie: "0x5745460000000001",
          kind: "endpoint",
          idleTimeoutSec: 0,
          installed: false,
        },
        {
          table: "CLASSIFY",
          tableId: 0,
          priority: 0,
          match: "",
          actions: "drop",
          cookie: "0x5745460000000000",
          kind: "miss",
          idleTimeoutSec: 0,
          installed: true,
        },
        {
          table: "CLASSIFY",
          tableId: 0,
          priority: 100,
          match: "in_port=2",
          actions: "set_field:0xfff->metadata,goto_table:10",
          cookie: "0x5745460000000002",
          kind: "port",
          idleTimeoutSec: 300,
          installed: true,
        },
      ],
      groups: [
        {
          id: 65_538,
          name: "HOST(2)",
          text: "group_id=65538,type=ff,bucket=watch_port:geneve2,actions=output:geneve2",
        },
      ],
    };
  }
  async doctor(host?: string) {
    return FINDINGS.filter((one) => host === undefined || one.host === host);
  }
  async drift(host?: string) {
    return DRIFT.filter((one) => host === undefined || one.host === host);
  }
  async adoptHost(name: string, { bridge, now }: { bridge: string | null; now: boolean }): Promise<string> {
    return `bridge ${bridge ?? "(waiting)"} of host ${name} is being taken over${now ? " at once" : ""}\n`;
  }

  async releaseHost(name: string): Promise<string> {
    return `host ${name} is as it was before it joined\n`;
  }

  approveHost(id: string) {
    if (id !== "host4") throw new WeftError("host/not-waiting", `no host "${id}" waits to be approved; waiting: host4`);
    this.approved.push(id);
  }
  reloadTls() {
    this.reloads += 1;
  }
  forgetHost(name: string): void {
    if (name !== "host3")
      throw new WeftError("host/connected", `${name} is connected; only a host that is away can be forgotten`);
    this.forgotten.push(name);
  }
}
