// Makes a directory and those above it, also where the file system refuses to.
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Node's `recursive` turns in circles for ever where a directory that is there refuses new ones with ENOENT, as /proc does.
 *
 * @returns whether the directory was not there
 * @throws what the file system says
 */
export function makeDirectory(path: string, mode = 0o777): boolean {
  if (existsSync(path)) return false;
  makeDirectory(dirname(path), mode);
  mkdirSync(path, { mode });
  return true;
}
