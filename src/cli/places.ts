// `weft endpoints` and `weft where`: who is where, and was.
import type { Command } from "commander";
import { print } from "./queries.ts";

export function addPlaceCommands(program: Command): void {
  program
    .command("endpoints")
    .description("list the MAC and IP addresses known, and where they are")
    .argument("[subject]", "a MAC, an IP address, an owner's name, a port, HOST:PORT or a host: only those")
    .option("--network <network>", "only those of this network")
    .addHelpText(
      "after",
      `
Examples:
  weft endpoints
  weft endpoints 10.0.0.7
  weft endpoints host2 --network servers
  weft endpoints --json | jq -r '.[] | select(.host == "host1") | .mac'`,
    )
    .action((subject: string | undefined, { network }: { network?: string }, command: Command) =>
      print(command, "endpoints", subject === undefined && network === undefined ? [] : [subject ?? "", network ?? ""]),
    );
  program
    .command("where")
    .description("tell where an endpoint is, since when, what says so, where it was and what has moved")
    .argument("<subject>", "a MAC, an IP address, an owner's name, a port or HOST:PORT")
    .option("--at <time>", "where it was then: 10m ago, or a time such as 2026-01-31T23:59:00Z")
    .addHelpText(
      "after",
      `
What was is told from the journal. The exit code is 1 for what nothing is known of.

Examples:
  weft where 10.0.0.7
  weft where 52:54:00:12:34:56 --at 2h
  weft where vm3 --json | jq -r '.places[].host'`,
    )
    .action((subject: string, { at }: { at?: string }, command: Command) =>
      print(command, "where", at === undefined ? [subject] : [subject, at]),
    );
}
