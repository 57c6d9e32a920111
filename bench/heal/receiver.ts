// In the second guest: echoes what is sent to it alone, prints what is sent to everybody.
import { createSocket } from "node:dgram";
import { BROADCAST_PORT, UNICAST_PORT } from "./wire.ts";

const echo = createSocket("udp4");
echo.on("message", (message, from) => echo.send(message, from.port, from.address, () => undefined));
echo.on("error", () => undefined);
echo.bind(UNICAST_PORT);

const everybody = createSocket("udp4");
everybody.on("message", (message) => {
  process.stdout.write(`broadcast ${message.readUInt32BE(0)} ${performance.timeOrigin + performance.now()}\n`);
});
everybody.bind(BROADCAST_PORT);
