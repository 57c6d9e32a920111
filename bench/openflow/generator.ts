// The load generator: a process of its own that plays switches, and does what the benchmark's process asks over IPC.
import { type ClosedLoopOptions, Load, type LoopResult, type OpenLoopOptions, type OpenLoopResult } from "./load.ts";
import { type JoinOptions, PlayedFleet } from "./played-fleet.ts";
import { type InstallResult, reinstall, Spreading, type SpreadResult } from "./spreading.ts";

export type Order =
  | { readonly kind: "dial"; readonly count: number; readonly port: number; readonly timeoutMs: number }
  | ({ readonly kind: "join" } & JoinOptions)
  | { readonly kind: "introduce"; readonly isAnswered: boolean; readonly timeoutMs: number }
  | { readonly kind: "forget"; readonly isShared: boolean; readonly timeoutMs: number }
  | ({ readonly kind: "closed" } & ClosedLoopOptions)
  | ({ readonly kind: "open" } & OpenLoopOptions)
  | { readonly kind: "spread"; readonly macs: number; readonly timeoutMs: number }
  | { readonly kind: "reinstall"; readonly flows: number; readonly timeoutMs: number };

/** With how much of a processor the generator itself used meanwhile: near 1 it is what limits the result. */
export interface Busy {
  readonly generatorBusy: number;
}

export type Done = { readonly id: number } & (
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: string }
);

export interface Results {
  readonly dial: null;
  readonly join: null;
  readonly introduce: null;
  readonly forget: null;
  readonly closed: LoopResult & Busy;
  readonly open: OpenLoopResult & Busy;
  readonly spread: SpreadResult & Busy;
  readonly reinstall: InstallResult & Busy;
}

const fleet = new PlayedFleet();
let load: Load | undefined;
let spreading: Spreading | undefined;

async function obey(order: Order): Promise<object | null> {
  switch (order.kind) {
    case "dial":
      await fleet.dial(order.count, order.port, order.timeoutMs);
      return null;
    case "join":
      await fleet.join(order);
      return null;
    case "introduce":
      load = new Load(fleet.switches);
      await load.introduce(order.isAnswered, order.timeoutMs);
      await fleet.quiet(order.timeoutMs);
      return null;
    case "forget":
      await fleet.forget(order.isShared, order.timeoutMs);
      return null;
    case "closed":
      load ??= new Load(fleet.switches);
      return load.closed(order);
    case "open":
      load ??= new Load(fleet.switches);
      return load.open(order);
    case "spread":
      spreading ??= new Spreading(fleet.switches);
      return spreading.spread(order.macs, order.timeoutMs);
    case "reinstall":
      return reinstall(fleet, order.flows, order.timeoutMs);
  }
}

async function serve({ id, order }: { readonly id: number; readonly order: Order }): Promise<Done> {
  const [startMs, usage] = [performance.now(), process.cpuUsage()];
  try {
    const result = await obey(order);
    const { user, system } = process.cpuUsage(usage);
    const generatorBusy = (user + system) / 1000 / (performance.now() - startMs);
    return { id, ok: true, result: result === null ? null : { ...result, generatorBusy } };
  } catch (error) {
    return { id, ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.on("message", (message: { readonly id: number; readonly order: Order }) => {
  void serve(message).then((done) => process.send?.(done));
});
// It ends with the process that started it.
process.on("disconnect", () => {
  fleet.stop();
  process.exit(0);
});
