// What `weft` runs: reads the command line, does it, and turns whatever goes wrong into words and an exit code.
import { EXIT, explainFailure } from "./failure.ts";
import { createProgram } from "./program.ts";

const LINGER_MS = 500;

/** Sets the exit code and lets the process end by itself, so that what is written arrives. */
export async function main(argv: readonly string[]): Promise<void> {
  watchOutputs();
  const [, script = "weft"] = argv;
  try {
    await createProgram(script).parseAsync([...argv]);
  } catch (error) {
    const { exitCode, text } = explainFailure(error);
    if (text !== "") process.stderr.write(text);
    process.exitCode = exitCode;
  }
  // All is done: what is still open, such as a standard input that was listened to, holds nobody up.
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/** `weft topology | head -1` ends quietly, as it does for any program; a full disk is told, as by any program. */
function watchOutputs(): void {
  let isStopping = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (isStopping) return;
      // The demo has made things that it must take away: to it this is as good as a signal.
      isStopping = process.listenerCount("SIGTERM") > 0;
      if (isStopping) {
        process.emit("SIGTERM", "SIGTERM");
        return;
      }
      if (error.code === "EPIPE") process.exit(process.exitCode ?? EXIT.ok);
      if (stream === process.stdout) process.stderr.write(`weft: cannot write to standard output: ${error.message}\n`);
      process.exit(EXIT.failed);
    });
  }
}
