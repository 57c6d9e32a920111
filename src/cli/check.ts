// `weft check`: probes through every tunnel, plain link and network, and what does not come through.
import { type Command, Option } from "commander";
import { type CheckProgressView, type CheckView, callControl, render } from "../api/index.ts";
import { SilentFailure } from "./failure.ts";
import { controlPath, globalSettings, stdoutStyle } from "./settings.ts";
import { wholeNumber } from "./values.ts";

/** A thousand hosts have a million tunnels. */
const TIMEOUT_MS = 60 * 60_000;
const PROGRESS_MS = 300;

export function addCheckCommand(program: Command): void {
  program
    .command("check")
    .description("test the fabric itself: probes through every tunnel both ways, in several sizes, and every network")
    .argument("[host...]", "only paths that have one of these hosts at an end: ids, names or indexes")
    .option("--network <network>", "only this network, by its name or VNI")
    .option("--all", "every path, also in a large fabric, which takes minutes; else a sample of it")
    .addOption(
      new Option("--seed <number>", "the same sample as another check had")
        .argParser(wholeNumber("a seed", 0, 999_999_999))
        .conflicts("all"),
    )
    .addHelpText(
      "after",
      `
Probes go from switch to switch; no guest sends, gets or notices one. A path is told with its direction: what
the row's host sends to the column's. Exit code 0 where all pass, 1 where any does not.

Up to 4032 tunnels, a mesh of 64 hosts, are all checked, and likewise up to 4032 ways through networks. Of more, so many
are drawn by lot: pairs of hosts, in both directions, such that every host sends and receives; above some 2500 hosts that
takes more than 4032, and more are drawn. With hosts named it is their paths that are chosen among. The output tells the
seed.

Examples:
  weft check
  weft check host3
  weft check --network blue
  weft check --all
  weft check --json | jq '.paths[] | select(.state != "ok")'`,
    )
    .action(check);
}

interface CheckOptions {
  readonly network?: string;
  readonly all?: true;
  readonly seed?: number;
}

async function check(hosts: readonly string[], options: CheckOptions, command: Command): Promise<void> {
  const { network = "", all, seed } = options;
  const sample = all === true ? "all" : seed === undefined ? "" : String(seed);
  const path = controlPath(command);
  const progress = process.stderr.isTTY ? showProgress(path) : null;
  let text: string;
  try {
    text = await callControl(path, "check", ["--json", "--", network, sample, ...hosts], TIMEOUT_MS);
  } finally {
    progress?.stop();
  }
  const view = JSON.parse(text) as CheckView;
  const { format } = globalSettings(command);
  process.stdout.write(render({ kind: "check", view }, format, format === "table" ? stdoutStyle() : undefined));
  if (!view.ok) throw new SilentFailure();
}

/** One line, that is written over and taken away at the end. */
function showProgress(path: string): { stop(): void } {
  const clear = "\r\u001b[K";
  let isOver = false;
  const show = async (): Promise<void> => {
    const text = await callControl(path, "check/progress", ["--json"]).catch(() => null);
    if (isOver || text === null) return;
    const { done, of } = JSON.parse(text) as CheckProgressView;
    const what = of > 0 ? `${done} of ${of} probes sent` : "switches are told to catch probes";
    process.stderr.write(`${clear}checking: ${what}`);
  };
  const timer = setInterval(() => void show(), PROGRESS_MS);
  return {
    stop() {
      isOver = true;
      clearInterval(timer);
      process.stderr.write(clear);
    },
  };
}
