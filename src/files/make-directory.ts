// Makes a directory and those above it, also where the file system refuses to.
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Node's `recursive` turns in circles for ever where a directory that is there refuses new ones with ENOENT, as /proc does.
 *
 * @returns whether the directory was not there
 * @throws what the file system says
 */
export function makeDirectory(path: string, mode = 0o777): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return false;
  // Of what is there and is no directory, mkdir says so.
  if (found === undefined) makeDirectory(dirname(path), mode);
  mkdirSync(path, { mode });
  return true;
}
