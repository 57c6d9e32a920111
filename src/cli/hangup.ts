// SIGHUP means two things: a terminal that is gone, and, to a daemon, "read your configuration again".
import { closeSync, openSync } from "node:fs";

function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}

/**
 * Tells the one from the other: whoever has lost the terminal he was started from is hung up on. Without a file to
 * read again the signal keeps the meaning it was started with: under nohup it has none.
 */
export function onHangup(handlers: { readonly reload: () => void; readonly stop: () => void }): void {
  const startedAtTerminal = hasTerminal();
  process.on("SIGHUP", () => {
    if (startedAtTerminal && !hasTerminal()) handlers.stop();
    else handlers.reload();
  });
}
