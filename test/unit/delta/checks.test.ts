// Whom a check writes to, and who can't stop one.
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { JsonObject } from "../../../proto/ovsdb/json-text.ts";
import { ControllerOnLoopback, TEST_TIMEOUT_MS, until } from "./controller-on-loopback.ts";
import { WireHost } from "./wire-host.ts";
import { WireSwitch } from "./wire-switch.ts";

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

let controller: ControllerOnLoopback;
const peers: { readonly socket: { destroy(): void } }[] = [];

beforeEach(async () => {
  controller = await ControllerOnLoopback.start();
});

afterEach(async () => {
  for (const { socket } of peers.splice(0)) socket.destroy();
  await controller.stop();
});

async function aSwitch(dpid: bigint): Promise<WireSwitch> {
  const wire = await WireSwitch.connect(controller.openFlowPort, dpid);
  peers.push(wire);
  return wire;
}

it("A switch that hangs up when a check begins does not end it for the others", async () => {
  const [going, staying] = [await aSwitch(0x1n), await aSwitch(0x2n)];
  await Promise.all([going.served(), staying.served()]);
  going.socket.once("data", () => going.socket.destroy());
  const view = await controller.queries.check({ hosts: [] });
  expect(view.problems).toEqual([]);
  expect(staying.count("check-end")).toBe(0);
});

it("Nothing is written to the switch of a host that Weft leaves to others", async () => {
  const bridge = { name: "br-int", datapath_id: "0000000000000077" };
  const ids = [
    "map",
    [
      ["system-id", "theirs"],
      ["weft-tunnel-ip", "10.4.0.7"],
      ["ovn-remote", "tcp:192.0.2.1:6642"],
    ],
  ];
  const tables = {
    Open_vSwitch: { [randomUUID()]: { initial: { external_ids: ids, ovs_version: "3.1.0" } } },
    Bridge: { [randomUUID()]: { initial: bridge } },
  } as unknown as JsonObject;
  peers.push(await WireHost.connect(controller.ovsdbPort, { systemId: "theirs", tables }));
  const standsAt = (state: string) =>
    controller.queries.hosts().some((host) => host.id === "theirs" && host.state === state);
  await until("it is refused", () => standsAt("refused"));
  const theirs = await aSwitch(0x77n);
  await until("it is connected", () => controller.log.some((line) => line.msg === "switch connected by OpenFlow"));
  const ours = await aSwitch(0x1n);
  await ours.served();
  await controller.queries.check({ hosts: [] });
  expect(ours.received.some(({ kind }) => kind === "bundle_add")).toBe(true);
  expect(theirs.received.filter(({ kind }) => kind === "bundle_add" || kind === "flow_mod")).toEqual([]);
});
