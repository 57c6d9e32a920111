// `weft snapshot`: everything a controller knows, in one file that can be sent to whoever helps.
import { once } from "node:events";
import { open, rm } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import type { Command } from "commander";
import { callControl, WeftError } from "../api/index.ts";
import { UsageError } from "./failure.ts";
import { controlPath, globalSettings } from "./settings.ts";
import { path } from "./values.ts";

/** Every switch is read, several times. */
const TIMEOUT_MS = 300_000;

export function addSnapshotCommand(program: Command): void {
  program
    .command("snapshot")
    .description("write all that the controller knows to one file, on which every query and trace works offline")
    .argument("[file]", "where to; - is standard output. Unless given, weft-TIME.snapshot here", path)
    .addHelpText(
      "after",
      `
It holds status, hosts, ports, endpoints, networks, tunnels, links, the journal, what doctor and drift find, the flows
and groups of all switches, and rates. It holds no keys, no certificates, no approvals and no configuration file. It
does hold addresses, MACs and names: send it to people you trust with these. It is gzipped JSON, readable by its owner.

Examples:
  weft snapshot
  weft snapshot /tmp/tonight.snapshot
  weft --snapshot /tmp/tonight.snapshot topology
  weft --snapshot /tmp/tonight.snapshot trace vm1 vm3
  weft snapshot - | ssh helper 'cat > tonight.snapshot'`,
    )
    .action(writeSnapshot);
}

interface Held {
  readonly at: string;
  readonly sections: Readonly<Record<string, { readonly value?: unknown; readonly error?: string }>>;
}

async function writeSnapshot(file: string | undefined, _options: unknown, command: Command): Promise<void> {
  const { snapshot } = globalSettings(command);
  if (snapshot !== undefined) throw new UsageError(`${snapshot} is a snapshot already`);
  const text = await callControl(controlPath(command), "snapshot", [], TIMEOUT_MS);
  const bytes = gzipSync(text);
  const { at, sections } = JSON.parse(text) as Held;
  const target = file ?? `weft-${at.replaceAll(/[-:]|\.\d+/g, "")}.snapshot`;
  if (target === "-") {
    if (process.stdout.isTTY) throw new UsageError("a snapshot is no text for a terminal: name a file");
    if (!process.stdout.write(bytes)) await once(process.stdout, "drain");
  } else {
    await placeFile(target, bytes);
  }
  const out = target === "-" ? process.stderr : process.stdout;
  const held = Object.entries(sections).filter(([, section]) => section.error === undefined);
  out.write(
    `${target === "-" ? "the snapshot" : target}: ${bytes.length} bytes, of ${held.map(([name]) => name).join(", ")}\n`,
  );
  for (const [name, { error }] of Object.entries(sections)) {
    if (error !== undefined) process.stderr.write(`weft: it does not hold ${name}: ${error}\n`);
  }
}

/** What is there already stays as it is. */
async function placeFile(target: string, bytes: Uint8Array): Promise<void> {
  let isOurs = false;
  try {
    const file = await open(target, "wx", 0o600);
    isOurs = true;
    try {
      await file.writeFile(bytes);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (isOurs) await rm(target, { force: true }).catch(() => undefined);
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") {
      const message = `${target} is there already, and is left as it is: name another file, or move it away`;
      throw new WeftError("snapshot/exists", message, { cause });
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WeftError("snapshot/unwritable", `cannot write the snapshot ${target}: ${why}`, { cause });
  }
}
