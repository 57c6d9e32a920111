// What shown commands are run in and checked by: machines of a lab, and facts of a fabric.
import type { Host } from "../../src/lab/index.ts";

/** controller: where it runs. spare: no host of the fabric. one, two and three: hosts, named host1, host2 and host3. */
export type Machine = "controller" | "spare" | "one" | "two" | "three";

export interface World {
  host(machine: Machine): Host;
  /** A shell there, with `weft` as it is installed. */
  sh(machine: Machine, command: string): Promise<string>;
  /** What `weft QUESTION --json` says. */
  ask(question: string): Promise<unknown>;
  /** The command of a controller, which then runs there; another one is stopped. */
  control(machine: Machine, command: string): Promise<void>;
  /** For files; removed at the end. */
  readonly scratch: string;
}

export type Step = (world: World) => Promise<unknown>;
/** Asked until it is so. */
export type Fact = (world: World) => Promise<boolean>;

export interface Run {
  readonly command: string;
  /** Where; on several machines one after the other. */
  readonly at: readonly Machine[];
  /** What stands for what the document leaves open, or for what is another's here. */
  readonly values?: (world: World, machine: Machine) => Readonly<Record<string, string>>;
  readonly exits?: readonly number[];
  readonly shows?: RegExp;
  /** A controller, which runs on. */
  readonly stays?: true;
  readonly before?: Step;
  /** What is wrong before, or wanted after. */
  readonly given?: Fact;
  readonly after?: Fact;
  /** It may have to be said again: a ping into a fabric that is being made. */
  readonly again?: true;
}

interface Problems {
  readonly problems: readonly { readonly code: string }[];
}
interface HostState extends Problems {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly openflow: string;
}

export async function hosts(world: World): Promise<readonly HostState[]> {
  return (await world.ask("hosts")) as readonly HostState[];
}

export const problem =
  (code: string, isThere = true): Fact =>
  async (world) =>
    ((await world.ask("status")) as Problems).problems.some((one) => one.code === code) === isThere;
export const state =
  (wanted: string, ...names: readonly string[]): Fact =>
  async (world) => {
    const there = await hosts(world);
    return names.every((name) => there.some((host) => host.name === name && host.state === wanted));
  };
export const known =
  (name: string, isKnown: boolean): Fact =>
  async (world) =>
    (await hosts(world)).some((host) => host.name === name) === isKnown;
export const all =
  (...facts: readonly Fact[]): Fact =>
  async (world) => {
    for (const fact of facts) if (!(await fact(world))) return false;
    return true;
  };
export const prints =
  (machine: Machine, command: string, text: RegExp): Fact =>
  async (world) =>
    text.test(await world.sh(machine, command));
export const doing =
  (machine: Machine, ...commands: readonly string[]): Step =>
  async (world) => {
    for (const command of commands) await world.sh(machine, command);
  };
/** The one command, by which hosts that are told of the controller join it. */
export const joined =
  (...machines: readonly Machine[]): Step =>
  async (world) => {
    const { ip } = world.host("controller");
    for (const machine of machines) await world.sh(machine, `ovs-vsctl set-manager tcp:${ip}:6640`);
  };
