// One end of a JSON-RPC connection: ties replies to requests and answers what the far end asks. Knows no sockets and no time.
import { WeftError } from "../bytes/errors.ts";
import { type Json, jsonText } from "./json-text.ts";
import { OvsdbProtocolError, OvsdbRequestError, readServerError } from "./ovsdb-error.ts";
import { echo, type RpcCall } from "./rpc-call.ts";
import { decodeRpcMessage, encodeRpcMessage } from "./rpc-message.ts";

/** What became of a request. The error is an OvsdbRequestError when the peer refused it. */
export type RpcOutcome<Result> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly error: WeftError };

export interface RpcPeerHandlers {
  /** Puts one message's text on the wire. */
  send(text: string): void;
  onNotification(method: string, params: readonly Json[]): void;
  /** Answers a request of the peer; undefined means the method is unknown. `echo` never gets here. */
  onRequest?(method: string, params: readonly Json[]): Json | undefined;
}

interface Pending {
  readonly method: string;
  reply(result: Json): void;
  fail(error: WeftError): void;
}

export class RpcPeer {
  readonly #handlers: RpcPeerHandlers;
  readonly #pending = new Map<number, Pending>();
  /** Requests that were given up: a reply that comes late all the same is no breach. */
  readonly #abandoned = new Set<number>();
  #lastId = 0;
  #closedBy: WeftError | undefined;

  constructor(handlers: RpcPeerHandlers) {
    this.#handlers = handlers;
  }

  get pendingRequests(): number {
    return this.#pending.size;
  }

  /**
   * Sends a request; `onOutcome` is called once, in the order of the replies. Gives the id, by which `transact` can be
   * cancelled.
   * @throws WeftError `json/unsendable`
   */
  request<Result>(call: RpcCall<Result>, onOutcome: (outcome: RpcOutcome<Result>) => void): number {
    const { method, params } = call;
    const fail = (error: WeftError): void => onOutcome({ ok: false, error });
    this.#lastId += 1;
    const id = this.#lastId;
    if (this.#closedBy !== undefined) {
      fail(this.#closedBy);
      return id;
    }
    const text = jsonText(encodeRpcMessage({ kind: "request", id, method, params }));
    const reply = (json: Json): void => {
      let result: Result;
      try {
        result = call.decode(json);
      } catch (error) {
        if (!(error instanceof WeftError)) throw error;
        fail(error);
        // The caller knows; the connection, too, is of no more use.
        if (error instanceof OvsdbProtocolError) throw error;
        return;
      }
      onOutcome({ ok: true, result });
    };
    this.#pending.set(id, { method, reply, fail });
    this.#handlers.send(text);
    return id;
  }

  /** @throws WeftError `json/unsendable` */
  notify(method: string, params: readonly Json[]): void {
    if (this.#closedBy !== undefined) return;
    this.#handlers.send(jsonText(encodeRpcMessage({ kind: "notification", method, params })));
  }

  /**
   * Asks the peer to give a `transact` up (RFC 7047, section 4.1.4): it fails as `ovsdb/canceled`, unless it was done by
   * then. Open vSwitch 3.1 obeys but does not reply; the echo behind the cancellation shows that no reply will come.
   */
  cancel(id: number): void {
    if (!this.#pending.has(id)) return;
    this.notify("cancel", [id]);
    this.request(echo([]), () => {
      const pending = this.#pending.get(id);
      if (pending === undefined) return;
      this.#pending.delete(id);
      this.#abandoned.add(id);
      pending.fail(new OvsdbRequestError(pending.method, { error: "canceled", details: "as was asked", syntax: null }));
    });
  }

  /**
   * Takes one message of the far end.
   * @throws OvsdbProtocolError when it is not one that OVSDB allows here; the connection is then of no more use
   */
  receive(json: Json): void {
    if (this.#closedBy !== undefined) return;
    const message = decodeRpcMessage(json);
    switch (message.kind) {
      case "notification":
        this.#handlers.onNotification(message.method, message.params);
        return;
      case "request":
        this.#answer(message.id, message.method, message.params);
        return;
      case "reply":
        this.#settle(message.id)?.reply(message.result);
        return;
      case "error": {
        const pending = this.#settle(message.id);
        pending?.fail(new OvsdbRequestError(pending.method, readServerError(message.error)));
        return;
      }
    }
  }

  /** Every request that waits, and any later one, fails with this error. */
  close(error: WeftError): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = error;
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { fail } of waiting) fail(error);
  }

  #answer(id: Json, method: string, params: readonly Json[]): void {
    const result = method === "echo" ? params : this.#handlers.onRequest?.(method, params);
    const answer =
      result === undefined
        ? ({
            kind: "error",
            id,
            error: { error: "unknown method", details: `${method.slice(0, 80)} is not served here` },
          } as const)
        : ({ kind: "reply", id, result } as const);
    this.#handlers.send(jsonText(encodeRpcMessage(answer)));
  }

  #settle(id: Json): Pending | undefined {
    if (typeof id === "number") {
      const pending = this.#pending.get(id);
      if (this.#pending.delete(id) || this.#abandoned.delete(id)) return pending;
    }
    throw new OvsdbProtocolError("id", "a reply to a request that was not made", id);
  }
}
