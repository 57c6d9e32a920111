// Desired rows minus a host's OVSDB: the operations of one transaction. Touches only what is Weft's, and sets by `mutate` alone.
import { byUuid, insert, mutate, type Operation, update } from "../../proto/ovsdb/operations.ts";
import { namedUuid, ovsMap, ovsSet, uuidRef } from "../../proto/ovsdb/values.ts";
import type { BridgeRow, ControllerRow, VswitchRows } from "../../proto/ovsdb/vswitch-rows.ts";
import { diagnostic } from "../model/diagnostic.ts";
import { BRIDGE_KEYS, HOST_KEYS, isOwnTunnel, PORT_KEYS } from "../model/external-ids.ts";
import { shellWord } from "../model/shell-word.ts";
import type { DesiredRows } from "../pipeline/rows.ts";
import { Draft, type HostPlan, setKeys } from "./host-draft.ts";
import { type BridgeRecord, formatRecord, MADE_BY_WEFT, recordBridge, recordOf, recordTunnel } from "./host-record.ts";
import { insertTunnel, mendTunnels, takenNames } from "./host-tunnels.ts";

/** How soon a bridge that lost Weft tries again, at the most; Open vSwitch's own default is 8 s. */
const MAX_BACKOFF_MS = 1000;
/** OpenFlow10 is what `ovs-ofctl` speaks by itself. */
const PROTOCOLS = ["OpenFlow10", "OpenFlow13"];

/** @returns nothing to do where the host has no root row. */
export function planHost(rows: VswitchRows, desired: DesiredRows): HostPlan {
  const draft = new Draft();
  const root = rows.openVSwitch;
  if (root === null) return draft;
  const identity = setKeys("Open_vSwitch", root.uuid, "external_ids", root.external_ids, desired.hostExternalIds);
  if (identity !== null) draft.add(identityText(desired.hostExternalIds), identity);
  const bridge = [...rows.bridges.values()].find((row) => row.name === desired.bridge.name);
  if (bridge === undefined) createBridge(draft, root.uuid, rows, desired);
  else {
    mendBridge(draft, bridge, rows, desired);
    mendTunnels(draft, root, bridge, rows, desired);
    keepPortKeys(draft, rows, desired);
    fitMtus(draft, rows, desired);
  }
  return draft;
}

/** The code of an approval is not told: who has it can pass for the host. */
function identityText(externalIds: ReadonlyMap<string, string>): string {
  const told = [...externalIds].flatMap(([key, value]) => (key === HOST_KEYS.approval ? [] : [value]));
  return `identity ${told.join(" ")}${externalIds.has(HOST_KEYS.approval) ? ", approved" : ""}`;
}

/**
 * On a bridge that is adopted gently it is of type `service`: with the first controller of the other type Open vSwitch
 * clears its tables, and frames are lost. Such a bridge has no more forwarding of its own once Weft has put its flows in
 * the place of the one with NORMAL.
 */
function controllerRow(desired: DesiredRows): Operation {
  const { controllerTarget, ownerKey, fabricId, adoption } = desired.bridge;
  return insert(
    "Controller",
    {
      target: controllerTarget,
      connection_mode: "out-of-band",
      max_backoff: MAX_BACKOFF_MS,
      ...(adoption == null ? {} : { type: "service" }),
      external_ids: ovsMap([[ownerKey, fabricId]]),
    },
    "controller",
  );
}

/** All in one transaction: Open vSwitch clears its tables when the first controller comes or `fail_mode` changes. */
function createBridge(draft: Draft, rootUuid: string, rows: VswitchRows, desired: DesiredRows): void {
  const { name, ownerKey, fabricId, hwaddr, datapathType } = desired.bridge;
  const type = datapathType === null ? {} : { datapath_type: datapathType };
  draft.add(
    `bridge ${name}`,
    insert("Interface", { name, type: "internal" }, "local_interface"),
    insert("Port", { name, interfaces: namedUuid("local_interface") }, "local_port"),
    controllerRow(desired),
  );
  const tunnels = desired.tunnels.map((tunnel, at) => insertTunnel(draft, takenNames(rows, name), tunnel, at, desired));
  draft.operations.push(
    insert(
      "Bridge",
      {
        name,
        ...type,
        fail_mode: "secure",
        protocols: ovsSet(PROTOCOLS),
        other_config: ovsMap({ "disable-in-band": "true", hwaddr }),
        external_ids: ovsMap([
          [ownerKey, fabricId],
          [BRIDGE_KEYS.before, formatRecord(MADE_BY_WEFT)],
        ]),
        controller: namedUuid("controller"),
        ports: ovsSet([namedUuid("local_port"), ...tunnels.map(namedUuid)]),
      },
      "bridge",
    ),
    mutate("Open_vSwitch", byUuid(rootUuid), [["bridges", "insert", ovsSet([namedUuid("bridge")])]]),
  );
}

function mendBridge(draft: Draft, bridge: BridgeRow, rows: VswitchRows, desired: DesiredRows): void {
  const { ownerKey, fabricId, adoption = null } = desired.bridge;
  const where = byUuid(bridge.uuid);
  if (bridge.fail_mode !== "secure" && adoption === null) {
    draft.add(
      `fail_mode of ${bridge.name}: ${bridge.fail_mode ?? "unset"}, not secure`,
      update("Bridge", where, { fail_mode: "secure" }),
    );
  }
  // Those who are not taken yet still need the tree.
  const treeless = adoption === null || adoption.stage === "done";
  if (treeless && (bridge.stp_enable || bridge.rstp_enable)) {
    draft.add(`STP of ${bridge.name}: on, not off`, update("Bridge", where, { stp_enable: false, rstp_enable: false }));
  }
  if (bridge.protocols.length > 0 && !bridge.protocols.includes("OpenFlow13")) {
    draft.add("OpenFlow13", mutate("Bridge", where, [["protocols", "insert", ovsSet(["OpenFlow13"])]]));
  }
  const hwaddr = bridge.other_config.get("hwaddr") ?? currentMac(bridge, rows) ?? desired.bridge.hwaddr;
  const config = new Map([
    ["disable-in-band", "true"],
    ["hwaddr", hwaddr],
  ]);
  const isNew = !bridge.external_ids.has(ownerKey);
  const gone = dropForeign(draft, bridge, rows, adoption?.drops ?? []);
  const record = isNew ? recordBridge(bridge, rows) : null;
  const owner = new Map([
    [ownerKey, fabricId],
    ...(record === null ? [] : [[BRIDGE_KEYS.before, formatRecord(record)] as const]),
    ...(gone === null ? [] : [[BRIDGE_KEYS.before, formatRecord(gone)] as const]),
    ...(adoption === null ? [] : [[BRIDGE_KEYS.stage, adoption.stage] as const]),
  ]);
  const other = setKeys("Bridge", bridge.uuid, "other_config", bridge.other_config, config);
  if (other !== null) draft.add("disable-in-band, hwaddr", other);
  const mark = setKeys("Bridge", bridge.uuid, "external_ids", bridge.external_ids, owner);
  if (mark !== null) draft.add(adoption === null ? "owner" : `owner, ${adoption.stage}`, mark);
  mendController(draft, bridge, rows, desired);
}

/** Hand-made tunnels that nobody needs any more go; what they were is kept with the bridge, or they stay. */
function dropForeign(
  draft: Draft,
  bridge: BridgeRow,
  rows: VswitchRows,
  names: readonly string[],
): BridgeRecord | null {
  const known = recordOf(bridge);
  if (names.length === 0 || known === null || "made" in known) return null;
  const gone = bridge.ports.flatMap((uuid) => {
    const port = rows.ports.get(uuid);
    const row = rows.interfaces.get(port?.interfaces[0] ?? "");
    if (port === undefined || row === undefined || port.interfaces.length !== 1) return [];
    return names.includes(port.name) && !isOwnTunnel(row.external_ids) ? [{ port, row }] : [];
  });
  if (gone.length === 0) return null;
  draft.add(
    `hand-made tunnels ${gone.map(({ port }) => port.name).join(" ")} go`,
    mutate("Bridge", byUuid(bridge.uuid), [["ports", "delete", ovsSet(gone.map(({ port }) => uuidRef(port.uuid)))]]),
    // A tunnel of Weft's may want the address: see `mendTunnels`.
    mutate("Open_vSwitch", byUuid(rows.openVSwitch?.uuid ?? ""), [["next_cfg", "+=", 1]]),
  );
  return { ...known, tunnels: [...known.tunnels, ...gone.map(({ port, row }) => recordTunnel(port, row))] };
}

/** The MAC the bridge has now: pinned as it is, so that its datapath id stays. */
function currentMac(bridge: BridgeRow, rows: VswitchRows): string | null {
  for (const uuid of bridge.ports) {
    const port = rows.ports.get(uuid);
    if (port?.name === bridge.name) return rows.interfaces.get(port.interfaces[0] ?? "")?.mac_in_use ?? null;
  }
  return null;
}

/** A Controller row that an administrator pointed at Weft serves as well as one of its own. */
function mendController(draft: Draft, bridge: BridgeRow, rows: VswitchRows, desired: DesiredRows): void {
  const { controllerTarget, ownerKey, fabricId } = desired.bridge;
  const controllers = bridge.controller.flatMap((uuid): ControllerRow[] => {
    const row = rows.controllers.get(uuid);
    return row === undefined ? [] : [row];
  });
  const own = controllers.find((row) => row.external_ids.has(ownerKey));
  const given = controllers.find((row) => row !== own && row.target === controllerTarget);
  if (given === undefined && own === undefined) {
    draft.add(
      `controller ${controllerTarget}`,
      controllerRow(desired),
      mutate("Bridge", byUuid(bridge.uuid), [["controller", "insert", ovsSet([namedUuid("controller")])]]),
    );
  } else if (own !== undefined && own.target !== controllerTarget) {
    draft.add(`controller ${controllerTarget}`, update("Controller", byUuid(own.uuid), { target: controllerTarget }));
  }
  for (const row of controllers) {
    if (row === own || row === given) continue;
    draft.problems.push(
      diagnostic(
        "host/other-controller",
        `bridge ${bridge.name} has another controller, ${row.target}, which may write flows too`,
        `ovs-vsctl set-controller ${shellWord(bridge.name)} ${controllerTarget}`,
      ),
    );
  }
  const mark = own === undefined ? null : new Map([[ownerKey, fabricId]]);
  const owner =
    own === undefined || mark === null ? null : setKeys("Controller", own.uuid, "external_ids", own.external_ids, mark);
  if (owner !== null) draft.add("owner", owner);
}

function keepPortKeys(draft: Draft, rows: VswitchRows, desired: DesiredRows): void {
  for (const row of rows.interfaces.values()) {
    const want = desired.portExternalIds.get(row.name);
    const keys = want === undefined ? null : setKeys("Interface", row.uuid, "external_ids", row.external_ids, want);
    if (keys !== null) draft.add(`network of ${row.name}`, keys);
  }
}

/** An administrator's own request stays while it is small enough; what Weft has requested it marks, and may raise again. */
function fitMtus(draft: Draft, rows: VswitchRows, desired: DesiredRows): void {
  for (const row of rows.interfaces.values()) {
    const want = desired.mtuRequests?.get(row.name);
    if (want === undefined || row.type !== "internal") continue;
    const own = row.external_ids.get(PORT_KEYS.mtu) === String(row.mtu_request);
    if (row.mtu_request !== null && (own ? row.mtu_request === want : row.mtu_request <= want)) continue;
    const before = own || row.mtu_request === null ? [] : [[PORT_KEYS.mtuBefore, String(row.mtu_request)] as const];
    const mark = new Map([[PORT_KEYS.mtu, String(want)], ...before]);
    draft.add(`MTU of ${row.name}`, update("Interface", byUuid(row.uuid), { mtu_request: want }));
    const keys = setKeys("Interface", row.uuid, "external_ids", row.external_ids, mark);
    if (keys !== null) draft.operations.push(keys);
  }
}
