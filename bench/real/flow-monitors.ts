// What real switches take in, as they tell it themselves: a flow monitor on a connection of our own to each bridge.
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import {
  decodeRange,
  encode,
  MessageFramer,
  OFPP,
  OFPTT,
  ONFFMF,
  type OpenFlowMessage,
} from "../../proto/openflow13/index.ts";
import type { Host } from "../../src/lab/index.ts";
import { BENCH_MACS } from "../endpoints.ts";
import { FlowWatch } from "../fleet/flow-watch.ts";

const VERSION = 4;

export class FlowMonitors {
  readonly watch = new FlowWatch();
  readonly #sockets: Socket[] = [];

  /** Of the bridge of each host; only flows to the benchmark's own endpoints are told of. */
  static async open(hosts: readonly Host[], bridge: string): Promise<FlowMonitors> {
    const monitors = new FlowMonitors();
    await Promise.all(hosts.map((host) => monitors.#follow(host, bridge)));
    return monitors;
  }

  #follow(host: Host, bridge: string): Promise<void> {
    const socket = connect(join(host.dir, `${bridge}.mgmt`));
    this.#sockets.push(socket);
    const send = (message: OpenFlowMessage): void => void socket.write(encode(message));
    const framer = new MessageFramer();
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      const received = (message: OpenFlowMessage): void => {
        if (message.kind === "hello") {
          const match = [{ field: "eth_dst", ...BENCH_MACS }] as const;
          const flags = ONFFMF.ADD | ONFFMF.MODIFY;
          const monitors = [{ monitorId: 1, flags, outPort: OFPP.ANY, tableId: OFPTT.ALL, match }];
          send({ kind: "multipart_request", xid: 2, flags: 0, body: { kind: "onf_flow_monitor", monitors } });
          // Open vSwitch does not answer where there is nothing to tell yet.
          send({ kind: "barrier_request", xid: 3 });
        } else if (message.kind === "echo_request") send({ ...message, kind: "echo_reply" });
        else if (message.kind === "barrier_reply") resolve();
        else if (message.kind === "error")
          reject(new Error(`${host.name} refuses a flow monitor: ${message.type}/${message.code}`));
        else if (message.kind === "multipart_reply" && message.body.kind === "onf_flow_monitor")
          for (const update of message.body.updates)
            if (update.kind !== "abbreviated") this.watch.saw(host.name, update.match);
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
