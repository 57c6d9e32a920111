// An error message of the switch as a WeftError that says in words what it refused.
import { WeftError, type WireError } from "../../../proto/bytes/errors.ts";
import {
  describeError,
  describeExperimenterError,
  type ErrorMessage,
  type ErrorNames,
  type ExperimenterError,
  type OpenFlowMessageWithoutXid,
} from "../../../proto/openflow13/index.ts";

export type SwitchError = ErrorMessage | ExperimenterError;

export function switchErrorNames(m: SwitchError): ErrorNames {
  return m.kind === "error" ? describeError(m.type, m.code) : describeExperimenterError(m.experimenter, m.expType);
}

const OFPET_HELLO_FAILED = 0;

/** "OFPET_BAD_ACTION OFPBAC_BAD_OUT_PORT"; with the peer's own words where it has some. */
export function describeSwitchError(m: SwitchError): string {
  const names = switchErrorNames(m);
  const words = m.kind === "error" && m.type === OFPET_HELLO_FAILED ? new TextDecoder().decode(m.data).trim() : "";
  return `${names.type} ${names.code}${words === "" ? "" : `: ${words}`}`;
}

/** Code `openflow/refused`; context has the peer, the xid and the names. */
export function refusal(peer: string, m: SwitchError, what: string | undefined): WeftError {
  const names = switchErrorNames(m);
  const subject = what === undefined ? "a message" : what;
  return new WeftError("openflow/refused", `${peer} refused ${subject}: ${describeSwitchError(m)}`, {
    context: { peer, xid: m.xid, errorType: names.type, errorCode: names.code },
  });
}

/** How a message is called where a person reads of it. */
export function describeMessage(message: OpenFlowMessageWithoutXid): string {
  switch (message.kind) {
    case "flow_mod":
      return `a flow_mod (${message.command}, table ${message.tableId}, priority ${message.priority})`;
    case "group_mod":
      return `a group_mod (${message.command} ${message.groupId})`;
    case "meter_mod":
      return `a meter_mod (${message.command} ${message.meterId})`;
    default:
      return `a ${message.kind}`;
  }
}

/** What we answer to a message that does not decode. */
export function badRequestCode(error: WireError): string {
  if (error.field === "header.version") return "OFPBRC_BAD_VERSION";
  if (error.field === "header.type") return "OFPBRC_BAD_TYPE";
  return "OFPBRC_BAD_LEN";
}
