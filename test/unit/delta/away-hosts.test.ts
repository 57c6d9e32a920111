// What is said about a host that is away, by a switch that says it is its own and by a member that makes hosts up.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import type { Json, JsonObject } from "../../../proto/ovsdb/json-text.ts";
import { desiredFlow } from "../../../src/pipeline/desired.ts";
import { arpFrame, frameToBytes } from "../../../src/trace/index.ts";
import { ControllerOnLoopback, TEST_TIMEOUT_MS, until } from "./controller-on-loopback.ts";
import { WireHost } from "./wire-host.ts";
import { WireSwitch } from "./wire-switch.ts";

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

const FABRIC = "f0";
const GUEST = "02:00:00:00:00:0b";

/** A bridge of Weft's with tunnels that name those peers. */
function tunnelsTo(peers: readonly { readonly id: string; readonly index: number; readonly ip: string }[]): JsonObject {
  const bridge = randomUUID();
  const ports: Record<string, Json> = {};
  const interfaces: Record<string, Json> = {};
  for (const { id, index, ip } of peers) {
    const [port, row] = [randomUUID(), randomUUID()];
    const name = `geneve${index}`;
    const ids = [
      ["weft-fabric", FABRIC],
      ["weft-peer", id],
      ["weft-peer-index", String(index)],
    ];
    ports[port] = { initial: { name, interfaces: ["uuid", row] } } as unknown as Json;
    interfaces[row] = {
      initial: { name, type: "geneve", external_ids: ["map", ids], options: ["map", [["remote_ip", ip]]] },
    } as unknown as Json;
  }
  const refs = ["set", Object.keys(ports).map((uuid) => ["uuid", uuid])];
  const own = { name: "br-int", ports: refs, external_ids: ["map", [["weft-fabric", FABRIC]]] };
  return { Bridge: { [bridge]: { initial: own } }, Port: ports, Interface: interfaces } as unknown as JsonObject;
}

async function withAway(
  settings: Readonly<Record<string, unknown>>,
  awayAt: string,
  test: (controller: ControllerOnLoopback, forger: WireSwitch) => Promise<void>,
): Promise<void> {
  const controller = await ControllerOnLoopback.start({ fabric: { id: FABRIC }, hosts: { a: {}, b: {} }, ...settings });
  const tables = tunnelsTo([{ id: "b", index: 2, ip: awayAt }]);
  const a = await WireHost.connect(controller.ovsdbPort, { systemId: "a", tunnelIp: "10.2.0.1", tables });
  await until("b is known of", () => controller.queries.hosts().some((host) => host.id === "b"));
  const forger = await WireSwitch.connect(controller.openFlowPort, 0xb0bn);
  const identity = desiredFlow({
    ...{ table: "classify", priority: 0, match: [], instructions: [] },
    cookie: { kind: "identity", place: 2, vni: 0 },
  });
  const counts = { durationSec: 0, durationNsec: 0, packetCount: 0n, byteCount: 0n, importance: 0 };
  forger.flows.set("identity", { ...identity, ...counts, hardTimeoutSec: 0 });
  try {
    await test(controller, forger);
  } finally {
    forger.socket.destroy();
    a.socket.destroy();
    await controller.stop();
  }
}

const heard = (controller: ControllerOnLoopback) => controller.queries.endpoints().filter((one) => one.mac === GUEST);

function speak(forger: WireSwitch): void {
  const announcement = { source: GUEST, destination: "ff:ff:ff:ff:ff:ff", operation: 1 } as const;
  forger.packetIn(1, 4095n, frameToBytes(arpFrame({ ...announcement, senderIp: "10.0.0.9", targetIp: "10.0.0.9" })));
}

async function isHeardOf(controller: ControllerOnLoopback, forger: WireSwitch): Promise<void> {
  await until("its guest is known", () => {
    speak(forger);
    return heard(controller).length > 0;
  });
  expect(heard(controller)).toMatchObject([{ host: "b" }]);
}

describe("a switch whose flows say that it is that of a host which is away", () => {
  it("is taken for it where everybody gets a place", () =>
    withAway({}, "10.2.0.2", (controller, forger) => isHeardOf(controller, forger)));

  it("is taken for it at the address by which peers know the host", () =>
    withAway({ admit: "known" }, "127.0.0.1", (controller, forger) => isHeardOf(controller, forger)));

  it("is not taken for it from elsewhere, where hosts have to be known: what it shows counts for nothing", () =>
    withAway({ admit: "known" }, "10.2.0.2", async (controller, forger) => {
      const asked = () => forger.received.some((m) => m.kind === "multipart_request" && m.body.kind === "flow");
      await until("its flows are read", asked);
      for (let times = 0; times < 20; times++) {
        speak(forger);
        await forger.isHeard();
        await sleep(20);
      }
      expect(heard(controller)).toEqual([]);
      expect(controller.queries.hosts().find((host) => host.id === "b")?.openflow).toBe("disconnected");
    }));
});
