// `weft trace`: the path of a frame over the fabric.
import { type Command, Option } from "commander";
import { callControl, isDelivered, render, type TraceDetail, type TraceView, traceText } from "../api/index.ts";
import { SilentFailure } from "./failure.ts";
import { controlPath, globalSettings, stdoutStyle } from "./settings.ts";
import { wholeNumber } from "./values.ts";

interface TraceOptions {
  readonly proto?: string;
  readonly port?: number;
  readonly vlan?: number;
  readonly size?: number;
  readonly live?: true;
  readonly brief?: true;
  readonly verbose?: true;
}

const PROTOCOLS = ["icmp", "icmp6", "tcp", "udp", "arp", "nd", "dhcp", "ether"] as const;

export function addTraceCommand(program: Command): void {
  program
    .command("trace")
    .description("follow a frame over the fabric: every switch, table by table, and the fact behind each flow")
    .argument("<from>", "who sends: a MAC, an IP address, HOST:PORT, or an owner's name")
    .argument("<to>", "for whom: a MAC, an IP address, HOST:PORT, an owner's name, or broadcast")
    .addOption(new Option("--proto <protocol>", "what kind of frame; else what fits the ends").choices(PROTOCOLS))
    .option("--port <port>", "the destination port of TCP or UDP", wholeNumber("a port", 0, 65_535))
    .option(
      "--vlan <vlan>",
      "the tag the frame comes with; else what the port asks for",
      wholeNumber("a VLAN", 0, 4095),
    )
    .option("--size <bytes>", "the length of the frame", wholeNumber("a length", 1, 65_000))
    .option("--live", "send a marked frame through the switches, and tell what really happened; no guest gets it")
    .addOption(new Option("--brief", "one line for each switch").conflicts("verbose"))
    .option("--verbose", "the flows as well")
    .addHelpText(
      "after",
      `
By default nothing is sent: the switches are asked what they hold, and the path is worked out from it.
Exit code 0 where the frame gets to whom it is for, 1 where it does not.

Examples:
  weft trace vm1 vm3
  weft trace 10.0.0.1 10.0.0.3 --proto tcp --port 443
  weft trace host1:tap0 broadcast --brief
  weft trace vm1 vm3 --live
  weft trace vm1 vm3 --json | jq -r .verdict`,
    )
    .action(trace);
}

async function trace(from: string, to: string, options: TraceOptions, command: Command): Promise<void> {
  const { proto = "", port, vlan, size, live } = options;
  const numbers = [port, vlan, size].map((value) => (value === undefined ? "" : String(value)));
  const args = [from, to, proto, ...numbers, live === true ? "live" : ""];
  const text = await callControl(controlPath(command), "trace", ["--json", "--", ...args]);
  const view = JSON.parse(text) as TraceView;
  const { format } = globalSettings(command);
  const detail: TraceDetail = options.brief === true ? "brief" : options.verbose === true ? "verbose" : "normal";
  process.stdout.write(
    format === "table" ? traceText(view, stdoutStyle(), detail) : render({ kind: "trace", view }, format),
  );
  if (!isDelivered(view)) throw new SilentFailure();
}
