// When the last of many real hosts has all of its tunnels: told by their databases, not asked of them.
import { connect, type Socket } from "node:net";
import { JsonFramer } from "../../proto/ovsdb/json-framer.ts";
import { isJsonArray, isJsonObject, type Json, jsonText, member } from "../../proto/ovsdb/json-text.ts";
import { databaseSocketOf } from "../../src/lab/daemon.ts";
import type { Host } from "../../src/lab/index.ts";

const MAX_BYTES = 64 * 1024 * 1024;
const TUNNELS: ReadonlySet<Json> = new Set(["geneve", "gre", "stt", "vxlan"]);
const COLUMNS = ["bfd", "bfd_status", "ofport", "type"];

const now = (): number => performance.timeOrigin + performance.now();

interface TunnelRow {
  /** It has a number on its bridge. */
  readonly isThere: boolean;
  /** BFD says that it forwards, or BFD is not asked. */
  readonly isLive: boolean;
}

function entriesOf(datum: Json | undefined): ReadonlyMap<Json, Json> {
  if (!isJsonArray(datum) || datum[0] !== "map" || !isJsonArray(datum[1])) return new Map();
  return new Map(
    datum[1].flatMap((pair): [Json, Json][] => (isJsonArray(pair) ? [[pair[0] ?? null, pair[1] ?? null]] : [])),
  );
}

function rowOf(row: Json | undefined): TunnelRow | undefined {
  if (row === undefined || !isJsonObject(row) || !TUNNELS.has(member(row, "type") ?? null)) return undefined;
  const ofport = member(row, "ofport");
  const isThere = typeof ofport === "number" && ofport > 0;
  const hasBfd = entriesOf(member(row, "bfd")).get("enable") === "true";
  const forwards = entriesOf(member(row, "bfd_status")).get("forwarding") === "true";
  return { isThere, isLive: isThere && (!hasBfd || forwards) };
}

export class TunnelWatch {
  readonly #sockets: Socket[] = [];
  readonly #rows = new Map<string, Map<string, TunnelRow>>();
  #changed: () => void = () => undefined;

  static async open(hosts: readonly Host[]): Promise<TunnelWatch> {
    const watch = new TunnelWatch();
    await Promise.all(hosts.map((host) => watch.#follow(host)));
    return watch;
  }

  #follow(host: Host): Promise<void> {
    const socket = connect(databaseSocketOf(host.dir));
    this.#sockets.push(socket);
    const rows = new Map<string, TunnelRow>();
    this.#rows.set(host.name, rows);
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      const take = (updates: Json): void => {
        const table = isJsonObject(updates) ? member(updates, "Interface") : undefined;
        for (const [uuid, update] of table !== undefined && isJsonObject(table) ? Object.entries(table) : []) {
          const row = isJsonObject(update) ? rowOf(member(update, "new")) : undefined;
          if (row === undefined) rows.delete(uuid);
          else rows.set(uuid, row);
        }
        this.#changed();
      };
      const framer = new JsonFramer(
        (message) => {
          if (!isJsonObject(message)) return;
          const [method, params] = [member(message, "method"), member(message, "params") ?? null];
          if (method === "echo")
            socket.write(jsonText({ id: member(message, "id") ?? null, result: params, error: null }));
          else if (method === "update" && isJsonArray(params)) take(params[1] ?? null);
          else if (member(message, "id") === "watch") {
            take(member(message, "result") ?? null);
            resolve();
          }
        },
        { maxBytes: MAX_BYTES },
      );
      socket.on("data", (bytes) => framer.push(bytes));
      const request = {
        id: "watch",
        method: "monitor",
        params: ["Open_vSwitch", null, { Interface: { columns: COLUMNS } }],
      };
      socket.write(jsonText(request));
    });
  }

  #lacking(isSo: (row: TunnelRow) => boolean, each: number): string[] {
    return [...this.#rows].flatMap(([name, rows]) => {
      const count = [...rows.values()].filter(isSo).length;
      return count >= each ? [] : [`${name} has ${count} of ${each}`];
    });
  }

  /** The moment, in milliseconds since 1970, at which every host had so many tunnels. */
  all(each: number, { live }: { readonly live: boolean }, timeoutSec: number): Promise<number> {
    const lacking = (): string[] => this.#lacking((row) => (live ? row.isLive : row.isThere), each);
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (lacking().length > 0) return;
        clearTimeout(timer);
        this.#changed = () => undefined;
        resolve(now());
      };
      const timer = setTimeout(() => {
        this.#changed = () => undefined;
        const state = live ? "live tunnels" : "tunnels";
        reject(new Error(`not all ${state} after ${timeoutSec} s: ${lacking().slice(0, 5).join(", ")}`));
      }, timeoutSec * 1000);
      this.#changed = look;
      look();
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
