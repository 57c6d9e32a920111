// What a session needs of a connection, whichever kind of socket carries it.
import type { PeerCertificate } from "./peer-certificate.ts";

export type Transport = "tcp" | "ssl" | "unix";

/** Why a stream is over. `by` tells who ended it: the session here, the far end, or neither. */
export interface StreamEnd {
  readonly by: "here" | "peer" | "failure";
  readonly reason: string;
  readonly error?: Error;
}

/**
 * An ordered stream of bytes to one peer. Each of the `on...` functions sets the one handler; nothing is read from the
 * socket before `onData` is called. Handlers are never called from inside `write` or `close`.
 */
export interface ByteStream {
  /** Names the peer for people: `tcp:10.0.0.1:43210`, `ssl:10.0.0.1:43210`, `unix:/run/db.sock#2`. */
  readonly label: string;
  readonly transport: Transport;
  /** What the peer has shown; always there when `transport` is `ssl`, never otherwise. */
  readonly certificate?: PeerCertificate;
  /** The peer's address; IPv4 also where the socket says `::ffff:10.0.0.1`. */
  readonly remoteAddress?: string;
  /** The address the peer reached us at, in the same form. */
  readonly localAddress?: string;
  /** Bytes written here that the kernel has not taken yet. */
  readonly pendingBytes: number;
  readonly closed: boolean;

  /**
   * Queues bytes, which the caller must not change any more; all that one turn of the event loop writes goes out
   * together. After the end it does nothing.
   */
  write(bytes: Uint8Array): void;
  /** Sends what was written, then ends the connection. No data is delivered after it. */
  close(reason: string): void;
  onData(handler: (bytes: Uint8Array) => void): void;
  /** Called exactly once, also when the stream ended before the handler was set. */
  onClose(handler: (end: StreamEnd) => void): void;
  /** Called when everything that was written has left, after the socket had refused to take it at once. */
  onDrain(handler: () => void): void;
}
