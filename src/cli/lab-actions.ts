// What the `weft lab` commands do.
import { type Format, renderJson, WeftError } from "../api/index.ts";
import { Lab } from "../lab/index.ts";
import { SilentFailure } from "./failure.ts";
import { findLabController } from "./lab-controller.ts";
import { requireLabMachine } from "./lab-machine.ts";
import { DEFAULT_LAB, type UpOptions } from "./lab-options.ts";
import { labText, labView } from "./lab-status.ts";
import { stdoutStyle } from "./settings.ts";

export async function labDown(name: string | undefined, all: boolean): Promise<void> {
  requireLabMachine("a lab");
  const removed = await Lab.sweep();
  for (const each of labsToRemove(name, all, removed)) removed.push(...(await Lab.sweep(each)));
  process.stdout.write(removed.length === 0 ? "There is no lab.\n" : `Removed ${removed.join(", ")}.\n`);
}

/** Labs whose process has ended are gone by now. */
function labsToRemove(name: string | undefined, all: boolean, removed: readonly string[]): readonly string[] {
  const names = Lab.list();
  if (all) return names;
  if (name === undefined) return names.length === 0 ? [] : [theLabToRemove()];
  if (names.includes(name)) return [name];
  if (removed.includes(name)) return [];
  const others = names.length === 0 ? "there is none" : `there are: ${names.join(", ")}`;
  throw new WeftError("lab/no-lab", `there is no lab "${name}"; ${others}`);
}

export async function labExec(name: string | undefined, member: string, command: readonly string[]): Promise<void> {
  requireLabMachine("a lab");
  const lab = await Lab.open(name ?? theLab());
  const exitCode = await lab.attach(member, command);
  if (exitCode !== 0) throw new SilentFailure(exitCode);
}

export async function labStatus(format: Format): Promise<void> {
  requireLabMachine("a lab");
  const labs = [];
  for (const name of Lab.list()) {
    // Another program may be making it, or have removed it since.
    const lab = await Lab.open(name).catch(() => undefined);
    if (lab !== undefined) labs.push(labView(lab));
  }
  process.stdout.write(format === "json" ? renderJson(labs) : labText(labs, stdoutStyle()));
}

/** A lab in which a demo or a test is at work is not what somebody means who names none. */
function theLabToRemove(): string {
  const names = Lab.list();
  const mine = names.filter((name) => !Lab.isInUse(name));
  if (mine.length === 0) {
    throw new WeftError(
      "lab/in-use",
      `a program that runs has made ${names.join(", ")}, and removes it when it ends; weft lab down --name NAME removes it all the same`,
    );
  }
  return theLab(mine);
}

/** The one there is, where there is one. */
function theLab(names = Lab.list()): string {
  const [only] = names;
  if (only === undefined) throw new WeftError("lab/no-lab", "there is no lab; make one with: weft lab up 3");
  if (names.length === 1) return only;
  if (names.includes(DEFAULT_LAB)) return DEFAULT_LAB;
  throw new WeftError("lab/which", `there are several labs: ${names.join(", ")}; say which with --name`);
}

/** Guests need their host's bridge, which a controller makes: without one nothing is begun. */
export async function labUp(hosts: number, options: UpOptions, control: string): Promise<void> {
  requireLabMachine("a lab");
  const controller = await findLabController(options.controller, control);
  await Lab.sweep();
  const lab = await Lab.create({
    name: options.name,
    hosts,
    persistent: true,
    ...(options.tunnel === undefined ? {} : { tunnelType: options.tunnel }),
  });
  const target = `tcp:${controller.address ?? lab.controllerIp}:${controller.port}`;
  const many = hosts === 1 ? "1 host runs" : `${hosts} hosts run`;
  process.stdout.write(`${many} Open vSwitch, for ${controller.told}\n`);
  process.stdout.write(`each is told: ovs-vsctl set-manager ${target}\n`);
  if (controller.address !== null) await routeTo(controller.address, lab);
  // One after the other: they have their indexes in this order.
  for (const host of lab.hosts) await host.vsctl("set-manager", target);
  if (options.guests > 0) await addGuests(lab, options.guests, target);
  process.stdout.write(labText([labView(lab)], stdoutStyle()));
}

/** An address of this machine outside of the lab's own subnet is reached by the lab's end of this machine. */
async function routeTo(address: string, lab: Lab): Promise<void> {
  const isOwn = address === lab.controllerIp || lab.hosts.some((host) => host.ip === address);
  if (isOwn) return;
  const route = ["ip", "route", "replace", `${address}/32`, "via", lab.controllerIp];
  await Promise.all(lab.hosts.map((host) => host.exec(route)));
}

async function addGuests(lab: Lab, perHost: number, target: string): Promise<void> {
  try {
    await lab.populate({ perHost });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint = `is the controller at ${target}? (weft hosts shows what it sees, weft lab down --name ${lab.name} removes the lab)`;
    throw new WeftError("lab/no-bridge", `the guests could not be added: ${why}\n${hint}`, { cause: error });
  }
}
