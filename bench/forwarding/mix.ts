// In a guest: flows of one mix, each a few datagrams long. `node mix.js OWN-IP FLOWS PEER-IP...`
import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";

const PACKETS = 5;
/** Ports are spread over all there are, by a step that comes round late. */
const FIRST_PORT = 1024;
const STEP = 7919;
const PORTS = 64_000;
/** So many sockets are open at a time. */
const AT_ONCE = 50;

const [ownIp = "", flows = "0", ...peers] = process.argv.slice(2);

async function flow(at: number): Promise<void> {
  const socket = createSocket("udp4");
  // Nobody listens: what says so is not waited for.
  socket.on("error", () => undefined);
  const own = FIRST_PORT + ((at * STEP) % PORTS);
  const far = FIRST_PORT + ((at * STEP * 3 + 17) % PORTS);
  await new Promise<void>((resolve) => socket.bind(own, ownIp, resolve));
  const peer = peers[at % peers.length] ?? "";
  for (let packet = 0; packet < PACKETS; packet++) {
    await new Promise((resolve) => socket.send(Buffer.alloc(64), far, peer, resolve));
    await sleep(10);
  }
  socket.close();
}

const all = Array.from({ length: Number(flows) }, (_, at) => at);
for (let at = 0; at < all.length; at += AT_ONCE) await Promise.all(all.slice(at, at + AT_ONCE).map(flow));
