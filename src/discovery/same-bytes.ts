// Compares what is secret: every byte is looked at, so that how long it takes says nothing of where they differ.

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.reduce((differ, byte, at) => differ | (byte ^ (b[at] ?? 0)), 0) === 0;
}
