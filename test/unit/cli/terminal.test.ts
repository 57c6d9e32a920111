// What a terminal gets, and what a pipe: colours, and the width that lines are cut and broken for.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlSocket, startControlSocket } from "../../../src/api/index.ts";
import { FakeQueries } from "../api/fake-queries.ts";
import { BuiltProgram } from "./built.ts";

/** Runs its arguments on a terminal of the given number of columns, and prints what that would show. */
const ON_A_TERMINAL = `
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
while True:
    try: data = os.read(fd, 65536)
    except OSError: break
    if not data: break
    os.write(1, data)
os.waitpid(pid, 0)
`;

const run = promisify(execFile);
const ESCAPE = "\u001b[";

let weft: BuiltProgram;
let socket: ControlSocket;
let control: string;

beforeAll(async () => {
  weft = new BuiltProgram();
  control = join(weft.directory, "terminal.sock");
  socket = await startControlSocket(control, new FakeQueries(), { version: "9.9.9" });
}, 60_000);
afterAll(async () => {
  await socket?.close();
  weft?.remove();
});

async function terminal(
  columns: number,
  args: readonly string[],
  wanted: Record<string, string> = {},
): Promise<string> {
  const { NO_COLOR: _color, FORCE_COLOR: _force, CI: _ci, COLORTERM: _term, ...env } = process.env;
  const words = [process.execPath, weft.bin, "--control", control, ...args];
  const options = { env: { ...env, TERM: "xterm-256color", ...wanted } };
  const { stdout } = await run("/usr/bin/python3", ["-c", ON_A_TERMINAL, String(columns), ...words], options);
  return stdout.replaceAll("\r\n", "\n");
}

describe("on a terminal", () => {
  it.each(["hosts", "tunnels", "topology"])("%s has colours, and with NO_COLOR or in a pipe none", async (query) => {
    expect(await terminal(120, [query])).toContain(ESCAPE);
    expect(await terminal(120, [query], { NO_COLOR: "1" })).not.toContain(ESCAPE);
    expect(await terminal(120, [query], { TERM: "dumb" })).not.toContain(ESCAPE);
    expect((await weft.run(["--control", control, query])).stdout).not.toContain(ESCAPE);
  });

  it("JSON is for programs there too", async () => {
    expect(await terminal(120, ["hosts", "--json"])).toBe(
      (await weft.run(["--control", control, "hosts", "--json"])).stdout,
    );
  });

  it.each([50, 80, 160])("of %i columns help fits", async (columns) => {
    for (const words of [["--help"], ["hosts", "--help"], ["lab", "--help"]]) {
      const help = await terminal(columns, words);
      const [laidOut = ""] = help.split("\nExamples:");
      expect(laidOut.split("\n").filter((line) => line.length > columns)).toEqual([]);
    }
  });
});
