// `weft watch`: any query, again and again.
import { execFile } from "node:child_process";
import type { Command } from "commander";
import { paint } from "../api/index.ts";
import { UsageError } from "./failure.ts";
import { globalSettings, stdoutStyle } from "./settings.ts";
import { LiveScreen } from "./top/live-screen.ts";
import { seconds } from "./values.ts";

interface WatchOptions {
  readonly interval: number;
}

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** What runs until it is stopped, and what does something. */
const NO_QUERIES: ReadonlySet<string> = new Set([
  ...["adopt", "apply", "completion", "controller", "demo", "help", "lab", "pki", "release", "reload", "snapshot"],
  ...["tls", "top", "watch"],
]);

/** @param script is what runs this program: each time the query runs in a process of its own. */
export function addWatchCommand(program: Command, script: string): void {
  program
    .command("watch")
    .description("repeat a query on a cleared screen")
    .argument("<query...>", "a command of weft with its options, such as: tunnels, or events --kind tunnel")
    .option("--interval <seconds>", "how often", seconds, 2)
    .allowUnknownOption()
    .addHelpText(
      "after",
      `
q quits. Where the output is no terminal, answers stand one under the other.

Examples:
  weft watch tunnels
  weft watch hosts --interval 5
  weft watch events --since 5m --kind endpoint`,
    )
    .action((query: readonly string[], options: WatchOptions, command: Command) =>
      watch(query, options, command, script),
    );
}

async function watch(
  query: readonly string[],
  { interval }: WatchOptions,
  command: Command,
  script: string,
): Promise<void> {
  mustBeQuery(query, command);
  const args = [script, ...globalOptions(command), ...query];
  if (!process.stdout.isTTY || !process.stdin.isTTY) {
    for (;;) {
      const { text } = await run(args, null);
      process.stdout.write(`${text.endsWith("\n") ? text : `${text}\n`}\n`);
      await new Promise((resolve) => setTimeout(resolve, interval * 1000));
    }
  }
  await live(query.join(" "), args, interval);
}

/** Said now, and not every two seconds. @throws UsageError */
function mustBeQuery(query: readonly string[], command: Command): void {
  const [name = "", ...rest] = query;
  const asked = command.parent?.commands.find((one) => one.name() === name);
  if (asked === undefined) throw new UsageError(`"${name}" is no query of weft: weft --help lists them`);
  const isOrder = asked.commands.some((one) => one.name() === rest[0]);
  if (NO_QUERIES.has(name) || isOrder || rest.includes("--follow") || rest.includes("-F")) {
    throw new UsageError(`"${query.join(" ")}" is no query that ends by itself, and can't be repeated`);
  }
  const [unknown] = asked.parseOptions([...rest]).unknown;
  if (unknown !== undefined)
    throw new UsageError(`weft ${name} has no option ${unknown}: weft ${name} --help lists them`);
}

/** Those given before `watch` are for the query. */
function globalOptions(command: Command): readonly string[] {
  const { control, format, snapshot } = globalSettings(command);
  return [
    ...(control === undefined || snapshot !== undefined ? [] : ["--control", control]),
    ...(snapshot === undefined ? [] : ["--snapshot", snapshot]),
    ...(format === "table" ? [] : ["--format", format]),
  ];
}

interface Answer {
  readonly text: string;
}

/** What it says on standard error, and that it fails, is a part of the answer. */
function run(args: readonly string[], screen: { readonly width: number } | null): Promise<Answer> {
  const color = stdoutStyle().color ? ",color" : "";
  const env = screen === null ? process.env : { ...process.env, WEFT_WATCHED: `${screen.width}${color}` };
  return new Promise((resolve) => {
    execFile(process.execPath, [...args], { env, maxBuffer: MAX_ANSWER_BYTES }, (_error, stdout, stderr) =>
      resolve({ text: stdout + stderr }),
    );
  });
}

function live(title: string, args: readonly string[], interval: number): Promise<void> {
  return new Promise((resolve) => {
    let answer: Answer = { text: "" };
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const draw = (): void => {
      const { width, height } = screen.size;
      const lines = answer.text.trimEnd().split("\n");
      const more = lines.length > height - 2 ? `  (${lines.length - height + 2} more lines)` : "";
      const time = `${new Date().toISOString().slice(11, 19)}Z`;
      const head = `weft ${title}  every ${interval} s  ${time}${more}`.slice(0, width);
      screen.draw([paint(head, "strong", { color: stdoutStyle().color, width }), "", ...lines]);
    };
    const screen = new LiveScreen({
      input: process.stdin,
      output: process.stdout,
      onResize: draw,
      onKey: (key) => {
        if (key !== "q") return;
        isOver = true;
        clearTimeout(timer);
        screen.close();
        resolve();
      },
    });
    const look = async (): Promise<void> => {
      answer = await run(args, screen.size);
      if (isOver) return;
      draw();
      timer = setTimeout(look, interval * 1000);
    };
    screen.open();
    void look();
  });
}
