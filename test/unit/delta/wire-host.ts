// A host's database that speaks OVSDB bytes: it is read, and told what to change, which it does not answer unless asked to.
import { randomUUID } from "node:crypto";
import { JsonFramer } from "../../../proto/ovsdb/json-framer.ts";
import { type Json, type JsonObject, jsonText } from "../../../proto/ovsdb/json-text.ts";
import { vswitchSchema } from "../southbound/ovsdb/fake-server.ts";
import { PATIENCE_MS, until } from "./controller-on-loopback.ts";
import { RawPeer } from "./raw-peer.ts";

export interface WireHostOptions {
  readonly systemId: string;
  readonly tunnelIp?: string;
  /** More rows of the first answer to `monitor_cond_since`, by table and UUID. */
  readonly tables?: JsonObject;
  /** Methods that are not answered. */
  readonly ignores?: readonly string[];
  /** Transactions are answered, as if they had been done. */
  readonly obeys?: boolean;
  /** The address that it comes from. */
  readonly from?: string;
}

/** As text: a hundred hosts in one process should not each write it anew. */
const SCHEMA = jsonText(vswitchSchema() as unknown as Json);

function resultOf(operation: Json): Json {
  const isInsert = (operation as JsonObject).op === "insert";
  return isInsert ? { uuid: ["uuid", randomUUID()] } : { count: 1 };
}

export class WireHost extends RawPeer {
  readonly systemId: string;
  /** The operations of every transaction that was asked for. */
  readonly transactions: Json[][] = [];
  readonly answered = new Set<number>();
  readonly #options: WireHostOptions;
  readonly rootUuid = randomUUID();
  #ids = 0;

  static async connect(port: number, options: WireHostOptions): Promise<WireHost> {
    return new WireHost(await RawPeer.dial(port, options.from), options);
  }

  private constructor(socket: RawPeer["socket"], options: WireHostOptions) {
    super(socket);
    this.systemId = options.systemId;
    this.#options = options;
    const framer = new JsonFramer((message) => this.#received(message as JsonObject));
    socket.on("data", (bytes) => framer.push(bytes));
  }

  send(message: Json): void {
    this.write(jsonText(message));
  }

  /** The controller has read the host and asks it for a bridge. */
  async served(timeoutMs = PATIENCE_MS): Promise<void> {
    const isServed = () => jsonText(this.transactions as unknown as Json).includes('"Bridge"');
    await until(`host ${this.systemId} is asked for its bridge`, isServed, timeoutMs);
  }

  async isHeard(timeoutMs = PATIENCE_MS): Promise<void> {
    this.#ids += 1;
    const id = this.#ids;
    this.send({ id, method: "echo", params: [] });
    await until(`host ${this.systemId} gets an answer`, () => this.answered.has(id), timeoutMs);
  }

  #received(message: JsonObject): void {
    const { id, method, params } = message;
    if (typeof method !== "string") {
      if (typeof id === "number") this.answered.add(id);
      return;
    }
    if (method === "transact") this.transactions.push(params as Json[]);
    if (this.#options.ignores?.includes(method) === true) return;
    if (method === "get_schema") {
      this.write(`{"id":${jsonText(id ?? null)},"result":${SCHEMA},"error":null}`);
      return;
    }
    const answer = this.#answerTo(method, params as readonly Json[]);
    if (answer !== undefined) this.send({ id: id ?? null, result: answer, error: null });
  }

  #answerTo(method: string, params: readonly Json[]): Json | undefined {
    switch (method) {
      case "list_dbs":
        return ["Open_vSwitch"];
      case "monitor_cond_since":
        return [false, "00000000-0000-0000-0000-000000000000", this.#rows()];
      case "echo":
        return [...params];
      case "transact":
        return this.#options.obeys === true ? params.slice(1).map(resultOf) : undefined;
      default:
        return undefined;
    }
  }

  #rows(): JsonObject {
    const ids: Json[] = [["system-id", this.systemId]];
    if (this.#options.tunnelIp !== undefined) ids.push(["weft-tunnel-ip", this.#options.tunnelIp]);
    const root = { initial: { external_ids: ["map", ids], ovs_version: "3.1.0" } };
    return { Open_vSwitch: { [this.rootUuid]: root }, ...this.#options.tables } as JsonObject;
  }
}
