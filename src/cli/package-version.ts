// The version number: package.json has it, above this file both in the sources and in dist/; in a bundle it is written in.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Put here by scripts/bundle.mjs. */
declare const WEFT_VERSION: string | undefined;

export function packageVersion(): string {
  if (typeof WEFT_VERSION === "string") return WEFT_VERSION;
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
