// What a process was busy with: V8's sampling profiles of children and of this process, and what becomes of them.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { join } from "node:path";
import { type CpuProfile, hottest, type SelfTime } from "./cpu-profile.ts";
import { flameGraph } from "./flame-graph.ts";

const INTERVAL_US = 500;

export interface Profiled {
  /** The flame graph's file. */
  readonly svg: string;
  readonly hottest: readonly SelfTime[];
}

/** The profiles of one benchmark. */
export class Profiles {
  readonly #directory: string;
  readonly #name: string;

  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.#name = name;
    mkdirSync(directory, { recursive: true });
    for (const file of this.#files()) rmSync(join(directory, file));
  }

  /**
   * Arguments for a node process whose work is to be shown; it has to end by itself, since that is when it writes.
   * @param label tells this process from others of the same benchmark
   */
  nodeArgs(label: string): readonly string[] {
    return [
      "--cpu-prof",
      `--cpu-prof-interval=${INTERVAL_US}`,
      `--cpu-prof-dir=${this.#directory}`,
      `--cpu-prof-name=${this.#name}-${label}.cpuprofile`,
    ];
  }

  /** The same for work in this very process. */
  async around<T>(label: string, work: () => Promise<T>): Promise<T> {
    const session = new Session();
    session.connect();
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: INTERVAL_US });
    await session.post("Profiler.start");
    try {
      return await work();
    } finally {
      const { profile } = await session.post("Profiler.stop");
      writeFileSync(join(this.#directory, `${this.#name}-${label}.cpuprofile`), JSON.stringify(profile));
      session.disconnect();
    }
  }

  /** Draws a flame graph of each profile there is now. */
  draw(): readonly Profiled[] {
    return this.#files().map((file) => {
      const profile = JSON.parse(readFileSync(join(this.#directory, file), "utf8")) as CpuProfile;
      const svg = join(this.#directory, file.replace(/cpuprofile$/, "svg"));
      writeFileSync(svg, flameGraph(profile, file.replace(/\.cpuprofile$/, "")));
      return { svg, hottest: hottest(profile, 3) };
    });
  }

  #files(): readonly string[] {
    const own = (file: string): boolean => file.startsWith(`${this.#name}-`) && file.endsWith(".cpuprofile");
    return readdirSync(this.#directory).filter(own).sort();
  }
}
