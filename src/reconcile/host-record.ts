// What a bridge was before Weft took it, kept on the bridge itself: read and written as JSON, so that it can be given back.
import { z } from "zod";
import type { BridgeRow, InterfaceRow, PortRow, VswitchRows } from "../../proto/ovsdb/vswitch-rows.ts";
import { BRIDGE_KEYS } from "../model/external-ids.ts";

const strings = z.record(z.string(), z.string());

/** Rows of a hand-made tunnel that was taken away: every column that Weft reads and an administrator sets. */
const tunnelRecord = z.strictObject({
  port: z.strictObject({
    name: z.string(),
    tag: z.number().nullable(),
    trunks: z.array(z.number()),
    vlan_mode: z.string().nullable(),
    protected: z.boolean(),
    other_config: strings,
    external_ids: strings,
  }),
  interface: z.strictObject({
    name: z.string(),
    type: z.string(),
    options: strings,
    bfd: strings,
    mac: z.string().nullable(),
    mtu_request: z.number().nullable(),
    ofport_request: z.number().nullable(),
    other_config: strings,
    external_ids: strings,
  }),
});

const bridgeRecord = z.strictObject({
  failMode: z.string().nullable(),
  stp: z.boolean(),
  rstp: z.boolean(),
  /** Whether Weft has added OpenFlow13. */
  openflow13: z.boolean(),
  /** Keys of other_config that Weft writes; null where there was none. */
  otherConfig: z.record(z.string(), z.string().nullable()),
  /** Whether the bridge forwarded by itself, by a flow with NORMAL. */
  normal: z.boolean(),
  tunnels: z.array(tunnelRecord),
});

const record = z.union([z.strictObject({ made: z.literal(true) }), bridgeRecord]);

export type TunnelRecord = z.infer<typeof tunnelRecord>;
export type BridgeRecord = z.infer<typeof bridgeRecord>;
export type HostRecord = z.infer<typeof record>;

export const MADE_BY_WEFT: HostRecord = { made: true };

/** Keys of `Bridge.other_config` that Weft writes. */
const OTHER_CONFIG = ["disable-in-band", "hwaddr"] as const;

export function formatRecord(value: HostRecord): string {
  return JSON.stringify(value);
}

/** null where there is none, or none that Weft could have written. */
export function recordOf(bridge: BridgeRow): HostRecord | null {
  const text = bridge.external_ids.get(BRIDGE_KEYS.before);
  if (text === undefined) return null;
  try {
    return record.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Of a bridge that is about to be taken. */
export function recordBridge(bridge: BridgeRow, rows: VswitchRows): BridgeRecord {
  const controlled = bridge.controller.some((uuid) => rows.controllers.has(uuid));
  return {
    failMode: bridge.fail_mode,
    stp: bridge.stp_enable,
    rstp: bridge.rstp_enable,
    openflow13: bridge.protocols.length > 0 && !bridge.protocols.includes("OpenFlow13"),
    otherConfig: Object.fromEntries(OTHER_CONFIG.map((key) => [key, bridge.other_config.get(key) ?? null])),
    normal: bridge.fail_mode !== "secure" && !controlled,
    tunnels: [],
  };
}

const plain = (map: ReadonlyMap<string, string>): Record<string, string> => Object.fromEntries(map);

export function recordTunnel(port: PortRow, row: InterfaceRow): TunnelRecord {
  const { name, tag, trunks, vlan_mode } = port;
  return {
    port: {
      ...{ name, tag, trunks: [...trunks], vlan_mode, protected: port.protected },
      ...{ other_config: plain(port.other_config), external_ids: plain(port.external_ids) },
    },
    interface: {
      ...{ name: row.name, type: row.type, options: plain(row.options), bfd: plain(row.bfd), mac: row.mac },
      ...{ mtu_request: row.mtu_request, ofport_request: row.ofport_request },
      ...{ other_config: plain(row.other_config), external_ids: plain(row.external_ids) },
    },
  };
}
