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
  /** The answer takes so long, as on a slow disk. */
  readonly answersAfterMs?: number;
  /** It was a host of a fabric before, and has its bridge and its index; not yet its tunnels. */
  readonly place?: { readonly dpid: string; readonly index: number };
}

/** Of all hosts with a place. */
const FABRIC_ID = "11111111-2222-4333-8444-555555555555";

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
    return new WireHost(await RawPeer.dial(port), options);
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
    await until(`host ${this.systemId} is asked for its bridge`, () => this.isAskedFor("Bridge"), timeoutMs);
  }

  /** Whether a transaction is about rows of a table. */
  isAskedFor(table: string): boolean {
    return this.transactions.some((operations) => operations.some((one) => (one as JsonObject).table === table));
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
    if (answer === undefined) return;
    const reply = () => this.send({ id: id ?? null, result: answer, error: null });
    const { answersAfterMs } = this.#options;
    if (method === "transact" && answersAfterMs !== undefined) setTimeout(reply, answersAfterMs).unref();
    else reply();
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
    const { tunnelIp, place, tables } = this.#options;
    if (tunnelIp !== undefined) ids.push(["weft-tunnel-ip", tunnelIp]);
    if (place === undefined) return { Open_vSwitch: this.#root(ids, []), ...tables } as JsonObject;
    const marks = { "weft-index": `${place.index}`, "weft-fabric": FABRIC_ID, "weft-host": this.systemId };
    const columns = { name: "br-int", datapath_id: place.dpid, external_ids: ["map", [["weft-fabric", FABRIC_ID]]] };
    const bridge = randomUUID();
    const root = this.#root([...ids, ...Object.entries(marks)], [bridge]);
    return { Open_vSwitch: root, Bridge: { [bridge]: { initial: columns } }, ...tables } as JsonObject;
  }

  #root(ids: Json[], bridges: readonly string[]): JsonObject {
    const columns = {
      external_ids: ["map", ids],
      ovs_version: "3.1.0",
      bridges: ["set", bridges.map((uuid) => ["uuid", uuid])],
    };
    return { [this.rootUuid]: { initial: columns } } as unknown as JsonObject;
  }
}
