// The Open_vSwitch schema of a simulated host: the tables and columns that a controller of a fabric meets, as ovs-vswitchd.conf.db(5) has them.
import { type Json, type JsonObject, jsonText } from "../../../proto/ovsdb/json-text.ts";
import { type DatabaseSchema, parseSchema } from "../../../proto/ovsdb/schema.ts";
import { type ColumnShape, VSWITCH_COLUMNS, VSWITCH_DATABASE } from "../../../proto/ovsdb/vswitch-rows.ts";

const REFERENCES: Readonly<Record<string, string>> = {
  "Open_vSwitch.bridges": "Bridge",
  "Open_vSwitch.manager_options": "Manager",
  "Bridge.controller": "Controller",
  "Bridge.ports": "Port",
  "Port.interfaces": "Interface",
};

const oneOf = (...names: readonly string[]): JsonObject => ({ type: "string", enum: ["set", names] });
const between = (minInteger: number, maxInteger: number): JsonObject => ({ type: "integer", minInteger, maxInteger });
const OPENFLOW_PORTS = between(1, 65_279);

/** Base types of columns that do not take every value of their type. */
const RESTRICTED: Readonly<Record<string, JsonObject>> = {
  "Bridge.fail_mode": oneOf("standalone", "secure"),
  "Bridge.protocols": oneOf("OpenFlow10", "OpenFlow11", "OpenFlow12", "OpenFlow13", "OpenFlow14", "OpenFlow15"),
  "Controller.connection_mode": oneOf("in-band", "out-of-band"),
  "Interface.ofport_request": OPENFLOW_PORTS,
  "Port.tag": between(0, 4095),
  "Port.trunks": between(0, 4095),
  "Port.vlan_mode": oneOf("trunk", "access", "native-tagged", "native-untagged", "dot1q-tunnel"),
};

/** What the switch tells of itself, which is not kept over a restart of the database. */
const EPHEMERAL: ReadonlySet<string> = new Set([
  "Bridge.status",
  "Bridge.rstp_status",
  "Controller.is_connected",
  "Controller.role",
  "Controller.status",
  "Interface.admin_state",
  "Interface.bfd_status",
  "Interface.ifindex",
  "Interface.link_state",
  "Interface.mac_in_use",
  "Interface.mtu",
  "Interface.status",
  "Manager.is_connected",
  "Manager.status",
]);

const IMMUTABLE: ReadonlySet<string> = new Set(["Bridge.name", "Port.name", "Interface.name"]);
const INDEXED: Readonly<Record<string, string>> = {
  Bridge: "name",
  Port: "name",
  Interface: "name",
  Manager: "target",
};

function typeOf(shape: ColumnShape, path: string): Json {
  const restricted = RESTRICTED[path];
  const many = { min: 0, max: path === "Port.trunks" ? 4096 : "unlimited" } as const;
  switch (shape) {
    case "string":
    case "boolean":
    case "integer":
      return shape;
    case "optional string":
      return { key: restricted ?? "string", min: 0, max: 1 };
    case "optional boolean":
      return { key: "boolean", min: 0, max: 1 };
    case "optional number":
      return { key: restricted ?? "integer", min: 0, max: 1 };
    case "strings":
      return { key: restricted ?? "string", ...many };
    case "numbers":
      return { key: restricted ?? "integer", ...many };
    case "map":
      return { key: "string", value: "string", ...many };
    case "refs":
      return { key: { type: "uuid", refTable: REFERENCES[path] ?? "" }, ...many, ...atLeastOne(path) };
  }
}

function atLeastOne(path: string): JsonObject {
  return path === "Port.interfaces" ? { min: 1 } : {};
}

function tableOf(name: string, shapes: Readonly<Record<string, ColumnShape>>): JsonObject {
  const columns = Object.entries(shapes).map(([column, shape]): [string, Json] => {
    const path = `${name}.${column}`;
    return [
      column,
      {
        type: typeOf(shape, path),
        ...(EPHEMERAL.has(path) ? { ephemeral: true } : {}),
        ...(IMMUTABLE.has(path) ? { mutable: false } : {}),
      },
    ];
  });
  const index = INDEXED[name] ?? "";
  return {
    columns: Object.fromEntries(columns),
    ...(name === VSWITCH_DATABASE ? { isRoot: true, maxRows: 1 } : {}),
    ...(index === "" ? {} : { indexes: [[index]] }),
  };
}

const SCHEMA_JSON: JsonObject = {
  name: VSWITCH_DATABASE,
  version: "8.3.1",
  tables: Object.fromEntries(Object.entries(VSWITCH_COLUMNS).map(([name, shapes]) => [name, tableOf(name, shapes)])),
};

/** As `get_schema` answers it: text, since every host of a fleet says the same. */
export const VSWITCH_SCHEMA_TEXT: string = jsonText(SCHEMA_JSON);
export const VSWITCH_SCHEMA: DatabaseSchema = parseSchema(SCHEMA_JSON);
