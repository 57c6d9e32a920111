// The methods of the control socket: their names, arguments and what they ask of the controller.
import { WeftError } from "../../proto/bytes/errors.ts";
import type { Answer } from "./answer.ts";
import type { CheckRequest } from "./check-views.ts";
import { readEventRequest, readMoment, selectEvents } from "./event-query.ts";
import { inSlices } from "./in-slices.ts";
import {
  orderDrift,
  orderEndpoints,
  orderFlows,
  orderHosts,
  orderNetworks,
  orderPlan,
  orderPorts,
  orderRates,
  orderStatus,
  orderTopology,
  orderTunnels,
} from "./order.ts";
import type { ApplyView, PlanView } from "./plan-views.ts";
import { FORMATS, type Format, namesOf, render, type Style } from "./render/index.ts";
import { takeSnapshot, writeSnapshot } from "./snapshot/sections.ts";
import { readTraceRequest } from "./trace-request.ts";
import type { Queries, ReloadView } from "./views.ts";
import { selectEndpoints, whereView } from "./where-query.ts";

export interface ControlContext {
  readonly queries: Queries | PromiseLike<Queries>;
  readonly version: string;
  /** Reads the configuration file again. */
  readonly reload?: () => Promise<ReloadView>;
  /** What `10m` is counted from, in milliseconds since 1970; now unless given. */
  readonly nowMs?: number;
  readonly configuration?: ConfigurationOrders;
}

/** What can be done with the text of a configuration. @param name of its file, for what is said of it. */
export interface ConfigurationOrders {
  /** @throws WeftError `config/invalid` with line and column */
  plan(name: string, text: string): Promise<PlanView>;
  /** @param restart whether keys may be written that wait for a restart. @throws as `plan`, `config/needs-restart`, ... */
  apply(name: string, text: string, restart: boolean): Promise<ApplyView>;
}

interface Asked extends Pick<ControlContext, "reload" | "configuration" | "version"> {
  readonly queries: Queries;
  readonly nowMs: number;
}

interface Command {
  /** Its positional arguments, as `list-commands` shows them. */
  readonly args: readonly string[];
  /** Of those the ones at the end that may be left out. */
  readonly optional?: number;
  /** Text that is no view is for people alone; null where there is nothing to say but that it is done. */
  run(asked: Asked, args: readonly string[]): Promise<Answer | string | null> | Answer | null;
  /** Whether it does something, and so answers no view. */
  readonly isOrder?: true;
}

function sampleOf(text: string): Pick<CheckRequest, "all" | "seed"> {
  if (text === "") return {};
  if (text === "all") return { all: true };
  if (!/^\d{1,9}$/.test(text)) throw new WeftError("control/usage", `"${text}" is neither "all" nor a seed`);
  return { seed: Number(text) };
}

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    "adopt",
    {
      args: ["HOST", "[BRIDGE]", "[now]"],
      isOrder: true,
      optional: 2,
      run: ({ queries }, [host = "", bridge = "", when = ""]) => {
        if (when !== "" && when !== "now") throw new WeftError("control/usage", `"${when}" is not "now"`);
        return queries.adoptHost(host, { bridge: bridge === "" ? null : bridge, now: when === "now" });
      },
    },
  ],
  [
    "check",
    {
      args: ["[NETWORK]", "[all|SEED]", "[HOST]..."],
      optional: Number.POSITIVE_INFINITY,
      run: async ({ queries }, [network = "", sample = "", ...hosts]) => ({
        kind: "check",
        view: await queries.check({ hosts, ...(network === "" ? {} : { network }), ...sampleOf(sample) }),
      }),
    },
  ],
  ["check/progress", query(({ queries }) => ({ kind: "check/progress", view: queries.checkProgress() }))],
  ["release", { args: ["HOST"], isOrder: true, run: ({ queries }, [host = ""]) => queries.releaseHost(host) }],
  ["doctor", ofHosts(async ({ queries }, host) => ({ kind: "doctor", view: await queries.doctor(host) }))],
  ["drift", ofHosts(async ({ queries }, host) => ({ kind: "drift", view: orderDrift(await queries.drift(host)) }))],
  [
    "endpoints",
    {
      args: ["[MAC|IP|NAME]", "[NETWORK]"],
      optional: 2,
      run: ({ queries }, [subject = "", network = ""]) => ({
        kind: "endpoints",
        view: orderEndpoints(selectEndpoints(queries, subject, network)),
      }),
    },
  ],
  [
    "events",
    {
      args: ["[since=TIME|SEQ]", "[after=SEQ]", "[limit=N]", "[host=HOST]", "[kind=KIND]", "[wait=SECONDS]"],
      optional: 6,
      run: async ({ queries, nowMs }, words) => ({
        kind: "events",
        view: await selectEvents(queries, readEventRequest(words, nowMs)),
      }),
    },
  ],
  [
    "flows",
    {
      args: ["HOST"],
      run: async ({ queries }, [host = ""]) => ({ kind: "flows", view: orderFlows(await queries.flows(host)) }),
    },
  ],
  ["hosts", query(({ queries }) => ({ kind: "hosts", view: orderHosts(queries.hosts()) }))],
  ["hosts/approve", order(["ID"], ({ queries }, [id = ""]) => queries.approveHost(id))],
  ["hosts/forget", order(["HOST"], ({ queries }, [host = ""]) => queries.forgetHost(host))],
  [
    "apply",
    {
      args: ["NAME", "TEXT", "[restart]"],
      optional: 1,
      run: async (asked, [name = "", text = "", when = ""]) => {
        if (when !== "" && when !== "restart") throw new WeftError("control/usage", `"${when}" is not "restart"`);
        const view = await configurationOf(asked).apply(name, text, when === "restart");
        return { kind: "apply", view: { ...view, plan: orderPlan(view.plan) } };
      },
    },
  ],
  [
    "plan",
    {
      args: ["NAME", "TEXT"],
      run: async (asked, [name = "", text = ""]) => ({
        kind: "plan",
        view: orderPlan(await configurationOf(asked).plan(name, text)),
      }),
    },
  ],
  ["networks", query(({ queries }) => ({ kind: "networks", view: orderNetworks(queries.networks()) }))],
  ["ports", query(({ queries }) => ({ kind: "ports", view: orderPorts(queries.ports()) }))],
  [
    "reload",
    {
      args: [],
      run: async ({ reload }) => {
        if (reload === undefined) throw new WeftError("control/no-reload", "this controller has nothing to reload");
        return { kind: "reload", view: await reload() };
      },
    },
  ],
  ["rates", { args: [], run: async ({ queries }) => ({ kind: "rates", view: orderRates(await queries.rates()) }) }],
  [
    "snapshot",
    {
      args: [],
      isOrder: true,
      run: async ({ queries, version }) => {
        const rest = inSlices();
        return writeSnapshot(await takeSnapshot(queries, version, new Date(), rest), rest);
      },
    },
  ],
  ["status", query(({ queries }) => ({ kind: "status", view: orderStatus(queries.status()) }))],
  ["tls/reload", { args: [], isOrder: true, run: async ({ queries }) => queries.reloadTls() }],
  ["topology", query(({ queries }) => ({ kind: "topology", view: orderTopology(queries.topology()) }))],
  [
    "trace",
    {
      args: ["FROM", "TO", "[PROTOCOL]", "[PORT]", "[VLAN]", "[SIZE]", "[live]"],
      optional: 5,
      run: async ({ queries }, args) => ({ kind: "trace", view: await queries.trace(readTraceRequest(args)) }),
    },
  ],
  ["tunnels", query(({ queries }) => ({ kind: "tunnels", view: orderTunnels(queries.tunnels()) }))],
  [
    "where",
    {
      args: ["MAC|IP|NAME", "[TIME]"],
      optional: 1,
      run: ({ queries, nowMs }, [subject = "", at = ""]) => ({
        kind: "where",
        view: whereView(queries, subject, at === "" ? null : readMoment(at, nowMs)),
      }),
    },
  ],
  ["version", query(({ version }) => ({ kind: "version", view: { name: "weft", version } }))],
]);

function configurationOf({ configuration }: Asked): ConfigurationOrders {
  if (configuration !== undefined) return configuration;
  throw new WeftError("control/no-configuration", "this controller has no configuration to change");
}

/** All hosts, or the one that is named. */
function ofHosts(run: (asked: Asked, host?: string) => Promise<Answer>): Command {
  return {
    args: ["[HOST]"],
    optional: 1,
    run: (asked, [host]) => (host === undefined || host === "" ? run(asked) : run(asked, host)),
  };
}

function query(run: (asked: Asked) => Answer): Command {
  return { args: [], run };
}

function order(args: readonly string[], run: (asked: Asked, args: readonly string[]) => void): Command {
  return {
    args,
    isOrder: true,
    run: (asked, given) => {
      run(asked, given);
      return null;
    },
  };
}

const FORMAT_USAGE = "[--format=table|json|csv | --json]";
const TOPOLOGY_USAGE = "[--format=table|json|tree|dot|mermaid | --json]";

/** What `list-commands` prints, in the form of Open vSwitch's daemons. */
export function listCommands(): string {
  const rows = [...COMMANDS].map(([name, command]) => {
    const usage =
      command.isOrder === true ? command.args : [...command.args, name === "topology" ? TOPOLOGY_USAGE : FORMAT_USAGE];
    return [name, usage.join(" ")] as const;
  });
  rows.push(["list-commands", ""]);
  rows.sort(([a], [b]) => (a < b ? -1 : 1));
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, usage]) => `  ${name.padEnd(width)}  ${usage}`.trimEnd());
  return `The available commands are:\n${lines.join("\n")}\n`;
}

/** Runs a method and gives its text, which ends with a newline unless it is empty. @throws WeftError for the caller to read. */
export async function runCommand(context: ControlContext, method: string, params: readonly string[]): Promise<string> {
  if (method === "list-commands") return listCommands();
  const command = COMMANDS.get(method);
  if (command === undefined) {
    throw new WeftError("control/unknown-command", `"${method}" is not a valid command; see list-commands`);
  }
  const { format, style, args } = readParams(params);
  const { args: names } = command;
  const most = names.at(-1)?.endsWith("...") === true ? Number.POSITIVE_INFINITY : names.length;
  if (args.length > most || args.length < names.length - (command.optional ?? 0)) {
    const wanted = names.length === 0 ? "no arguments" : names.join(" ");
    throw new WeftError("control/usage", `"${method}" takes ${wanted}, and got ${args.length} arguments`);
  }
  const queries = await context.queries;
  const answer = await command.run({ nowMs: Date.now(), ...context, queries }, args);
  if (typeof answer === "string") return answer;
  if (answer === null) return "";
  // What programs read tells hosts by their ids.
  if (format === "json") return render(answer, format, style);
  const hosts = queries.hosts();
  const uptimeSec = hosts.length === 0 ? queries.status().uptimeSec : undefined;
  return render(answer, format, style, namesOf(hosts), uptimeSec);
}

interface Params {
  readonly format: Format;
  readonly style: Style;
  readonly args: readonly string[];
}

/** `--color` and `--width=COLUMNS` are said by a caller whose output is a terminal. After `--` everything is an argument. */
function readParams(params: readonly string[]): Params {
  let format = "table";
  let color = false;
  let width: number | null = null;
  const args: string[] = [];
  for (let at = 0; at < params.length; at++) {
    const [option = "", value] = splitOption(params[at] ?? "");
    if (option === "--") {
      args.push(...params.slice(at + 1));
      break;
    }
    if (option === "--json") format = "json";
    else if (option === "--color") color = true;
    else if (option === "--width" && /^[1-9]\d{0,4}$/.test(value ?? "")) width = Number(value);
    else if (option === "--format" || option === "-f") {
      if (value === undefined) at += 1;
      format = value ?? params[at] ?? "";
    } else if (option.startsWith("-")) {
      throw new WeftError("control/usage", `unknown option ${params[at]}; the options are --json and --format=FORMAT`);
    } else args.push(params[at] ?? "");
  }
  const known = FORMATS.find((name) => name === format);
  if (known === undefined) {
    throw new WeftError("control/usage", `"${format}" is not a format; the formats are ${FORMATS.join(", ")}`);
  }
  return { format: known, style: { color, width }, args };
}

/** `--option=value` in two. */
function splitOption(param: string): readonly string[] {
  const equals = param.startsWith("--") ? param.indexOf("=") : -1;
  return equals < 0 ? [param] : [param.slice(0, equals), param.slice(equals + 1)];
}
