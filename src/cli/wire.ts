// `weft decode` and `weft encode`: OpenFlow bytes and captures as JSON or text, and back.
import { existsSync, openSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { type Command, InvalidArgumentError } from "commander";
import { WeftError } from "../api/index.ts";
import { SilentFailure, UsageError } from "./failure.ts";

const FLUSH_AT = 64 * 1024;
/** Above it input is refused: a program that looks at files should not bring the machine down. */
const MAX_INPUT_BYTES = 1024 * 1024 * 1024;

interface DecodeFlags {
  readonly text?: true;
  readonly pretty?: true;
  readonly port?: readonly number[];
}

export function addWireCommands(program: Command): void {
  program
    .command("decode")
    .description("print OpenFlow messages, or those of a capture, as JSON or text")
    .argument("[input...]", "HEX, a FILE (pcap, pcapng, hex or binary messages), or - for standard input")
    .option("--text", "print in the words of ovs-ofctl instead of JSON")
    .option("--pretty", "indent the JSON; else each document is one line")
    .option("--port <port>", "a TCP port to look at in a capture beside 6653 and 6633 (may be repeated)", collectPort)
    .addHelpText(
      "after",
      `
Every message is one JSON document. What cannot be decoded is printed with its bytes and the reason, and makes
the exit code 1. See docs/wire-tools.md.

Examples:
  weft decode 04000008 00000001
  weft decode --text 0x040e00380000000100000000000000000000000000000000000000000000800000000000000000000000000000010004 00000000
  weft decode trace.pcap | jq 'select(.message.kind == "flow_mod")'
  tcpdump -i any -U -w - port 6653 | weft decode --text -
  weft decode --port 6634 trace.pcapng`,
    )
    .action(decodeAction);
  program
    .command("encode")
    .description("turn the JSON that `weft decode` prints back into hexadecimal bytes")
    .argument("[file]", "a file of JSON documents, or - for standard input", "-")
    .addHelpText(
      "after",
      `
Each message becomes one line. See docs/wire-tools.md.

Examples:
  echo '{"kind":"echo_request","xid":1,"data":""}' | weft encode
  weft decode 0400000800000001 | weft encode
  ovs-ofctl ofp-print $(weft encode flow.json)`,
    )
    .action(encodeAction);
}

function collectPort(text: string, earlier: readonly number[] | undefined): readonly number[] {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new InvalidArgumentError("expected a port, a whole number from 1 to 65535.");
  return [...(earlier ?? []), port];
}

/** Loaded when it is needed: other commands start without the codec. */
const inspect = () => import("../inspect/index.ts");

async function decodeAction(words: readonly string[], flags: DecodeFlags): Promise<void> {
  const { decodeInput, OPENFLOW_PORTS } = await inspect();
  const { bytes, name } = await readInput(words.length === 0 ? "-" : words.join(" "));
  const output = new BufferedOutput();
  let failed = false;
  const options = {
    name,
    form: flags.text === true ? "text" : "json",
    pretty: flags.pretty === true,
    ports: [...OPENFLOW_PORTS, ...(flags.port ?? [])],
  } as const;
  for (const item of decodeInput(bytes, options)) {
    if (item.kind === "document") await output.add(item.text);
    else {
      failed = true;
      process.stderr.write(`weft: ${item.text}\n`);
    }
  }
  await output.flush();
  if (failed) throw new SilentFailure();
}

async function encodeAction(file: string): Promise<void> {
  if (file !== "-" && !existsSync(file) && /^\s*[[{]/.test(file)) {
    throw new UsageError("encode reads JSON from a file or from standard input, not from the command line");
  }
  const { bytes, name } = file === "-" ? await readStandardInput() : await readNamed(file);
  const { encodeInput } = await inspect();
  const output = new BufferedOutput();
  try {
    for (const line of encodeInput(bytes, name)) await output.add(line);
  } finally {
    await output.flush();
  }
}

interface Input {
  readonly bytes: Uint8Array;
  readonly name: string;
}

async function readInput(input: string): Promise<Input> {
  if (input === "-") return readStandardInput();
  if (existsSync(input)) return readNamed(input);
  const { looksLikeHex } = await inspect();
  if (looksLikeHex(input)) return { bytes: new TextEncoder().encode(input), name: "HEX" };
  throw new UsageError(`"${input.slice(0, 80)}" is neither a file that is there nor hexadecimal digits`);
}

function tooLarge(name: string, size: number | undefined): WeftError {
  const what = size === undefined ? "more" : `${size} bytes, more`;
  return new WeftError("inspect/too-large", `${name}: ${what} than the ${MAX_INPUT_BYTES} bytes that are read at most`);
}

async function readNamed(path: string): Promise<Input> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new WeftError("inspect/input", `${path}: is a directory`);
    if (found.size > MAX_INPUT_BYTES) throw tooLarge(path, found.size);
    if (found.isFile()) return { bytes: await readFile(path), name: path };
    return { bytes: await readAll(openSync(path, "r"), path), name: path };
  } catch (cause) {
    if (cause instanceof WeftError) throw cause;
    throw new WeftError("inspect/input", `${path}: ${(cause as Error).message}`, { cause });
  }
}

async function readStandardInput(): Promise<Input> {
  const name = "standard input";
  if (process.stdin.isTTY) process.stderr.write("weft: reading standard input; end it with Ctrl-D\n");
  return { bytes: await readAll(0, name), name };
}

/** A pipe has no size to ask for: it is read until it ends, or is too long. */
async function readAll(descriptor: number, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stream = descriptor === 0 ? process.stdin : (await import("node:fs")).createReadStream("", { fd: descriptor });
  for await (const chunk of stream) {
    size += (chunk as Uint8Array).length;
    if (size > MAX_INPUT_BYTES) throw tooLarge(name, undefined);
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks, size);
}

/** Many small lines go out in few writes, and no faster than they are read. */
class BufferedOutput {
  #text: string[] = [];
  #length = 0;

  async add(text: string): Promise<void> {
    this.#text.push(text);
    this.#length += text.length;
    if (this.#length >= FLUSH_AT) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#length === 0) return;
    const text = this.#text.join("");
    this.#text = [];
    this.#length = 0;
    await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
  }
}
