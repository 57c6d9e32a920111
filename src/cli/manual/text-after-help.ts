// What a command's help says after its options: methods, examples.
import type { EventEmitter } from "node:events";
import type { Command } from "commander";

/** Commander keeps what `addHelpText` was given in listeners: it is asked of them, as commander itself does. */
export function textAfterHelp(command: Command): string {
  let text = "";
  const write = (part: string): void => {
    text += part;
  };
  // A Command is an EventEmitter, which its types leave out.
  (command as unknown as EventEmitter).emit("afterHelp", { error: false, command, write });
  return text;
}
