// Reads a file that a person has named: a whole file of a sensible size, and nothing that would keep the reader waiting.
import { readFileSync, statSync } from "node:fs";

const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EACCES: "this user may not read it",
  ELOOP: "it is a link that leads to itself",
  ENAMETOOLONG: "its name is too long",
};

/** @throws Error that says why not, in words, with the system's error as its cause where there is one. */
export function readPlainFile(path: string, maxBytes: number): string {
  try {
    const found = statSync(path);
    if (found.isDirectory()) throw new Error("it is a directory");
    // A pipe that nobody writes to, or a device without an end, would be waited for.
    if (!found.isFile()) throw new Error("it is no file, but a pipe, a socket or a device");
    if (found.size > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new Error(READ_ERRORS[String(error.code)] ?? error.message, { cause: error });
  }
}
