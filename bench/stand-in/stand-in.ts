// A ceiling, not a product: a mesh of tunnels, and one flow for each endpoint on every host. It checks nothing, heals
// nothing, forgets nothing and restarts from nothing. `node stand-in.js IP OVSDB-PORT OPENFLOW-PORT`, until stdin ends.
import { createServer, type Socket } from "node:net";
import { macToBigInt, parseMac } from "../../proto/bytes/index.ts";
import { decodeRange, encode, MessageFramer, OFP_NO_BUFFER, OFPG, OFPP } from "../../proto/openflow13/index.ts";
import {
  isJsonArray,
  isJsonObject,
  type Json,
  JsonFramer,
  type JsonObject,
  jsonText,
} from "../../proto/ovsdb/index.ts";

const [ip = "", ovsdbPort = "", openFlowPort = ""] = process.argv.slice(2);
const TUNNEL_PORTS = 0xa000;
const MAX_BYTES = 64 * 1024 * 1024;
const MONITORED = {
  Open_vSwitch: { columns: ["external_ids"] },
  Interface: { columns: ["name", "ofport", "external_ids"] },
};

interface Host {
  readonly index: number;
  /** Where tunnels to it lead. */
  readonly ip: string;
  readonly transact: (...operations: readonly Json[]) => void;
  flows: ((bytes: Uint8Array) => void) | null;
}

const hosts: Host[] = [];
/** By MAC: the host it is on, and its port there. */
const endpoints = new Map<string, { readonly host: Host; readonly ofport: number }>();

/** Written once in each turn of the event loop. */
function writer(socket: Socket): (data: Uint8Array | string) => void {
  let isCorked = false;
  return (data) => {
    if (!isCorked) {
      isCorked = true;
      socket.cork();
      setImmediate(() => {
        isCorked = false;
        socket.uncork();
      });
    }
    socket.write(data);
  };
}

function flowTo(mac: string, port: number): Uint8Array {
  const output = { kind: "output", port, maxLen: 0 } as const;
  return encode({
    ...{ kind: "flow_mod", xid: 0, cookie: 0n, cookieMask: 0n, tableId: 0, command: "add", priority: 100, flags: 0 },
    ...{ idleTimeoutSec: 0, hardTimeoutSec: 0, bufferId: OFP_NO_BUFFER, outPort: OFPP.ANY, outGroup: OFPG.ANY },
    match: [{ field: "eth_dst", value: macToBigInt(parseMac(mac)) }],
    instructions: [{ kind: "apply_actions", actions: [output] }],
  });
}

function tell(mac: string, { host, ofport }: { readonly host: Host; readonly ofport: number }): void {
  const remote = flowTo(mac, TUNNEL_PORTS + host.index);
  for (const one of hosts) one.flows?.(one === host ? flowTo(mac, ofport) : remote);
}

function tunnelTo(peer: Host): Json[] {
  const name = `geneve${peer.index}`;
  const options = ["map", [["remote_ip", peer.ip], ["key", "7"]]]; // biome-ignore format: two pairs
  const device = { name, type: "geneve", ofport_request: TUNNEL_PORTS + peer.index, options };
  const port = { name, interfaces: ["named-uuid", `i${peer.index}`] };
  return [
    { op: "insert", table: "Interface", "uuid-name": `i${peer.index}`, row: device },
    { op: "insert", table: "Port", "uuid-name": `p${peer.index}`, row: port },
    mutate("Bridge", [["name", "==", "br-int"]], "ports", `p${peer.index}`),
  ];
}

function mutate(table: string, where: Json, column: string, name: string): JsonObject {
  return { op: "mutate", table, where, mutations: [[column, "insert", ["named-uuid", name]]] };
}

/** The host's index is its switch's datapath id. */
function bridgeFor(host: Host): Json[] {
  const named = (name: string): Json => ["named-uuid", name];
  const bridge = {
    ...{ name: "br-int", datapath_type: "netdev", fail_mode: "secure", protocols: ["set", ["OpenFlow13"]] },
    ...{ ports: named("port"), controller: named("controller") },
    other_config: ["map", [["datapath-id", host.index.toString(16).padStart(16, "0")]]],
  };
  return [
    { op: "insert", table: "Interface", "uuid-name": "local", row: { name: "br-int", type: "internal" } },
    { op: "insert", table: "Port", "uuid-name": "port", row: { name: "br-int", interfaces: named("local") } },
    { op: "insert", table: "Controller", "uuid-name": "controller", row: { target: `tcp:${ip}:${openFlowPort}` } },
    { op: "insert", table: "Bridge", "uuid-name": "bridge", row: bridge },
    mutate("Open_vSwitch", [], "bridges", "bridge"),
  ];
}

function joined(address: string, transact: Host["transact"]): Host {
  const host: Host = { index: hosts.length + 1, ip: address, transact, flows: null };
  transact(...bridgeFor(host), ...hosts.flatMap(tunnelTo));
  for (const peer of hosts) peer.transact(...tunnelTo(host));
  hosts.push(host);
  return host;
}

const entries = (datum: Json | undefined): ReadonlyMap<string, string> =>
  new Map(isJsonArray(datum) && isJsonArray(datum[1]) ? (datum[1] as unknown as [string, string][]) : []);

createServer({ noDelay: true }, (socket) => {
  const write = writer(socket);
  const transact: Host["transact"] = (...operations) =>
    write(jsonText({ id: 1, method: "transact", params: ["Open_vSwitch", ...operations] }));
  let host: Host | null = null;
  const take = (updates: Json | undefined): void => {
    if (updates === undefined || !isJsonObject(updates)) return;
    host ??= joined((socket.remoteAddress ?? "").replace("::ffff:", ""), transact);
    for (const update of Object.values((updates.Interface ?? {}) as JsonObject)) {
      const row = (update as JsonObject).new as JsonObject | undefined;
      const mac = entries(row?.external_ids).get("attached-mac");
      const ofport = row?.ofport;
      if (mac === undefined || typeof ofport !== "number" || ofport < 1 || endpoints.get(mac)?.host === host) continue;
      endpoints.set(mac, { host, ofport });
      tell(mac, { host, ofport });
    }
  };
  const framer = new JsonFramer(
    (message) => {
      const { id = null, method, params, result } = message as JsonObject;
      if (method === "echo") write(jsonText({ id, result: params ?? [], error: null }));
      else if (method === "update" && isJsonArray(params)) take(params[1]);
      else if (id === 0) take(result);
    },
    { maxBytes: MAX_BYTES },
  );
  socket.on("data", (bytes) => framer.push(bytes)).on("error", () => undefined);
  write(jsonText({ id: 0, method: "monitor", params: ["Open_vSwitch", null, MONITORED] }));
}).listen(Number(ovsdbPort), ip);

createServer({ noDelay: true }, (socket) => {
  const write = writer(socket);
  const framer = new MessageFramer();
  write(encode({ kind: "hello", xid: 0, version: 4, elements: [] }));
  write(encode({ kind: "features_request", xid: 0 }));
  socket
    .on("error", () => undefined)
    .on("data", (bytes) =>
      framer.push(bytes, (buffer, start, end) => {
        const copy = buffer.slice(start, end);
        const message = decodeRange(copy, 0, copy.length);
        if (message.kind === "echo_request") write(encode({ ...message, kind: "echo_reply" }));
        const host = message.kind === "features_reply" ? hosts[Number(message.datapathId) - 1] : undefined;
        if (host === undefined) return;
        host.flows = write;
        for (const [mac, at] of endpoints)
          write(flowTo(mac, at.host === host ? at.ofport : TUNNEL_PORTS + at.host.index));
      }),
    );
}).listen(Number(openFlowPort), ip, () => process.stdout.write("serving\n"));

process.stdin.on("end", () => process.exit()).resume();
