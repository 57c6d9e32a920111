// What a benchmark is: a name, and a run that gives tables, how cost grows, and every number as data.
import type { Point } from "./fit.ts";
import type { Profiles } from "./profiles.ts";
import type { Table } from "./table.ts";

export interface BenchOptions {
  /** Small sizes and few runs: shows that it works, and measures nothing. */
  readonly quick: boolean;
  /** How often each measurement is made; the median counts. */
  readonly runs: number;
  /** Where processes of Weft leave what they were busy with; null unless it was asked for. */
  readonly profiles: Profiles | null;
  /** What follows the benchmark's name on the command line. */
  readonly args: readonly string[];
  /** Tells how far it is. */
  progress(text: string): void;
}

/** How cost grows as the work grows: fitted and shown by the harness. */
export interface Scaling {
  /** Such as "weft, one new MAC". */
  readonly title: string;
  /** Of what there is more: "switches". */
  readonly size: string;
  /** What is measured, with its unit: "ms". */
  readonly cost: string;
  readonly points: readonly Point[];
}

export interface BenchReport {
  readonly tables: readonly Table[];
  readonly scalings: readonly Scaling[];
  /** Sentences below the tables: what was left out, and why. */
  readonly notes: readonly string[];
  /** Every number, for bench/results. Plain JSON. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The results' file without its ending; the benchmark's name unless given. */
  readonly file?: string;
}

export interface Benchmark {
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  /** Cleans up behind itself, also when it throws. */
  run(options: BenchOptions): Promise<BenchReport>;
}
