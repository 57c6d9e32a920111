// A mesh of hosts as the doctor looks at it.
import type { InterfaceRow, VswitchRows } from "../../../proto/ovsdb/vswitch-rows.ts";
import { EMPTY_VSWITCH_ROWS } from "../../../proto/ovsdb/vswitch-rows.ts";
import type { Examined, ExaminedHost } from "../../../src/doctor/index.ts";
import type { FabricHost } from "../../../src/model/fabric.ts";
import { derive, hostFact, stored, switchFact, tunnelTo } from "../model/facts-for-tests.ts";

function interfaceRow(name: string, state: string, fields: Partial<InterfaceRow> = {}): InterfaceRow {
  return {
    uuid: name,
    admin_state: "up",
    bfd: new Map(),
    bfd_status: new Map([["state", state]]),
    error: null,
    external_ids: new Map(),
    ifindex: null,
    link_state: "up",
    mac: null,
    mac_in_use: null,
    mtu: null,
    mtu_request: null,
    name,
    ofport: 1,
    ofport_request: null,
    options: new Map(),
    other_config: new Map(),
    status: new Map(),
    type: "geneve",
    ...fields,
  };
}

/** A mesh of hosts; `states` is what BFD of the host at `to` says of the tunnel from `from`: "from>to". */
export function mesh(count: number, states: Readonly<Record<string, string>> = {}): Examined {
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  const facts = numbers.map((to) =>
    hostFact({
      id: `h${to}`,
      stored: stored(`h${to}`, to),
      tunnelIp: `10.0.0.${to}`,
      ovsVersion: "9.0.0",
      tunnels: numbers.filter((from) => from !== to).map((from) => tunnelTo(`h${from}`, from, `10.0.0.${from}`)),
    }),
  );
  const fabric = derive(facts, Object.fromEntries(numbers.map((at) => [`h${at}`, switchFact({ dpid: `d${at}` })])));
  const rowsOf = (to: number): VswitchRows => {
    const rows = numbers
      .filter((from) => from !== to)
      .map((from) => interfaceRow(`geneve${from}`, states[`${from}>${to}`] ?? "up"));
    return { ...EMPTY_VSWITCH_ROWS, interfaces: new Map(rows.map((row) => [row.uuid, row])) };
  };
  const hosts = numbers.map((at): ExaminedHost => {
    const host = fabric.hosts.get(`h${at}`) as FabricHost;
    const rest = { ovsVersion: null, foreignFlows: [], foreignUntold: 0, certificateEndsMs: null, problems: [] };
    return { fabric, host, ovsdb: true, openflow: true, rows: rowsOf(at), ...rest };
  });
  return { hosts, problems: [], nowMs: 0 };
}
