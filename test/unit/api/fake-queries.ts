// A fabric of three hosts, as a controller would describe it.
import { WeftError } from "../../../proto/bytes/errors.ts";
import type { CheckRequest, CheckView } from "../../../src/api/check-views.ts";
import type { DriftView, FindingView } from "../../../src/api/doctor-views.ts";
import type { EventFeed, EventView } from "../../../src/api/event-views.ts";
import type { PlanView } from "../../../src/api/plan-views.ts";
import type { RatesView } from "../../../src/api/rate-views.ts";
import type { TraceRequest, TraceView } from "../../../src/api/trace-views.ts";
import type { EndpointView, HostView, NetworkView, PortView, Queries, TunnelView } from "../../../src/api/views.ts";
import type { FabricPicture } from "../../../src/trace/picture.ts";

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

export function event(seq: number, changes: Partial<EventView> = {}): EventView {
  return {
    seq,
    at: new Date(Date.UTC(2026, 0, 2, 3, 4, seq)).toISOString(),
    kind: "host/joined",
    severity: "info",
    host: "host1",
    subject: null,
    message: "host1 has joined",
    details: { name: "host1" },
    ...changes,
  };
}

const rate = { rxBytesPerSec: 0, txBytesPerSec: 0, rxPacketsPerSec: 0, txPacketsPerSec: 0, dropsPerSec: 0 };

export const RATES: RatesView = {
  at: "2026-01-02T03:04:05.000Z",
  seconds: 1,
  switches: { asked: 2, answered: 2 },
  packetInsPerSec: 3,
  flowModsPerSec: 0.5,
  eventLoopLagMs: { mean: 0.4, max: 12.25 },
  tunnels: [
    { ...rate, host: "host1", name: "geneve2", peer: "host2", type: "geneve", txBytesPerSec: 1_250_000 },
    { ...rate, host: "host2", name: "geneve1", peer: "host1", type: "geneve", rxBytesPerSec: 1_250_000 },
  ],
  ports: [
    {
      ...rate,
      host: "host1",
      name: "tap0",
      networks: ["default"],
      endpoints: ["10.0.0.1"],
      rxBytesPerSec: 1_250_000,
      rxPacketsPerSec: 830,
    },
  ],
};

export const TRACE: TraceView = {
  request: { from: "10.0.0.1", to: "10.0.0.3" },
  from: "10.0.0.1 is on host1 port tap0, declared by attached-mac (02:00:00:00:01:01 10.0.0.1, network default)",
  to: "10.0.0.3 is on host2 port tap0, where it was heard (02:00:00:00:02:01 10.0.0.3, network default)",
  frame: "02:00:00:00:01:01 > 02:00:00:00:02:01, IPv4 10.0.0.1 > 10.0.0.3, ICMP type 8 code 0",
  live: false,
  verdict: "delivered",
  summary: "delivered: 10.0.0.1 reaches 10.0.0.3 at host2 port tap0, by geneve2",
  hops: [
    {
      ...{ host: "host1", bridge: "br-int", inPort: "tap0", fromHost: null, frame: "02:00:00:00:01:01 > …" },
      steps: [
        {
          ...{ table: "FORWARD", tableId: 30, priority: 200, match: "metadata=0xfff,dl_dst=02:00:00:00:02:01" },
          actions: "set_field:0xfff->tun_id,resubmit(,60),group:65538",
          cookie: "0x57450a0000020fff",
          reason: "10.0.0.3 is on host2 port tap0, where it was heard",
        },
        {
          ...{ table: "HOST(2)", tableId: 30, priority: null, match: "", actions: "bucket 1 of 3", cookie: null },
          reason: "by geneve2, the first that is live",
        },
      ],
      outputs: [{ port: "geneve2", ofport: 40_962, toHost: "host2", arrives: true, reason: null }],
      ...{ dropped: null, seenUs: null, source: "read", sourceReason: null },
    },
    {
      ...{ host: "host2", bridge: "br-int", inPort: "geneve1", fromHost: "host1", frame: "02:00:00:00:01:01 > …" },
      steps: [],
      outputs: [{ port: "tap0", ofport: 2, toHost: null, arrives: true, reason: null }],
      ...{ dropped: null, seenUs: 410, source: "known", sourceReason: "it did not answer within 2 s" },
    },
  ],
  deliveries: [{ host: "host2", port: "tap0" }],
  names: { host1: "host1", host2: "host2" },
  notes: ["host2: by what it is known to hold, since it did not answer within 2 s"],
};

const NO_FAULT = { reason: null, remedy: null } as const;
const PATH = { kind: "tunnel", type: "geneve", sizes: [{ name: "small", bytes: 64, sent: 20, received: 20 }] } as const;

export const CHECK: CheckView = {
  ok: false,
  hosts: [
    { id: "host1", name: "host1", checked: 2, failed: 1 },
    { id: "host2", name: "host2", checked: 2, failed: 1 },
  ],
  ...{ possible: 2, seed: null },
  paths: [
    { ...PATH, from: "host1", to: "host2", name: "geneve2", state: "ok", fits: 1450, roundTripUs: 612, ...NO_FAULT },
    {
      ...{ ...PATH, from: "host2", to: "host1", name: "geneve1", state: "mtu", fits: 1350, roundTripUs: 612 },
      reason: "packets of 1350 bytes pass from host2 to host1, and those of 1442 do not",
      remedy: "raise the MTU between 10.200.0.12 and 10.200.0.11",
    },
  ],
  ...{ sent: 48, received: 44, tookMs: 812 },
  problems: [
    {
      code: "check/mtu",
      message: "host2 -> host1 (geneve1): packets of 1350 bytes pass from host2 to host1, and those of 1442 do not",
      remedy: "raise the MTU between 10.200.0.12 and 10.200.0.11",
    },
  ],
};

/** Events in memory. */
export class FakeFeed implements EventFeed {
  readonly #events: EventView[] = [event(1), event(2, { host: "host2", message: "host2 has joined" })];
  readonly #listeners = new Set<(event: EventView) => void>();

  since(seq: number, limit: number) {
    return this.#events.filter((one) => one.seq > seq).slice(0, limit);
  }
  subscribe(listener: (event: EventView) => void) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
  add(one: EventView): void {
    this.#events.push(one);
    for (const listener of this.#listeners) listener(one);
  }
}
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
  readonly events = new FakeFeed();
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
  async picture(): Promise<FabricPicture> {
    return { version: 1, hosts: [], networks: [], endpoints: [], tables: {} };
  }
  async trace({ live, ...request }: TraceRequest & { readonly live?: boolean }): Promise<TraceView> {
    return { ...TRACE, request, live: live === true, verdict: request.to === "nowhere" ? "dropped" : "delivered" };
  }
  async check({ hosts }: CheckRequest): Promise<CheckView> {
    return hosts.length === 0 ? CHECK : { ...CHECK, ok: true, paths: CHECK.paths.slice(0, 1), problems: [] };
  }
  checkProgress() {
    return { done: 12, of: 48 };
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
  async rates(): Promise<RatesView> {
    return RATES;
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
  reloadTls(): string {
    this.reloads += 1;
    return "nothing has changed\n";
  }
  forgetHost(name: string): void {
    if (name !== "host3")
      throw new WeftError("host/connected", `${name} is connected; only a host that is away can be forgotten`);
    this.forgotten.push(name);
  }
}
