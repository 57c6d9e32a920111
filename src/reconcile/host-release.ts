// The transaction that hands a host back: what Weft wrote goes, what it changed is as its record says.
import { byUuid, insert, mutate, type Operation, update } from "../../proto/ovsdb/operations.ts";
import { type AtomValue, namedUuid, ovsMap, ovsSet, type RowValue, uuidRef } from "../../proto/ovsdb/values.ts";
import type { BridgeRow, InterfaceRow, PortRow, VswitchRows } from "../../proto/ovsdb/vswitch-rows.ts";
import { BRIDGE_KEYS, HOST_KEYS, HOST_SETTINGS, isOwnTunnel, OWNER_KEY, PORT_KEYS } from "../model/external-ids.ts";
import { type BridgeRecord, recordOf, type TunnelRecord } from "./host-record.ts";

export type ReleasePlan =
  | {
      readonly kind: "release";
      /**
       * To be done first, and by ovs-vswitchd too, as `cur_cfg` tells: Weft's tunnels that have the type and address, or
       * the name, of one that comes back. It takes in the tunnels of one change in any order, and refuses for good the
       * one that comes before its place is free.
       */
      readonly clearing: readonly Operation[];
      readonly operations: readonly Operation[];
      /**
       * Whether Weft's flows have to be taken off by OpenFlow first, and whether the flow with NORMAL takes their place;
       * null where Open vSwitch clears its tables by itself, as it does with the last controller of type `primary`.
       */
      readonly flows: { readonly normal: boolean } | null;
    }
  /** Nothing on the host is Weft's. */
  | { readonly kind: "free" }
  /** Without a record nobody knows what to go back to. */
  | { readonly kind: "unknown"; readonly bridge: string };

export interface ReleaseOptions {
  /** Whether a Manager row with this target is the way by which the host came here. */
  readonly leadsHere: (target: string) => boolean;
}

/** All in one transaction: whoever crashes meanwhile, the host is Weft's, or it is free. */
export function planRelease(rows: VswitchRows, { leadsHere }: ReleaseOptions): ReleasePlan {
  const root = rows.openVSwitch;
  const bridge = [...rows.bridges.values()].find((row) => row.external_ids.has(OWNER_KEY));
  const adopting = root?.external_ids.has(HOST_SETTINGS.adopt) === true;
  if (root === null || (bridge === undefined && !adopting)) return { kind: "free" };
  const operations: Operation[] = [];
  let clearing: readonly Operation[] = [];
  const record = bridge === undefined ? null : recordOf(bridge);
  let flows: { readonly normal: boolean } | null = null;
  if (bridge !== undefined) {
    if (record === null) return { kind: "unknown", bridge: bridge.name };
    if ("made" in record)
      operations.push(mutate("Open_vSwitch", byUuid(root.uuid), [["bridges", "delete", refs([bridge.uuid])]]));
    else {
      clearing = clearTunnels(root.uuid, bridge, rows, record);
      restoreBridge(operations, bridge, rows, record);
      if (bridge.external_ids.has(BRIDGE_KEYS.stage)) flows = { normal: record.normal };
    }
  }
  restorePorts(operations, rows);
  const managers = root.manager_options.filter((uuid) => leadsHere(rows.managers.get(uuid)?.target ?? ""));
  const keys = [
    HOST_KEYS.index,
    HOST_KEYS.fabric,
    HOST_KEYS.host,
    HOST_KEYS.approval,
    HOST_SETTINGS.adopt,
    HOST_SETTINGS.adoptNow,
  ];
  const held = keys.filter((key) => root.external_ids.has(key));
  operations.push(
    mutate("Open_vSwitch", byUuid(root.uuid), [
      ...(held.length === 0 ? [] : [["external_ids", "delete", ovsSet(held)] as const]),
      managers.length > 0
        ? (["manager_options", "delete", refs(managers)] as const)
        : (["external_ids", "insert", ovsMap([[HOST_SETTINGS.released, "true"]])] as const),
    ]),
  );
  return { kind: "release", clearing, operations, flows };
}

function refs(uuids: readonly string[]) {
  return ovsSet(uuids.map(uuidRef));
}

function optional(value: AtomValue | null) {
  return ovsSet(value === null ? [] : [value]);
}

interface Held {
  readonly port: PortRow;
  readonly row: InterfaceRow;
}

function portsOf(bridge: BridgeRow, rows: VswitchRows): readonly Held[] {
  return bridge.ports.flatMap((uuid) => {
    const port = rows.ports.get(uuid);
    const row = rows.interfaces.get(port?.interfaces[0] ?? "");
    return port === undefined || row === undefined ? [] : [{ port, row }];
  });
}

function clearTunnels(root: string, bridge: BridgeRow, rows: VswitchRows, record: BridgeRecord): readonly Operation[] {
  const place = (type: string, remoteIp: string | undefined): string => `${type} ${remoteIp ?? ""}`;
  const back = record.tunnels.map(({ interface: row }) => row);
  const places = new Set(back.map((row) => place(row.type, row.options.remote_ip)));
  const names = new Set(back.map((row) => row.name));
  const inTheWay = portsOf(bridge, rows).filter(
    ({ row }) =>
      isOwnTunnel(row.external_ids) &&
      (names.has(row.name) || places.has(place(row.type, row.options.get("remote_ip")))),
  );
  if (inTheWay.length === 0) return [];
  return [
    mutate("Bridge", byUuid(bridge.uuid), [["ports", "delete", refs(inTheWay.map(({ port }) => port.uuid))]]),
    mutate("Open_vSwitch", byUuid(root), [["next_cfg", "+=", 1]]),
  ];
}

function restoreBridge(operations: Operation[], bridge: BridgeRow, rows: VswitchRows, record: BridgeRecord): void {
  const where = byUuid(bridge.uuid);
  const tunnels = portsOf(bridge, rows).filter(({ row }) => isOwnTunnel(row.external_ids));
  const controllers = bridge.controller.filter((uuid) => rows.controllers.get(uuid)?.external_ids.has(OWNER_KEY));
  const gone = new Set(tunnels.map(({ port }) => port.uuid));
  const kept = new Set([...rows.ports.values()].filter(({ uuid }) => !gone.has(uuid)).map((port) => port.name));
  // A name that somebody has taken meanwhile is theirs.
  const back = record.tunnels.filter(({ port }) => !kept.has(port.name));
  const names = back.map((tunnel, at) => insertRecorded(operations, tunnel, at));
  const config = Object.entries(record.otherConfig);
  const ids = [OWNER_KEY, BRIDGE_KEYS.before, BRIDGE_KEYS.stage].filter((key) => bridge.external_ids.has(key));
  operations.push(
    update("Bridge", where, {
      fail_mode: optional(record.failMode),
      stp_enable: record.stp,
      rstp_enable: record.rstp,
    }),
    mutate("Bridge", where, [
      ["ports", "delete", refs(tunnels.map(({ port }) => port.uuid))],
      ["ports", "insert", ovsSet(names.map(namedUuid))],
      ["controller", "delete", refs(controllers)],
      ...(record.openflow13 ? [["protocols", "delete", ovsSet(["OpenFlow13"])] as const] : []),
      ["other_config", "delete", ovsSet(config.map(([key]) => key))],
      [
        "other_config",
        "insert",
        ovsMap(config.flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]))),
      ],
      ["external_ids", "delete", ovsSet(ids)],
    ]),
  );
}

/** @returns the `uuid-name` of the Port. */
function insertRecorded(operations: Operation[], tunnel: TunnelRecord, at: number): string {
  const { port, interface: row } = tunnel;
  const maps = (columns: Readonly<Record<string, Readonly<Record<string, string>>>>): RowValue =>
    Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, ovsMap(Object.entries(value))]));
  operations.push(
    insert(
      "Interface",
      {
        name: row.name,
        type: row.type,
        ...maps({ options: row.options, bfd: row.bfd, other_config: row.other_config, external_ids: row.external_ids }),
        ...{ mac: optional(row.mac), mtu_request: optional(row.mtu_request) },
        ofport_request: optional(row.ofport_request),
      },
      `old_interface_${at}`,
    ),
    insert(
      "Port",
      {
        ...{ name: port.name, interfaces: namedUuid(`old_interface_${at}`), tag: optional(port.tag) },
        ...{ trunks: ovsSet(port.trunks), vlan_mode: optional(port.vlan_mode), protected: port.protected },
        ...maps({ other_config: port.other_config, external_ids: port.external_ids }),
      },
      `old_port_${at}`,
    ),
  );
  return `old_port_${at}`;
}

/** What Weft has written on guests' Interfaces. */
function restorePorts(operations: Operation[], rows: VswitchRows): void {
  for (const row of rows.interfaces.values()) {
    const requested = row.external_ids.get(PORT_KEYS.mtu);
    if (requested !== undefined && requested === String(row.mtu_request)) {
      const before = Number(row.external_ids.get(PORT_KEYS.mtuBefore) ?? Number.NaN);
      const value = Number.isInteger(before) && before > 0 ? before : null;
      operations.push(update("Interface", byUuid(row.uuid), { mtu_request: optional(value) }));
    }
    const keys = [PORT_KEYS.vni, PORT_KEYS.mtu, PORT_KEYS.mtuBefore].filter((key) => row.external_ids.has(key));
    if (keys.length > 0)
      operations.push(mutate("Interface", byUuid(row.uuid), [["external_ids", "delete", ovsSet(keys)]]));
  }
}
