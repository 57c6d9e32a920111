// A hundred hosts that come back to a controller at once: each is served, and none has to wait for all others.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { callControl } from "../../../src/api/index.ts";
import { recordMeasured } from "../../lab/faults.ts";
import { BuiltProgram } from "../cli/built.ts";
import { PATIENCE_MS, until } from "./controller-on-loopback.ts";
import { WireHost } from "./wire-host.ts";
import { WireSwitch } from "./wire-switch.ts";

/** On two processors that others use as well; what is measured is the controller's own time. */
vi.setConfig({ testTimeout: 5 * PATIENCE_MS, hookTimeout: PATIENCE_MS });

const HOSTS = 100;
const WITHIN_SEC = 15;
/** Of `utime` and `stime`: USER_HZ is 100 on Linux, whatever the kernel's own. */
const TICKS_PER_SEC = 100;

let weft: BuiltProgram;
let controller: ReturnType<BuiltProgram["start"]>;
let control: string;

beforeAll(() => {
  weft = new BuiltProgram();
  control = join(weft.directory, "crowd.sock");
  const listen = ["--ovsdb", "ptcp:0:127.0.0.1", "--openflow", "ptcp:0:127.0.0.1", "--log-level", "silent"];
  controller = weft.start(["--control", control, "controller", ...listen, "--until-stdin-ends"]);
});

afterAll(() => {
  controller?.kill("SIGKILL");
  weft?.remove();
});

const ask = async (question: string) => JSON.parse(await callControl(control, question, ["--json"], PATIENCE_MS));

/** Seconds that the processors gave the controller. */
function usedSec(): number {
  const [, fields = ""] = readFileSync(`/proc/${controller.pid}/stat`, "utf8").split(") ");
  const [user, system] = fields.split(" ").slice(11, 13).map(Number) as [number, number];
  return (user + system) / TICKS_PER_SEC;
}

it("a hundred hosts that come back at once are all served within 15 s, and none starves", async () => {
  await expect.poll(() => ask("status").catch(() => null), { timeout: PATIENCE_MS }).not.toBeNull();
  const { listeners } = (await ask("status")) as { listeners: readonly string[] };
  const [ovsdbPort, openFlowPort] = ["ovsdb", "openflow"].map((protocol) =>
    Number(listeners.find((one) => one.startsWith(`${protocol} `))?.split(":")[1]),
  ) as [number, number];
  const [cpu, since] = [usedSec(), performance.now()];
  const all = await Promise.all(
    Array.from({ length: HOSTS }, async (_, i) => {
      const connectBridge = () => WireSwitch.connect(openFlowPort, BigInt(0x1000 + i), { monitors: true });
      const bridge = await connectBridge();
      const connectHost = () =>
        WireHost.connect(ovsdbPort, {
          systemId: `host${i}`,
          tunnelIp: `10.4.${i >> 6}.${(i & 63) + 1}`,
          place: { dpid: bridge.dpidText, index: i + 1 },
          obeys: true,
          // They make no tunnels; what is asked of them is asked again, but not at once.
          answersAfterMs: 20_000,
        });
      return { bridge, host: await connectHost(), connectBridge, connectHost, isBack: false, servedSec: Number.NaN };
    }),
  );
  /** On a machine so busy that they miss a deadline, they come again, as Open vSwitch does. */
  const comeAgain = async (one: (typeof all)[number]): Promise<void> => {
    one.isBack = false;
    if (!one.bridge.isOpen) one.bridge = await one.connectBridge();
    if (!one.host.isOpen) one.host = await one.connectHost();
    one.isBack = true;
  };
  for (const one of all) one.isBack = true;
  /** Its database is told what its bridge lacks, and its switch has taken its flows in. */
  const allServed = (): boolean => {
    const waiting = all.filter((one) => Number.isNaN(one.servedSec));
    for (const one of waiting) {
      if (one.isBack && !(one.bridge.isOpen && one.host.isOpen)) void comeAgain(one);
      if (one.host.isAskedFor("Controller") && one.bridge.count("identity") === 1) one.servedSec = usedSec() - cpu;
    }
    return waiting.length === 0;
  };
  await until("all are served", allServed, 4 * PATIENCE_MS);
  const [first, last] = [Math.min, Math.max].map((of) => of(...all.map((one) => one.servedSec))) as [number, number];
  recordMeasured("crowd", {
    fault: `${HOSTS} hosts come back at once`,
    repetitions: 1,
    secondsUntilRight: (performance.now() - since) / 1000,
    figures: { processorSecondsUntilFirst: first, processorSecondsUntilLast: Number(last.toFixed(1)) },
  });
  expect(last).toBeLessThan(WITHIN_SEC);
  for (const { host, bridge } of all) for (const { socket } of [host, bridge]) socket.destroy();
});
