// Plays a host with a very large database, in a process of its own: calls the port and answers what a session asks.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { pathToFileURL } from "node:url";
import { JsonFramer } from "../../proto/ovsdb/index.ts";
import { monitorReply } from "./samples.ts";

export const SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";

function serveMonitorReply(port: number, bytes: number): void {
  const schema: unknown = JSON.parse(readFileSync(SCHEMA, "utf8"));
  const socket = connect({ port, host: "127.0.0.1" });
  const framer = new JsonFramer((message) => {
    const { id, method } = message as { id: number; method: string };
    const reply = (result: unknown): boolean => socket.write(JSON.stringify({ id, error: null, result }));
    if (method === "list_dbs") reply(["Open_vSwitch"]);
    else if (method === "get_schema") reply(schema);
    else if (method === "echo") reply([]);
    else socket.write(monitorReply(bytes, id));
  });
  socket.on("data", (chunk) => framer.push(chunk));
  socket.on("error", () => process.exit(0));
  socket.on("close", () => process.exit(0));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  serveMonitorReply(Number(process.argv[2]), Number(process.argv[3]));
}
