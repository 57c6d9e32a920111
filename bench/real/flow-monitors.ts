// What real switches take in, as they tell it themselves: a flow monitor on a connection of our own to each bridge.
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import {
  decodeRange,
  encode,
  type Match,
  MessageFramer,
  OFPP,
  OFPTT,
  ONFFMF,
  type OpenFlowMessage,
} from "../../proto/openflow13/index.ts";
import type { Host } from "../../src/lab/index.ts";
import { BENCH_MACS, destinationOf } from "../endpoints.ts";
import { FlowWatch } from "../fleet/flow-watch.ts";

const VERSION = 4;

/** By what a flow is known to lead to an endpoint. */
export interface FlowMark {
  readonly tableIds: readonly number[];
  /** Of all of them. */
  readonly match: Match;
  numberOf(match: Match): number | undefined;
}

const BY_DESTINATION: FlowMark = {
  tableIds: [OFPTT.ALL],
  match: [{ field: "eth_dst", ...BENCH_MACS }],
  numberOf: destinationOf,
};

export class FlowMonitors {
  readonly watch = new FlowWatch();
  readonly #sockets: Socket[] = [];

  /** Of the bridge of each host; only of flows that bear the mark it is told. */
  static async open(hosts: readonly Host[], bridge: string, mark: FlowMark = BY_DESTINATION): Promise<FlowMonitors> {
    const monitors = new FlowMonitors();
    await Promise.all(hosts.map((host) => monitors.#follow(host, bridge, mark)));
    return monitors;
  }

  #follow(host: Host, bridge: string, mark: FlowMark): Promise<void> {
    const socket = connect(join(host.dir, `${bridge}.mgmt`));
    this.#sockets.push(socket);
    const send = (message: OpenFlowMessage): void => void socket.write(encode(message));
    const framer = new MessageFramer();
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      const received = (message: OpenFlowMessage): void => {
        if (message.kind === "hello") {
          const flags = ONFFMF.ADD | ONFFMF.MODIFY;
          const { match, tableIds } = mark;
          const monitors = tableIds.map((tableId) => ({
            monitorId: tableId + 1,
            flags,
            outPort: OFPP.ANY,
            tableId,
            match,
          }));
          send({ kind: "multipart_request", xid: 2, flags: 0, body: { kind: "onf_flow_monitor", monitors } });
          // Open vSwitch does not answer where there is nothing to tell yet.
          send({ kind: "barrier_request", xid: 3 });
        } else if (message.kind === "echo_request") send({ ...message, kind: "echo_reply" });
        else if (message.kind === "barrier_reply") resolve();
        else if (message.kind === "error")
          reject(new Error(`${host.name} refuses a flow monitor: ${message.type}/${message.code}`));
        else if (message.kind === "multipart_reply" && message.body.kind === "onf_flow_monitor")
          for (const update of message.body.updates)
            if (update.kind !== "abbreviated") this.watch.saw(host.name, mark.numberOf(update.match));
      };
      socket.on("data", (bytes) =>
        framer.push(bytes, (buffer, start, end) => {
          const message = buffer.slice(start, end);
          received(decodeRange(message, 0, message.length));
        }),
      );
      send({
        kind: "hello",
        xid: 1,
        elements: [{ kind: "version_bitmap", bitmaps: [1 << VERSION] }],
        version: VERSION,
      });
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
