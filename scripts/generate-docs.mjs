// Writes what docs/ says of the program out of the program itself; with --check it only tells whether that is still so.
//
//   node scripts/generate-docs.mjs [--check] [--docs DIRECTORY] [--dist DIRECTORY]
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { performanceDocument } from "./performance-tables.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values: options } = parseArgs({
  options: {
    check: { type: "boolean", default: false },
    docs: { type: "string", default: join(root, "docs") },
    dist: { type: "string", default: join(root, "dist") },
  },
});

const load = (path) => import(pathToFileURL(join(resolve(options.dist), path)).href);
const registry = await load("src/pipeline/registry.js");
const { compileSwitch } = await load("src/pipeline/compile.js");
const { deriveFabric } = await load("src/model/fabric.js");
const { encapsulationBytes, sharedTunnelName, sharedTunnelPort, TUNNEL_TYPES, tunnelName, tunnelPort } =
  await load("src/model/tunnel-types.js");
const { MESH } = await load("src/model/topology.js");
const { DEFAULT_POLICY } = await load("src/model/policy.js");
const { defaultConfig } = await load("src/config/index.js");
const { islandInput } = await load("src/discovery/island-facts.js");
const { loneHostId, loneSwitchFact } = await load("src/discovery/lone-switch.js");
const { endKey, plainLink, planIslands } = await load("src/model/plain-links.js");
const { createProgram } = await load("src/cli/program.js");
const { formatGroup, formatInstructions, formatMatch } = await load("proto/openflow13/index.js");

/** What each kind of flow does. The registry says which kinds there are: one that is missing here is an error. */
const KINDS = {
  identity:
    "Drops what matched nothing. Its cookie names the host's index, so that a controller that starts with nothing knows whose switch this is before its OVSDB connects; 0 on a switch without OVSDB.",
  guard:
    "Drops frames with a group source address, and frames to addresses that a bridge keeps to one link (STP, LACP, LLDP, CDP and others) unless `other_config:forward-bpdu` is set.",
  port: "A local port and VLAN: writes the network's VNI to `metadata`. The tag stays as the carrier of its priority: its VLAN becomes 0, or 1 for a protected port. VLANs that no port names, on trunks of all VLANs, go by 0x7ff000 plus the VLAN.",
  relay:
    "Out of a tunnel with the key's bit 23 set: takes off the label, a VLAN tag with a host's index, clears the bit, and sends the frame by the direct tunnel to that host.",
  tunnel:
    "A tunnel port: copies the tunnel key to `metadata`. One flow serves every network. Of a flow-based port one for each host, by the address it sends from: on to ARRIVE.",
  stranger: "Out of a flow-based tunnel, from an address that is no host's: dropped, whatever its key.",
  arrive: "Copies the tunnel key to `metadata`.",
  "address-news":
    "ARP, neighbour solicitations and advertisements, router advertisements, DHCP: a limited copy to the controller, and on.",
  "unknown-mac": "A MAC that is not known at this port: a limited copy to the controller, and on.",
  "known-mac": "A MAC that is known at this port: on, without a copy. A `note` holds its addresses.",
  "known-address":
    "ARP, or a neighbour solicitation, of a known MAC with a known address: on to ANSWER, without a copy.",
  "own-port":
    "A question for an address that is behind the port it came from: on, so that its owner is never silenced.",
  answer:
    "A question for a known address. ARP: its answer. A neighbour solicitation: its answer where the switch can write one and the owner has said whether it routes, else to the owner alone. The same bytes on every switch.",
  unanswered: "On, as it came: what is not known here, and solicitations without the option that an answer would need.",
  advertise: "Copies the source MAC into the target link-layer option.",
  usurper:
    "A MAC, or a claim of an address, that stays with another place (a duplicate): a limited copy to the controller, and dropped.",
  return: "Out by the port it came from: to EGRESS with it.",
  "local-endpoint": "To an endpoint on this switch: to EGRESS with its port.",
  "remote-endpoint":
    "To an endpoint on another host: sets the tunnel key, through DEPART, and to that host's group. The same bytes on every switch.",
  flood: "To all of the network: local ports; then, through DEPART, each host that has members.",
  "deliver-endpoint": "Out of a tunnel, to an endpoint on this switch: to EGRESS with its port.",
  "deliver-flood": "Out of a tunnel, to all local ports of the network.",
  probe:
    "A probe for loops outside of the fabric: a copy to the controller, under a meter of its own, and no further. Ports that are blocked are probed too.",
  blocked:
    "A port that meets another one outside of the fabric, and is cut off for as long as it does. No group and no endpoint leads to it.",
  speaker:
    "From a declared MAC, with an address of its own or one of its probes for it; neighbour advertisements go to CLAIM, all else to LEARN.",
  impostor: "What is said in anybody else's name, or so that the switch can't read it: dropped.",
  "own-claim": "A neighbour advertisement for an address of the sender's own, with its own MAC inside.",
  reflection:
    "Out of a tunnel, from a MAC whose place is a locked port of this switch: dropped. It goes when the MAC has its place elsewhere.",
  withheld: "What the network's policy does not flood: dropped.",
  egress:
    "Out of a port: the tag that its VLAN columns ask for takes the carrier's place and keeps its priority. What comes from a protected port is dropped at another.",
  depart:
    "A carrier without a priority is taken off, since it says nothing; it is kept in front of another tag, which would be taken for it.",
  heard:
    "A hand-made tunnel of a host that is about to be taken over as well: to DELIVER, as what comes by Weft's own. Only while hosts are adopted.",
  uncovered: "A carrier again, in front of a tag that DEPART has uncovered.",
  "link-news":
    "LLDP, at each port of a switch without OVSDB: a copy to the controller, under a meter of its own, and no further. What another end of a cable says of itself makes a link, once its seal and its time are right.",
  link: "A port that is cabled to another switch: on to ARRIVE. A `note` names the far end, so that a controller that starts with nothing knows it before it has heard of it.",
  tree: "What came into the island at another switch is taken in by the one port by which that switch's frames come, and by no other.",
  "transit-endpoint":
    "To an endpoint: out of its port without the label, or with it on by HOST(s) towards the switch s where it is.",
  "transit-flood": "To all of the network: TREE(s) of the switch s that the label names.",
  "trace-seen":
    "For ten seconds at the most: a probe of `weft trace --live`, known by addresses and UDP ports drawn by lot. A copy to the controller, a mark in `reg15`, and once more through CLASSIFY as any frame.",
  "trace-end":
    "For ten seconds at the most: such a probe, where it would go out to a guest. A copy to the controller, and no further.",
  "check-end":
    "For ten seconds at the most: a probe of `weft check`, in the name of a MAC drawn by lot. A copy to the controller, and no further.",
  label:
    "On the way out by a plain link: gives the frame its own tag again, where it had one, and in front of it the label with the number of this switch.",
};

const PRIORITY_KINDS = {
  classify: {
    traced: ["trace-seen", "check-end"],
    probe: ["probe", "link-news"],
    guard: ["guard"],
    blocked: ["blocked"],
    source: ["tunnel"],
    stranger: ["stranger"],
    link: ["link"],
    relay: ["relay"],
    tunnel: ["tunnel", "heard"],
    port: ["port"],
    otherVlans: ["port"],
    identity: ["identity"],
  },
  arrive: { relay: ["relay"], tree: ["tree"], deliver: ["arrive"] },
  guard: {
    unreadable: ["impostor"],
    neighbor: ["speaker"],
    impostor: ["impostor"],
    speaker: ["speaker"],
    stranger: ["impostor"],
  },
  claim: { own: ["own-claim"], impostor: ["impostor"] },
  learn: {
    usurper: ["usurper"],
    knownAddress: ["known-address"],
    addressNews: ["address-news"],
    knownMac: ["known-mac"],
    unknownMac: ["unknown-mac"],
  },
  answer: { ownPort: ["own-port"], withoutOption: ["unanswered"], address: ["answer"], unanswered: ["unanswered"] },
  advertise: { targetOption: ["advertise"] },
  return: { tagged: ["return"], untagged: ["return"] },
  forward: {
    endpoint: ["local-endpoint", "remote-endpoint"],
    essential: ["flood"],
    group: ["flood", "withheld"],
    flood: ["flood", "withheld"],
  },
  deliver: {
    checked: ["check-end"],
    reflection: ["reflection"],
    endpoint: ["deliver-endpoint"],
    essential: ["deliver-flood"],
    group: ["deliver-flood", "withheld"],
    flood: ["deliver-flood", "withheld"],
    identity: ["identity"],
  },
  transit: {
    traced: ["trace-end"],
    endpoint: ["transit-endpoint"],
    essential: ["transit-flood"],
    group: ["transit-flood", "withheld"],
    flood: ["transit-flood", "withheld"],
  },
  egress: { protected: ["egress"], traced: ["trace-end"], plain: ["egress"], tagged: ["egress"], untagged: ["egress"] },
  depart: { doubleTagged: ["depart"], plain: ["depart"], label: ["label"] },
  uncovered: { tagged: ["uncovered"] },
};

const hex = (number) => `0x${number.toString(16)}`;

/** Padded as the formatter pads them. */
function table(titles, rows) {
  const all = [titles, ...rows].map((cells) => cells.map(String));
  const widths = titles.map((_, at) => Math.max(3, ...all.map((cells) => cells[at].length)));
  const line = (cells, fill) => `| ${cells.map((cell, at) => cell.padEnd(widths[at], fill)).join(" | ")} |`;
  const [head, ...body] = all;
  return [
    line(head),
    line(
      titles.map(() => ""),
      "-",
    ),
    ...body.map((cells) => line(cells)),
  ];
}

function sameKeys(what, described, declared) {
  const [have, want] = [Object.keys(described).sort().join(), Object.keys(declared).sort().join()];
  if (have !== want) throw new Error(`generate-docs: ${what}: described are ${have}, the registry has ${want}`);
}

function priorityTables() {
  const { TABLES, PRIORITIES, FLOW_KINDS } = registry;
  sameKeys("tables with priorities", PRIORITY_KINDS, PRIORITIES);
  sameKeys("kinds of flows", KINDS, FLOW_KINDS);
  return Object.entries(TABLES).flatMap(([key, { id, name, purpose }]) => {
    const head = [`### Table ${id}: ${name}`, "", purpose, ""];
    const priorities = PRIORITIES[key];
    if (priorities === undefined) return head;
    sameKeys(`priorities of ${name}`, PRIORITY_KINDS[key], priorities);
    const rows = Object.entries(priorities)
      .sort(([, a], [, b]) => b - a)
      .flatMap(([priority, number]) =>
        PRIORITY_KINDS[key][priority].map((kind) => [number, `\`${kind}\``, hex(FLOW_KINDS[kind]), KINDS[kind]]),
      );
    return [...head, ...table(["priority", "kind", "in the cookie", "does"], rows), ""];
  });
}

/** Two guests on `one`, one on `two`, one on `three` in VLAN 10. Between `one` and `three` a flow-based tunnel is on its way out. */
function exampleSwitch() {
  const networkOf = (tag) => ({ tag, trunks: [], vlanMode: null });
  const port = (name, ofport, tag, declaredMacs, fields = {}) => ({
    name,
    ofport,
    type: "",
    vlan: networkOf(tag),
    networkName: null,
    storedVni: null,
    declaredMacs,
    up: true,
    excluded: null,
    inUse: true,
    problems: [],
    ...fields,
  });
  const locked = { locked: true, declaredIps: ["10.0.10.1"] };
  const ids = ["one", "two", "three"];
  const ports = {
    one: [port("tap0", 1, null, []), port("tap1", 2, 10, ["52:54:00:00:10:01"], locked), port("tap2", 3, null, [])],
    two: [port("tap0", 1, null, ["52:54:00:00:00:02"])],
    three: [port("tap0", 1, 10, ["52:54:00:00:10:03"])],
  };
  const indexOf = (id) => ids.indexOf(id) + 1;
  const ipOf = (id) => `192.0.2.${indexOf(id)}`;
  const type = defaultConfig.tunnel.type;
  const tunnelTo = (peer) => ({
    name: tunnelName(type, indexOf(peer)),
    type,
    ofport: tunnelPort(type, indexOf(peer)),
    remoteIp: ipOf(peer),
    peerId: peer,
    peerIndex: indexOf(peer),
    fabricId: "example",
    linkUp: true,
    bfd: { kind: "up" },
    error: null,
  });
  const sharedTunnelTo = (peer) => ({
    ...tunnelTo(peer),
    name: sharedTunnelName(type),
    shared: true,
    ofport: sharedTunnelPort(type),
    bfd: { kind: "off" },
  });
  const hostFact = (id) => ({
    id,
    name: id,
    ovsVersion: null,
    bridgeName: defaultConfig.bridge,
    datapathType: null,
    userspaceDatapath: true,
    standing: { kind: "owned" },
    dpid: `000000000000000${indexOf(id)}`,
    stored: { index: indexOf(id), fabricId: "example", hostId: id },
    tunnelIp: ipOf(id),
    tunnelTypes: null,
    ports: ports[id],
    tunnels: [...ids.filter((peer) => peer !== id).map(tunnelTo), ...(id === "one" ? [sharedTunnelTo("three")] : [])],
    problems: [],
  });
  const heard = {
    vni: 4095,
    mac: "52:54:00:00:00:01",
    ofport: 1,
    ips: ["10.0.0.1", "fe80::1"],
    router: false,
    heard: 1,
  };
  // Somebody behind tap0 who claims an address of the guest on `two`.
  const dispute = {
    vni: 4095,
    mac: null,
    ip: "10.0.0.2",
    reason: "duplicate",
    holder: { mac: "52:54:00:00:00:02", place: { dpid: "0000000000000002", ofport: 1 } },
    rivals: [{ mac: heard.mac, place: { dpid: "0000000000000001", ofport: 1 } }],
  };
  const fabric = deriveFabric({
    disputes: [dispute],
    fabricId: "example",
    tunnelType: type,
    networkSettings: [
      { name: "vlan10", vni: null, tag: null, policy: { ...DEFAULT_POLICY, multicast: "drop", floodKbps: 8000 } },
    ],
    loops: {
      meetings: [{ ends: [1, 3].map((ofport) => ({ hostId: "one", ofport, vni: 4095 })) }],
      held: new Set(),
    },
    identities: new Map(ids.map((id) => [id, { id, name: id, index: indexOf(id), tunnelIp: ipOf(id), problems: [] }])),
    hostFacts: new Map(ids.map((id) => [id, hostFact(id)])),
    switchFacts: new Map([
      [
        "one",
        {
          dpid: "0000000000000001",
          ownIndex: 1,
          maxMeter: 262_144,
          observed: [heard],
          receivesOn: new Set(),
          sendsBy: new Map(),
          relaysBy: new Map(),
          relaysTo: new Map(),
        },
      ],
    ]),
    remembered: [],
    holding: false,
    keepTunnel: () => false,
    bfd: defaultConfig.bfd,
    topology: MESH,
  });
  const { endpoints, punts } = defaultConfig;
  return compileSwitch(fabric, fabric.hosts.get("one"), {
    idleTimeoutSec: endpoints.idleTimeoutSec,
    puntsPerSecond: punts.packetsPerSecond,
    puntBurst: punts.burst,
    loopProbes: true,
  });
}

/** The first of three in a ring, with a guest; another is at the third. */
function islandSwitch() {
  const dpids = [1, 2, 3].map((number) => `000000000000000${number}`);
  const end = (here, there) => ({ dpid: dpids[here], ofport: 10 + there + 1 });
  const cables = [
    [0, 1],
    [1, 2],
    [0, 2],
  ];
  const ends = cables.flatMap(([a, b]) => [
    [end(a, b), end(b, a)],
    [end(b, a), end(a, b)],
  ]);
  const far = new Map(ends.map(([here, there]) => [endKey(here), there]));
  const roles = new Map([
    ...[...far.keys()].map((key) => [key, "link"]),
    ...dpids.map((dpid) => [endKey({ dpid, ofport: 1 }), "guest"]),
  ]);
  const port = (portNo) => ({ portNo, name: `eth${portNo}`, hwAddr: "02:00:00:00:00:01", config: 0, state: 0 });
  const switches = dpids.map((dpid, at) => {
    const ports = [1, ...dpids.flatMap((_, other) => (other === at ? [] : [10 + other + 1]))];
    const heard = { vni: 4095, mac: `52:54:00:00:00:0${at + 1}`, ofport: 1, ips: [], heard: 1 };
    const nothing = { receivesOn: new Set(), sendsBy: new Map(), relaysBy: new Map(), relaysTo: new Map() };
    return {
      dpid,
      host: loneSwitchFact(dpid, ports.map(port), null, { roles }),
      fact: { dpid, ownIndex: 0, maxMeter: 262_144, observed: at === 1 ? [] : [heard], ...nothing },
      listening: ports,
      heldNumber: null,
    };
  });
  const [island] = planIslands(
    dpids,
    cables.map(([a, b]) => plainLink(end(a, b), end(b, a))),
  );
  const numbers = new Map(dpids.map((dpid, at) => [dpid, at + 1]));
  const byDpid = new Map(switches.map((one) => [one.dpid, one]));
  const fabric = deriveFabric({
    ...islandInput(island, byDpid, numbers, { far, problems: new Map() }),
    fabricId: null,
    tunnelType: defaultConfig.tunnel.type,
    networkSettings: [],
    remembered: [],
    holding: false,
    keepTunnel: () => false,
    bfd: defaultConfig.bfd,
    topology: MESH,
  });
  const { endpoints, punts } = defaultConfig;
  return compileSwitch(fabric, fabric.hosts.get(loneHostId(dpids[0])), {
    idleTimeoutSec: endpoints.idleTimeoutSec,
    puntsPerSecond: punts.packetsPerSecond,
    puntBurst: punts.burst,
    loopProbes: true,
  });
}

function kindsIn({ flows }) {
  return [...flows.values()].map((flow) => [registry.decodeCookie(flow.cookie).kind, true]);
}

/** @param tables those that are shown; all unless given. */
function exampleText({ flows, groups, meters }, tables = null) {
  const lines = [];
  for (const { id, name } of Object.values(registry.TABLES)) {
    if (tables !== null && !tables.includes(name)) continue;
    const here = [...flows.values()]
      .filter((flow) => flow.tableId === id)
      .map((flow) => ({ flow, match: formatMatch(flow.match) || "any" }))
      .sort((a, b) => b.flow.priority - a.flow.priority || (a.match < b.match ? -1 : 1));
    if (here.length === 0) continue;
    lines.push(`table ${id} ${name}`);
    for (const { flow, match } of here) {
      const idle = flow.idleTimeoutSec === 0 ? "" : ` idle=${flow.idleTimeoutSec}s`;
      const { kind } = registry.decodeCookie(flow.cookie);
      const priority = String(flow.priority).padStart(5);
      lines.push(`${priority}  ${match} -> ${formatInstructions(flow.instructions)}  [${kind}${idle}]`);
    }
    lines.push("");
  }
  lines.push("groups");
  for (const group of [...groups.values()].sort((a, b) => a.groupId - b.groupId)) {
    lines.push(`  ${registry.groupName(group.groupId)}  ${formatGroup(group)}`);
  }
  lines.push("", "meters");
  for (const meter of [...meters.values()].sort((a, b) => a.meterId - b.meterId)) {
    lines.push(`  meter=${meter.meterId} ${meter.unit} burst drop rate=${meter.rate} burst_size=${meter.burst}`);
  }
  return lines;
}

function pipelineDocument() {
  const { GROUPS } = registry;
  const [host, lone] = [exampleSwitch(), islandSwitch()];
  // What is there only while hosts are adopted is not in an example of every day.
  const passing = ["heard", "trace-seen", "trace-end", "check-end"];
  const lasting = Object.fromEntries(Object.entries(KINDS).filter(([kind]) => !passing.includes(kind)));
  sameKeys("kinds of flows in the examples", Object.fromEntries([...kindsIn(host), ...kindsIn(lone)]), lasting);
  const range = (base, letter) => `${hex(base)} + ${letter}`;
  return `${[
    "# The pipeline",
    "",
    "<!-- Written by `npm run docs` out of src/pipeline/registry.ts. Do not edit. -->",
    "",
    "What every switch of the fabric holds. The flows are the same in kind on each; no flow uses NORMAL or `learn`.",
    "`weft flows HOST` prints those of a host in the form of the example below.",
    "",
    "A frame enters at CLASSIFY. From a local port it goes on to LEARN and FORWARD, from a locked one by GUARD before that,",
    "from a tunnel to DELIVER. No flow of DELIVER sends to a tunnel, so a frame crosses one tunnel at most and none can",
    "circulate in the fabric. Between LEARN and FORWARD lies ANSWER for ARP and neighbour solicitations of known senders: what",
    "it answers goes back by RETURN.",
    "",
    "Switches without OVSDB that are cabled to each other are an island. There a frame enters at the switch of its guest in the",
    "same way, and goes on by plain links with a label in front, through ARRIVE and TRANSIT of the switches on its way.",
    "",
    "## Tables",
    "",
    "Within a table the higher priority wins. A frame that matches nothing in a table is dropped.",
    "",
    ...priorityTables(),
    "## What travels with a frame",
    "",
    ...table(
      ["where", "holds"],
      [
        ["`metadata`", "the network's VNI, from CLASSIFY on"],
        ["tunnel key", "the network's VNI; bit 23 is reserved"],
        [
          "label",
          `a tag in front of all others, on plain links: ${registry.labelOf("untagged", 0)} + the number of the switch where the frame came in, ${registry.labelOf("otherVlans", 0)} + that number for frames with a VLAN`,
        ],
      ],
    ),
    "",
    "## Cookies",
    "",
    "Every flow of Weft says in its cookie what it is and what it came from. A flow with another cookie is left alone.",
    "",
    ...table(
      ["bits", "holds"],
      [
        ["63..48", "0x5745, the letters WE"],
        ["47..40", "the kind, as in the tables above"],
        [
          "39..24",
          "a host's index, or a switch's number in its island, where the flow is about one; else the low 16 bits of a port number",
        ],
        ["23..0", "the network's VNI, or 0; in the `identity` flow of a switch of an island its number"],
      ],
    ),
    "",
    "## Groups",
    "",
    "Ids are the same on every switch. A change of the topology changes groups, never the flows to endpoints.",
    "",
    ...table(
      ["id", "name", "type", "does"],
      [
        [hex(GROUPS.alwaysLive), "ALWAYS-LIVE", "indirect", "no action: a bucket that watches it is never dead"],
        [
          range(GROUPS.hostBase, "j"),
          "HOST(j)",
          "fast failover",
          "out by the tunnel to the host with index j; last, the same again, watched by ALWAYS-LIVE. In an island, out by the plain link towards switch j (indirect)",
        ],
        [
          range(GROUPS.floodBase, "v"),
          "FLOOD(v)",
          "all",
          "LOCAL(v), and HOST(j) for every other host with a port in the network with VNI v",
        ],
        [range(GROUPS.localBase, "v"), "LOCAL(v)", "all", "every local port of the network with VNI v"],
        [
          range(GROUPS.treeBase, "s"),
          "TREE(s)",
          "all",
          "of what came into the island at switch s: by plain links onwards, and without its label by every local port",
        ],
      ],
    ),
    "",
    "## Meters",
    "",
    ...table(
      ["id", "for", "limits"],
      [
        [
          "p",
          "the port whose number has the low 16 bits p",
          `its copies to the controller, never the frames themselves: ${defaultConfig.punts.packetsPerSecond} packets a second unless configured`,
        ],
        [
          range(registry.probeMeter(0), "p"),
          "the same port",
          "loop probes and LLDP that come in there: in a storm the other meter is used up",
        ],
        [
          range(registry.floodMeter(0), "n"),
          "the n-th network with a `floodKbps`, by VNI",
          "what local ports flood into the network: what is above is dropped",
        ],
      ],
    ),
    "",
    "A switch without meters copies and floods without a limit.",
    "",
    "## Tunnel ports",
    "",
    "Names and numbers are the same on every host. Each type has a range of its own, so that two types can stand side by",
    "side while the fabric changes from one to the other. The first number of each is that of the flow-based tunnel of the type,",
    `for all peers: ${sharedTunnelName("gre")} has ${hex(sharedTunnelPort("gre"))}.`,
    "",
    ...table(
      ["type", "name", "port number", "on the wire", "of the MTU (IPv4)", "of the MTU (IPv6)"],
      Object.entries(TUNNEL_TYPES).map(([type, { portBase, udpPort }]) => [
        type,
        `${type} + j, as in ${tunnelName(type, 3)}`,
        range(portBase, "j"),
        udpPort === null ? "IP protocol 47" : `UDP ${udpPort}`,
        `${encapsulationBytes(type, "ipv4")} bytes`,
        `${encapsulationBytes(type, "ipv6")} bytes`,
      ]),
    ),
    "",
    "What a tunnel takes of the underlay's MTU is its headers, the inner Ethernet header, and two tags: the label of a frame",
    "that a relay passes on, and that of a frame with a priority and no VLAN.",
    "",
    "## An example",
    "",
    "The switch of host `one` (index 1) in a fabric of three. On `one` stand a guest of the default network, which has",
    "been heard with the addresses 10.0.0.1 and fe80::1 and claims a third; a guest with tag 10 whose port is locked to its MAC and its address 10.0.10.1;",
    "and a third port, which is blocked because it meets the first one outside of the fabric. Host `two` has the guest of the",
    "default network that has that address, host `three` one with tag 10. The network of tag 10 drops multicast and may flood 8 Mbit/s.",
    "",
    "```",
    ...exampleText(host),
    "```",
    "",
    "## A switch of an island",
    "",
    "The first of three switches without OVSDB that are cabled in a ring, by ports 12 and 13; a guest is at its port 1, another at",
    "the third switch. Only the tables are shown in which it differs from a host of the fabric.",
    "",
    "```",
    ...exampleText(lone, ["CLASSIFY", "ARRIVE", "TRANSIT", "DEPART"]),
    "```",
  ].join("\n")}\n`;
}

const HELP_WIDTH = 100;

function helpOf(command) {
  let text = "";
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => HELP_WIDTH,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trimEnd();
}

function commandDocuments(command, path) {
  const name = [...path, command.name()].join(" ");
  const visible = command.createHelp().visibleCommands(command);
  const children = visible.filter((child) => child.name() !== "help");
  return [
    `### ${name}`,
    "",
    "```text",
    helpOf(command),
    "```",
    "",
    ...children.flatMap((child) => commandDocuments(child, [...path, command.name()])),
  ];
}

/** The part of a document between these lines is the program's; the rest is a person's. */
const BEGIN = "<!-- begin: written by npm run docs -->";
const END = "<!-- end: written by npm run docs -->";

function cliDocument(present) {
  const [from, to] = [present.indexOf(BEGIN), present.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`generate-docs: cli.md has no lines ${BEGIN} and ${END}`);
  const help = commandDocuments(createProgram("weft"), []).join("\n");
  return `${present.slice(0, from)}${BEGIN}\n\n${help}\n${present.slice(to)}`;
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return "";
    throw error;
  }
}

let stale = 0;
for (const [name, write] of [
  ["pipeline.md", pipelineDocument],
  ["cli.md", cliDocument],
  ["performance.md", (present) => performanceDocument(present, join(root, "bench/results"), table)],
]) {
  const file = join(options.docs, name);
  const present = read(file);
  const wanted = write(present);
  if (wanted === present) continue;
  if (options.check) {
    stale++;
    process.stderr.write(`${file} is not what the program says; run: npm run docs\n`);
  } else {
    writeFileSync(file, wanted);
    process.stdout.write(`${file} written\n`);
  }
}
if (stale > 0) process.exitCode = 1;
