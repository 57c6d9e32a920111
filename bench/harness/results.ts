// Where results are kept: bench/results, one file for each benchmark; those of a quick run are not for keeping.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join, resolve } from "node:path";

/** The repository: this file runs from .build/bench/harness. */
export const ROOT = resolve(import.meta.dirname, "../../..");
export const RESULTS = join(ROOT, "bench/results");

/** What the numbers were measured on. */
export function machine(): Readonly<Record<string, unknown>> {
  const [first] = cpus();
  return {
    node: process.version,
    cpu: first?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Number((totalmem() / 2 ** 30).toFixed(1)),
  };
}

/** @returns the file's path. */
export function writeResults(name: string, quick: boolean, data: Readonly<Record<string, unknown>>): string {
  const directory = quick ? join(RESULTS, "quick") : RESULTS;
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${name}.json`);
  writeFileSync(file, `${JSON.stringify({ ...machine(), ...data }, undefined, 2)}\n`);
  return file;
}
