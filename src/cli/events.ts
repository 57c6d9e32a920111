// `weft events`: what has happened, and what happens.
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { callControl, type EventView, render, WeftError } from "../api/index.ts";
import { UsageError } from "./failure.ts";
import { print } from "./queries.ts";
import { controlPath, globalSettings, stdoutStyle } from "./settings.ts";
import { wholeNumber } from "./values.ts";

interface EventsOptions {
  readonly follow?: true;
  readonly since?: string;
  readonly limit?: number;
  readonly host?: string;
  readonly kind?: string;
}

export function addEventsCommand(program: Command): void {
  program
    .command("events")
    .description(
      "list what has happened: hosts, switches, tunnels, guests that come, go and move, problems, and their end",
    )
    .option("-F, --follow", "go on with what happens, until it is interrupted")
    .option("--since <when>", "how long ago (30s, 10m, 2h, 1d), a time (2026-01-31T23:59:00Z), or an event's number")
    .option(
      "--limit <number>",
      "the latest so many; 100, or 10 to follow, where --since does not say how far",
      wholeNumber("a number", 0, 100_000),
    )
    .option("--host <host>", "a host's id or name: what it has a part in")
    .option("--kind <kind>", "such as tunnel/down, or tunnel for all that begin so")
    .addHelpText(
      "after",
      `
The journal survives a restart of the controller. With --follow --json each event is one line of JSON.

Examples:
  weft events
  weft events --since 10m --host host2
  weft events --kind endpoint/moved --json | jq -r '.[].message'
  weft events --follow
  weft events --follow --json | jq --unbuffered -r 'select(.severity == "error") | .message'`,
    )
    .action(async (options: EventsOptions, command: Command) => {
      if (options.follow === true) await follow(options, command);
      else await print(command, "events", wordsOf(options));
    });
}

function wordsOf({ since, limit, host, kind }: EventsOptions): readonly string[] {
  const given = { since, limit, host, kind };
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}

/** What led up to it, where nobody says how much. */
const FOLLOW_LIMIT = 10;
const WAIT_SEC = 20;
const RETRY_MS = 1_000;
/** A controller that is restarted is back by then. */
const TIMEOUT_MS = 40_000;

async function follow(options: EventsOptions, command: Command): Promise<void> {
  const { format, snapshot } = globalSettings(command);
  if (snapshot !== undefined) throw new UsageError("nothing more happens in a snapshot: leave out --follow");
  if (format !== "json" && format !== "table") throw new UsageError(`--follow writes a table or --json, not ${format}`);
  const ask = async (words: readonly string[]): Promise<readonly EventView[]> =>
    JSON.parse(await callControl(controlPath(command), "events", ["--json", "--", ...words], TIMEOUT_MS));
  const write = (events: readonly EventView[]): void => {
    if (events.length === 0) return;
    const lines =
      format === "json"
        ? events.map((event) => `${JSON.stringify(event)}\n`).join("")
        : render({ kind: "events", view: events }, "table", stdoutStyle());
    process.stdout.write(lines);
  };
  const filters = wordsOf({
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.kind === undefined ? {} : { kind: options.kind }),
  });
  // What is asked for goes by its filters; where to go on is the number of the last event of any kind.
  let last = (await ask(["limit=1"])).at(-1)?.seq ?? 0;
  const isOpen = options.since === undefined && options.limit === undefined;
  write((await ask(wordsOf(isOpen ? { ...options, limit: FOLLOW_LIMIT } : options))).filter(({ seq }) => seq <= last));
  let isLost = false;
  for (;;) {
    try {
      const found = await ask([`after=${last}`, `wait=${WAIT_SEC}`, ...filters]);
      write(found);
      last = found.at(-1)?.seq ?? last;
      isLost = false;
    } catch (error) {
      if (!(error instanceof WeftError) || !LOST.has(error.code)) throw error;
      if (!isLost) process.stderr.write("weft: the controller does not answer; waiting for it\n");
      isLost = true;
      await sleep(RETRY_MS);
    }
  }
}

const LOST: ReadonlySet<string> = new Set(["control/unreachable", "control/lost", "control/timeout"]);
