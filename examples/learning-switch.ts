// A learning switch. Run it, then: ovs-vsctl set bridge br0 protocols=OpenFlow13 -- set-controller br0 tcp:127.0.0.1:6653
import { createServer } from "node:net";
import type { OpenFlowMessage } from "weft/openflow13";
import { decode, describeError, encode, MessageFramer, OFP_NO_BUFFER, OFPP, parseFlow } from "weft/openflow13";
import { decodeFrame } from "weft/packet";

const server = createServer((socket) => {
  const framer = new MessageFramer();
  const portOf = new Map<string, number>();
  const send = (message: OpenFlowMessage) => socket.write(encode(message));
  const onMessage = (message: OpenFlowMessage) => {
    if (message.kind === "hello") send({ ...parseFlow("priority=0,actions=CONTROLLER:65535"), xid: 2 });
    if (message.kind === "echo_request") send({ kind: "echo_reply", xid: message.xid, data: message.data });
    if (message.kind === "error") console.error("the switch refuses:", describeError(message.type, message.code));
    if (message.kind !== "packet_in") return;
    const [inPort = 0] = message.match.map((tlv) => (tlv.field === "in_port" ? Number(tlv.value) : 0)).filter(Boolean);
    const frame = decodeFrame(message.data);
    if (frame.kind === "runt") return;
    const { source, destination } = frame.ethernet;
    if (portOf.get(source) !== inPort) console.log(`${source} is at port ${inPort}`);
    portOf.set(source, inPort);
    const port = portOf.get(destination);
    const pair = `in_port=${inPort},dl_src=${source},dl_dst=${destination}`;
    if (port !== undefined) send({ ...parseFlow(`idle_timeout=60,${pair},actions=output:${port}`), xid: 3 });
    const actions = [{ kind: "output", port: port ?? OFPP.FLOOD, maxLen: 0 }] as const;
    send({ kind: "packet_out", xid: 4, bufferId: OFP_NO_BUFFER, inPort, actions, data: message.data });
  };
  socket.on("data", (bytes) => framer.push(bytes, (all, start, end) => onMessage(decode(all.subarray(start, end)))));
  socket.on("error", (error) => console.error(error.message));
  send({ kind: "hello", xid: 1, version: 4, elements: [] });
});
server.listen(Number(process.argv[2] ?? 6653), () => console.log("waits for switches at", server.address()));
