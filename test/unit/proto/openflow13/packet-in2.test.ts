// NXT_PACKET_IN2 as a real ovs-vswitchd writes it, and NXT_RESUME as it takes it.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "../../../../proto/bytes/hex.ts";
import type { NxPacketIn2 } from "../../../../proto/openflow13/index.ts";
import { RealSwitch } from "../../southbound/openflow/real-switch.ts";
import { ovsOfctlMissing } from "./ovs-ofctl.ts";
import { SwitchClient } from "./switch-client.ts";

const FRAME = `ffffffffffff0a00000000010800${"00".repeat(46)}`;

describe.skipIf(ovsOfctlMissing())("a packet-in2 of a real switch", () => {
  let sw: RealSwitch;
  let client: SwitchClient;

  beforeAll(async () => {
    sw = await RealSwitch.start();
    client = new SwitchClient(join(sw.directory, "br0.mgmt"));
  }, 30_000);

  afterAll(async () => {
    client?.close();
    await sw?.stop();
  });

  const packetIn = (): Promise<NxPacketIn2> =>
    client.next((message) => (message.kind === "nx_packet_in2" ? message : undefined));

  it("decodes with all its properties, and a paused packet goes on where it was", async () => {
    client.send({ kind: "set_config", xid: 2, flags: 0, missSendLen: 0xffff });
    client.send({ kind: "nx_set_packet_in_format", xid: 3, format: 2 });
    client.send({ kind: "nx_set_controller_id", xid: 4, controllerId: 3 });
    client.send({ kind: "barrier_request", xid: 5 });
    await client.next((message) => (message.kind === "barrier_reply" ? message : undefined));
    const steps =
      "load:5->NXM_NX_REG3[],controller(id=3,userdata=01.02.03,pause),load:6->NXM_NX_REG3[],controller(id=3)";
    await sw.ofctl("add-flow", "table=0,actions=resubmit(,7)");
    await sw.ofctl("add-flow", `table=7,in_port=1,cookie=0x55,actions=${steps}`);
    await sw.receive("p1", FRAME);

    const paused = await packetIn();
    expect(paused).toMatchObject({
      ...{ tableId: 0, reason: 1, userdata: Uint8Array.of(1, 2, 3) },
      metadata: [
        { field: "in_port", value: 1 },
        { field: "nx_reg3", value: 5 },
      ],
    });
    expect(toHex(paused.packet ?? new Uint8Array(0))).toBe(FRAME);
    expect(paused.continuation?.length).toBeGreaterThan(0);

    client.send({ ...paused, kind: "nx_resume", xid: 6 });
    const resumed = await packetIn();
    expect(resumed.metadata).toEqual([
      { field: "in_port", value: 1 },
      { field: "nx_reg3", value: 6 },
    ]);
  });
});
