// What somebody has done to Weft's rows on a host, in words: rows before and after, both of which the host has shown.
import type { BridgeRow, InterfaceRow, VswitchRows } from "../../proto/ovsdb/vswitch-rows.ts";
import { isOwnTunnel } from "../model/external-ids.ts";
import { shellWord } from "../model/shell-word.ts";
import type { DesiredRows, DesiredTunnel } from "../pipeline/rows.ts";
import { sameMap } from "./host-draft.ts";
import { columnsThatDiffer, rowKey, tunnelKey } from "./host-tunnels.ts";

export interface Tampering {
  /** What Weft puts right. */
  readonly mended: readonly string[];
  /** What only the host's administrator can. */
  readonly lost: readonly string[];
}

const NOTHING: Tampering = Object.freeze({ mended: [], lost: [] });
const MAX_NAMED = 8;

/**
 * Only what was right before and is still wanted counts, so that nothing Weft itself does is held against others: what
 * it writes becomes right, and what it removes is not wanted.
 */
export function tampering(before: VswitchRows, after: VswitchRows, desired: DesiredRows): Tampering {
  const { name } = desired.bridge;
  const was = bridgeOf(before, name);
  if (before === after || was === undefined || after.openVSwitch === null) return NOTHING;
  const is = bridgeOf(after, name);
  if (is === undefined) return bridgeGone(before, was, name);
  const mended = [
    ...columnsChanged(was, is, desired),
    ...controllerChanged(before, after, was, is, desired),
    ...tunnelsChanged(before, after, was, is, desired),
  ];
  return mended.length === 0 ? NOTHING : { mended, lost: [] };
}

/** Likewise, where Weft has written between the two, and what it wrote then may not be what is wanted now: wanted at both times. */
export function tamperingBeside(
  written: DesiredRows,
  before: VswitchRows,
  after: VswitchRows,
  desired: DesiredRows,
): Tampering {
  const now = tampering(before, after, desired);
  if (written === desired || now === NOTHING) return now;
  const then = tampering(before, after, written);
  return {
    mended: now.mended.filter((text) => then.mended.includes(text)),
    lost: now.lost.filter((text) => then.lost.includes(text)),
  };
}

function bridgeOf(rows: VswitchRows, name: string): BridgeRow | undefined {
  return [...rows.bridges.values()].find((row) => row.name === name);
}

function interfacesOf(rows: VswitchRows, bridge: BridgeRow): InterfaceRow[] {
  return bridge.ports.flatMap((uuid) => rows.interfaces.get(rows.ports.get(uuid)?.interfaces[0] ?? "") ?? []);
}

/** The bridge comes back; what was plugged into it is not Weft's to plug in again. */
function bridgeGone(before: VswitchRows, was: BridgeRow, name: string): Tampering {
  const guests = interfacesOf(before, was)
    .filter((row) => row.name !== name && !isOwnTunnel(row.external_ids))
    .map((row) => row.name)
    .sort();
  const named = guests.slice(0, MAX_NAMED).join(", ");
  const more = guests.length > MAX_NAMED ? ` and ${guests.length - MAX_NAMED} more` : "";
  const lost =
    guests.length === 0 ? [] : [`its ports ${named}${more} went with it (ovs-vsctl add-port ${shellWord(name)} PORT)`];
  return { mended: [`bridge ${name} was deleted`], lost };
}

/** What of them `planHost` leaves to the administrator of a bridge that is adopted is his to change. */
function columnsChanged(was: BridgeRow, is: BridgeRow, { bridge: { name, adoption = null } }: DesiredRows): string[] {
  const found: string[] = [];
  const keepsTree = adoption !== null && adoption.stage !== "done";
  if (adoption === null && was.fail_mode === "secure" && is.fail_mode !== "secure") {
    found.push(`fail_mode of ${name} was ${is.fail_mode === null ? "cleared" : `set to ${is.fail_mode}`}`);
  }
  if (!keepsTree && !was.stp_enable && is.stp_enable) found.push(`STP of ${name} was turned on`);
  if (!keepsTree && !was.rstp_enable && is.rstp_enable) found.push(`RSTP of ${name} was turned on`);
  if (was.other_config.get("disable-in-band") === "true" && is.other_config.get("disable-in-band") !== "true") {
    found.push(`in-band control of ${name} was turned on`);
  }
  if (was.protocols.includes("OpenFlow13") && is.protocols.length > 0 && !is.protocols.includes("OpenFlow13")) {
    found.push(`OpenFlow13 was taken from the protocols of ${name}`);
  }
  return found;
}

function controllerChanged(
  before: VswitchRows,
  after: VswitchRows,
  was: BridgeRow,
  is: BridgeRow,
  { bridge: { name, controllerTarget } }: DesiredRows,
): string[] {
  const targets = (rows: VswitchRows, bridge: BridgeRow): string[] =>
    bridge.controller.flatMap((uuid) => rows.controllers.get(uuid)?.target ?? []);
  const now = targets(after, is);
  if (!targets(before, was).includes(controllerTarget) || now.includes(controllerTarget)) return [];
  return [
    now.length === 0
      ? `the controller of ${name} was deleted`
      : `the controller of ${name} was set to ${now.join(", ")}`,
  ];
}

function isAsWanted(row: InterfaceRow, tunnel: DesiredTunnel): boolean {
  return row.type === tunnel.type && sameMap(row.options, tunnel.options) && sameMap(row.bfd, tunnel.bfd);
}

function tunnelsChanged(
  before: VswitchRows,
  after: VswitchRows,
  was: BridgeRow,
  is: BridgeRow,
  desired: DesiredRows,
): string[] {
  const present = interfacesOf(after, is);
  const same = new Set(present);
  const had = new Map(interfacesOf(before, was).flatMap((row) => (same.has(row) ? [] : [[rowKey(row), row] as const])));
  if (had.size === 0) return [];
  const has = new Map(present.map((row) => [rowKey(row), row]));
  const found: string[] = [];
  for (const tunnel of desired.tunnels) {
    const key = tunnelKey(tunnel);
    const [then, now] = [had.get(key), has.get(key)];
    if (then === undefined || !isAsWanted(then, tunnel)) continue;
    const whither = tunnel.shared ? "all hosts" : tunnel.peers.map((peer) => peer.peerId).join(", ");
    if (now === undefined) found.push(`tunnel ${then.name} to ${whither} was deleted`);
    else if (!isAsWanted(now, tunnel)) {
      const how = [...(now.type === tunnel.type ? [] : [`type ${now.type}`]), ...columnsThatDiffer(now, tunnel)];
      found.push(`tunnel ${then.name} to ${whither} was changed (${how.join(", ")})`);
    }
  }
  return found;
}
