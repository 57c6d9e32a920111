// Turns the text of options and arguments into values, or says what was expected.
import { InvalidArgumentError } from "commander";

export function wholeNumber(what: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`expected ${what}, a whole number from ${min} to ${max}.`);
  };
}

/** Gathers a repeatable option's values. */
export function collect(text: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), text];
}

/** `ADDRESS:PORT`, with an IPv6 address in brackets. */
export function addressAndPort(text: string): { readonly address: string; readonly port: number } {
  const match = /^(\[[0-9a-fA-F:.]+\]|[0-9.]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port < 1 || port > 65_535) {
    throw new InvalidArgumentError("expected ADDRESS:PORT, such as 192.0.2.1:6640 or [2001:db8::1]:6640.");
  }
  return { address: match[1] ?? "", port };
}

/** The path of a file or folder that a command writes. */
export function path(text: string): string {
  if (text.trim() === "" || text.includes("\0")) throw new InvalidArgumentError("expected a path, and it is empty.");
  return text;
}

const SECONDS = { least: 0.5, most: 3600 };

export function seconds(text: string): number {
  const value = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= SECONDS.least && value <= SECONDS.most) return value;
  throw new InvalidArgumentError(`expected seconds, from ${SECONDS.least} to ${SECONDS.most}.`);
}
