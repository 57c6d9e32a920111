// `weft completion`, and what its scripts ask at each TAB.
import { Argument, type Command } from "commander";
import { visible } from "../../config/visible.ts";
import { defaultControlPath } from "../settings.ts";
import { type Candidate, complete } from "./complete.ts";
import { completionScript, SHELLS, type Shell } from "./shells.ts";

export function addCompletionCommand(program: Command): void {
  program
    .command("completion")
    .description("print the completion script for a shell")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .addHelpText(
      "after",
      `
Hosts, networks and endpoints are completed too, where the controller answers within a second.

Examples:
  source <(weft completion bash)
  weft completion bash > /etc/bash_completion.d/weft
  weft completion zsh > "\${fpath[1]}/_weft"
  weft completion fish > ~/.config/fish/completions/weft.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(completionScript(shell));
    });
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .action(async (words: readonly string[]) => {
      process.stdout.write(await answer(program, words));
    });
}

/** A first line with `:`, `:files` or `:directories`; then a line for each candidate: it, a tab, what it is. */
async function answer(program: Command, words: readonly string[]): Promise<string> {
  const { candidates, subject, files, prefix, control } = complete(program, words);
  const lines = candidates.map(show);
  if (subject !== null) {
    const { askNames } = await import("./ask.ts");
    const typed = words.at(-1) ?? "";
    const names = await askNames(subject, control ?? (process.env.WEFT_CONTROL || defaultControlPath()));
    const wanted = names.map((name) => ({ ...name, value: prefix + name.value }));
    lines.push(...wanted.filter(({ value }) => value.startsWith(typed) && isPlain(value)).map(show));
  }
  return `:${files ?? ""}\n${lines.map((line) => `${line}\n`).join("")}`;
}

/** Names are what hosts say of themselves: one that a shell would not take as a word is not offered. */
function isPlain(value: string): boolean {
  return /^[\w.:@%+=/-]+$/.test(value);
}

function show({ value, description }: Candidate): string {
  return `${value}\t${visible(description)}`;
}
