// The secret that approvals are signed with: read from its file, which is made when there is none.
import { randomBytes } from "node:crypto";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { WeftError } from "../../proto/bytes/errors.ts";
import { readPlainFile } from "../config/plain-file.ts";
import { makeDirectory } from "../files/make-directory.ts";
import { shellWord } from "../model/shell-word.ts";

const BYTES = 32;
const MAX_FILE_BYTES = 4096;

function trouble(path: string, why: string, remedy: string, cause?: unknown): WeftError {
  return new WeftError("admission/secret-file", `admission.secretFile, ${path}: ${why}; ${remedy}`, {
    cause,
    context: { path },
  });
}

function make(path: string): string {
  const text = `${randomBytes(BYTES).toString("base64url")}\n`;
  try {
    makeDirectory(dirname(path), 0o755);
    writeFileSync(path, text, { flag: "wx", mode: 0o600 });
    return text;
  } catch (cause) {
    const why = `it can't be made: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw trouble(path, why, "name a file in a directory that this user may write", cause);
  }
}

/** @throws WeftError `admission/secret-file` */
export function loadApprovalSecret(path: string): Uint8Array {
  let text: string;
  try {
    text = readPlainFile(path, MAX_FILE_BYTES);
  } catch (cause) {
    if (existsSync(path)) {
      const why = `it can't be read: ${cause instanceof Error ? cause.message : String(cause)}`;
      throw trouble(path, why, "let the user that runs the controller read it", cause);
    }
    text = make(path);
  }
  if ((statSync(path).mode & 0o077) !== 0) {
    throw trouble(path, "others may read it, and could approve hosts with it", `chmod 600 ${shellWord(path)}`);
  }
  const secret = Buffer.from(text.trim(), "base64url");
  if (secret.length < BYTES) {
    throw trouble(path, "it holds no secret", "move it away: a new one is made, and hosts have to be approved again");
  }
  return secret;
}
