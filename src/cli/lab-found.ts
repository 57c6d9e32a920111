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

/** Those that this user can use: real hosts need root, and a machine that can hold them. */
export function realLabs(): readonly string[] {
  return checkRequirements().length === 0 ? Lab.list() : [];
}

export function allLabs(): readonly string[] {
  return [...new Set([...realLabs(), ...SimulatedLab.list()])].sort();
}

/** The one there is, where there is one. */
export function theLab(names = allLabs()): string {
  const [only] = names;
  if (only === undefined) throw new WeftError("lab/no-lab", noLabText());
  if (names.length === 1) return only;
  if (names.includes(DEFAULT_LAB)) return DEFAULT_LAB;
  throw new WeftError("lab/which", `there are several labs: ${names.join(", ")}; say which with --name`);
}

const outOfReach = (): readonly string[] => (checkRequirements().length === 0 ? [] : Lab.list());

/** Also that there are labs which another user could use. */
export function noLabText(others: readonly string[] = outOfReach()): string {
  const make = `make one with: ${howToMakeOne()}`;
  if (others.length === 0) return `there is no lab; ${make}`;
  const are = others.length === 1 ? "a lab of real hosts is here, but needs" : "labs of real hosts are here, but need";
  return `there is no lab of this user's; ${are} root: ${others.join(", ")}; ${make}`;
}

/** What is typed after a `weft lab` command so that it is this lab that is meant: nothing where it is anyhow. */
export function nameOption({ name }: AnyLab): string {
  const names = allLabs();
  const isMeant = names.length === 1 || name === DEFAULT_LAB;
  return isMeant ? "" : ` --name ${name}`;
}

/**
 * Labs of both kinds have their names from one stock: a name says which lab is meant, and not of what kind.
 * @throws WeftError `lab/taken`
 */
export async function requireFreeName(name: string): Promise<void> {
  // What a process that has ended has left is removed on the way.
  await SimulatedLab.sweep();
  if (realLabs().includes(name)) await Lab.sweep();
  if (!allLabs().includes(name)) return;
  const message = `the lab "${name}" is there already; weft lab down --name ${name} removes it`;
  throw new WeftError("lab/taken", message, { context: { name } });
}

function howToMakeOne(): string {
  return checkRequirements().length === 0 ? "weft lab up 3" : "weft lab up 3 --simulated";
}

/** @param timeoutMs how long a simulated one may take to answer */
export function openLab(name = theLab(), timeoutMs?: number): Promise<AnyLab> {
  if (SimulatedLab.list().includes(name)) return SimulatedLab.open(name, timeoutMs);
  requireLabMachine("a lab");
  return Lab.open(name);
}
