// Requests that wait for their reply, by xid; multipart replies are put together here, under a cap.
import { WeftError } from "../../../proto/bytes/errors.ts";
import { type MultipartReply, OFPMPF_REPLY_MORE, type OpenFlowMessage } from "../../../proto/openflow13/index.ts";
import type { SwitchError } from "./switch-error.ts";

/** What a request is answered with: one message, or all parts of a multipart reply in order. */
export interface Reply {
  readonly last: OpenFlowMessage;
  readonly parts: readonly MultipartReply[];
}

interface Pending {
  readonly what: string;
  readonly deadlineMs: number;
  readonly maxBytes: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: WeftError) => void;
  readonly parts: MultipartReply[];
  bytes: number;
}

/** Invariant: every promise handed out settles, by its reply, an error of the switch, its deadline or the connection's end. */
export class RequestTable {
  readonly #pending = new Map<number, Pending>();
  readonly #peer: string;

  constructor(peer: string) {
    this.#peer = peer;
  }

  /** @param maxBytes all parts of the reply together */
  add(xid: number, what: string, deadlineMs: number, maxBytes: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#pending.set(xid, { what, deadlineMs, maxBytes, resolve, reject, parts: [], bytes: 0 });
    });
  }

  has(xid: number): boolean {
    return this.#pending.has(xid);
  }

  /**
   * True if the message was a reply that someone waits for.
   * @throws WeftError `openflow/reply-too-large`: the connection must end, since its parts would go on coming.
   */
  offer(m: OpenFlowMessage, bytes: number): boolean {
    const pending = this.#pending.get(m.xid);
    if (pending === undefined) return false;
    if (m.kind === "multipart_reply") {
      pending.bytes += bytes;
      if (pending.bytes > pending.maxBytes) {
        const reason = `the answer to ${pending.what} has more than ${pending.maxBytes} bytes`;
        throw new WeftError("openflow/reply-too-large", reason, {
          context: { peer: this.#peer, xid: m.xid },
        });
      }
      pending.parts.push(m);
      if ((m.flags & OFPMPF_REPLY_MORE) !== 0) return true;
    }
    this.#pending.delete(m.xid);
    pending.resolve({ last: m, parts: pending.parts });
    return true;
  }

  /** Rejects the request that the switch's error is about, with the error made by `describe`; false if there is none. */
  refuse(m: SwitchError, describe: (what: string) => WeftError): boolean {
    const pending = this.#pending.get(m.xid);
    if (pending === undefined) return false;
    this.#pending.delete(m.xid);
    pending.reject(describe(pending.what));
    return true;
  }

  nextDeadline(): number | undefined {
    let next: number | undefined;
    for (const { deadlineMs } of this.#pending.values()) if (next === undefined || deadlineMs < next) next = deadlineMs;
    return next;
  }

  expire(nowMs: number): void {
    for (const [xid, pending] of this.#pending) {
      if (pending.deadlineMs > nowMs) continue;
      this.#pending.delete(xid);
      const error = new WeftError("openflow/timeout", `${this.#peer} did not answer ${pending.what} in time`, {
        context: { peer: this.#peer, xid },
        retryable: true,
      });
      pending.reject(error);
    }
  }

  rejectAll(error: WeftError): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of all) pending.reject(error);
  }
}
