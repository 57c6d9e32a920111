// `weft demo`: a controller and real hosts from nothing to a fabric, step by step, and back to nothing.
import { setTimeout as sleep } from "node:timers/promises";
import { callControl, paint, type Style, type TopologyView, WeftError } from "../../api/index.ts";
import type { TunnelType } from "../../config/types.ts";
import { type Guest, Lab, type PingMatrix } from "../../lab/index.ts";
import { SilentFailure } from "../failure.ts";
import { requireLabMachine } from "../lab-machine.ts";
import { ChildController } from "./child-controller.ts";
import { type Interrupt, watchSignals } from "./interrupt.ts";
import { NOTHING, narrate } from "./narrate.ts";
import { pingTable } from "./ping-table.ts";

export interface DemoOptions {
  readonly hosts: number;
  readonly guests: number;
  readonly tunnel: TunnelType;
  readonly exit: boolean;
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
  requireLabMachine("the demo");
  const say = storyteller(options.style);
  const interrupt = watchSignals((again) => {
    say(again ? "still cleaning up, a moment please" : "stopping");
  });
  const made: Made = { lab: undefined, controller: undefined };
  try {
    const matrix = await play(options, made, say, interrupt);
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
  lab: Lab | undefined;
  controller: ChildController | undefined;
}

type Say = (text: string) => void;

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

async function play(options: DemoOptions, made: Made, say: Say, interrupt: Interrupt): Promise<PingMatrix> {
  const { hosts, style } = options;
  const swept = await Lab.sweep();
  if (swept.length > 0) say(`removed what an earlier run left: ${swept.join(", ")}`);
  interrupt.check();
  say(`making ${hosts} hosts: network namespaces, each with its own ovsdb-server and ovs-vswitchd`);
  // Known to the controller by the names the lab has for them.
  const presets = Array.from({ length: hosts }, (_, at) => ({ systemId: `h${at + 1}` }));
  const lab = await Lab.create({ name: LAB_NAME, hosts: presets, tunnelType: options.tunnel });
  made.lab = lab;
  const version = /\d+\.\d+\.\d+/.exec((await lab.hosts[0]?.vsctl("--version")) ?? "")?.[0] ?? "";
  say(`${hosts} hosts run Open vSwitch ${version}; they meet in ${lab.subnet} and know nothing of each other`);
  interrupt.check();

  made.controller = await startController(options, lab);
  say(`$ weft controller    listens at ${lab.controllerIp}, its control socket is ${made.controller.control}`);
  const watch = new Watch(made.controller, say);
  try {
    interrupt.check();
    const port = made.controller.ovsdbPort;
    say(`$ ovs-vsctl set-manager tcp:${lab.controllerIp}:${port}    on each host, and nothing else`);
    // One after the other, so that hosts get their indexes in the order of their names.
    for (const host of lab.hosts) await lab.join({ hosts: [host], port });
    const guests = await lab.populate({ perHost: options.guests });
    say(`${guests.length} guests plugged in: ${guests.map((guest) => guest.name).join(", ")}`);
    const matrix = await pingUntilAllAnswer(lab, guests, interrupt, made.controller);
    await watch.stop();
    say(matrix.ok ? "every guest pings every other" : "not every guest pings every other");
    process.stdout.write(`\n${pingTable(matrix, style)}\n`);
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
async function startController(options: DemoOptions, lab: Lab): Promise<ChildController> {
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
  return ChildController.start({ script, tunnel, control, address: lab.controllerIp, directory: lab.dir });
}

/** The last matrix, whether or not all of it answers. */
async function pingUntilAllAnswer(
  lab: Lab,
  guests: readonly Guest[],
  interrupt: Interrupt,
  controller: ChildController,
): Promise<PingMatrix> {
  const deadline = Date.now() + PING_TIMEOUT_MS;
  for (;;) {
    interrupt.check();
    const matrix = await lab.pingMatrix(guests, { count: 1, timeoutSec: 1 });
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
  const { lab, controller } = made;
  if (lab === undefined || controller === undefined) return;
  const weft = controller.control === defaultControl ? "weft" : `weft --control ${controller.control}`;
  const lines = [
    "",
    "The fabric stays until Ctrl-C. In another terminal:",
    `  ${weft} hosts`,
    `  ${weft} endpoints`,
    `  ${weft} flows 1`,
    `  weft lab exec ${lab.guests.at(0)?.name} -- ping -c 3 ${lab.guests.at(-1)?.ip}`,
    "  weft lab exec h1 -- ovs-vsctl show",
    `  tail -f ${controller.logFile}`,
    "",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  await interrupt.promise;
}

/** Tried again where something that was just ending was in its way. A lab that could not be made has removed itself. */
async function cleanUp({ lab, controller }: Made, say: Say): Promise<void> {
  if (lab !== undefined) process.stdout.write("\n");
  await controller?.stop();
  if (lab === undefined) return;
  const attempts = 3;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      await lab.destroy();
      break;
    } catch (error) {
      if (attempt === attempts) throw error;
      await sleep(500);
    }
  }
  say("everything is removed");
}
