// Sizes on a benchmark's command line: `--hosts 30,100,300`.
import { parseArgs } from "node:util";

/** Names of options that take a list of sizes, with those that are measured unless others are asked for. */
export type SizeLists = Readonly<Record<string, readonly number[]>>;

/** @throws Error that names the options there are */
export function sizesOf<Lists extends SizeLists>(
  args: readonly string[],
  lists: Lists,
): { [Name in keyof Lists]: readonly number[] } {
  const options = Object.fromEntries(Object.keys(lists).map((name) => [name, { type: "string" as const }]));
  const { values } = parseArgs({ args: [...args], options });
  const read = Object.entries(lists).map(([name, usual]): [string, readonly number[]] => {
    const text = values[name];
    if (text === undefined) return [name, usual];
    const sizes = String(text)
      .split(",")
      .filter((word) => word !== "")
      .map(Number);
    if (sizes.every((size) => Number.isInteger(size) && size >= 0)) return [name, sizes];
    throw new Error(`--${name} takes numbers with commas between them, not ${text}`);
  });
  return Object.fromEntries(read) as { [Name in keyof Lists]: readonly number[] };
}
