// The tunnels of a host's plan: which are made, mended and removed, in an order that ovs-vswitchd can follow.
import { byUuid, insert, mutate, update } from "../../proto/ovsdb/operations.ts";
import { namedUuid, ovsMap, ovsSet, uuidRef } from "../../proto/ovsdb/values.ts";
import type { BridgeRow, InterfaceRow, OpenVSwitchRow, VswitchRows } from "../../proto/ovsdb/vswitch-rows.ts";
import { diagnostic } from "../model/diagnostic.ts";
import { isOwnTunnel, SHARED_TUNNEL_KEYS, TUNNEL_KEYS } from "../model/external-ids.ts";
import { CLOSED_VLAN } from "../model/tunnel-types.ts";
import type { DesiredRows, DesiredTunnel } from "../pipeline/rows.ts";
import { type Draft, sameMap, setKeys } from "./host-draft.ts";

const MAX_INTERFACE_NAME = 15;

interface HeldTunnel {
  readonly portUuid: string;
  readonly row: InterfaceRow;
}

function heldTunnels(bridge: BridgeRow, rows: VswitchRows): HeldTunnel[] {
  return bridge.ports.flatMap((portUuid) => {
    const row = rows.interfaces.get(rows.ports.get(portUuid)?.interfaces[0] ?? "");
    return row !== undefined && isOwnTunnel(row.external_ids) ? [{ portUuid, row }] : [];
  });
}

export function takenNames(rows: VswitchRows, ...more: readonly string[]): Set<string> {
  const tables = [rows.interfaces, rows.ports, rows.bridges];
  return new Set([...more, ...tables.flatMap((table) => [...table.values()].map((row) => row.name))]);
}

/** Open vSwitch does not take a second tunnel of one type to one address. */
function addressOf(type: string, options: ReadonlyMap<string, string>): string {
  return `${type} ${options.get("remote_ip") ?? ""}`;
}

const keyOfRow = new WeakMap<InterfaceRow, string>();
const keyOfTunnel = new WeakMap<DesiredTunnel, string>();

/** Equal for an Interface and the tunnel that it is: by type and peer, or of all peers. */
export function rowKey(row: InterfaceRow): string {
  const known = keyOfRow.get(row) ?? keyFrom(row.type, row.external_ids);
  keyOfRow.set(row, known);
  return known;
}

export function tunnelKey(tunnel: DesiredTunnel): string {
  const known = keyOfTunnel.get(tunnel) ?? keyFrom(tunnel.type, tunnel.externalIds);
  keyOfTunnel.set(tunnel, known);
  return known;
}

function keyFrom(type: string, ids: ReadonlyMap<string, string>): string {
  if (ids.has(SHARED_TUNNEL_KEYS.shared)) return `${type} flow`;
  return `${type} ${ids.get(TUNNEL_KEYS.peerIndex)} ${ids.get(TUNNEL_KEYS.peer)}`;
}

function byKey(held: readonly HeldTunnel[]): Map<string, HeldTunnel[]> {
  const found = new Map<string, HeldTunnel[]>();
  for (const one of held) {
    const same = found.get(rowKey(one.row));
    if (same === undefined) found.set(rowKey(one.row), [one]);
    else same.push(one);
  }
  return found;
}

/**
 * ovs-vswitchd brings in the tunnels of a transaction in no order: one that is to have the address which another one
 * gives up may come first, is refused, and is not tried again. So an address is taken only after ovs-vswitchd has said,
 * by `cur_cfg`, that it has done what gave it up; a tunnel in place that would take one goes, and is made anew then.
 */
export function mendTunnels(
  draft: Draft,
  root: OpenVSwitchRow,
  bridge: BridgeRow,
  rows: VswitchRows,
  desired: DesiredRows,
): void {
  const unclaimed = new Set(heldTunnels(bridge, rows));
  const heldAs = byKey([...unclaimed]);
  const kept: { readonly held: HeldTunnel; readonly tunnel: DesiredTunnel }[] = [];
  let fresh: DesiredTunnel[] = [];
  for (const tunnel of desired.tunnels) {
    const held = heldAs.get(tunnelKey(tunnel))?.shift();
    if (held === undefined) {
      fresh.push(tunnel);
      continue;
    }
    unclaimed.delete(held);
    kept.push({ held, tunnel });
  }
  const moves = ({ held, tunnel }: (typeof kept)[number]): boolean =>
    !isRight(held.row, tunnel) && addressOf(held.row.type, held.row.options) !== addressOf(tunnel.type, tunnel.options);
  const caughtUp = root.cur_cfg >= root.next_cfg;
  const givenUp = new Set(
    [...unclaimed, ...kept.filter(moves).map(({ held }) => held)].map(({ row }) => addressOf(row.type, row.options)),
  );
  const mayTake = (tunnel: DesiredTunnel): boolean =>
    givenUp.size === 0 || !givenUp.has(addressOf(tunnel.type, tunnel.options));
  fresh = caughtUp ? fresh.filter(mayTake) : [];
  for (const one of kept) {
    if (!moves(one)) mendTunnel(draft, one.held.row, one.tunnel);
    else if (!mayTake(one.tunnel)) unclaimed.add(one.held);
    else if (caughtUp) mendTunnel(draft, one.held.row, one.tunnel);
  }
  const gone = [...unclaimed];
  const taken: Set<string> = fresh.length === 0 ? new Set() : takenNames(rows);
  for (const { row } of gone) {
    draft.remove(`tunnel ${row.name} to ${row.options.get("remote_ip") ?? "nowhere"}`);
    taken.delete(row.name);
  }
  const added = fresh.map((tunnel, at) => insertTunnel(draft, taken, tunnel, at, desired));
  const where = byUuid(bridge.uuid);
  // A Port that no bridge holds is collected by the database.
  if (gone.length > 0) {
    const refs = ovsSet(gone.map(({ portUuid }) => uuidRef(portUuid)));
    draft.operations.push(mutate("Bridge", where, [["ports", "delete", refs]]));
  }
  if (added.length > 0) {
    draft.operations.push(mutate("Bridge", where, [["ports", "insert", ovsSet(added.map(namedUuid))]]));
  }
  if (givenUp.size > 0 && draft.operations.length > 0) {
    draft.operations.push(mutate("Open_vSwitch", byUuid(root.uuid), [["next_cfg", "+=", 1]]));
  }
}

/** In words: what an Interface of Weft's has, and what it should have. */
export function columnsThatDiffer(row: InterfaceRow, tunnel: DesiredTunnel): readonly string[] {
  const request = row.ofport_request ?? "none";
  return [
    ...keysThatDiffer("options", row.options, tunnel.options),
    ...(row.ofport_request === tunnel.ofportRequest ? [] : [`ofport_request ${request}, not ${tunnel.ofportRequest}`]),
    ...keysThatDiffer("bfd", row.bfd, tunnel.bfd),
  ];
}

function keysThatDiffer(
  column: string,
  have: ReadonlyMap<string, string>,
  want: ReadonlyMap<string, string>,
): readonly string[] {
  return [...new Set([...want.keys(), ...have.keys()])].flatMap((key) => {
    const [is, should] = [have.get(key), want.get(key)];
    if (is === should) return [];
    return [`${column}:${key} ${is?.slice(0, 64) ?? "unset"}, not ${should ?? "set"}`];
  });
}

/** Rows that were found to be as they should; neither ever changes. */
const right = new WeakMap<InterfaceRow, DesiredTunnel>();

function isRight(row: InterfaceRow, tunnel: DesiredTunnel): boolean {
  return right.get(row) === tunnel;
}

function mendTunnel(draft: Draft, row: InterfaceRow, tunnel: DesiredTunnel): void {
  if (isRight(row, tunnel)) return;
  const steps = draft.steps.length;
  mendColumns(draft, row, tunnel);
  if (draft.steps.length === steps) right.set(row, tunnel);
}

function mendColumns(draft: Draft, row: InterfaceRow, tunnel: DesiredTunnel): void {
  const options = sameMap(row.options, tunnel.options) ? {} : { options: ovsMap(tunnel.options) };
  const request = row.ofport_request === tunnel.ofportRequest ? {} : { ofport_request: tunnel.ofportRequest };
  const bfd = sameMap(row.bfd, tunnel.bfd) ? {} : { bfd: ovsMap(tunnel.bfd) };
  const changes = { ...options, ...request, ...bfd };
  if (Object.keys(changes).length > 0) {
    const text = `tunnel ${row.name} to ${tunnel.options.get("remote_ip")}: ${columnsThatDiffer(row, tunnel).join(", ")}`;
    draft.add(text, update("Interface", byUuid(row.uuid), changes));
  }
  const mark = setKeys("Interface", row.uuid, "external_ids", row.external_ids, tunnel.externalIds);
  if (mark !== null) draft.add(`tunnel ${row.name} ${tunnel.shared ? "peers" : "owner"}`, mark);
  const gone = [...row.external_ids.keys()].filter(
    (key) => tunnel.shared && key.startsWith(SHARED_TUNNEL_KEYS.peer) && !tunnel.externalIds.has(key),
  );
  if (gone.length === 0) return;
  const forget = mutate("Interface", byUuid(row.uuid), [["external_ids", "delete", ovsSet(gone)]]);
  draft.add(`tunnel ${row.name} without ${gone.length} peers`, forget);
}

function farEnd(tunnel: DesiredTunnel): string {
  return tunnel.shared ? "all peers" : (tunnel.peers[0]?.peerId ?? "nobody");
}

/** @returns the `uuid-name` of the new Port. */
export function insertTunnel(
  draft: Draft,
  taken: Set<string>,
  tunnel: DesiredTunnel,
  at: number,
  desired: DesiredRows,
): string {
  const name = freeName(taken, tunnel);
  taken.add(name);
  if (name !== tunnel.name) {
    draft.problems.push(
      diagnostic(
        "tunnel/name-taken",
        `an interface of the host is already named ${tunnel.name}; the tunnel to ${farEnd(tunnel)} is ${name}`,
        `ovs-vsctl del-port ${tunnel.name}, if nothing needs it`,
      ),
    );
  }
  const { ownerKey, fabricId } = desired.bridge;
  draft.add(
    `tunnel ${name} to ${tunnel.options.get("remote_ip")}`,
    insert(
      "Interface",
      {
        name,
        type: tunnel.type,
        options: ovsMap(tunnel.options),
        ofport_request: tunnel.ofportRequest,
        external_ids: ovsMap(tunnel.externalIds),
        bfd: ovsMap(tunnel.bfd),
      },
      `interface_${at}`,
    ),
    insert(
      "Port",
      {
        name,
        interfaces: namedUuid(`interface_${at}`),
        external_ids: ovsMap([[ownerKey, fabricId]]),
        ...(desired.bridge.adoption == null ? {} : CLOSED),
      },
      `port_${at}`,
    ),
  );
  return `port_${at}`;
}

/**
 * A bridge that forwards by itself, as one does that is being adopted, shall not flood into Weft's tunnels, nor make its
 * spanning tree over them: they are ports of a VLAN that nobody may use (IEEE 802.1Q), which flows do not look at.
 */
const CLOSED = {
  tag: CLOSED_VLAN,
  other_config: ovsMap([
    ["rstp-enable", "false"],
    ["stp-enable", "false"],
  ]),
} as const;

/** Interface names are unique per host, not per bridge: one that is taken would fail the whole transaction. */
function freeName(taken: ReadonlySet<string>, tunnel: DesiredTunnel): string {
  for (const prefix of ["", "weft-", "wf-", "w-"]) {
    const name = `${prefix}${tunnel.name}`;
    if (name.length <= MAX_INTERFACE_NAME && !taken.has(name)) return name;
  }
  let at = 1;
  const far = tunnel.shared ? tunnel.type : (tunnel.peers[0]?.peerIndex ?? 0);
  while (taken.has(`w${at}-${far}`)) at++;
  return `w${at}-${far}`;
}
