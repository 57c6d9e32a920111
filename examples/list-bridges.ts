// Lists a host's bridges, and tells of those that come, change and go. Its argument is the database's socket.
import { connect } from "node:net";
import * as ovsdb from "weft/ovsdb";

const socket = connect(process.argv[2] ?? "/var/run/openvswitch/db.sock");
const peer = new ovsdb.RpcPeer({
  send: (text) => socket.write(text),
  onNotification: (method, params) => {
    const news = ovsdb.decodeNotification(method, params);
    if (news.kind === "update") show(news);
  },
});
const framer = new ovsdb.JsonFramer((message) => peer.receive(message));
socket.on("data", (bytes) => framer.push(bytes));
socket.on("error", (error) => console.error(error.message));

const tables: ovsdb.MonitorTables = new Map([["Bridge", { columns: ["name", "ports"] }]]);
let columns: ovsdb.MonitoredColumns = new Map();
let rows: ovsdb.Replica = new Map();
function show(news: ovsdb.RawUpdates): void {
  const { replica, changes } = ovsdb.applyUpdates(columns, rows, news);
  rows = replica;
  for (const { before, after } of changes) {
    const name = [...(after ?? before ?? new Map()).get("name")].join();
    console.log(after === undefined ? `${name} is gone` : `${name}: ${[...(after.get("ports") ?? [])].length} ports`);
  }
}

peer.request(ovsdb.getSchema("Open_vSwitch"), (schema) => {
  if (!schema.ok) throw schema.error;
  columns = ovsdb.monitoredColumns(schema.result, tables);
  peer.request(ovsdb.monitor("monitor_cond", schema.result, "bridges", tables), (first) => {
    if (!first.ok) throw first.error;
    show(first.result);
  });
});
