// A switch whose statistics are not true: it is written to again, and nothing of what it says becomes or ends a fact.
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { decodeCookie } from "../../../src/pipeline/registry.ts";
import { arpFrame, frameToBytes } from "../../../src/trace/index.ts";
import { ControllerOnLoopback, TEST_TIMEOUT_MS, until } from "./controller-on-loopback.ts";
import { WireSwitch } from "./wire-switch.ts";

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

const GUEST = "02:00:00:00:00:0a";
const NOBODY = 0x0200000000ffn;

let controller: ControllerOnLoopback;
let liar: WireSwitch;

beforeAll(async () => {
  controller = await ControllerOnLoopback.start();
  // Without a flow monitor it is read again and again.
  liar = await WireSwitch.connect(controller.openFlowPort, 0x1n);
  await liar.served();
  const said = { source: GUEST, destination: "ff:ff:ff:ff:ff:ff", operation: 1, senderIp: "10.0.0.1" };
  liar.packetIn(1, 4095n, frameToBytes(arpFrame({ ...said, targetIp: "10.0.0.2" })));
  await until("the guest has its flow", () => liar.count("known-mac") === 1);
});

afterAll(async () => {
  liar?.socket.destroy();
  await controller?.stop();
});

const guests = () => controller.queries.endpoints().map(({ mac, port, ips }) => [mac, port, ips]);

it("that it holds nothing any more has all of it written again, and ends no endpoint", async () => {
  const held = [...liar.flows.keys()].sort();
  const before = guests();
  liar.flows.clear();
  liar.groups.clear();
  await until("all is written again", () => liar.flows.size === held.length);
  expect([...liar.flows.keys()].sort()).toEqual(held);
  expect(guests()).toEqual(before);
});

it("that it holds flows of guests who never spoke has these deleted, and makes no endpoint", async () => {
  const before = guests();
  const [key, flow] = [...liar.flows].find(([, { cookie }]) => decodeCookie(cookie)?.kind === "known-mac") ?? [];
  if (key === undefined || flow === undefined) throw new Error("no flow of a guest");
  const forged = flow.match.map((tlv) => (tlv.field === "eth_src" ? { ...tlv, value: NOBODY } : tlv));
  liar.flows.set("forged", { ...flow, match: forged });
  const isDeleted = () =>
    liar.received.some((message) => {
      const inner = message.kind === "bundle_add" ? message.message : message;
      const about = inner.kind === "flow_mod" && inner.command === "delete_strict" ? inner.match : [];
      return about.some((tlv) => tlv.field === "eth_src" && tlv.value === NOBODY);
    });
  await until("it is deleted", isDeleted);
  liar.flows.delete("forged");
  expect(guests()).toEqual(before);
});
