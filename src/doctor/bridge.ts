// Columns of the bridge that must be as Weft writes them. What is found here, Weft could not put right, or has not yet.

import { shellWord } from "../model/shell-word.ts";
import { bridgeOf, type Examined, type ExaminedHost, type Finding } from "./examined.ts";

export function bridgeFindings({ hosts }: Examined): readonly Finding[] {
  return hosts.flatMap(ofHost);
}

function ofHost(examined: ExaminedHost): readonly Finding[] {
  const bridge = bridgeOf(examined);
  const { host } = examined;
  if (bridge === null || host.fact === null) return [];
  // Of a bridge that waits for consent, or is being taken over, nothing is Weft's yet.
  if (host.fact.standing.kind !== "owned" || (host.fact.adoption != null && host.fact.adoption.stage !== "done"))
    return [];
  const { name } = bridge;
  const word = shellWord(name);
  const found: Finding[] = [];
  const tell = (code: string, severity: Finding["severity"], message: string, command: string): void => {
    const remedy = "Weft puts it right by itself; while it stays, something writes against it";
    found.push({ code, severity, host: host.id, subject: name, message, remedy, command });
  };
  if (bridge.fail_mode !== "secure" && host.fact.adoption == null) {
    const mode = bridge.fail_mode ?? "not set, which is standalone";
    const message = `fail_mode of ${name} is ${mode}: without a controller it floods by itself, in a mesh without end`;
    tell("bridge/fail-mode", "critical", message, `ovs-vsctl set-fail-mode ${word} secure`);
  }
  if (bridge.other_config.get("disable-in-band") !== "true") {
    const message = `in-band control of ${name} is on: hidden flows with NORMAL stand above all others`;
    tell("bridge/in-band", "critical", message, `ovs-vsctl set bridge ${word} other_config:disable-in-band=true`);
  }
  if (bridge.stp_enable || bridge.rstp_enable) {
    const [what, column] = bridge.stp_enable ? ["STP", "stp_enable"] : ["RSTP", "rstp_enable"];
    const message = `${what} of ${name} is on: it blocks ports that Weft forwards to`;
    tell("bridge/stp", "critical", message, `ovs-vsctl set bridge ${word} ${column}=false`);
  }
  if (bridge.protocols.length > 0 && !bridge.protocols.includes("OpenFlow13")) {
    const message = `${name} does not speak OpenFlow 1.3: its protocols are ${bridge.protocols.join(", ")}`;
    tell("bridge/protocols", "critical", message, `ovs-vsctl add bridge ${word} protocols OpenFlow13`);
  }
  return found;
}
