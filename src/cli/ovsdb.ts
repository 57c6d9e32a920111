// `weft ovsdb`: a small client for any ovsdb-server.
import type { Command } from "commander";
import { tableLines, WeftError } from "../api/index.ts";
import type { OvsdbOutput, TextTable } from "../inspect/index.ts";
import { SilentFailure, UsageError } from "./failure.ts";
import { globalSettings, stdoutStyle } from "./settings.ts";
import { wholeNumber } from "./values.ts";

interface OvsdbFlags {
  readonly db: string;
  readonly timeout: number;
  readonly privateKey?: string;
  readonly certificate?: string;
  readonly caCert?: string;
}

/** For TLS all three are needed: ovs-vsctl set-ssl takes the same. */
function tlsFilesOf({ privateKey, certificate, caCert }: OvsdbFlags) {
  if (privateKey === undefined && certificate === undefined && caCert === undefined) return null;
  if (privateKey === undefined || certificate === undefined || caCert === undefined) {
    throw new UsageError("--private-key, --certificate and --ca-cert are given together");
  }
  return { privateKey, certificate, caCertificate: caCert };
}

export function addOvsdbCommand(program: Command): void {
  program
    .command("ovsdb")
    .description("ask an ovsdb-server: list-dbs, get-schema, dump, select, monitor, transact")
    .argument(
      "<method>",
      "where it is: tcp:HOST[:PORT], ssl:HOST[:PORT], unix:PATH, or ptcp:, pssl:, punix: to be called by it",
    )
    .argument("<command>", "what to do, see below")
    .argument("[args...]", "the command's arguments")
    .option("--db <name>", "the database", "Open_vSwitch")
    .option("-p, --private-key <file>", "for ssl: and pssl:, this side's key")
    .option("-c, --certificate <file>", "its certificate")
    .option("-C, --ca-cert <file>", "the CA that signs the server's certificate")
    .option("--timeout <seconds>", "how long to wait for an answer", wholeNumber("seconds", 1, 86_400), 10)
    .addHelpText(
      "after",
      `
Commands:
  list-dbs                            the databases of the server
  get-schema [DATABASE]               a database's schema, as JSON
  dump [TABLE...]                     all rows of all tables, or of these
  select TABLE [COLUMN...] [COND...]  rows that meet all conditions: name==br0, tag>=100, 'external_ids includes k=v'
  monitor TABLE [COLUMN...]           rows and their changes, until interrupted
  transact JSON                       operations of RFC 7047: [OP, ...], or ["DATABASE", OP, ...]

Examples:
  weft ovsdb unix:/run/openvswitch/db.sock dump Bridge
  weft ovsdb tcp:10.0.0.1 select Interface name type 'options includes key=flow'
  weft ovsdb ptcp:6640 monitor Interface name bfd_status
  weft ovsdb unix:/run/openvswitch/db.sock transact '[{"op":"select","table":"Bridge","where":[]}]'
  weft ovsdb tcp:[::1]:6640 dump --json | jq '.Port[] | .name'`,
    )
    .action(async (method: string, command: string, args: string[], flags: OvsdbFlags, self: Command) => {
      const { format } = globalSettings(self);
      if (format !== "table" && format !== "json" && format !== "csv") {
        throw new UsageError(`rows have no form as ${format}; the formats are table, json and csv`);
      }
      const tls = tlsFilesOf(flags);
      // Loaded when it is needed: other commands start without it.
      const { outputJson, outputTables, runOvsdbCommand } = await import("../inspect/index.ts");
      let failed = false;
      const onOutput = (output: OvsdbOutput): void => {
        if (output.kind === "json" && output.failed) failed = true;
        if (format === "json" || output.kind === "json") process.stdout.write(outputJson(output));
        else process.stdout.write(outputText(output, format, outputTables));
      };
      const { db: database, timeout } = flags;
      try {
        await runOvsdbCommand({ method, command, args, database, timeoutMs: timeout * 1000, tls, onOutput });
      } catch (error) {
        const wrongUse = ["ovsdb/usage", "ovsdb/condition", "ovsdb/json", "connection-method/invalid"];
        if (error instanceof WeftError && wrongUse.includes(error.code)) throw new UsageError(error.message);
        throw error;
      }
      if (failed) throw new SilentFailure();
    });
}

type RowsOutput = Exclude<OvsdbOutput, { readonly kind: "json" }>;

function outputText(
  output: RowsOutput,
  format: "table" | "csv",
  outputTables: (output: Exclude<RowsOutput, { readonly kind: "names" }>) => readonly TextTable[],
): string {
  if (output.kind === "names") return output.names.map((name) => `${name}\n`).join("");
  return outputTables(output)
    .map((table) => (format === "csv" ? csvText(table) : tableText(table)))
    .join(format === "csv" ? "" : "\n");
}

function tableText({ title, header, rows }: TextTable): string {
  const columns = header.map((name, at) => ({ title: name, value: (row: readonly string[]) => row[at] ?? "" }));
  const lines = tableLines(columns, rows, stdoutStyle());
  return [...(title === "" ? [] : [title]), ...lines].map((line) => `${line}\n`).join("");
}

/** RFC 4180; a table's name stands in the first column, since there may be several. */
function csvText({ title, header, rows }: TextTable): string {
  const table = title.replace(/ table$/, "");
  const quote = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const lines = [["table", ...header], ...rows.map((row) => [table, ...row])];
  return lines.map((cells) => `${cells.map(quote).join(",")}\n`).join("");
}
