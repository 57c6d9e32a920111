// Text that somebody else has chosen, as it may be shown on a terminal or in one line of a log.

/** What would break the line, move the cursor or turn the direction of text is written as JSON writes it. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (char) =>
    Array.from({ length: char.length }, (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""),
  );
}
