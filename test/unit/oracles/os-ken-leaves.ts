// os-ken (python3-os-ken) as an oracle: runs it once, and brings its JSON and ours to one form that can be compared.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { toHex } from "../../../proto/bytes/hex.ts";
import { ipv4ToNumber, isIpv4 } from "../../../proto/bytes/ip.ts";
import { type OpenFlowMessage, oxmFieldByName } from "../../../proto/openflow13/index.ts";
import { messageToJson, type PlainJson } from "../../../src/inspect/openflow/message-to-json.ts";

/** The system's Python: Debian's python3-os-ken lives there. */
export const PYTHON = "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("./os_ken_messages.py", import.meta.url));

function findOsKen(): boolean {
  try {
    execFileSync(PYTHON, ["-c", "import os_ken.ofproto.ofproto_v1_3_parser"], { stdio: "ignore" });
    return true;
  } catch {
    const message = "os-ken (python3-os-ken) is not installed: what it thinks of our bytes was NOT tested";
    if (process.env.CI) throw new Error(message);
    process.stderr.write(`\n*** ${message} ***\n\n`);
    return false;
  }
}

let found: boolean | undefined;

/** Skips where os-ken is not installed, and says so; in CI its absence is a failure. */
export function osKenMissing(): boolean {
  found ??= findOsKen();
  return !found;
}

export interface OracleAnswer {
  readonly name?: string;
  readonly hex?: string;
  readonly json?: PlainJson;
  readonly error?: string;
}

export function askOsKen(messages: readonly Uint8Array[]): {
  readonly parsed: readonly OracleAnswer[];
  readonly built: readonly OracleAnswer[];
} {
  const input = JSON.stringify(messages.map((bytes) => toHex(bytes)));
  return JSON.parse(execFileSync(PYTHON, [SCRIPT], { input, encoding: "utf8", maxBuffer: 1 << 26 }));
}

/** All values under each name, sorted: which structure a value stood in is told by its name well enough. */
export type Leaves = Map<string, string[]>;

function add(leaves: Leaves, name: string, value: string): void {
  const list = leaves.get(name);
  if (list === undefined) leaves.set(name, [value]);
  else list.push(value);
}

function sorted(leaves: Leaves): Leaves {
  for (const list of leaves.values()) list.sort();
  return leaves;
}

function scalar(value: PlainJson): string {
  if (typeof value === "number") return String(BigInt(value));
  if (typeof value === "boolean") return String(value ? 1 : 0);
  if (typeof value === "string" && /^0x[0-9a-f]+$/.test(value)) return String(BigInt(value));
  return String(value);
}

const ENUMERATIONS: Readonly<Record<string, readonly string[]>> = {
  "flow_mod.command": ["add", "modify", "modify_strict", "delete", "delete_strict"],
  "group_mod.command": ["add", "modify", "delete"],
  "meter_mod.command": ["add", "modify", "delete"],
  "port_status.reason": ["add", "delete", "modify"],
  type: ["all", "select", "indirect", "ff"],
  role: ["nochange", "equal", "master", "slave"],
};

function enumerated(message: string, name: string, value: string): string {
  const names = ENUMERATIONS[`${message}.${name}`] ?? ENUMERATIONS[name];
  const number = names?.indexOf(value) ?? -1;
  return number < 0 ? value : String(number);
}

/** Ours: `kind` is left out, as are xids, which os-ken's JSON has not. */
export function ourLeaves(message: OpenFlowMessage): Leaves {
  const leaves: Leaves = new Map();
  const kind = message.kind === "bundle_add" ? message.message.kind : message.kind;
  const visit = (value: PlainJson, name: string): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item, name);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) if (key !== "kind" && key !== "xid") visit(inner, key);
    } else add(leaves, name, enumerated(kind, name, scalar(value)));
  };
  visit(messageToJson(message), "");
  return sorted(leaves);
}

/** os-ken's names of fields that ours do not follow from. */
const FIELD_NAMES: Readonly<Record<string, string>> = {
  vlan_tci: "nxm_of_vlan_tci",
  nw_tos: "nxm_of_ip_tos",
  tunnel_id_nxm: "nx_tun_id",
  ipv4_src_nxm: "nxm_of_ip_src",
  ipv4_dst_nxm: "nxm_of_ip_dst",
  icmpv4_type_nxm: "nxm_of_icmp_type",
  icmpv4_code_nxm: "nxm_of_icmp_code",
  nw_ttl: "nx_ip_ttl",
  tcp_flags: "onf_tcp_flags",
  actset_output: "onf_actset_output",
};

export function fieldName(theirs: string): string {
  const base = theirs.replace(/^_/, "").replace(/_nxm$/, "");
  const own = FIELD_NAMES[theirs];
  if (own !== undefined) return own;
  if (/^xreg\d$/.test(theirs)) return theirs.replace("xreg", "pkt_reg");
  const candidates = theirs.endsWith("_nxm") ? [`nxm_of_${base}`, `nx_${base}`] : [base, `nx_${base}`];
  return candidates.find((name) => oxmFieldByName(name) !== undefined) ?? theirs;
}

/** What follows from the rest of a message, or is said by our `kind`. */
const IMPLIED = new Set("len length subtype actions_len match_len n_slaves vendor property".split(" "));
/** Classes whose `type` is a value of its own. */
const TYPED = new Set(["OFPGroupMod", "OFPGroupDescStats", "OFPErrorMsg", "OFPInstructionId", "OFPActionId"]);
const EXPERIMENTER_ERROR = "0xffff";

const NAMES: Readonly<Record<string, string>> = {
  packet_in_mask: "packet_in",
  port_status_mask: "port_status",
  flow_removed_mask: "flow_removed",
  src_field: "src",
  dst_field: "dst",
  zone_ofs_nbits: "zone",
  slaves: "members",
  slave_type: "member_type",
  tun_id: "tunnel_id",
  cnt_ids: "ids",
  start: "ofs",
  end: "n_bits",
  hasmask: "oxm_hasmask",
};

const NAMES_IN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  OFPActionSetMplsTtl: { mpls_ttl: "ttl" },
  OFPActionSetNwTtl: { nw_ttl: "ttl" },
  OFPActionExperimenterUnknown: { data: "bytes" },
  OFPExperimenterStatsRequest: { data: "bytes" },
  OFPExperimenterMultipart: { data: "bytes" },
  NXTSetPacketInFormatMsg: { packet_in_format: "format" },
  NXActionRegLoad2: { dst: "field" },
  NXActionResubmitTable: { table_id: "table" },
  NXActionFinTimeout: { fin_idle_timeout: "idle_timeout", fin_hard_timeout: "hard_timeout" },
  NXActionNAT: {
    ...{ range_ipv4_min: "ipv4_min", range_ipv4_max: "ipv4_max", range_ipv6_min: "ipv6_min" },
    ...{ range_ipv6_max: "ipv6_max", range_proto_min: "proto_min", range_proto_max: "proto_max" },
  },
};

const FIELD_KEYS = new Set(["field", "src", "dst", "zone_src"]);
const BYTE_LISTS = new Set(["note", "userdata"]);

function byteList(items: readonly PlainJson[]): string {
  return items.map((item) => Number(item).toString(16).padStart(2, "0")).join("");
}

/** Bytes come as hex, some in base64: the lengths that the tests use leave padding in the latter. */
function bytesOf(text: string): string {
  return text.endsWith("=") ? Buffer.from(text, "base64").toString("hex") : text;
}

function isClass(value: PlainJson): value is Readonly<Record<string, Readonly<Record<string, PlainJson>>>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && /^(OFP|NX|ONF|OXM)/.test(keys[0] ?? "");
}

/** os-ken's, under our names. */
export function theirLeaves(json: PlainJson): Leaves {
  const leaves: Leaves = new Map();
  const visitMember = (className: string, key: string, value: PlainJson): void => {
    const name = NAMES_IN[className]?.[key] ?? NAMES[key] ?? key;
    if (value === null || value === "" || IMPLIED.has(key)) return;
    if (key === "type" && (!TYPED.has(className) || value === EXPERIMENTER_ERROR)) return;
    if (key === "versions" && Array.isArray(value)) {
      const bits = value.reduce<number>((bitmap, version) => bitmap | (1 << Number(version)), 0);
      add(leaves, "bitmaps", String(bits));
    } else if (key === "ofs_nbits") {
      if (value === "0x0" && className === "NXActionBundle") return;
      add(leaves, "ofs", String(Number(value) >>> 6));
      add(leaves, "n_bits", String((Number(value) & 0x3f) + 1));
    } else if (className === "NXActionBundle" && key === "dst") return;
    else if ((key === "experimenter" || key === "exp_type") && /^(NX|ONF)/.test(className)) return;
    else if (key === "data" && typeof value === "string") add(leaves, name, bytesOf(value));
    else if (className === "NXActionNAT" && isIpv4(String(value)))
      add(leaves, name, String(ipv4ToNumber(String(value))));
    else if (BYTE_LISTS.has(key) && Array.isArray(value)) add(leaves, name, byteList(value));
    else if (className.startsWith("NXFlowSpec") && Array.isArray(value)) {
      add(leaves, "field", fieldName(String(value[0])));
      add(leaves, "ofs", scalar(value[1] ?? null));
    } else if (className.startsWith("NXFlowSpec") && key === "src") add(leaves, "value", scalar(value));
    else if (Array.isArray(value)) for (const item of value) visitItem(name, item);
    else visitItem(name, value);
  };
  const visitItem = (name: string, value: PlainJson): void => {
    if (isClass(value)) visitClass(value);
    else if (FIELD_KEYS.has(name) && typeof value === "string") add(leaves, name, fieldName(value));
    else add(leaves, name, scalar(value));
  };
  const visitClass = (value: Readonly<Record<string, Readonly<Record<string, PlainJson>>>>): void => {
    for (const [className, members] of Object.entries(value)) {
      for (const [key, inner] of Object.entries(members)) visitMember(className, key, inner);
    }
  };
  if (isClass(json)) visitClass(json);
  return sorted(leaves);
}

/** What os-ken tells that we tell otherwise, or not at all. */
export function differences(name: string, message: OpenFlowMessage, json: PlainJson): string[] {
  const ours = ourLeaves(message);
  const found: string[] = [];
  for (const [key, values] of theirLeaves(json)) {
    const own = ours.get(key);
    if (own?.join() !== values.join()) found.push(`${name}: ${key} is ${values.join()} to os-ken, ${own?.join()} here`);
  }
  return found;
}
