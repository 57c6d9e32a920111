// Runs the openssl program, which every machine with Open vSwitch's tools has: it makes the keys and signs.
import { spawnSync } from "node:child_process";
import { WeftError } from "../../proto/bytes/errors.ts";

const TIMEOUT_MS = 60_000;

/** @throws WeftError `pki/no-openssl`, `pki/openssl` with what it said */
export function openssl(directory: string, args: readonly string[]): string {
  const result = spawnSync("openssl", [...args], {
    cwd: directory,
    encoding: "utf8",
    timeout: TIMEOUT_MS,
    // A configuration of the machine's own must not change what is made.
    env: { PATH: process.env.PATH ?? "", OPENSSL_CONF: "/dev/null", LC_ALL: "C" },
  });
  if (result.error !== undefined && "code" in result.error && result.error.code === "ENOENT") {
    throw new WeftError("pki/no-openssl", "the program openssl is not installed: apt-get install openssl");
  }
  if (result.status === 0) return result.stdout;
  const said = (result.stderr ?? "").trim().split("\n").slice(-3).join("; ");
  throw new WeftError(
    "pki/openssl",
    `openssl ${args[0]} failed: ${said === "" ? (result.error?.message ?? "") : said}`,
    {
      cause: result.error,
      context: { args },
    },
  );
}
