// Which lab is meant: real hosts or simulated ones, by its name, or the one there is.
import { WeftError } from "../api/index.ts";
import { checkRequirements, Lab } from "../lab/index.ts";
import { SimulatedLab } from "../lab/simulated/index.ts";
import { requireLabMachine } from "./lab-machine.ts";
import { DEFAULT_LAB } from "./lab-options.ts";

export type AnyLab = Lab | SimulatedLab;

/** What is said of simulated labs wherever they are shown. */
export const SIMULATED = "simulated: no Open vSwitch, no namespaces, frames go in memory";
/** Beside pings between simulated guests. */
export const SIMULATED_TIMES = "(simulated: frames go in memory, and the times say nothing of a network)\n";

export function isSimulated(lab: AnyLab): lab is SimulatedLab {
  return lab instanceof SimulatedLab;
}

/** Real hosts need a machine that can hold them; where it can't, there are none. */
export function realLabs(): readonly string[] {
  return checkRequirements().length === 0 ? Lab.list() : [];
}

export function allLabs(): readonly string[] {
  return [...new Set([...realLabs(), ...SimulatedLab.list()])].sort();
}

/** The one there is, where there is one. */
export function theLab(names = allLabs()): string {
  const [only] = names;
  if (only === undefined) throw new WeftError("lab/no-lab", `there is no lab; make one with: ${howToMakeOne()}`);
  if (names.length === 1) return only;
  if (names.includes(DEFAULT_LAB)) return DEFAULT_LAB;
  throw new WeftError("lab/which", `there are several labs: ${names.join(", ")}; say which with --name`);
}

export function howToMakeOne(): string {
  return checkRequirements().length === 0 ? "weft lab up 3" : "weft lab up 3 --simulated";
}

export function openLab(name = theLab()): Promise<AnyLab> {
  if (SimulatedLab.list().includes(name)) return SimulatedLab.open(name);
  requireLabMachine("a lab");
  return Lab.open(name);
}
