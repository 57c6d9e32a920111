import { describe, expect, it } from "vitest";
import type { Answer } from "../../../../src/api/index.ts";
import {
  orderEndpoints,
  orderFlows,
  orderHosts,
  orderNetworks,
  orderPorts,
  orderStatus,
  orderTopology,
  orderTunnels,
} from "../../../../src/api/order.ts";
import { namesOf, PLAIN, render, type Style } from "../../../../src/api/render/index.ts";
import { planText } from "../../../../src/api/render/plan.ts";
import type { StatusView, TopologyView } from "../../../../src/api/views.ts";
import {
  DRIFT,
  ENDPOINTS,
  FakeQueries,
  FINDINGS,
  HOSTS,
  host,
  NETWORKS,
  PLAN,
  PORTS,
  TUNNELS,
  tunnel,
} from "../fake-queries.ts";

const queries = new FakeQueries();
const hosts: Answer = { kind: "hosts", view: orderHosts(HOSTS) };
const tunnels: Answer = { kind: "tunnels", view: orderTunnels(TUNNELS) };
const ports: Answer = { kind: "ports", view: orderPorts(PORTS) };
const endpoints: Answer = { kind: "endpoints", view: orderEndpoints(ENDPOINTS) };
const networks: Answer = { kind: "networks", view: orderNetworks(NETWORKS) };
const status: Answer = { kind: "status", view: orderStatus(queries.status()) };
const topology: Answer = { kind: "topology", view: orderTopology(queries.topology()) };

const table = (answer: Answer, style: Style = PLAIN) => render(answer, "table", style);
/** A template's text without its first newline. */
const text = (parts: TemplateStringsArray) => (parts[0] ?? "").slice(1);

describe("tables", () => {
  it("show hosts in the order of their indexes, with their problems and remedies below", () => {
    expect(table(hosts)).toBe(text`
INDEX  NAME   STATE    TUNNEL IP    BRIDGE  OVSDB  OPENFLOW  FLOWS  OVS    ID
    1  host1  up       10.200.0.11  br-int  up     up           31  3.1.0  host1
    2  host2  up       10.200.0.12  br-int  up     up           31  3.1.0  host2
    3  host3  refused  10.200.0.13  br-int  up     down       0/31  3.1.0  host3

Problems
! host3: OVN owns this host: external_ids:ovn-remote is set (host/ovn-owned)
  ovs-vsctl remove Open_vSwitch . external_ids ovn-remote
`);
  });

  it("show tunnels with the reason why one is down", () => {
    expect(table(tunnels)).toBe(text`
FROM   TO     TYPE    STATE  NAME     OFPORT  REMOTE IP    REASON
host1  host2  geneve  up     geneve2   40962  10.200.0.12  -
host1  host3  geneve  down   geneve3   40963  10.200.0.13  no answer to BFD
host2  host1  geneve  up     geneve1   40961  10.200.0.11  -
`);
  });

  it("show ports, where tap2 comes before tap10", () => {
    expect(table(ports)).toBe(text`
HOST   PORT   OFPORT  TYPE      MODE    TAG  TRUNKS  NETWORKS        FITS  STATE
host1  tap2        -  internal  access   10  -       vlan10          1442  error
host1  tap10      11  system    trunk     -  10, 20  vlan10, vlan20  1442  down
host2  tap0        2  system    access    -  -       default         1442  up

Problems
! host1 tap10: the link is down (port/down)
  ip link set tap10 up
`);
  });

  it("show endpoints, whose port and addresses may not be known", () => {
    expect(table(endpoints)).toBe(text`
MAC                IPS                NETWORK  HOST   PORT  ORIGIN
02:00:00:00:01:01  10.0.0.1, fd00::1  default  host1  tap0  declared
02:00:00:00:01:02  -                  default  host1  -     observed
02:00:00:00:02:01  10.0.0.3           default  host2  tap0  observed
`);
  });

  it("show networks by their number", () => {
    expect(table(networks)).toBe(text`
NAME      VNI  TAG   MTU  PORTS  ENDPOINTS  HOSTS
vlan10     10   10     -      1          0  host1
default  4095    -  1442      3          3  host1, host2
`);
  });

  it("show a host's flows table by table, most preferred first, and those that are not in the switch", async () => {
    expect(table({ kind: "flows", view: orderFlows(await queries.flows("host1")) })).toBe(text`
table 0 CLASSIFY
    100  in_port=2 -> set_field:0xfff->metadata,goto_table:10  [port idle=300s]
      0  any -> drop  [miss]

table 30 FORWARD
    100  metadata=0xfff,dl_dst=02:00:00:00:02:01 -> group:65538  [endpoint] (not installed)

groups
  HOST(2)  group_id=65538,type=ff,bucket=watch_port:geneve2,actions=output:geneve2
`);
  });

  it("show the status: what is wrong first, then how many of everything, then the controller", () => {
    expect(table(status)).toBe(text`
hosts        2 of 3 up
controller   weft 9.9.9, for 1h 2m
fabric       f1
listeners    ptcp:6640, ptcp:6653
since start  flowMods 93, packetIns 7
`);
    const problem = (at: number) => ({
      code: `x/${at}`,
      message: `trouble ${at} `.repeat(at === 0 ? 99 : 1).trim(),
      remedy: "mend",
    });
    const view: StatusView = {
      ...queries.status(),
      hosts: { total: 300, up: 299, joining: 0, waiting: 0, refused: 0, down: 1 },
      tunnels: { total: 6, up: 5, pending: 1, down: 0, error: 0 },
      relays: 2,
      networks: 3,
      ports: { total: 2, up: 2, down: 0, error: 0 },
      endpoints: { total: 5, declared: 2, observed: 3 },
      problems: Array.from({ length: 300 }, (_, at) => problem(at)),
    };
    const shown = table({ kind: "status", view }, { color: false, width: 80 });
    expect(shown).toMatch(/^Problems\n! trouble 0 trouble 0/);
    expect(shown).toContain(
      " more: weft doctor ranks them, with what it finds itself\n\nhosts        299 of 300 up: 1 down\n",
    );
    expect(shown).toContain("tunnels      5 of 6 up: 1 pending\nrelays       2 pairs");
    expect(shown).toContain("endpoints    5: 2 declared, 3 observed\n");
    expect(shown.split("\n").length).toBeLessThan(25);
    const alike = [...Array.from({ length: 9 }, (_, at) => ({ ...problem(at + 1), code: "port/mtu" })), problem(10)];
    const folded = table({ kind: "status", view: { ...view, problems: alike } });
    expect(folded).toContain("! trouble 1, and 8 more like it (port/mtu)\n  mend\n! trouble 10 (x/10)\n");
  });

  it("show findings, the worst first, each with place, remedy and command", () => {
    expect(table({ kind: "doctor", view: FINDINGS })).toBe(text`
CRITICAL
! host2 geneve1  (tunnel/cut)
    nothing passes between host2 (10.0.0.2) and host1 (10.0.0.1) by tunnel geneve1
    the path between the two addresses is cut
    on host2: $ tcpdump -ni any 'udp port 6081 and src 10.0.0.1'

NOTE
! host1 tap0  (port/silent)
    nothing was heard from port tap0 yet
    see that the guest is up

1 critical, 1 note.
`);
    expect(table({ kind: "doctor", view: [] })).toBe("Nothing is odd.\n");
    expect(table({ kind: "doctor", view: FINDINGS.slice(1) })).toMatch(/\nNothing is wrong: 1 note\.\n$/);
    const many = Array.from({ length: 300 }, (_, at) => ({ ...FINDINGS[0]!, host: `host${at}` }));
    expect(table({ kind: "doctor", view: many })).toContain("  292 more of tunnel/cut: weft doctor --json\n");
  });

  it("show what differs from intent, and nothing of hosts that are as they should be", () => {
    expect(table({ kind: "drift", view: DRIFT })).toBe(text`
host2: 3 differences (not all could be compared: its switch is not connected)
  changed row  fail_mode of br-int: unset, not secure
  changed meter
      is      meter=1 kbps
      should  meter=1 pktps
  extra   flow of somebody else's  table=0, priority=5 actions=NORMAL
`);
    expect(table({ kind: "drift", view: DRIFT.slice(0, 1) })).toBe("Nothing differs from intent.\n");
    const away = { ...DRIFT[0]!, host: "host3", reason: "its switch is not connected" };
    expect(table({ kind: "drift", view: [...DRIFT.slice(0, 1), away] })).toBe(text`
host3 (not all could be compared: its switch is not connected)
Nothing that could be compared differs from intent; of 1 of 2 hosts not all could be.
`);
  });

  it("show a plan: keys, traffic, how many of everything on each host, and one by one where asked", () => {
    expect(table({ kind: "plan", view: PLAN })).toBe(text`
in force at once: tunnel.type
after a restart of the controller alone: limits

Traffic
- tunnels change from geneve to vxlan

Hosts (+ added, ~ changed, - removed)
HOST   ROWS   FLOWS  GROUPS  METERS
host1  +1 -1  +2 ~1  -       -
`);
    expect(planText(PLAN, PLAIN, true)).toContain("\nhost1\n  + row    tunnel vxlan2 to 10.0.0.2\n");
    const nothing = { applied: [], needsRestart: [], touches: [], hosts: [] };
    expect(table({ kind: "plan", view: nothing })).toBe("nothing would change\n");
    const done = { plan: PLAN, file: "/etc/weft.yaml", backup: "/etc/weft.yaml.before" };
    expect(table({ kind: "apply", view: done })).toContain(
      "/etc/weft.yaml is written; what it said before: /etc/weft.yaml.before",
    );
  });

  it("say what to do where there is nothing yet", () => {
    expect(table({ kind: "hosts", view: [] })).toBe(
      "No host has joined yet. On each host: ovs-vsctl set-manager tcp:ADDRESS:6640\n",
    );
    const empty = { fabric: null, hosts: [], tunnels: [], links: [], networks: [], endpoints: [] };
    expect(table({ kind: "topology", view: empty })).toBe(text`
Fabric: 0 hosts, 0 tunnels, 0 networks, 0 endpoints

No host has joined yet. On each host: ovs-vsctl set-manager tcp:ADDRESS:6640
`);
    expect(render({ kind: "hosts", view: [] }, "table", PLAIN, new Map(), 2)).toMatch(
      /^No host has joined yet, or come back: the controller has run for 2 s/,
    );
    expect(table({ kind: "flows", view: { host: "h1", flows: [], groups: [] } })).toBe("h1 has no flows.\n");
  });

  it("name hosts as people do, unless two have one name", () => {
    const id = (n: number) => `${n}`.repeat(8);
    const names = namesOf([1, 2, 3].map((n) => host(n, { id: id(n), name: n === 1 ? "alpha" : "twin" })));
    const answer: Answer = { kind: "tunnels", view: [tunnel(id(1), id(2))] };
    expect(render(answer, "table", PLAIN, names)).toMatch(/^alpha +22222222 +geneve/m);
    expect(render(answer, "csv", PLAIN, names)).toMatch(/^11111111,22222222,geneve/m);
  });
});

describe("the picture of the fabric", () => {
  it("shows hosts with their guests, tunnels as a matrix, networks, problems", () => {
    expect(table(topology)).toBe(text`
Fabric f1: 2 of 3 hosts up, 3 tunnels, 2 networks, 3 endpoints

host1  #1  up       10.200.0.11  br-int
├─ tap0  02:00:00:00:01:01  10.0.0.1, fd00::1  default
└─ -     02:00:00:00:01:02  -                  default
host2  #2  up       10.200.0.12  br-int
└─ tap0  02:00:00:00:02:01  10.0.0.3           default
host3  #3  refused  10.200.0.13  br-int

Tunnels (geneve)
         host1  host2  host3
  host1  ·      up     down
  host2  up     ·      ·
  host3  ·      ·      ·

Networks
  NAME      VNI  TAG   MTU  PORTS  ENDPOINTS  HOSTS
  vlan10     10   10     -      1          0  host1
  default  4095    -  1442      3          3  host1, host2

Problems
! host3: OVN owns this host: external_ids:ovn-remote is set (host/ovn-owned)
  ovs-vsctl remove Open_vSwitch . external_ids ovn-remote
`);
  });

  it("heads the matrix with indexes where names are too wide, and lists tunnels where that is too wide as well", () => {
    const names = ["rack-12-compute-node-a", "rack-12-compute-node-b"];
    const view: TopologyView = {
      fabric: null,
      hosts: names.map((name, at) => host(at + 1, { id: name, name })),
      tunnels: [
        tunnel(names[0]!, names[1]!),
        tunnel(names[1]!, names[0]!, { state: "pending", reason: "no port yet" }),
      ],
      links: [],
      networks: [],
      endpoints: [],
    };
    const at = (width: number) =>
      table({ kind: "topology", view }, { color: false, width }).split("\n\n")[2]?.trimEnd();
    expect(at(60)).toBe(
      text`
Tunnels (geneve)
                          #1       #2
  rack-12-compute-node-a  ·        up
  rack-12-compute-node-b  pending  ·
`.trimEnd(),
    );
    expect(at(30)).toBe(
      text`
Tunnels (geneve)
  1 of 2 up
  rack-12-compute-node-b -> rack-12-compute-node-a  geneve  pending: no port yet
`.trimEnd(),
    );
  });

  it("shows both types where a pair has two tunnels", () => {
    const view: TopologyView = {
      fabric: "f",
      hosts: [host(1), host(2)],
      tunnels: [tunnel("host1", "host2"), tunnel("host1", "host2", { type: "gre", state: "pending" })],
      links: [],
      networks: [],
      endpoints: [],
    };
    expect(table({ kind: "topology", view })).toContain("  host1  ·      geneve:up,gre:pending\n");
  });

  it("counts the tunnels of a large fabric and lists only those that are not up", () => {
    const many = Array.from({ length: 40 }, (_, at) => host(at + 1));
    const edges = many.flatMap((from) => many.filter((to) => to !== from).map((to) => tunnel(from.id, to.id)));
    const view: TopologyView = { fabric: "f", hosts: many, tunnels: edges, links: [], networks: [], endpoints: [] };
    expect(table({ kind: "topology", view })).toContain("Tunnels (geneve)\n  1560 of 1560 up\n");
  });

  it("counts guests that are too many to show", () => {
    const guests = Array.from({ length: 100 }, (_, at) => ({ ...ENDPOINTS[0]!, mac: `02:00:00:00:00:${at}` }));
    const view: TopologyView = {
      fabric: "f",
      hosts: [host(2)],
      tunnels: [],
      links: [],
      networks: [],
      endpoints: guests,
    };
    expect(table({ kind: "topology", view })).toMatch(/\n└─ 76 more: weft endpoints\n/);
  });
});

describe("a terminal", () => {
  const color: Style = { color: true, width: null };

  it("gets colours, and the same text under them", () => {
    for (const answer of [hosts, tunnels, ports, topology, status]) {
      const painted = table(answer, color);
      expect(painted).toContain("\u001b[");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
      expect(painted.replaceAll(/\u001b\[\d+m/g, "")).toBe(table(answer));
    }
  });

  it("of any width gets no line of a table that is wider", () => {
    for (let width = 40; width < 130; width++) {
      for (const answer of [hosts, tunnels, ports, endpoints, networks]) {
        const lines = table(answer, { color: false, width }).split("\n\nProblems")[0]!.split("\n");
        for (const line of lines) expect(line.length, `${answer.kind} at ${width}: ${line}`).toBeLessThanOrEqual(width);
      }
    }
  });

  it("that is a little too narrow gets long names shortened, and one far too narrow gets records", () => {
    expect(table(tunnels, { color: false, width: 72 }).split("\n")[2]).toBe(
      "host1  host3  geneve  down   geneve3   40963  10.200.0.13  no answer to…",
    );
    expect(table(endpoints, { color: false, width: 40 }).split("\n\n")[0]).toBe(text`
MAC      02:00:00:00:01:01
IPS      10.0.0.1, fd00::1
NETWORK  default
HOST     host1
PORT     tap0
ORIGIN   declared`);
  });

  it("is not told to do anything by a name", () => {
    const evil = host(1, { name: "\u001b]0;owned\u0007\u202Eevil\n", bridge: "br\u009b2J" });
    const shown =
      table({ kind: "hosts", view: [evil] }) +
      table({
        kind: "topology",
        view: { fabric: "\u001b[2J", hosts: [evil], tunnels: [], links: [], networks: [], endpoints: [] },
      });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be left
    expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(shown).toContain("\ufffd]0;owned");
  });

  it("lines up names that are wider than they are long", () => {
    const lines = table({
      kind: "networks",
      view: [
        { ...NETWORKS[0]!, name: "青" },
        { ...NETWORKS[1]!, name: "blue" },
      ],
    }).split("\n");
    expect(lines[1]).toBe("青    4095    -  1442      3          3  host1, host2");
    expect(lines[2]).toBe("blue    10   10     -      1          0  host1");
  });
});

describe("JSON", () => {
  it("has its keys sorted, is indented by two and ends with a newline", () => {
    const json = render(networks, "json");
    expect(
      json.startsWith(
        '[\n  {\n    "endpoints": 0,\n    "hosts": [\n      "host1"\n    ],\n    "mtu": null,\n    "name": "vlan10",',
      ),
    ).toBe(true);
    expect(json.endsWith("]\n")).toBe(true);
  });

  it("holds the view itself, whatever order its parts came in", () => {
    expect(JSON.parse(render(topology, "json"))).toEqual(topology.view);
    const shuffled = queries.topology();
    const view = orderTopology({
      ...shuffled,
      hosts: [...shuffled.hosts].reverse(),
      tunnels: [...shuffled.tunnels].reverse(),
    });
    expect(render({ kind: "topology", view }, "json")).toBe(render(topology, "json"));
  });
});

describe("CSV", () => {
  it("names its fields and leaves out what is not there", () => {
    expect(render(tunnels, "csv")).toBe(text`
from,to,type,state,name,ofport,remoteIp,reason
host1,host2,geneve,up,geneve2,40962,10.200.0.12,
host1,host3,geneve,down,geneve3,40963,10.200.0.13,no answer to BFD
host2,host1,geneve,up,geneve1,40961,10.200.0.11,
`);
    expect(render(hosts, "csv").split("\n")[3]).toBe(
      "host3,host3,3,10.200.0.13,br-int,,connected,disconnected,refused,3.1.0,31,0,host/ovn-owned",
    );
    expect(render({ kind: "endpoints", view: [] }, "csv")).toBe("mac,ips,network,host,port,origin\n");
  });

  it("quotes what would be taken for more than one field", () => {
    const view = [{ ...NETWORKS[0]!, name: 'a "b", c', hosts: ["two\nlines"] }];
    expect(render({ kind: "networks", view }, "csv")).toBe(
      'name,vni,tag,hosts,ports,endpoints,mtu\n"a ""b"", c",4095,,"two\nlines",3,3,1442\n',
    );
  });

  it("is refused for the topology, with what to ask instead", () => {
    expect(() => render(topology, "csv")).toThrow(
      /ask for hosts, tunnels, networks or endpoints one by one, or use --json/,
    );
  });

  it("of the status is names and values", () => {
    expect(render(status, "csv")).toMatch(/^name,value\nversion,9\.9\.9\nfabric,f1\nuptimeSec,3725\n/);
  });
});
