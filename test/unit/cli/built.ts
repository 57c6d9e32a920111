// The program as it is installed: compiled into a directory of its own, and run as a process.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** A program and its arguments that run the program with something changed: `prlimit`, `unshare`. */
  readonly within?: readonly string[];
}

export class BuiltProgram {
  readonly directory = mkdtempSync(join(tmpdir(), "weft-cli-"));

  constructor() {
    const tsc = join(root, "node_modules/.bin/tsc");
    execFileSync(tsc, ["-p", "tsconfig.build.json", "--outDir", join(this.directory, "dist"), "--noCheck"], {
      cwd: root,
    });
    for (const part of ["bin", "package.json", "src/web"])
      cpSync(join(root, part), join(this.directory, part), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(this.directory, "node_modules"));
  }

  get bin(): string {
    return join(this.directory, "bin/weft");
  }

  /** Standard output and error are pipes; NO_COLOR and WEFT_CONTROL are as given. */
  start(args: readonly string[], options: RunOptions = {}) {
    const { NO_COLOR: _color, WEFT_CONTROL: _control, ...env } = process.env;
    const [program = process.execPath, ...rest] = [...(options.within ?? []), process.execPath, this.bin, ...args];
    return spawn(program, rest, {
      env: { ...env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return ended(this.start(args, options), options.timeoutMs);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function ended(child: ReturnType<BuiltProgram["start"]>, timeoutMs = 20_000): Promise<Ended> {
  return new Promise((done) => {
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (bytes) => {
      stdout += bytes;
    });
    child.stderr.on("data", (bytes) => {
      stderr += bytes;
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    child.on("close", (code) => {
      clearTimeout(timer);
      done({ code, stdout, stderr });
    });
  });
}
