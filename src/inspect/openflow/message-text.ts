// OpenFlow messages as `ovs-ofctl ofp-print` shows them, as far as its words are those of this library's formatters.
import { toHex } from "../../../proto/bytes/hex.ts";
import {
  describeError,
  describeExperimenterError,
  type FlowMod,
  type FlowUpdate,
  formatActions,
  formatFlow,
  formatGroup,
  formatInstructions,
  formatMatch,
  formatMeter,
  formatPort,
  type MultipartReply,
  OFP_NO_BUFFER,
  OFPFF,
  OFPG,
  OFPP,
  OFPTT,
  type OpenFlowMessage,
  type PacketIn,
  type PacketOut,
  type PortDesc,
} from "../../../proto/openflow13/index.ts";
import { hexText } from "./json-forms.ts";
import { messageToJson, type PlainJson } from "./message-to-json.ts";

const COMMANDS: Readonly<Record<string, string>> = {
  add: "ADD",
  modify: "MOD",
  modify_strict: "MOD_STRICT",
  delete: "DEL",
  delete_strict: "DEL_STRICT",
};
const PACKET_IN_REASONS = ["no_match", "action", "invalid_ttl", "action_set", "group", "packet_out"];
const FLOW_REMOVED_REASONS = ["idle", "hard", "delete", "group_delete", "meter_delete", "eviction"];
const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [OFPFF.SEND_FLOW_REM, "send_flow_rem"],
  [OFPFF.CHECK_OVERLAP, "check_overlap"],
  [OFPFF.RESET_COUNTS, "reset_counts"],
  [OFPFF.NO_PKT_COUNTS, "no_packet_counts"],
  [OFPFF.NO_BYT_COUNTS, "no_byte_counts"],
];
/** Messages of extensions are named after who made them. */
const PREFIXES: Readonly<Record<string, string>> = { bundle_control: "ONFT", bundle_add: "ONFT" };
const NAMES: Readonly<Record<string, string>> = {
  bundle_add: "BUNDLE_ADD_MESSAGE",
  experimenter_error: "ERROR",
  get_async_request: "GET_ASYNC_REQUEST",
};

/** The first line names type, version and xid; more lines may follow. */
export function messageText(message: OpenFlowMessage): string {
  return `${titleOf(message)} (OF1.3) (xid=${hexText(message.xid)}):${bodyText(message)}`;
}

function titleOf(message: OpenFlowMessage): string {
  if (message.kind === "multipart_request") return `${multipartName(message.body.kind)} request`;
  if (message.kind === "multipart_reply") return `${multipartName(message.body.kind)} reply`;
  return `${PREFIXES[message.kind] ?? "OFPT"}_${NAMES[message.kind] ?? message.kind.toUpperCase()}`;
}

function multipartName(kind: string): string {
  return kind === "onf_flow_monitor" ? "ONFST_FLOW_MONITOR" : `OFPST_${kind.toUpperCase()}`;
}

function bodyText(message: OpenFlowMessage): string {
  switch (message.kind) {
    case "flow_mod":
      return flowModText(message);
    case "group_mod":
      return `\n ${COMMANDS[message.command] ?? message.command} ${formatGroup(message)}`;
    case "meter_mod":
      return ` ${COMMANDS[message.command] ?? message.command} ${formatMeter(message)}`;
    case "packet_in":
      return packetInText(message);
    case "packet_out":
      return packetOutText(message);
    case "flow_removed": {
      const match = formatMatch(message.match);
      const reason = FLOW_REMOVED_REASONS[message.reason] ?? String(message.reason);
      const milliseconds = String(Math.floor(message.durationNsec / 1e6)).padStart(3, "0");
      const idle = message.idleTimeoutSec === 0 ? "" : ` idle${message.idleTimeoutSec}`;
      const hard = message.hardTimeoutSec === 0 ? "" : ` hard${message.hardTimeoutSec}`;
      return ` priority=${message.priority}${match === "" ? "" : `,${match}`} reason=${reason} table_id=${message.tableId} cookie:${hexText(message.cookie)} duration${message.durationSec}.${milliseconds}s${idle}${hard} pkts${message.packetCount} bytes${message.byteCount}`;
    }
    case "error": {
      const names = describeError(message.type, message.code);
      return ` ${names.code.includes(" ") ? `${names.type} ${names.code}` : names.code}\n data: ${toHex(message.data)}`;
    }
    case "experimenter_error": {
      const names = describeExperimenterError(message.experimenter, message.expType);
      return ` ${names.type} ${names.code}\n data: ${toHex(message.data)}`;
    }
    case "echo_request":
    case "echo_reply":
      return ` ${message.data.length} bytes of payload`;
    case "features_reply":
      return ` dpid:${message.datapathId.toString(16).padStart(16, "0")}\nn_tables:${message.nTables}, n_buffers:${message.nBuffers}\ncapabilities: ${hexText(message.capabilities)}`;
    case "port_status":
      return ` ${{ add: "ADD", delete: "DEL", modify: "MOD" }[message.reason]}:\n${portText(message.port)}`;
    case "bundle_control":
      return `\n bundle_id=${hexText(message.bundleId)} type=${message.type.toUpperCase()} flags=${bundleFlags(message.flags)}`;
    case "bundle_add":
      return `\n bundle_id=${hexText(message.bundleId)} flags=${bundleFlags(message.flags)}\n${messageText(message.message)}`;
    case "multipart_reply":
      return replyText(message);
    default:
      return otherText(message);
  }
}

function bundleFlags(flags: number): string {
  const names = [...((flags & 1) === 0 ? [] : ["atomic"]), ...((flags & 2) === 0 ? [] : ["ordered"])];
  return names.length === 0 ? "0" : names.join(" ");
}

function flowModText(m: FlowMod): string {
  const match = formatMatch(m.match);
  const table = m.tableId === 0 ? "" : ` table:${m.tableId === OFPTT.ALL ? "255" : m.tableId}`;
  let out = ` ${COMMANDS[m.command]}${table} ${m.priority === 0x8000 ? "" : `priority=${m.priority}`}`;
  out += `${match === "" ? "" : `${m.priority === 0x8000 ? "" : ","}${match}`}`;
  if (m.cookie !== 0n || m.cookieMask !== 0n) {
    out += ` cookie:${hexText(m.cookie)}${m.cookieMask === 0n ? "" : `/${hexText(m.cookieMask)}`}`;
  }
  if (m.idleTimeoutSec !== 0) out += ` idle:${m.idleTimeoutSec}`;
  if (m.hardTimeoutSec !== 0) out += ` hard:${m.hardTimeoutSec}`;
  if (m.bufferId !== OFP_NO_BUFFER) out += ` buf:${hexText(m.bufferId)}`;
  if (m.outPort !== OFPP.ANY && m.outPort !== 0) out += ` out_port:${formatPort(m.outPort)}`;
  if (m.outGroup !== OFPG.ANY && m.outGroup !== 0) out += ` out_group:${m.outGroup}`;
  for (const [bit, name] of FLAG_NAMES) if ((m.flags & bit) !== 0) out += ` ${name}`;
  return `${out} actions=${formatInstructions(m.instructions)}`;
}

function packetInText(m: PacketIn): string {
  const table = m.tableId === 0 ? "" : ` table_id=${m.tableId}`;
  const reason = PACKET_IN_REASONS[m.reason] ?? String(m.reason);
  const buffer = m.bufferId === OFP_NO_BUFFER ? "unbuffered" : `buffer=${hexText(m.bufferId, 8)}`;
  const match = formatMatch(m.match);
  const size = m.data.length === m.totalLen ? "" : ` data_len=${m.data.length}`;
  const what = m.data.length === m.totalLen || m.bufferId !== OFP_NO_BUFFER ? buffer : `${buffer}`;
  return `${table} cookie=${hexText(m.cookie)} total_len=${m.totalLen} ${match} (via ${reason})${size} (${what})\n data: ${toHex(m.data)}`;
}

function packetOutText(m: PacketOut): string {
  const buffer = m.bufferId === OFP_NO_BUFFER ? ` data_len=${m.data.length}` : ` buffer=${hexText(m.bufferId, 8)}`;
  const data = m.data.length === 0 ? "" : `\n data: ${toHex(m.data)}`;
  return ` in_port=${formatPort(m.inPort)} actions=${formatActions(m.actions)}${buffer}${data}`;
}

function portText(port: PortDesc): string {
  const speed = `speed: ${port.currSpeedKbps / 1000} Mbps now, ${port.maxSpeedKbps / 1000} Mbps max`;
  const lines = [
    ` ${formatPort(port.portNo)}(${port.name}): addr:${port.hwAddr}`,
    `     config:     ${hexText(port.config)}`,
    `     state:      ${hexText(port.state)}`,
    `     ${speed}`,
  ];
  return lines.join("\n");
}

function flowUpdateText(update: FlowUpdate): string {
  if (update.kind === "abbreviated") return `event=ABBREV xid=${hexText(update.xid)}`;
  const reason = update.kind === "deleted" ? ` reason=${FLOW_REMOVED_REASONS[update.reason] ?? update.reason}` : "";
  const idle = update.idleTimeoutSec === 0 ? "" : ` idle_timeout=${update.idleTimeoutSec}`;
  const hard = update.hardTimeoutSec === 0 ? "" : ` hard_timeout=${update.hardTimeoutSec}`;
  const head = `event=${update.kind.toUpperCase()}${reason} table=${update.tableId}${idle}${hard}`;
  const match = formatMatch(update.match);
  const flow = `priority=${update.priority}${match === "" ? "" : `,${match}`}`;
  return `${head} cookie=${hexText(update.cookie)} ${flow} actions=${formatInstructions(update.instructions)}`;
}

function replyText(message: MultipartReply): string {
  const { body } = message;
  const lines = (items: readonly string[]): string => items.map((item) => `\n ${item}`).join("");
  switch (body.kind) {
    case "flow":
      return lines(body.flows.map((flow) => formatFlow(flow)));
    case "group_desc":
      return lines(body.groups.map((group) => formatGroup(group)));
    case "meter_config":
      return lines(body.meters.map((meter) => formatMeter(meter)));
    case "onf_flow_monitor":
      return lines(body.updates.map(flowUpdateText));
    case "port_desc":
      return lines(body.ports.map((port) => portText(port).trimStart()));
    default:
      return otherText(message);
  }
}

/** `name=value` for every member: nothing is kept from the reader because it has no words of its own. */
function otherText(message: OpenFlowMessage): string {
  const { kind: _kind, xid: _xid, ...rest } = messageToJson(message) as Record<string, PlainJson>;
  const parts = Object.entries(rest).map(([name, value]) => `${name}=${plainText(value)}`);
  return parts.length === 0 ? "" : ` ${parts.join(" ")}`;
}

function plainText(value: PlainJson): string {
  if (Array.isArray(value)) return `[${value.map(plainText).join(",")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const parts = Object.entries(value as Record<string, PlainJson>).map(
    ([name, inner]) => `${name}=${plainText(inner)}`,
  );
  return `{${parts.join(",")}}`;
}
