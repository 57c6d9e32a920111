// Reads a whole flow in ovs-ofctl's syntax, as add-flow takes it and as dump-flows shows it.
import { OFP_NO_BUFFER, OFPFF, OFPG, OFPP } from "../constants.ts";
import type { FlowMod } from "../messages/flow-mod.ts";
import { parseInstructions } from "./parse-actions.ts";
import { parseMatchItems } from "./parse-match.ts";
import { parseInteger, parsePort, parseSmall } from "./parse-value.ts";
import { type Item, splitItems, textError } from "./scan.ts";

type Fields = { -readonly [K in keyof Omit<FlowMod, "xid">]: FlowMod[K] };

const FLAGS: Readonly<Record<string, number>> = {
  send_flow_rem: OFPFF.SEND_FLOW_REM,
  check_overlap: OFPFF.CHECK_OVERLAP,
  reset_counts: OFPFF.RESET_COUNTS,
  no_packet_counts: OFPFF.NO_PKT_COUNTS,
  no_byte_counts: OFPFF.NO_BYT_COUNTS,
};

/** Counters of a dumped flow, which say nothing about the flow itself. */
const COUNTERS = new Set(["duration", "n_packets", "n_bytes", "idle_age", "hard_age"]);

function parseCookie(value: Item, flow: Fields): void {
  const [cookie = "", mask] = value.text.split("/", 2);
  flow.cookie = parseInteger({ text: cookie, at: value.at }, 64);
  if (mask === undefined) return;
  flow.cookieMask =
    mask === "-1" ? 0xffffffffffffffffn : parseInteger({ text: mask, at: value.at + cookie.length + 1 }, 64);
}

/** True if the item was the flow's own and not part of its match. */
function takeAttribute(item: Item, flow: Fields): boolean {
  const equals = item.text.indexOf("=");
  if (equals < 0) {
    const bit = Object.hasOwn(FLAGS, item.text) ? FLAGS[item.text] : undefined;
    if (bit !== undefined) flow.flags |= bit;
    return bit !== undefined;
  }
  const name = item.text.slice(0, equals);
  const value = { text: item.text.slice(equals + 1), at: item.at + equals + 1 };
  switch (name) {
    case "table":
      flow.tableId = parseSmall(value, 8);
      return true;
    case "priority":
      flow.priority = parseSmall(value, 16);
      return true;
    case "cookie":
      parseCookie(value, flow);
      return true;
    case "idle_timeout":
      flow.idleTimeoutSec = parseSmall(value, 16);
      return true;
    case "hard_timeout":
      flow.hardTimeoutSec = parseSmall(value, 16);
      return true;
    case "out_port":
      flow.outPort = parsePort(value);
      return true;
    case "out_group":
      flow.outGroup = parseSmall(value, 32);
      return true;
    default:
      return COUNTERS.has(name);
  }
}

/** A flow-mod that adds, in table 0 with priority 32768 unless the text says otherwise, as ovs-ofctl has it. */
export function parseFlow(text: string, command: FlowMod["command"] = "add"): Omit<FlowMod, "xid"> {
  const found = /(?:^|[\s,])actions?=/.exec(text);
  if (found === null && !command.startsWith("delete")) throw textError("a flow needs actions=", text.length);
  const head = found === null ? text : text.slice(0, found.index);
  const flow: Fields = {
    ...{ kind: "flow_mod", command, cookie: 0n, cookieMask: 0n, tableId: 0, priority: 0x8000, flags: 0 },
    ...{ idleTimeoutSec: 0, hardTimeoutSec: 0, bufferId: OFP_NO_BUFFER, outPort: OFPP.ANY, outGroup: OFPG.ANY },
    ...{ match: [], instructions: [] },
  };
  flow.match = parseMatchItems(splitItems(head).filter((item) => !takeAttribute(item, flow)));
  if (found !== null) {
    const start = found.index + found[0].length;
    flow.instructions = parseInstructions(text.slice(start), start);
  }
  return flow;
}
