// Stands between the hosts and a controller, lets all bytes through, and stops everything at one chosen message.
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { decode, MessageFramer, type OpenFlowMessage } from "../../proto/openflow13/index.ts";
import { JsonFramer } from "../../proto/ovsdb/json-framer.ts";
import type { Json, JsonObject } from "../../proto/ovsdb/json-text.ts";

type From = "controller" | "host";

/** What passes, in the words of a test. */
export type Passing =
  | { readonly protocol: "openflow"; readonly from: From; readonly message: OpenFlowMessage }
  | { readonly protocol: "ovsdb"; readonly from: From; readonly message: JsonObject };

export interface Aim {
  /** The host at whose connection it happens. */
  readonly hostIp: string;
  /** The message; it is asked about each once, in order. */
  readonly at: (passing: Passing) => boolean;
  /** Whether that message still arrives. */
  readonly arrives: boolean;
  /** What is cut at that moment: this one connection, or all of them, as when the controller is gone. */
  readonly cuts: "connection" | "everything";
}

interface Crossing {
  readonly host: Socket;
  readonly controller: Socket;
  readonly hostIp: string;
  /** After an aim has hit: nothing passes any more. */
  closed: boolean;
}

/** The bytes of a stream in pieces that belong together, with the messages in each. */
type Cutter = (bytes: Uint8Array, onPiece: (piece: Uint8Array, messages: readonly Passing[]) => void) => void;

function openFlowCutter(from: From): Cutter {
  const framer = new MessageFramer();
  return (bytes, onPiece) =>
    framer.push(bytes, (buffer, start, end) => {
      const piece = buffer.slice(start, end);
      onPiece(piece, [{ protocol: "openflow", from, message: decode(piece) }]);
    });
}

/** A chunk is one piece: what ends in it has passed, or has not, with all of it. */
function ovsdbCutter(from: From): Cutter {
  let messages: Passing[] = [];
  const framer = new JsonFramer((message: Json) => {
    messages.push({ protocol: "ovsdb", from, message: message as JsonObject });
  });
  return (bytes, onPiece) => {
    messages = [];
    framer.push(bytes);
    onPiece(bytes, messages);
  };
}

const CUTTERS = { openflow: openFlowCutter, ovsdb: ovsdbCutter };

export class MessageGate {
  readonly #servers: Server[] = [];
  readonly #crossings = new Set<Crossing>();
  #aim: (Aim & { readonly hit: (passing: Passing) => void }) | null = null;

  /** @param to the Unix socket of the controller. */
  async open(protocol: "openflow" | "ovsdb", at: { host: string; port: number }, to: string): Promise<void> {
    const server = createServer((host) => this.#join(protocol, host, to));
    this.#servers.push(server);
    server.listen(at);
    await once(server, "listening");
  }

  /**
   * Resolves when the aim was hit, with the message; by then it is cut. @param atOnce runs in the same turn, before
   * anything else can pass: a process can be killed there.
   */
  hit(aim: Aim, atOnce: () => void): Promise<Passing> {
    return new Promise((resolve) => {
      const hit = (passing: Passing): void => {
        this.#aim = null;
        atOnce();
        resolve(passing);
      };
      this.#aim = { ...aim, hit };
    });
  }

  disarm(): void {
    this.#aim = null;
  }

  async close(): Promise<void> {
    for (const crossing of this.#crossings) this.#end(crossing);
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #join(protocol: "openflow" | "ovsdb", host: Socket, to: string): void {
    const controller = connect(to);
    const hostIp = (host.remoteAddress ?? "").replace(/^::ffff:/, "");
    const crossing: Crossing = { host, controller, hostIp, closed: false };
    this.#crossings.add(crossing);
    this.#pass(crossing, host, controller, CUTTERS[protocol]("host"));
    this.#pass(crossing, controller, host, CUTTERS[protocol]("controller"));
  }

  #pass(crossing: Crossing, from: Socket, to: Socket, cut: Cutter): void {
    from.setNoDelay(true);
    from.on("error", () => undefined);
    from.on("close", () => this.#end(crossing));
    from.on("data", (bytes: Buffer) => {
      cut(bytes, (piece, messages) => {
        if (crossing.closed) return;
        const target = messages.find((passing) => this.#aim?.hostIp === crossing.hostIp && this.#aim.at(passing));
        const aim = this.#aim;
        if (target === undefined || aim === null) {
          to.write(piece);
          return;
        }
        if (aim.arrives) to.write(piece);
        aim.hit(target);
        for (const each of aim.cuts === "everything" ? [...this.#crossings] : [crossing]) this.#end(each);
      });
    });
  }

  /** What was written before still arrives. */
  #end(crossing: Crossing): void {
    if (crossing.closed) return;
    crossing.closed = true;
    this.#crossings.delete(crossing);
    crossing.controller.destroy();
    crossing.host.end();
    crossing.host.resume();
  }
}
