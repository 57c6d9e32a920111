// In the first guest: every 10 ms one datagram for the second guest and one for everybody; prints the echoes that come back.
import { createSocket } from "node:dgram";
import { BROADCAST_PORT, INTERVAL_MS, UNICAST_PORT } from "./wire.ts";

const [ownIp, peerIp] = process.argv.slice(2);
const socket = createSocket("udp4");
let sequence = 0;

socket.on("message", (message) => {
  process.stdout.write(`unicast ${message.readUInt32BE(0)} ${performance.timeOrigin + performance.now()}\n`);
});
// Without a path there is nothing to be done but to go on.
const ignore = (): void => undefined;
socket.on("error", ignore);
socket.bind(0, ownIp, () => {
  socket.setBroadcast(true);
  setInterval(() => {
    const message = Buffer.alloc(64);
    message.writeUInt32BE(sequence++, 0);
    socket.send(message, UNICAST_PORT, peerIp, ignore);
    socket.send(message, BROADCAST_PORT, "255.255.255.255", ignore);
  }, INTERVAL_MS);
});
