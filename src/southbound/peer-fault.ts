// A message at which the controller itself failed: its connection ends, and what is needed to find out why is told.
import { WeftError } from "../../proto/bytes/errors.ts";

export interface PeerFault {
  /** Code `openflow/fault` or `ovsdb/fault`; the cause is what was thrown. */
  readonly error: WeftError;
  /** The message, as far as it is known, or its beginning where it is long. */
  readonly bytes: Uint8Array | undefined;
}

/** What a log keeps of a message. */
const MAX_BYTES = 4096;

export function peerFault(
  protocol: "openflow" | "ovsdb",
  peer: string,
  cause: unknown,
  bytes: Uint8Array | undefined,
): PeerFault {
  const why = cause instanceof Error ? cause.message : String(cause);
  const error = new WeftError(`${protocol}/fault`, `${peer}: this controller failed at a message of the peer: ${why}`, {
    cause,
    context: { peer, bytes: bytes?.length },
    retryable: true,
  });
  return { error, bytes: bytes?.slice(0, MAX_BYTES) };
}
