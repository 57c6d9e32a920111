// What can be run on a simulated guest or host: the few commands by which one looks whether it works, in their own words.
import { setImmediate as nextTurn } from "node:timers/promises";
import { formatFlow, formatGroup } from "../../../proto/openflow13/index.ts";
import type { SimulatedHost } from "../../sim/host.ts";
import { map, text, uuids } from "../../sim/ovs-rows.ts";
import type { Datapath } from "../../sim/switch/datapath.ts";
import { LabError } from "../lab-error.ts";
import type { FleetLab } from "./fleet-lab.ts";
import type { CommandAnswer } from "./views.ts";

const said = (stdout: string, exitCode = 0): CommandAnswer => ({ exitCode, stdout, stderr: "" });

/** @throws LabError `lab/simulated` for what can't be run there, with what can and where the rest can */
export async function runOn(lab: FleetLab, member: string, argv: readonly string[]): Promise<CommandAnswer> {
  const [program = "", ...args] = argv;
  if (lab.hasGuest(member)) {
    const ping = program === "ping" ? pingArguments(args) : undefined;
    if (ping !== undefined) return pings(lab, member, ping);
    throw cannot(member, argv, "a simulated guest has one command: ping [-c COUNT] ADDRESS");
  }
  const host = lab.host(member);
  const answer = program === "ovs-vsctl" ? vsctl(host, args) : program === "ovs-ofctl" ? ofctl(host, args) : undefined;
  if (answer !== undefined) return answer;
  throw cannot(
    member,
    argv,
    "a simulated host has these: ovs-vsctl show, ovs-ofctl dump-flows BRIDGE, ovs-ofctl dump-groups BRIDGE",
  );
}

function cannot(member: string, argv: readonly string[], instead: string): LabError {
  const command = argv.join(" ").slice(0, 200);
  return new LabError(
    "lab/simulated",
    `${member} is simulated: it has no namespace, no shell and no programs, and "${command}" can't run there; ${instead}. Everything runs on real hosts: weft lab up 3, as root and with Open vSwitch`,
    { context: { member, argv } },
  );
}

interface PingArguments {
  readonly count: number;
  readonly ip: string;
}

const USUAL_COUNT = 3;
const MAX_COUNT = 1000;
/** Options of ping with a value, which change nothing where frames take no time. */
const VALUED = new Set(["-i", "-W", "-w", "-s", "-I", "-t"]);

function pingArguments(args: readonly string[]): PingArguments | undefined {
  let count = USUAL_COUNT;
  let ip: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    const isCount = arg === "-c" || /^-c\d+$/.test(arg);
    if (isCount) count = Number(arg === "-c" ? args[++at] : arg.slice(2));
    else if (VALUED.has(arg)) at += 1;
    else if (!arg.startsWith("-") && ip === undefined) ip = arg;
    else if (!/^-[nqAbD]+$/.test(arg)) return undefined;
  }
  if (ip === undefined || !/^\d+\.\d+\.\d+\.\d+$/.test(ip)) return undefined;
  return Number.isInteger(count) && count >= 1 && count <= MAX_COUNT ? { count, ip } : undefined;
}

async function pings(lab: FleetLab, member: string, { count, ip }: PingArguments): Promise<CommandAnswer> {
  const { guest } = lab.guest(member);
  const lines = [`PING ${ip} from ${guest.ip}: simulated, frames go in memory`];
  let [received, duplicates] = [0, 0];
  for (let sequence = 1; sequence <= count; sequence++) {
    const startMs = performance.now();
    const answers = guest.ping(ip);
    const ms = (performance.now() - startMs).toFixed(3);
    for (let at = 0; at < answers; at++)
      lines.push(`answer from ${ip}: icmp_seq=${sequence} time=${ms} ms${at === 0 ? "" : " (DUP!)"}`);
    received += Math.min(1, answers);
    duplicates += Math.max(0, answers - 1);
    await nextTurn();
  }
  const doubled = duplicates === 0 ? "" : `, +${duplicates} duplicates`;
  const loss = Math.round(((count - received) * 100) / count);
  lines.push("", `--- ${ip} ping statistics ---`);
  lines.push(`${count} packets transmitted, ${received} received${doubled}, ${loss}% packet loss`);
  return said(`${lines.join("\n")}\n`, received > 0 ? 0 : 1);
}

/** As `ovs-vsctl show` lays it out. */
function vsctl(host: SimulatedHost, args: readonly string[]): CommandAnswer | undefined {
  if (args.length !== 1 || args[0] !== "show") return undefined;
  const { database } = host;
  const lines = [`${host.systemId} (simulated)`];
  for (const row of database.rowsOf("Manager").values()) {
    lines.push(`    Manager "${text("Manager", row, "target")}"`);
  }
  for (const bridge of database.rowsOf("Bridge").values()) {
    lines.push(`    Bridge ${text("Bridge", bridge, "name")}`);
    for (const uuid of uuids("Bridge", bridge, "controller")) {
      const controller = database.rowsOf("Controller").get(uuid);
      if (controller !== undefined) lines.push(`        Controller "${text("Controller", controller, "target")}"`);
    }
    const failMode = text("Bridge", bridge, "fail_mode");
    if (failMode !== "") lines.push(`        fail_mode: ${failMode}`);
    for (const uuid of uuids("Bridge", bridge, "ports")) lines.push(...portLines(host, uuid));
  }
  return said(`${lines.join("\n")}\n`);
}

function portLines({ database }: SimulatedHost, uuid: string): readonly string[] {
  const port = database.rowsOf("Port").get(uuid);
  if (port === undefined) return [];
  const tag = text("Port", port, "tag");
  const lines = [`        Port ${text("Port", port, "name")}`, ...(tag === "" ? [] : [`            tag: ${tag}`])];
  for (const one of uuids("Port", port, "interfaces")) {
    const row = database.rowsOf("Interface").get(one);
    if (row === undefined) continue;
    const [type, options] = [text("Interface", row, "type"), map("Interface", row, "options")];
    lines.push(`            Interface ${text("Interface", row, "name")}`);
    if (type !== "") lines.push(`                type: ${type}`);
    const all = [...options].sort().map(([key, value]) => `${key}="${value}"`);
    if (all.length > 0) lines.push(`                options: {${all.join(", ")}}`);
  }
  return lines;
}

function ofctl(host: SimulatedHost, args: readonly string[]): CommandAnswer | undefined {
  const words = args.filter((arg, at) => !arg.startsWith("-") && args[at - 1] !== "-O");
  const [what, name = ""] = words;
  if (words.length !== 2 || (what !== "dump-flows" && what !== "dump-groups")) return undefined;
  const bridge = host.vswitchd.bridgeNamed(name);
  if (bridge === undefined) return { exitCode: 1, stdout: "", stderr: `ovs-ofctl: ${name} is not a bridge\n` };
  const lines = what === "dump-flows" ? flowLines(bridge.datapath) : groupLines(bridge.datapath);
  return said(lines.map((line) => `${line}\n`).join(""));
}

/** In the order of tables and priorities, as `ovs-ofctl --no-stats --sort` has them. */
function flowLines({ flows }: Datapath): readonly string[] {
  return [...flows.all()]
    .sort((a, b) => a.tableId - b.tableId || b.priority - a.priority)
    .map((flow) => formatFlow(flow));
}

function groupLines({ groups }: Datapath): readonly string[] {
  return [...groups.all()].sort((a, b) => a.groupId - b.groupId).map((group) => formatGroup(group));
}
