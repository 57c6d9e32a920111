// What `npm run bench` was asked for.

export interface Asked {
  readonly kind: "run";
  /** None: all there are. */
  readonly names: readonly string[];
  readonly quick: boolean;
  readonly profile: boolean;
  /** Null: as usual. */
  readonly runs: number | null;
  /** For the benchmark itself. */
  readonly args: readonly string[];
}

export interface Help {
  readonly kind: "help";
  /** Null where help was asked for. */
  readonly problem: string | null;
}

function help(problem: string | null): Help {
  return { kind: "help", problem };
}

/** Names and the harness's own options in any order; whatever else there is, and all after `--`, is the benchmark's. */
export function commandLine(argv: readonly string[], known: readonly string[]): Asked | Help {
  const names: string[] = [];
  const args: string[] = [];
  let [quick, profile] = [false, false];
  let runs: number | null = null;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (word === "--help") return help(null);
    if (word === "--quick") quick = true;
    else if (word === "--profile") profile = true;
    else if (word === "--runs") {
      at += 1;
      runs = Number(argv[at]);
      if (!Number.isInteger(runs) || runs < 1)
        return help(`--runs takes a number from 1, not ${argv[at] ?? "nothing"}`);
    } else if (word.startsWith("--")) {
      args.push(...argv.slice(word === "--" ? at + 1 : at));
      break;
    } else if (known.includes(word)) names.push(word);
    else return help(`there is no benchmark ${word}`);
  }
  if (args.length > 0 && names.length !== 1) return help(`${args[0]} is for one benchmark: name it`);
  return { kind: "run", names, quick, profile, runs, args };
}
