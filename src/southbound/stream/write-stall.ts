// Notices a peer that takes nothing of what is written to it, however lively it is otherwise.

/** The state after a look; `sinceMs` is when the peer last took something, or had nothing to take. */
export interface Taken {
  readonly bytes: number;
  readonly sinceMs: number;
}

/**
 * @param written all bytes that were ever written to the peer
 * @param pending those of them that it has not taken
 */
export function taking(before: Taken, written: number, pending: number, nowMs: number): Taken {
  const bytes = written - pending;
  return pending === 0 || bytes > before.bytes ? { bytes, sinceMs: nowMs } : before;
}
