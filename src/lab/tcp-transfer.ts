// Moves bytes by TCP from one place to another and checks that they arrive whole. Pings alone hide a wrong MTU.
import { createInterface } from "node:readline";
import { LabError } from "./lab-error.ts";
import { type Place, runAt, startAt } from "./place.ts";

export interface TransferResult {
  readonly bytes: number;
  readonly seconds: number;
}

export interface TransferOptions {
  /** For the whole transfer; 60 unless given. */
  readonly timeoutSec?: number;
}

// Both ends are scripts for `node -e`, since node is on every machine that runs the lab and nc is not. The receiver prints
// its port, and answers the connection's end with the digest of what it got.
const receiver = `
const net = require("node:net");
const hash = require("node:crypto").createHash("sha256");
let bytes = 0;
const server = net.createServer({ allowHalfOpen: true }, (socket) => {
  server.close();
  socket.on("data", (chunk) => { bytes += chunk.length; hash.update(chunk); });
  socket.on("end", () => socket.end(JSON.stringify({ bytes, sha256: hash.digest("hex") })));
});
server.listen(0, process.argv[1], () => console.log(server.address().port));
`;

const sender = `
const net = require("node:net");
const { createHash, randomBytes } = require("node:crypto");
const [host, port, size] = process.argv.slice(1);
const data = randomBytes(Number(size));
const sha256 = createHash("sha256").update(data).digest("hex");
const start = process.hrtime.bigint();
const socket = net.connect({ host, port: Number(port), allowHalfOpen: true }, () => socket.end(data));
let answer = "";
socket.on("data", (chunk) => { answer += chunk; });
socket.on("end", () => {
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const got = JSON.parse(answer);
  console.log(JSON.stringify({ ...got, same: got.sha256 === sha256, seconds }));
});
socket.on("error", (error) => { console.error(error.message); process.exit(1); });
`;

/** Rejects with `lab/tcp` when the bytes do not arrive, or not as they were sent. */
export async function transfer(
  from: Place,
  to: Place & { readonly ip: string },
  bytes: number,
  options: TransferOptions = {},
): Promise<TransferResult> {
  const server = startAt(to, [process.execPath, "-e", receiver, to.ip]);
  const title = `${bytes} bytes by TCP from ${from.name} to ${to.name} (${to.ip})`;
  const context = { from: from.name, to: to.name, bytes };
  try {
    const port = await new Promise<string>((resolve, reject) => {
      if (server.stdout === null) throw new LabError("lab/tcp", `${title}: no output to read`, { context });
      createInterface({ input: server.stdout }).once("line", resolve);
      server.once("close", () => reject(new LabError("lab/tcp", `${title}: the receiver did not start`, { context })));
    });
    const argv = [process.execPath, "-e", sender, to.ip, port, `${bytes}`];
    const result = await runAt(from, argv, { timeoutSec: options.timeoutSec ?? 60 });
    const got = JSON.parse(result.stdout) as { bytes: number; same: boolean; seconds: number };
    if (got.bytes !== bytes || !got.same)
      throw new LabError("lab/tcp", `${title}: ${got.bytes} arrived, ${got.same ? "the same" : "changed"}`, {
        context,
      });
    return { bytes, seconds: got.seconds };
  } catch (cause) {
    if (cause instanceof LabError && cause.code === "lab/tcp") throw cause;
    throw new LabError("lab/tcp", `${title} failed: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
      context,
    });
  } finally {
    server.kill("SIGKILL");
  }
}
