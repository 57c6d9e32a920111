// Tools that a test uses where the machine has them, and is loud about where it has not.
import { spawnSync } from "node:child_process";
import { describe } from "vitest";

export function isPresent(command: string): boolean {
  const { error, status } = spawnSync(command, ["--version"], { stdio: "ignore" });
  return error === undefined && status === 0;
}

/** `describe` where the command is there. Elsewhere what is not tried is told by name. */
export function describeWith(command: string, title: string, body: () => void): void {
  if (isPresent(command)) {
    describe(title, body);
    return;
  }
  process.stderr.write(`\n${"=".repeat(100)}\nNOT TRIED, for lack of ${command}: ${title}\n${"=".repeat(100)}\n\n`);
  describe.skip(title, body);
}
