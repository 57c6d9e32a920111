// Cuts ovs-ofctl's syntax into items: at commas and blanks, but not inside of parentheses or brackets.
import { WeftError } from "../../bytes/errors.ts";

/** One item and where it began in the text, for errors. */
export interface Item {
  readonly text: string;
  readonly at: number;
}

export function textError(message: string, at: number): WeftError {
  return new WeftError("text/invalid", `${message} (at character ${at})`, { context: { at } });
}

const OPENING = "([";
const CLOSING = ")]";
/** Actions nest 8 deep at most, each with two parentheses; without a limit a text could exhaust the stack. */
const MAX_NESTING = 24;

/** Items between top-level separators; empty ones are left out. `base` is where `text` lies in the whole. */
export function splitItems(text: string, base = 0, separators = ", \t\n"): Item[] {
  const items: Item[] = [];
  let depth = 0;
  let start = 0;
  const flush = (end: number): void => {
    if (end > start) items.push({ text: text.slice(start, end), at: base + start });
  };
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (OPENING.includes(char)) {
      depth++;
      if (depth > MAX_NESTING) throw textError(`more than ${MAX_NESTING} parentheses within each other`, base + i);
    } else if (CLOSING.includes(char)) {
      depth--;
      if (depth < 0) throw textError(`"${char}" closes nothing`, base + i);
    } else if (depth === 0 && separators.includes(char)) {
      flush(i);
      start = i + 1;
    }
  }
  if (depth !== 0) throw textError("a parenthesis is not closed", base + text.length);
  flush(text.length);
  return items;
}

/** "name:argument", "name=argument" or "name(argument)"; the argument is undefined if there is none. */
export function splitCall(item: Item): { readonly name: string; readonly argument: Item | undefined } {
  const { text, at } = item;
  const end = text.search(/[:=(]/);
  if (end < 0) return { name: text.toLowerCase(), argument: undefined };
  const name = text.slice(0, end).toLowerCase();
  if (text.charAt(end) !== "(") return { name, argument: { text: text.slice(end + 1), at: at + end + 1 } };
  if (!text.endsWith(")")) throw textError(`"${text}" does not end in ")"`, at);
  return { name, argument: { text: text.slice(end + 1, -1), at: at + end + 1 } };
}

/** "A->B". */
export function splitArrow(item: Item): readonly [Item, Item] {
  const arrow = item.text.indexOf("->");
  if (arrow < 0) throw textError(`"${item.text}" lacks "->"`, item.at);
  return [
    { text: item.text.slice(0, arrow), at: item.at },
    { text: item.text.slice(arrow + 2), at: item.at + arrow + 2 },
  ];
}
