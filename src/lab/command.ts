// Runs other programs: bounded in time, and with the whole command and what it said in the error.
import { type ChildProcess, spawn } from "node:child_process";
import { LabError } from "./lab-error.ts";

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
}

export interface CommandOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** After this the command is killed and the promise rejects with `lab/timeout`. 60 unless given. */
  readonly timeoutSec?: number;
  /** false: a failing exit code is part of the result, not an error. */
  readonly check?: boolean;
}

/** Where programs are looked for: the administrator's directories too, which some shells leave out. */
export const searchPath = (): string => [process.env.PATH ?? "", "/usr/sbin", "/sbin", "/usr/bin", "/bin"].join(":");

/** The environment of everything the lab starts: plain English output, and no settings meant for this process. */
export function childEnv(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: searchPath(), LC_ALL: "C", ...extra };
  delete env.NODE_OPTIONS;
  return env;
}

/** Runs a program to its end. Rejects with `lab/command` when it exits with other than 0 (see `check`). */
export function run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program, ...args] = argv;
  if (program === undefined) throw new LabError("lab/command", "an empty command cannot be run");
  const timeoutSec = options.timeoutSec ?? 60;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: childEnv(options.env), stdio: ["pipe", "pipe", "pipe"] });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
      // What it started may hold the pipes open for ever.
      child.stdout.destroy();
      child.stderr.destroy();
    }, timeoutSec * 1000);
    child.once("error", (cause) => {
      clearTimeout(timer);
      reject(new LabError("lab/command", `cannot run ${program}: ${cause.message}`, { cause, context: { argv } }));
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      const result = { stdout: stdout(), stderr: stderr(), exitCode: code ?? undefined };
      if (timedOut) reject(failure("lab/timeout", `did not end within ${timeoutSec} s`, argv, result));
      else if (code !== 0 && options.check !== false)
        reject(failure("lab/command", `exited with ${code}`, argv, result));
      else resolve(result);
    });
    // A child that ends without reading its input is no fault of ours; its exit code says what happened.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

function failure(code: string, what: string, argv: readonly string[], result: CommandResult): LabError {
  const said = (result.stderr.trim() || result.stdout.trim()).slice(0, 2000);
  return new LabError(code, `"${argv.join(" ").slice(0, 400)}" ${what}${said === "" ? "" : `: ${said}`}`, {
    context: { argv, ...result },
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString("utf8");
}

/** Starts a program that runs until it is told to end; its output is read by the caller. */
export function start(argv: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const [program = "", ...args] = argv;
  return spawn(program, args, { env: childEnv(env), stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs many `ip` commands in one process. With `force`, one that fails does not stop the rest. */
export async function ipBatch(lines: readonly string[], options: { readonly force?: boolean } = {}): Promise<void> {
  if (lines.length === 0) return;
  const force = options.force === true;
  await run(["ip", ...(force ? ["-force"] : []), "-batch", "-"], { input: `${lines.join("\n")}\n`, check: !force });
}

export const inNamespace = (namespace: string, argv: readonly string[]): string[] => [
  "ip",
  "netns",
  "exec",
  namespace,
  ...argv,
];

export const shellQuote = (word: string): string =>
  /^[A-Za-z0-9_./:=@%,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

export const shellLine = (argv: readonly string[]): string => argv.map(shellQuote).join(" ");
