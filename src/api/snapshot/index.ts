// Asking a snapshot as a controller is asked: the same methods, the same words, by the same code.
import { WeftError } from "../../../proto/bytes/errors.ts";
import { runCommand } from "../commands.ts";
import { readOnly, snapshotQueries } from "./queries.ts";
import { readSnapshot } from "./read.ts";
import type { Snapshot } from "./sections.ts";

/** What stands before a snapshot's path where else a control socket's would. */
const PREFIX = "snapshot:";

export function snapshotTarget(path: string): string {
  return `${PREFIX}${path}`;
}

export function snapshotPath(target: string): string | null {
  return target.startsWith(PREFIX) ? target.slice(PREFIX.length) : null;
}

const opened = new Map<string, Snapshot>();

/** Read once, however often it is asked. @throws WeftError `snapshot/...` */
export function openSnapshot(path: string): Snapshot {
  const known = opened.get(path) ?? readSnapshot(path);
  opened.set(path, known);
  return known;
}

/** @throws WeftError `control/refused` as a controller says it, `snapshot/...` */
export async function askSnapshot(path: string, method: string, params: readonly string[]): Promise<string> {
  const snapshot = openSnapshot(path);
  try {
    const { version, at } = snapshot;
    const context = { queries: snapshotQueries(snapshot), version, reload: readOnly, nowMs: Date.parse(at) };
    return await runCommand(context, method, params);
  } catch (cause) {
    if (cause instanceof WeftError) throw cause;
    // It is a snapshot by its form, and holds what no controller says.
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WeftError("snapshot/damaged", `the snapshot ${path} is damaged: ${why}; have it sent again`, { cause });
  }
}
