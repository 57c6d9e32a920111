// Names in commands that somebody is to run: hosts choose their own, and a shell must not take one for more than a word.

const PLAIN = /^[\w.:@%+=,/-]+$/;

/** @returns the text as one word of a POSIX shell */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A quoted word stands at the beginning of one, or behind `=`; the apostrophes of prose stand behind a letter. */
const QUOTED = /(?<![\w'\\])'(?:[^']|'\\'')*'/g;

/** The same with every quoted name blacked out, place by place: what words say by themselves, and no host or guest. */
export function withoutQuoted(text: string): string {
  return text.replaceAll(QUOTED, (quoted) => "Q".repeat(quoted.length));
}

/** What a shell reads as more than words, but for the one command that a remedy of Weft's has within another. */
const MORE_THAN_WORDS = /[$`|&<>'\n\\]/;

/** Whether a command that stands among words would be run as that one command. */
export function isOneCommand(text: string): boolean {
  return !MORE_THAN_WORDS.test(withoutQuoted(text).replace("$(uuidgen)", ""));
}
