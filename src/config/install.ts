// Puts a new text in the place of a configuration file: whole or not at all, and what was there before is kept beside it.
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { ConfigError } from "./problem.ts";
import { visible } from "./visible.ts";

/**
 * A link is followed: what it leads to is replaced, with the rights and the owner that it has.
 * @returns where the text of before is; null where the file says the same already
 * @throws ConfigError `config/not-written`: then the file is as it was
 */
export function installConfig(path: string, source: string): string | null {
  let temporary: string | null = null;
  try {
    const target = realpathSync(path);
    if (readFileSync(target, "utf8") === source) return null;
    const found = statSync(target);
    temporary = besides(target);
    const file = openSync(temporary, "wx", 0o600);
    try {
      for (let rest = Buffer.from(source); rest.length > 0; ) rest = rest.subarray(writeSync(file, rest));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    giveRights(temporary, found);
    const backup = `${target}.before`;
    keepAs(backup, target, found);
    renameSync(temporary, target);
    temporary = null;
    return backup;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const text = `the configuration file ${path} could not be written, and is as it was: ${why}; write it yourself, then: weft reload`;
    throw new ConfigError("config/not-written", visible(text).slice(0, 1_000), [], error);
  } finally {
    if (temporary !== null) rmSync(temporary, { force: true });
  }
}

function besides(path: string): string {
  return `${path}.${randomBytes(6).toString("hex")}`;
}

function giveRights(path: string, { mode, uid, gid }: Stats): void {
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
  chmodSync(path, mode & 0o7777);
}

/** What stands at `backup`, which may be a link, or readable by more people, is taken away and not written into. */
function keepAs(backup: string, target: string, found: Stats): void {
  const copy = besides(backup);
  try {
    writeFileSync(copy, readFileSync(target), { flag: "wx", mode: 0o600 });
    giveRights(copy, found);
    renameSync(copy, backup);
  } catch (error) {
    rmSync(copy, { force: true });
    throw error;
  }
}
