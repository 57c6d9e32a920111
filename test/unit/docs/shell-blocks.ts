// The commands that documents show, and their words as a shell would see them.

export interface ShownCommand {
  readonly file: string;
  readonly line: number;
  /** As it stands there, without comments; a loop, or a line that goes on, is one command of several lines. */
  readonly command: string;
}

const FENCE = /^(\s*)(```+)\s*(\w*)\s*$/;

/** What stands in the fenced blocks of a language: each block with its first line's number. */
export function fencedBlocks(text: string, language: string): readonly { line: number; lines: readonly string[] }[] {
  const blocks: { line: number; lines: string[] }[] = [];
  let open: { fence: string; indent: number; block: { line: number; lines: string[] } | null } | null = null;
  for (const [at, line] of text.split("\n").entries()) {
    const [, indent = "", fence = "", word = ""] = FENCE.exec(line) ?? [];
    if (open === null && fence !== "") {
      const block = word === language ? { line: at + 2, lines: [] } : null;
      if (block !== null) blocks.push(block);
      open = { fence, indent: indent.length, block };
    } else if (open !== null && fence === open.fence && word === "") open = null;
    else open?.block?.lines.push(line.slice(open.indent));
  }
  return blocks;
}

/** The commands in the `sh` blocks of a document. */
export function shownCommands(file: string, text: string): readonly ShownCommand[] {
  const commands: ShownCommand[] = [];
  for (const block of fencedBlocks(text, "sh")) {
    let lines: string[] = [];
    let first = 0;
    for (const [at, raw] of block.lines.entries()) {
      const line = raw.replace(/(^|\s+)#( .*|)$/, "").trimEnd();
      if (line === "" && lines.length === 0) continue;
      if (lines.length === 0) first = block.line + at;
      lines.push(line);
      if (line.endsWith("\\") || isOpen(lines)) continue;
      commands.push({ file, line: first, command: lines.join("\n") });
      lines = [];
    }
    if (lines.length > 0) throw new Error(`${file}:${first}: a command without an end`);
  }
  return commands;
}

/** Whether a loop has begun that has not ended. */
function isOpen(lines: readonly string[]): boolean {
  const words = lines.join("\n").split(/[\s;]+/);
  const count = (word: string): number => words.filter((other) => other === word).length;
  return count("do") > count("done") || (count("for") > 0 && count("done") === 0);
}

/** Code within the text of a document, outside of its blocks. */
export function codeSpans(text: string): readonly { line: number; code: string }[] {
  let inBlock = false;
  return text.split("\n").flatMap((line, at) => {
    if (FENCE.test(line)) inBlock = !inBlock;
    if (inBlock) return [];
    return [...line.matchAll(/`([^`]+)`/g)].map((match) => ({ line: at + 1, code: match[1] ?? "" }));
  });
}

/** The words of each command of a pipeline or list. Redirections and what they name are left out. */
export function wordsOf(command: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  const text = command.replaceAll("\\\n", " ");
  const token = /\s+|(&&|\|\||[|;&\n])|(\d*>>?\s*\S+)|((?:"(?:\\.|[^"\\])*"|'[^']*'|\$\([^)]*\)|\\.|[^\s|;&"'\\>])+)/gy;
  for (const match of text.matchAll(token)) {
    if (match[1] !== undefined) commands.push([]);
    else if (match[3] !== undefined) commands.at(-1)?.push(unquoted(match[3]));
  }
  return commands.filter((words) => words.length > 0);
}

function unquoted(word: string): string {
  return word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g, (_, double?: string, single?: string, one?: string) =>
    double === undefined ? (single ?? one ?? "") : double.replace(/\\(["\\$`])/g, "$1"),
  );
}
