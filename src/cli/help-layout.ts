// How help lays out commands and options: descriptions beside them, or on a narrow terminal below them.
import { Help, type HelpConfiguration } from "commander";

/** The longest command leaves 32 columns of 80 beside it: lines that the terminal would break are broken here. */
const MIN_BESIDE = 28;
const INDENT = 6;

export const HELP_LAYOUT: HelpConfiguration = {
  minWidthToWrap: 20,
  formatItem(term: string, termWidth: number, description: string, helper: Help): string {
    const width = helper.helpWidth ?? 80;
    if (description === "" || width - termWidth - 4 >= MIN_BESIDE) {
      return Help.prototype.formatItem.call(helper, term, termWidth, description, helper);
    }
    const below = helper.boxWrap(description, Math.max(width - INDENT, 20));
    return `  ${term}\n${below.replaceAll(/^/gm, " ".repeat(INDENT))}`;
  },
};
