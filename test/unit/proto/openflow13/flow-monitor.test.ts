// The ONF's flow monitor against a real ovs-vswitchd: as Weft's codec subscribes, and as ovs-ofctl does.
import { spawn } from "node:child_process";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "../../../../proto/bytes/hex.ts";
import {
  decode,
  encode,
  type FlowUpdate,
  formatInstructions,
  formatMatch,
  MessageFramer,
  OFPP,
  ONFFMF,
  type OpenFlowMessage,
  parseFlow,
} from "../../../../proto/openflow13/index.ts";
import { RealSwitch } from "../../southbound/openflow/real-switch.ts";
import { ofpParse, ovsOfctlMissing } from "./ovs-ofctl.ts";
import { SwitchClient } from "./switch-client.ts";

const ALL = ONFFMF.INITIAL | ONFFMF.ADD | ONFFMF.DELETE | ONFFMF.MODIFY | ONFFMF.ACTIONS;

function subscribe(xid: number, flags: number): OpenFlowMessage {
  const monitor = { monitorId: xid, flags, outPort: OFPP.ANY, tableId: 0xff, match: [] };
  return {
    kind: "multipart_request",
    xid,
    flags: 0,
    body: { kind: "onf_flow_monitor", monitors: [monitor] },
  };
}

interface Updates {
  readonly xid: number;
  readonly updates: readonly FlowUpdate[];
  readonly bytes: Uint8Array;
}

/** The next flow updates, with the xid they came under. */
function updates(client: SwitchClient): Promise<Updates> {
  return client.next((message, bytes) =>
    message.kind === "multipart_reply" && message.body.kind === "onf_flow_monitor"
      ? { xid: message.xid, updates: message.body.updates, bytes }
      : undefined,
  );
}

function text(update: FlowUpdate): string {
  if (update.kind === "abbreviated") return `abbreviated ${update.xid}`;
  const match = formatMatch(update.match);
  return `${update.kind} ${update.tableId} ${update.priority} ${match} ${formatInstructions(update.instructions)}`;
}

describe.skipIf(ovsOfctlMissing())("a flow monitor on a real switch", () => {
  let sw: RealSwitch;
  const clients: SwitchClient[] = [];

  const connectClient = (): SwitchClient => {
    const client = new SwitchClient(join(sw.directory, "br0.mgmt"));
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    sw = await RealSwitch.start();
    await sw.ofctl("add-flow", "table=1,priority=5,tcp,in_port=1,tp_dst=80,actions=output:2");
  }, 30_000);

  afterAll(async () => {
    for (const client of clients) client.close();
    await sw?.stop();
  });

  it("tells of the flows there are, then of those that others add, modify and remove", async () => {
    const client = connectClient();
    client.send(subscribe(7, ALL));
    const initial = await updates(client);
    expect(initial.xid).toBe(7);
    expect(initial.updates.map(text)).toEqual(["added 1 5 tcp,in_port=1,tp_dst=80 output:2"]);

    await sw.ofctl("add-flow", "table=2,priority=7,udp,idle_timeout=9,cookie=0x77,actions=output:1,goto_table:3");
    const added = await updates(client);
    expect(added.xid).toBe(0);
    expect(added.updates.map(text)).toEqual(["added 2 7 udp output:1,goto_table:3"]);
    expect(added.updates[0]).toMatchObject({ idleTimeoutSec: 9, hardTimeoutSec: 0, cookie: 0x77n, reason: 0 });

    await sw.ofctl("mod-flows", "table=2,udp,actions=learn(table=5,output:NXM_OF_IN_PORT[])");
    const modified = await updates(client);
    expect(modified.updates.map(text)).toEqual(["modified 2 7 udp learn(table=5,output:NXM_OF_IN_PORT[])"]);

    await sw.ofctl("del-flows", "table=2");
    const deleted = await updates(client);
    expect(deleted.updates.map(text)).toEqual(["deleted 2 7 udp learn(table=5,output:NXM_OF_IN_PORT[])"]);
    expect(deleted.updates[0]).toMatchObject({ reason: 2 });
    expect(ofpParse([initial.bytes, added.bytes, modified.bytes, deleted.bytes])).toEqual([
      expect.stringMatching(/ONFST_FLOW_MONITOR reply .*event=ADDED table=1 .*tp_dst=80 actions=output:2/),
      expect.stringMatching(/event=ADDED table=2 idle_timeout=9 cookie=0x77 udp actions=output:1,goto_table:3/),
      expect.stringMatching(/event=MODIFIED table=2 .*actions=learn\(table=5,output:NXM_OF_IN_PORT\[\]\)/),
      expect.stringMatching(/event=DELETED reason=delete table=2/),
    ]);
  });

  it("tells of one's own changes by their xid alone, and in full when asked to", async () => {
    const client = connectClient();
    client.send(subscribe(8, ALL & ~ONFFMF.INITIAL));
    await updates(client);
    client.send({ ...parseFlow("table=4,priority=9,arp,actions=drop"), xid: 0x1234 });
    expect((await updates(client)).updates).toEqual([{ kind: "abbreviated", xid: 0x1234 }]);

    const whole = connectClient();
    whole.send(subscribe(9, (ALL & ~ONFFMF.INITIAL) | ONFFMF.OWN));
    await updates(whole);
    whole.send({ ...parseFlow("table=4,priority=10,arp,actions=drop"), xid: 0x1235 });
    expect((await updates(whole)).updates.map(text)).toEqual(["added 4 10 arp drop"]);
  });

  it("reads what ovs-ofctl asks for, and writes the same", async () => {
    const seen: Uint8Array[] = [];
    const tap = tapOf(join(sw.directory, "br0.mgmt"), seen);
    const path = join(sw.directory, "tap.mgmt");
    await new Promise<void>((resolve) => tap.listen(path, resolve));
    const spec = "watch:!initial,!own,table=2,out_port=3,udp,in_port=1";
    const env = { ...process.env, OVS_RUNDIR: sw.directory };
    const child = spawn("ovs-ofctl", ["-OOpenFlow13", "monitor", `unix:${path}`, spec], { env, stdio: "ignore" });
    try {
      await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThan(0);
    } finally {
      child.kill();
      tap.close();
    }
    const [bytes = new Uint8Array(0)] = seen;
    const message = decode(bytes);
    expect(message).toMatchObject({
      body: {
        monitors: [{ monitorId: 0, flags: ALL & ~ONFFMF.INITIAL, outPort: 3, tableId: 2 }],
      },
    });
    if (message.kind !== "multipart_request" || message.body.kind !== "onf_flow_monitor") throw new Error(message.kind);
    expect(message.body.monitors.map((monitor) => formatMatch(monitor.match))).toEqual(["udp,in_port=1"]);
    expect(toHex(encode(message))).toBe(toHex(bytes));
  });
});

/** Passes a connection on to `target` and gathers the flow monitor requests in it. */
function tapOf(target: string, seen: Uint8Array[]): Server {
  return createServer((client) => {
    const framer = new MessageFramer();
    const upstream = connect(target);
    client.on("data", (chunk) => {
      framer.push(chunk, (buffer, start, end) => {
        const bytes = Uint8Array.from(buffer.subarray(start, end));
        const message = decode(bytes);
        if (message.kind === "multipart_request" && message.body.kind === "onf_flow_monitor") seen.push(bytes);
      });
    });
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        client.destroy();
        upstream.destroy();
      });
    }
  });
}
