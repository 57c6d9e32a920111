// The topology as tree, dot and mermaid: every kind of edge, and names that try to break out of their quotes.
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { PLAIN, render } from "../../../../src/api/render/index.ts";
import type { TopologyView } from "../../../../src/api/views.ts";
import { HOSTS, host, tunnel } from "../fake-queries.ts";

const view: TopologyView = {
  fabric: "f1",
  hosts: [host(1), host(2), host(3)],
  tunnels: [
    tunnel("host1", "host2", { state: "down", reason: "BFD: Control Detection Time Expired" }),
    tunnel("host2", "host1"),
    tunnel("host1", "host3"),
    tunnel("host3", "host1"),
  ],
  relays: [
    { from: "host1", to: "host2", by: "host3", reason: "tunnel geneve2 is down, BFD: Control Detection Time Expired" },
  ],
  foreignTunnels: [
    { host: "host3", name: "gre7", type: "gre", remoteIp: "10.9.9.9", to: null, state: "unused", reason: "not Weft's" },
  ],
  links: [
    { from: "host1", fromPort: "eth1", to: "host3", toPort: "eth2", state: "up", reason: null },
    { from: "host2", fromPort: "eth1", to: "host3", toPort: "eth3", state: "down", reason: "no probe for 3 s" },
  ],
  networks: [],
  endpoints: [
    {
      mac: "02:00:00:00:01:01",
      ips: ["10.0.0.1"],
      network: "default",
      host: "host1",
      port: "tap0",
      origin: "observed",
    },
  ],
};

const drawn = (format: "tree" | "dot" | "mermaid" | "table", of = view) =>
  render({ kind: "topology", view: of }, format, PLAIN);

describe("the topology", () => {
  it("is a tree with all that leads away from each host", () => {
    expect(drawn("tree")).toBe(`Fabric f1
├─ host1  #1  up  10.200.0.11  br-int
│  ├─ guests
│  │  └─ 02:00:00:00:01:01  10.0.0.1  default  tap0
│  ├─ tunnels
│  │  ├─ host2  geneve  down: BFD: Control Detection Time Expired
│  │  └─ host3  geneve  up
│  ├─ relays
│  │  └─ host2  by host3: tunnel geneve2 is down, BFD: Control Detection Time Expired
│  └─ links
│     └─ eth1 - host3 eth2  up
├─ host2  #2  up  10.200.0.12  br-int
│  ├─ tunnels
│  │  └─ host1  geneve  up
│  └─ links
│     └─ eth1 - host3 eth3  down: no probe for 3 s
└─ host3  #3  up  10.200.0.13  br-int
   ├─ tunnels
   │  └─ host1  geneve  up
   └─ hand-made tunnels
      └─ gre7  gre  to 10.9.9.9  unused: not Weft's
`);
  });

  it("tells in its table the relays in use and why, hand-made tunnels and links", () => {
    const table = drawn("table");
    expect(table).toContain(`Relays in use
  FROM   TO     BY     WHY
  host1  host2  host3  tunnel geneve2 is down, BFD: Control Detection Time Expired
`);
    expect(table).toContain(`Hand-made tunnels
  HOST   NAME  TYPE  REMOTE IP  TO  STATE   WHY
  host3  gre7  gre   10.9.9.9   -   unused  not Weft's
`);
    expect(table).toMatch(/Links\n {2}FROM.*\n {2}host1 {2}eth1 {2}host3 {2}eth2 {2}up {5}-\n/);
  });

  it("is a graph in dot, a tunnel's two directions as one edge", () => {
    expect(drawn("dot")).toBe(`graph weft {
  label="Fabric f1";
  node [shape=box];
  n1 [label="host1\\n#1 up\\n10.200.0.11\\n1 guest", color=darkgreen];
  n2 [label="host2\\n#2 up\\n10.200.0.12", color=darkgreen];
  n3 [label="host3\\n#3 up\\n10.200.0.13", color=darkgreen];
  n4 [label="10.9.9.9", color=gray40];
  n1 -- n2 [label="geneve\\nhost1 to host2 down: BFD: Control Detection Time Expired", style=solid, color=red];
  n1 -- n3 [label="geneve", style=solid];
  n1 -- n2 [label="by host3\\ntunnel geneve2 is down, BFD: Control Detection Time Expired", style=dashed, dir=forward, color=blue, constraint=false];
  n3 -- n4 [label="gre7 (gre): unused", style=dotted, color=gray40];
  n1 -- n3 [label="eth1 - eth2", style=bold];
  n2 -- n3 [label="eth1 - eth3\\ndown: no probe for 3 s", style=bold, color=red];
}
`);
  });

  it("is a flowchart in mermaid", () => {
    expect(drawn("mermaid")).toBe(`flowchart LR
  n1["host1<br/>#35;1 up<br/>10.200.0.11<br/>1 guest"]
  n2["host2<br/>#35;2 up<br/>10.200.0.12"]
  n3["host3<br/>#35;3 up<br/>10.200.0.13"]
  n4["10.9.9.9"]
  n1 ---|"geneve<br/>host1 to host2 down: BFD: Control Detection Time Expired"| n2
  n1 ---|"geneve"| n3
  n1 -.->|"by host3<br/>tunnel geneve2 is down, BFD: Control Detection Time Expired"| n2
  n3 -.-|"gre7 (gre): unused"| n4
  n1 ===|"eth1 #45; eth2"| n3
  n2 ===|"eth1 #45; eth3<br/>down: no probe for 3 s"| n3
  linkStyle 0,5 stroke:red
`);
  });

  const HOSTILE = [
    '"];evil["',
    "\\",
    'a\\"b',
    "x\n} graph { y",
    "]-->z",
    "<script>alert(1)</script>",
    "%%{init}%%",
    "`**b**`",
    "1. list",
    "- item",
    "#quot;",
    "\u202eabc",
    "n1",
  ];

  it.each(HOSTILE)("keeps a host named %j within its quotes", (name) => {
    const hostile: TopologyView = {
      ...view,
      fabric: name,
      hosts: [host(1, { id: name, name }), host(2)],
      tunnels: [tunnel(name, "host2", { state: "down", reason: name })],
      relays: [{ from: name, to: "host2", by: name, reason: name }],
      foreignTunnels: [{ host: name, name, type: name, remoteIp: name, to: null, state: "unused", reason: name }],
      links: [{ from: name, fromPort: name, to: "host2", toPort: name, state: "down", reason: name }],
      endpoints: [],
    };
    const unquoted = drawn("dot", hostile).replaceAll(/"(?:[^"\\]|\\.)*"/gs, "Q");
    expect(unquoted).toBe(`graph weft {
  label=Q;
  node [shape=box];
  n1 [label=Q, color=darkgreen];
  n2 [label=Q, color=darkgreen];
  n3 [label=Q, color=gray40];
  n1 -- n2 [label=Q, style=solid, color=red];
  n1 -- n2 [label=Q, style=dashed, dir=forward, color=blue, constraint=false];
  n1 -- n3 [label=Q, style=dotted, color=gray40];
  n1 -- n2 [label=Q, style=bold, color=red];
}
`);
    const mermaid = drawn("mermaid", hostile);
    expect(mermaid.replaceAll(/"[\p{L}\p{N} .,:()/#;-]*(?:<br\/>[\p{L}\p{N} .,:()/#;-]*)*"/gu, "Q")).toBe(`flowchart LR
  n1[Q]
  n2[Q]
  n3[Q]
  n1 ---|Q| n2
  n1 -.->|Q| n2
  n1 -.-|Q| n3
  n1 ===|Q| n2
  linkStyle 0,3 stroke:red
`);
    // Each branch of the tree is a line of its own, whatever is in it.
    const lines = drawn("tree", hostile).trimEnd().split("\n");
    expect(lines.slice(1).every((line) => /^(?:[│ ] {2})*[├└]─ /.test(line))).toBe(true);
  });

  it("is accepted by graphviz, where that is installed", (context) => {
    const names = HOSTILE.map((name, at) => host(at + 1, { id: `${at} ${name}`, name }));
    const text = drawn("dot", { ...view, hosts: [...view.hosts, ...names] });
    try {
      execFileSync("dot", ["-V"], { stdio: "ignore" });
    } catch {
      context.skip("graphviz is not installed");
      return;
    }
    const plain = execFileSync("dot", ["-Tplain"], { input: text, encoding: "utf8" });
    expect(plain.split("\n").filter((line) => line.startsWith("node "))).toHaveLength(4 + HOSTILE.length);
  });

  it("alone has such a form", () => {
    expect(() => render({ kind: "hosts", view: HOSTS }, "dot")).toThrow(/only the topology has a form as dot/);
  });
});
