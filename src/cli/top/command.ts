// `weft top`: what goes where, now.
import { type Command, Option } from "commander";
import {
  callControl,
  type HostNames,
  type HostView,
  namesOf,
  RATE_SORTS,
  type RateSort,
  type RatesView,
  ratesLines,
  render,
  type Style,
} from "../../api/index.ts";
import { UsageError } from "../failure.ts";
import { controlPath, globalSettings, stdoutStyle } from "../settings.ts";
import { seconds } from "../values.ts";
import { LiveScreen } from "./live-screen.ts";
import { NEXT_SORT, topLines } from "./screen.ts";

interface TopOptions {
  readonly once?: true;
  readonly batch?: true;
  readonly interval: number;
  readonly sort: RateSort;
}

export function addTopCommand(program: Command): void {
  program
    .command("top")
    .description("show what goes by each tunnel and port now, and how busy the controller is")
    .addOption(new Option("--sort <key>", "what comes first").choices(RATE_SORTS).default("rate"))
    .option("--interval <seconds>", "how often to look", seconds, 2)
    .addOption(new Option("--once", "print it once, and end").conflicts("batch"))
    .option("--batch", "print it again and again, one under the other; so it does where the output is no terminal")
    .addHelpText(
      "after",
      `
The switches are asked for their counters, at most once a second whoever looks, and only while somebody does. RX is what
a switch received at the port, out of the tunnel or from the guest.

Keys: r rate, i rx, o tx, p packets, d drops, n name, q quit.

Examples:
  weft top
  weft top --sort drops
  weft top --once
  weft top --once --json | jq '.tunnels[] | select(.rxBytesPerSec > 1e6)'`,
    )
    .action(top);
}

interface Shown {
  readonly view: RatesView;
  readonly names: HostNames;
}

async function top(options: TopOptions, command: Command): Promise<void> {
  const { format, snapshot } = globalSettings(command);
  const path = controlPath(command);
  const ask = async (): Promise<Shown> => {
    const view = JSON.parse(await callControl(path, "rates", ["--json"])) as RatesView;
    const hosts = JSON.parse(await callControl(path, "hosts", ["--json"])) as readonly HostView[];
    return { view, names: namesOf(hosts) };
  };
  const isLive = format === "table" && process.stdout.isTTY && process.stdin.isTTY;
  if (options.once === true || snapshot !== undefined) {
    print(await ask(), format === "table" ? null : format, options.sort);
  } else if (options.batch === true || !isLive) {
    for (;;) {
      print(await ask(), format === "table" ? null : format, options.sort);
      if (format === "table") process.stdout.write("\n");
      await new Promise((resolve) => setTimeout(resolve, options.interval * 1000));
    }
  } else await live(options, ask);
}

function print({ view, names }: Shown, format: Parameters<typeof render>[1] | null, sort: RateSort): void {
  if (format !== null && format !== "json" && format !== "csv") {
    throw new UsageError(`weft top prints a table, json or csv, not ${format}`);
  }
  const text =
    format === null
      ? `${ratesLines(view, stdoutStyle(), { sort, height: null, names }).join("\n")}\n`
      : render({ kind: "rates", view }, format);
  process.stdout.write(text);
}

/** Resolves when somebody quits. @throws what the controller says, once the screen is as it was */
function live(options: TopOptions, ask: () => Promise<Shown>): Promise<void> {
  return new Promise((resolve, reject) => {
    let sort = options.sort;
    let shown: Shown | null = null;
    let timer: NodeJS.Timeout | undefined;
    const { color }: Style = stdoutStyle();
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      isOver = true;
      screen.close();
      settle();
    };
    let isOver = false;
    const draw = (): void => screen.draw(topLines(shown, { sort, color, ...screen.size }));
    const screen = new LiveScreen({
      input: process.stdin,
      output: process.stdout,
      onResize: draw,
      onKey: (key) => {
        if (key === "q") end(resolve);
        sort = NEXT_SORT.get(key) ?? sort;
        draw();
      },
    });
    const look = async (): Promise<void> => {
      try {
        shown = await ask();
      } catch (error) {
        if (!isOver) end(() => reject(error));
        return;
      }
      if (isOver) return;
      draw();
      timer = setTimeout(look, options.interval * 1000);
    };
    screen.open();
    draw();
    void look();
  });
}
