// Text in fixed fields. It should be UTF-8; bytes that are not are carried through unchanged, as lone surrogates.

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
/** Byte 0x80 + n of text that is no UTF-8 becomes U+DC80 + n, which no UTF-8 text can contain (as in Python's PEP 383). */
const ESCAPE = 0xdc00;
/** With the u flag this matches lone surrogates alone, not halves of a pair. */
const ESCAPED = /[\u{dc80}-\u{dcff}]/u;

export function decodeText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    let out = "";
    for (const byte of bytes) out += String.fromCharCode(byte < 0x80 ? byte : ESCAPE + byte);
    return out;
  }
}

export function encodeText(text: string): Uint8Array {
  if (!ESCAPED.test(text)) return encoder.encode(text);
  const out: number[] = [];
  for (const char of text) {
    const code = char.charCodeAt(0);
    if (char.length === 1 && code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff) out.push(code - ESCAPE);
    else out.push(...encoder.encode(char));
  }
  return Uint8Array.from(out);
}
