// `weft demo`: a controller and hosts from nothing to a fabric, step by step, and back to nothing.
import { setTimeout as sleep } from "node:timers/promises";
import { callControl, paint, type Style, type TopologyView, WeftError } from "../../api/index.ts";
import type { TunnelType } from "../../config/types.ts";
import { checkRequirements, type PingMatrix } from "../../lab/index.ts";
import { SilentFailure } from "../failure.ts";
import { requireFreeName, SIMULATED_TIMES } from "../lab-found.ts";
import { ChildController } from "./child-controller.ts";
import { type Interrupt, watchSignals } from "./interrupt.ts";
import { NOTHING, narrate } from "./narrate.ts";
import { pingTable } from "./ping-table.ts";
import { REAL, SIMULATED_STAGE, type Stage, type StageKind } from "./stage.ts";

export interface DemoOptions {
  readonly hosts: number;
  readonly guests: number;
  readonly tunnel: TunnelType;
  readonly exit: boolean;
  /** Also where the machine could hold real hosts. */
  readonly simulated: boolean;
  /** Control sockets to choose from: the first on which no other controller answers. */
  readonly controls: readonly string[];
  /** The one that other commands use unless they are told another. */
  readonly defaultControl: string;
  readonly script: string;
  readonly style: Style;
}

const LAB_NAME = "demo";
const PING_TIMEOUT_MS = 60_000;
const LOOK_EVERY_MS = 40;

/** @throws SilentFailure where not every pair pings, or it was interrupted before that was known. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const say = storyteller(options.style);
  const kind = stageKind(options.simulated, say);
  const interrupt = watchSignals((again) => {
    say(again ? "still cleaning up, a moment please" : "stopping");
  });
  const made: Made = { stage: undefined, controller: undefined };
  try {
    const matrix = await play(options, kind, made, say, interrupt);
    if (!matrix.ok) throw new SilentFailure();
    if (!options.exit) await stay(made, options.defaultControl, interrupt);
  } catch (error) {
    // Told before the clean-up: what it speaks of is still there to look at in the terminal above.
    if (!interrupt.wanted && !(error instanceof SilentFailure)) tell(error);
    throw interrupt.wanted ? new SilentFailure(130) : error instanceof SilentFailure ? error : new SilentFailure();
  } finally {
    await cleanUp(made, say);
    interrupt.release();
  }
}

interface Made {
  stage: Stage | undefined;
  controller: ChildController | undefined;
}

type Say = (text: string) => void;

/** Real hosts where the machine can hold them; where it can't, it is told why not, and what would have to be there. */
function stageKind(isAskedToSimulate: boolean, say: Say): StageKind {
  if (isAskedToSimulate) return SIMULATED_STAGE;
  const missing = checkRequirements();
  if (missing.length === 0) return REAL;
  say("this machine can't hold real Open vSwitch hosts, so that those of this demo are SIMULATED; real ones need:");
  for (const { what, remedy } of missing) say(`  ${what}: ${remedy}`);
  return SIMULATED_STAGE;
}

/** Lines with the time since the start on their left. */
function storyteller(style: Style): Say {
  const start = performance.now();
  return (text) => {
    const elapsed = `${((performance.now() - start) / 1000).toFixed(2)}s`.padStart(8);
    process.stdout.write(`${paint(elapsed, "dim", style)} ${text}\n`);
  };
}

function tell(error: unknown): void {
  process.stderr.write(`weft: ${error instanceof Error ? error.message : error}\n`);
}

async function play(
  options: DemoOptions,
  kind: StageKind,
  made: Made,
  say: Say,
  interrupt: Interrupt,
): Promise<PingMatrix> {
  const { hosts, style, tunnel, script } = options;
  const swept = await kind.sweep();
  if (swept.length > 0) say(`removed what an earlier run left: ${swept.join(", ")}`);
  await requireFreeName(LAB_NAME);
  interrupt.check();
  say(kind.making(hosts));
  const stage = await kind.make({ name: LAB_NAME, hosts, tunnel, script });
  made.stage = stage;
  say(stage.told);
  interrupt.check();

  made.controller = await startController(options, stage);
  say(`$ weft controller    listens at ${stage.controllerIp}, its control socket is ${made.controller.control}`);
  const watch = new Watch(made.controller, say);
  try {
    interrupt.check();
    const port = made.controller.ovsdbPort;
    say(`$ ovs-vsctl set-manager tcp:${stage.controllerIp}:${port}    on each host, and nothing else`);
    // One after the other, so that hosts get their indexes in the order of their names.
    for (const host of stage.hostNames) await stage.join(host, port);
    await stage.populate(options.guests);
    const names = stage.guests.map((guest) => guest.name);
    say(`${names.length} ${kind === REAL ? "" : "simulated "}guests plugged in: ${names.join(", ")}`);
    const matrix = await pingUntilAllAnswer(stage, interrupt, made.controller);
    await watch.stop();
    say(matrix.ok ? "every guest pings every other" : "not every guest pings every other");
    const note = kind === REAL ? "" : SIMULATED_TIMES;
    process.stdout.write(`\n${pingTable(matrix, style)}${note}\n`);
    const width = style.width === null ? [] : [`--width=${style.width}`];
    const color = style.color ? ["--color"] : [];
    const picture = await callControl(made.controller.control, "topology", [...color, ...width]);
    process.stdout.write(`${paint("$ weft topology", "dim", style)}\n${picture}`);
    if (!matrix.ok) process.stdout.write(`\nThe end of the controller's log:\n${made.controller.logTail()}\n`);
    return matrix;
  } finally {
    await watch.stop();
  }
}

/** Where another controller has the socket, the next one is taken. */
async function startController(options: DemoOptions, stage: Stage): Promise<ChildController> {
  let control = options.controls.at(-1) ?? "";
  for (const candidate of options.controls) {
    const used = await callControl(candidate, "version", [], 2000).then(
      () => true,
      (error) => !(error instanceof WeftError && error.code === "control/unreachable"),
    );
    if (used) continue;
    control = candidate;
    break;
  }
  const { script, tunnel } = options;
  return ChildController.start({ script, tunnel, control, address: stage.controllerIp, directory: stage.dir });
}

/** The last matrix, whether or not all of it answers. */
async function pingUntilAllAnswer(
  stage: Stage,
  interrupt: Interrupt,
  controller: ChildController,
): Promise<PingMatrix> {
  const deadline = Date.now() + PING_TIMEOUT_MS;
  for (;;) {
    interrupt.check();
    const matrix = await stage.pingMatrix();
    interrupt.check();
    if (matrix.ok || Date.now() > deadline || !controller.running) return matrix;
    await sleep(LOOK_EVERY_MS);
  }
}

/** Looks at the fabric again and again, and tells what is new. */
class Watch {
  readonly #done: Promise<void>;
  #stopping = false;

  constructor(controller: ChildController, say: Say) {
    this.#done = this.#run(controller, say);
  }

  async #run(controller: ChildController, say: Say): Promise<void> {
    let before: TopologyView = NOTHING;
    for (let last = false; !last; ) {
      // One look more after the end, so that nothing is left untold.
      last = this.#stopping;
      const text = await callControl(controller.control, "topology", ["--json"], 5000).catch(() => undefined);
      if (text !== undefined) {
        const now = JSON.parse(text) as TopologyView;
        for (const line of narrate(before, now)) say(line);
        before = now;
      }
      if (!last) await sleep(LOOK_EVERY_MS);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }
}

async function stay(made: Made, defaultControl: string, interrupt: Interrupt): Promise<void> {
  const { stage, controller } = made;
  if (stage === undefined || controller === undefined) return;
  const weft = controller.control === defaultControl ? "weft" : `weft --control ${controller.control}`;
  const lines = [
    "",
    "The fabric stays until Ctrl-C. In another terminal:",
    `  ${weft} hosts`,
    `  ${weft} endpoints`,
    `  ${weft} flows 1`,
    `  weft lab exec --name ${LAB_NAME} ${stage.guests.at(0)?.name} -- ping -c 3 ${stage.guests.at(-1)?.ip}`,
    `  weft lab exec --name ${LAB_NAME} h1 -- ovs-vsctl show`,
    `  tail -f ${controller.logFile}`,
    "",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  await interrupt.promise;
}

/** Tried again where something that was just ending was in its way. A lab that could not be made has removed itself. */
async function cleanUp({ stage, controller }: Made, say: Say): Promise<void> {
  if (stage !== undefined) process.stdout.write("\n");
  await controller?.stop();
  if (stage === undefined) return;
  const attempts = 3;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      await stage.destroy();
      break;
    } catch (error) {
      if (attempt === attempts) throw error;
      await sleep(500);
    }
  }
  say("everything is removed");
}
