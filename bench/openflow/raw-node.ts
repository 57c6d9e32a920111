// The ceiling: what Node can do with packet-ins when it does nothing but decode them, look a MAC up and write a flow-mod.
// `node raw-node.js PORT MODE [FLOWS]`, MODE one of learn, spread, install. Says its port on standard output.
import { createServer, type Socket } from "node:net";
import { encode, OFP_NO_BUFFER, OFPG, OFPP } from "../../proto/openflow13/index.ts";

type Mode = "learn" | "spread" | "install";

const [, , portText = "0", modeText = "learn", flowsText = "0"] = process.argv;
const mode = modeText as Mode;
const flowsEach = Number(flowsText);

const HELLO = Buffer.from(encode({ kind: "hello", xid: 1, version: 4, elements: [] }));
const FEATURES_REQUEST = Buffer.from(encode({ kind: "features_request", xid: 2 }));
const SLAB = 256 * 1024;
const FLOW_BYTES_DATA = 60;

/** A flow that forwards one MAC's frames; the bytes that differ are put in place. */
const FLOW = Buffer.from(
  encode({
    kind: "flow_mod",
    xid: 0,
    cookie: 0n,
    cookieMask: 0n,
    tableId: 0,
    command: "add",
    idleTimeoutSec: 300,
    hardTimeoutSec: 0,
    priority: 1,
    bufferId: OFP_NO_BUFFER,
    outPort: OFPP.ANY,
    outGroup: OFPG.ANY,
    flags: 0,
    match: [
      { field: "in_port", value: 1 },
      { field: "eth_dst", value: 0n },
      { field: "eth_src", value: 0n },
    ],
    instructions: [{ kind: "apply_actions", actions: [{ kind: "output", port: 1, maxLen: 0 }] }],
  }),
);
const [FLOW_IN_PORT_AT, FLOW_DST_AT, FLOW_SRC_AT] = [56, 64, 74];
const FLOW_OUT_AT = FLOW.length - 12;

const OUT = Buffer.from(
  encode({
    kind: "packet_out",
    xid: 0,
    bufferId: OFP_NO_BUFFER,
    inPort: 1,
    actions: [{ kind: "output", port: 1, maxLen: 0 }],
    data: new Uint8Array(FLOW_BYTES_DATA),
  }),
);
const [OUT_IN_PORT_AT, OUT_PORT_AT, OUT_DATA_AT] = [12, 28, OUT.length - FLOW_BYTES_DATA];

/** Bytes for one socket: gathered, and written once in a turn of the event loop. */
class Gathered {
  readonly #socket: Socket;
  #slab = Buffer.allocUnsafe(SLAB);
  #from = 0;
  #at = 0;
  #isDue = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** @returns where the copy of `bytes` stands in `slab` */
  put(bytes: Buffer): number {
    if (this.#at + bytes.length > SLAB) {
      this.#flush();
      this.#slab = Buffer.allocUnsafe(SLAB);
      this.#from = 0;
      this.#at = 0;
    }
    const at = this.#at;
    this.#slab.set(bytes, at);
    this.#at += bytes.length;
    if (!this.#isDue) {
      this.#isDue = true;
      setImmediate(() => {
        this.#isDue = false;
        this.#flush();
      });
    }
    return at;
  }

  get slab(): Buffer {
    return this.#slab;
  }

  #flush(): void {
    if (this.#at > this.#from) this.#socket.write(this.#slab.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }
}

const everybody = new Set<Gathered>();

function macAt(bytes: Buffer, at: number): number {
  return bytes.readUIntBE(at, 6);
}

/** The port in a packet-in's match, which is where Open vSwitch puts it first. */
function inPortOf(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at + 32);
}

function putFlow(out: Gathered, inPort: number, from: Buffer, frame: number, port: number): void {
  const at = out.put(FLOW);
  const { slab } = out;
  slab.writeUInt32BE(inPort, at + FLOW_IN_PORT_AT);
  from.copy(slab, at + FLOW_DST_AT, frame, frame + 6);
  from.copy(slab, at + FLOW_SRC_AT, frame + 6, frame + 12);
  slab.writeUInt32BE(port, at + FLOW_OUT_AT);
}

function packetIn(bytes: Buffer, start: number, end: number, out: Gathered, table: Map<number, number>): void {
  const matchBytes = bytes.readUInt16BE(start + 26);
  const frame = start + 24 + ((matchBytes + 7) & ~7) + 2;
  const inPort = inPortOf(bytes, start);
  table.set(macAt(bytes, frame + 6), inPort);
  if (mode === "spread") {
    for (const one of everybody) putFlow(one, inPort, bytes, frame, inPort);
    return;
  }
  const port = table.get(macAt(bytes, frame));
  if (port !== undefined) putFlow(out, inPort, bytes, frame, port);
  const at = out.put(OUT);
  out.slab.writeUInt32BE(inPort, at + OUT_IN_PORT_AT);
  out.slab.writeUInt32BE(port ?? OFPP.FLOOD, at + OUT_PORT_AT);
  bytes.copy(out.slab, at + OUT_DATA_AT, frame, Math.min(end, frame + FLOW_BYTES_DATA));
}

function install(out: Gathered): void {
  for (let n = 0; n < flowsEach; n++) {
    const at = out.put(FLOW);
    out.slab.writeUIntBE(0x065e_0000_0000 + n, at + FLOW_DST_AT, 6);
  }
}

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  const out = new Gathered(socket);
  const table = new Map<number, number>();
  let rest: Buffer = Buffer.alloc(0);
  everybody.add(out);
  out.put(HELLO);
  out.put(FEATURES_REQUEST);
  socket.on("data", (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 8) {
      const length = bytes.readUInt16BE(at + 2);
      if (bytes.length - at < length) break;
      const type = bytes[at + 1];
      if (type === 10) packetIn(bytes, at, at + length, out, table);
      else if (type === 2) out.slab[out.put(bytes.subarray(at, at + length)) + 1] = 3;
      else if (type === 6 && mode === "install") install(out);
      at += length;
    }
    rest = at === bytes.length ? Buffer.alloc(0) : bytes.subarray(at);
  });
  socket.on("error", () => undefined);
  socket.on("close", () => everybody.delete(out));
}

const server = createServer(serve);
server.listen(Number(portText), "127.0.0.1", () => {
  const address = server.address();
  console.log(typeof address === "object" && address !== null ? address.port : portText);
});
// It ends with the process that started it.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
