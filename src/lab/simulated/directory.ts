// Where simulated labs are kept: a directory of its own for each user, who need not be root.
import { lstatSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { makeDirectory } from "../../files/make-directory.ts";
import { LabError } from "../lab-error.ts";
import { processOwner } from "../state.ts";

const PRIVATE = 0o700;

const record = z.object({
  version: z.literal(1),
  name: z.string(),
  hosts: z.number().int().min(0),
  systemIds: z.array(z.string()),
  /** It stays when the process that made it ends. */
  persistent: z.boolean(),
  /** The process that makes it, and waits until it answers; absent where processes can't be told from later ones. */
  creator: processOwner.optional(),
  /** The process it is, once that has been started. */
  process: processOwner.optional(),
});

/** What a simulated lab is started with. */
export type SimulatedLabRecord = Readonly<z.infer<typeof record>>;

/** Those that may hold labs of this user, the best first. */
function roots(): readonly string[] {
  const uid = process.getuid?.() ?? 0;
  const runtime = uid === 0 ? "/run" : process.env.XDG_RUNTIME_DIR;
  const own = join(tmpdir(), `weft-simulated-${uid}`);
  return runtime === undefined || runtime === "" ? [own] : [join(runtime, "weft-simulated"), own];
}

/** In a directory that all may write to somebody else could have made it. Where this user may not look, it is another's. */
function isOwn(path: string): boolean {
  try {
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid);
  } catch {
    return false;
  }
}

function writableRoot(): string {
  let cause: unknown;
  for (const root of roots()) {
    try {
      makeDirectory(root, PRIVATE);
      if (isOwn(root)) return root;
    } catch (error) {
      cause = error;
    }
  }
  const message = `no directory for simulated labs can be made: tried ${roots().join(", ")}; name another in XDG_RUNTIME_DIR`;
  throw new LabError("lab/directory", message, { cause });
}

/** The directories of this user's simulated labs, by their names. */
export function simulatedDirs(): ReadonlyMap<string, string> {
  const dirs = new Map<string, string>();
  for (const root of roots().filter(isOwn))
    for (const name of readdirSync(root).sort())
      if (!name.startsWith(".") && !dirs.has(name)) dirs.set(name, join(root, name));
  return dirs;
}

export const socketOf = (directory: string): string => join(directory, "lab.sock");
export const logOf = (directory: string): string => join(directory, "lab.log");
const recordOf = (directory: string): string => join(directory, "lab.json");

/** Takes the name; undefined where another took it at the same moment. */
export function claimSimulated(what: SimulatedLabRecord): string | undefined {
  const root = writableRoot();
  const draft = join(root, `.new-${process.pid}-${what.name}`);
  rmSync(draft, { recursive: true, force: true });
  makeDirectory(draft, PRIVATE);
  writeFileSync(recordOf(draft), JSON.stringify(what));
  const directory = join(root, what.name);
  try {
    renameSync(draft, directory); // Refused when the target is a directory that is not empty.
    return directory;
  } catch {
    rmSync(draft, { recursive: true, force: true });
    return undefined;
  }
}

/** Whoever reads it meanwhile reads the one or the other whole. */
export function writeSimulated(directory: string, what: SimulatedLabRecord): void {
  const draft = `${recordOf(directory)}.new`;
  writeFileSync(draft, JSON.stringify(what));
  renameSync(draft, recordOf(directory));
}

/** @throws LabError where there is none that can be read */
export function readSimulated(directory: string): SimulatedLabRecord {
  try {
    return record.parse(JSON.parse(readFileSync(recordOf(directory), "utf8")));
  } catch (cause) {
    throw new LabError("lab/no-lab", `there is no simulated lab in ${directory}`, { cause, context: { directory } });
  }
}

/** With the directory of all of them, where it was the last. */
export function removeSimulated(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  try {
    rmdirSync(join(directory, ".."));
  } catch {
    // Another lab is in it.
  }
}
