// The tables and columns of the Open_vSwitch database that Weft reads, declared once, and the row types that follow from them.

/** An OVSDB integer (64 bits, signed): a `number` where that is exact, a `bigint` above 2^53. */
export type OvsInteger = number | bigint;

/** The TypeScript value that stands for each shape of column. References to rows are their UUIDs. */
export interface ColumnShapes {
  readonly string: string;
  readonly boolean: boolean;
  readonly integer: OvsInteger;
  readonly "optional string": string | null;
  readonly "optional boolean": boolean | null;
  readonly "optional number": number | null;
  readonly strings: readonly string[];
  readonly numbers: readonly number[];
  readonly refs: readonly string[];
  readonly map: ReadonlyMap<string, string>;
}

export type ColumnShape = keyof ColumnShapes;

/** A table's columns by name: what a row of it holds here, whatever the server's schema says. */
export type ColumnTable = Readonly<Record<string, ColumnShape>>;

type RowOf<Columns extends ColumnTable> = {
  /** The row's `_uuid`. */
  readonly uuid: string;
} & { readonly [Name in keyof Columns]: ColumnShapes[Columns[Name]] };

/**
 * What is monitored, table by table; names are those of ovs-vswitchd.conf.db(5). Fast-changing columns, such as
 * `Interface.statistics`, are left out on purpose: each change of one costs an update from every host.
 */
export const VSWITCH_COLUMNS = {
  Open_vSwitch: {
    bridges: "refs",
    cur_cfg: "integer",
    datapath_types: "strings",
    db_version: "optional string",
    external_ids: "map",
    iface_types: "strings",
    manager_options: "refs",
    next_cfg: "integer",
    other_config: "map",
    ovs_version: "optional string",
  },
  Bridge: {
    controller: "refs",
    datapath_id: "optional string",
    datapath_type: "string",
    external_ids: "map",
    fail_mode: "optional string",
    mcast_snooping_enable: "boolean",
    name: "string",
    other_config: "map",
    ports: "refs",
    protocols: "strings",
    rstp_enable: "boolean",
    rstp_status: "map",
    status: "map",
    stp_enable: "boolean",
  },
  Port: {
    external_ids: "map",
    interfaces: "refs",
    name: "string",
    other_config: "map",
    protected: "boolean",
    tag: "optional number",
    trunks: "numbers",
    vlan_mode: "optional string",
  },
  Interface: {
    admin_state: "optional string",
    bfd: "map",
    bfd_status: "map",
    error: "optional string",
    external_ids: "map",
    ifindex: "optional number",
    link_state: "optional string",
    mac: "optional string",
    mac_in_use: "optional string",
    mtu: "optional number",
    mtu_request: "optional number",
    name: "string",
    ofport: "optional number",
    ofport_request: "optional number",
    options: "map",
    other_config: "map",
    status: "map",
    type: "string",
  },
  Controller: {
    connection_mode: "optional string",
    controller_queue_size: "optional number",
    external_ids: "map",
    inactivity_probe: "optional number",
    is_connected: "boolean",
    max_backoff: "optional number",
    role: "optional string",
    status: "map",
    target: "string",
  },
  Manager: {
    external_ids: "map",
    is_connected: "boolean",
    other_config: "map",
    status: "map",
    target: "string",
  },
} as const satisfies Readonly<Record<string, ColumnTable>>;

export type VswitchTable = keyof typeof VSWITCH_COLUMNS;

/** The database all of this lives in; its one root row is in the table of the same name. */
export const VSWITCH_DATABASE = "Open_vSwitch";

export interface OpenVSwitchRow extends RowOf<(typeof VSWITCH_COLUMNS)["Open_vSwitch"]> {}
export interface BridgeRow extends RowOf<(typeof VSWITCH_COLUMNS)["Bridge"]> {}
export interface PortRow extends RowOf<(typeof VSWITCH_COLUMNS)["Port"]> {}
export interface InterfaceRow extends RowOf<(typeof VSWITCH_COLUMNS)["Interface"]> {}
export interface ControllerRow extends RowOf<(typeof VSWITCH_COLUMNS)["Controller"]> {}
export interface ManagerRow extends RowOf<(typeof VSWITCH_COLUMNS)["Manager"]> {}

/** One moment of a host's database: immutable, keyed by row UUID. Rows that did not change are the same objects as before. */
export interface VswitchRows {
  readonly openVSwitch: OpenVSwitchRow | null;
  readonly bridges: ReadonlyMap<string, BridgeRow>;
  readonly ports: ReadonlyMap<string, PortRow>;
  readonly interfaces: ReadonlyMap<string, InterfaceRow>;
  readonly controllers: ReadonlyMap<string, ControllerRow>;
  readonly managers: ReadonlyMap<string, ManagerRow>;
}

/** The database of a host that was not read yet. */
export const EMPTY_VSWITCH_ROWS: VswitchRows = Object.freeze({
  openVSwitch: null,
  bridges: new Map(),
  ports: new Map(),
  interfaces: new Map(),
  controllers: new Map(),
  managers: new Map(),
});
