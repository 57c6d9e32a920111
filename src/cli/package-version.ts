// The version number: package.json has it, above this file both in the sources and in dist/.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export function packageVersion(): string {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
      if (name === "weft" && typeof version === "string") return version;
    } catch {
      // Not here: one up.
    }
    if (directory === dirname(directory)) return "unknown";
  }
}
