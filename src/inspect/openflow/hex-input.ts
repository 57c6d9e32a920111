// Bytes as people paste them: hex digits with or without 0x, spaces, line breaks, commas, colons and `#` comments.
import { WeftError } from "../../../proto/bytes/errors.ts";
import { fromHex } from "../../../proto/bytes/hex.ts";

/** Whether the text could be meant as bytes at all. */
export function looksLikeHex(text: string): boolean {
  return /^[\s"'[({]*(?:0[xX])?[0-9a-fA-F]{2}/.test(text) && !/[g-wyzG-WYZ]/.test(text.replace(/#.*$/gm, ""));
}

/** @throws WeftError `hex/invalid` with the line and column */
export function parseHexInput(text: string): Uint8Array {
  // Every replacement keeps its length, so that a column in an error is that of the text.
  const plain = text
    .replace(/#.*$/gm, (comment) => " ".repeat(comment.length))
    .replace(/\b0[xX]/g, "  ")
    .replace(/[,;|"'[\](){}\\-]/g, " ");
  try {
    return fromHex(joinNibbles(plain));
  } catch (cause) {
    if (!(cause instanceof WeftError)) throw cause;
    const at = typeof cause.context.at === "number" ? cause.context.at : undefined;
    if (at === undefined) throw new WeftError("hex/invalid", cause.message, { cause });
    const before = plain.slice(0, at).split("\n");
    const where = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    throw new WeftError("hex/invalid", `${where}: "${text.charAt(at)}" is not part of hexadecimal bytes`, { cause });
  }
}

/** `0x4 0xe` means the bytes 04 and 0e: a lone digit is a byte of its own where every group stands apart. */
function joinNibbles(text: string): string {
  return /(?:^|\s)[0-9a-fA-F](?=\s|$)/.test(text) && !/[0-9a-fA-F]{3}/.test(text)
    ? text.replace(/(^|\s)([0-9a-fA-F])(?=\s|$)/g, "$10$2")
    : text;
}
