// os-ken's rate on the same packet-ins, by the Python that has it; absent where there is none.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Rate, rateOf } from "./measure.ts";

export function osKenRate(stream: Uint8Array, runs: number, script: string): Rate | undefined {
  const directory = mkdtempSync(join(tmpdir(), "weft-bench-"));
  try {
    const file = join(directory, "packet-ins");
    writeFileSync(file, stream);
    const done = spawnSync("/usr/bin/python3", [script, file, String(runs), "0.6"], { encoding: "utf8" });
    if (done.status !== 0) return undefined;
    const measured = done.stdout
      .trim()
      .split("\n")
      .map((line) => {
        const [perSecond = 0, perWallSecond = 0] = line.split(" ").map(Number);
        return { perSecond, perWallSecond };
      });
    return rateOf("os-ken", measured);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
