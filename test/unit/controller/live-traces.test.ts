// Live traces: no probe is sent that could get past the flows that catch it.
import { expect, it } from "vitest";
import { LiveTraces } from "../../../src/controller/live-traces.ts";
import type { SwitchEntry } from "../../../src/controller/switch-entry.ts";
import type { Traces } from "../../../src/controller/traces.ts";
import { TABLES } from "../../../src/pipeline/registry.ts";
import { traceView } from "../../../src/trace/index.ts";
import { flow, picture } from "../trace/picture.ts";

const EGRESS = TABLES.egress.id;
const REQUEST = { from: "vm1", to: "vm2" };

function caught() {
  const hosts = picture().hosts.map((host) => ({
    ...host,
    switch: {
      ...host.switch!,
      flows: [
        ...host.switch!.flows.filter(({ text }) => !text.includes("output:1")),
        flow(`table=0,priority=500,in_port=11 actions=resubmit(,${EGRESS})`, "tunnel"),
        flow(`table=${EGRESS},priority=1 actions=output:1`, "egress"),
      ],
    },
  }));
  return picture({ hosts });
}

/** @param applyMs how long a switch takes for flows. */
async function traced(applyMs: number) {
  let nowMs = 0;
  let sent = 0;
  const applied = new Map<string, string[]>();
  const whole = caught();
  const entries = new Map(
    whole.hosts.map(({ id }) => {
      const session = {
        apply: async (messages: readonly { readonly command: string }[]) => {
          nowMs += applyMs;
          applied.set(id, [...(applied.get(id) ?? []), ...messages.map(({ command }) => command)]);
          return { ok: true, errors: [] };
        },
        barrier: () => Promise.resolve(),
        packetOut: () => {
          sent += 1;
        },
      };
      return [id, { dpid: id, session } as unknown as SwitchEntry];
    }),
  );
  const hosts = new Map(whole.hosts.map(({ id }) => [id, { id }]));
  const traces = {
    fabrics: [{ hosts }],
    tracedPicture: async () => ({ picture: whole, view: traceView(whole, REQUEST) }),
  } as unknown as Traces;
  const timers = {
    now: () => nowMs,
    setTimer: (_ms: number, callback: () => void) => {
      const timer = setImmediate(callback);
      return { cancel: () => clearImmediate(timer) };
    },
  };
  const live = new LiveTraces({ traces, switchOf: ({ id }) => entries.get(id) ?? null, isServed: () => true, timers });
  const outcome = await live.trace(REQUEST).then(
    ({ verdict }) => verdict,
    (error: Error) => error.message,
  );
  return { outcome, sent, applied };
}

it("A probe is sent where switches take the flows that catch it, and these are taken away again", async () => {
  const { outcome, sent, applied } = await traced(1);
  expect([outcome, sent]).toEqual(["lost", 3]);
  for (const commands of applied.values()) expect(commands).toEqual(["add", "add", "delete_strict", "delete_strict"]);
});

it("No probe is sent where the flows that catch it could be gone before it is there", async () => {
  const { outcome, sent, applied } = await traced(3_000);
  expect(outcome).toContain("slow to take the flows that catch a probe");
  expect(sent).toBe(0);
  // Tried once more, and then taken away.
  for (const commands of applied.values()) {
    expect(commands).toEqual(["add", "add", "add", "add", "delete_strict", "delete_strict"]);
  }
});

it("So many wait for one that is under way, and who comes after them is told so at once", async () => {
  let done: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    done = resolve;
  });
  const traces = {
    fabrics: [],
    tracedPicture: async () => {
      await gate;
      throw new Error("there is nothing to trace");
    },
  } as unknown as Traces;
  const timers = { now: () => 0, setTimer: () => ({ cancel: () => undefined }) };
  const live = new LiveTraces({ traces, switchOf: () => null, isServed: () => true, timers });
  const outcomes = Array.from({ length: 12 }, () => live.trace(REQUEST).catch((error: Error) => error.message));
  const refused = await Promise.all(outcomes.slice(9));
  expect(refused).toEqual(
    Array(3).fill("8 live traces wait for the one that is under way; try again when they are done, or without --live"),
  );
  done();
  expect(await Promise.all(outcomes.slice(0, 9))).toEqual(Array(9).fill("there is nothing to trace"));
  // There is room again.
  expect(await live.trace(REQUEST).catch((error: Error) => error.message)).toBe("there is nothing to trace");
});
