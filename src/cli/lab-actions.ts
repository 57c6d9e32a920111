// What the `weft lab` commands do.
import { type Format, renderJson, WeftError } from "../api/index.ts";
import { Lab } from "../lab/index.ts";
import { SimulatedLab } from "../lab/simulated/index.ts";
import { SilentFailure, UsageError } from "./failure.ts";
import { findLabController, findSimulatedTarget } from "./lab-controller.ts";
import { allLabs, isSimulated, noLabText, openLab, realLabs, requireFreeName, SIMULATED, theLab } from "./lab-found.ts";
import { requireLabMachine } from "./lab-machine.ts";
import { MOST_HOSTS, type UpOptions } from "./lab-options.ts";
import { labText, labView, sentence, silentView } from "./lab-status.ts";
import { stdoutStyle } from "./settings.ts";

/** A lab that is looked at says something within this, or is shown as one that does not answer. */
const LOOK_TIMEOUT_MS = 5_000;

export async function labDown(name: string | undefined, all: boolean): Promise<void> {
  const removed = [...(await SimulatedLab.sweep())];
  const isSimulatedOne = name !== undefined && SimulatedLab.list().includes(name);
  const hasReal = realLabs().length > 0 || (name !== undefined && !isSimulatedOne && !removed.includes(name));
  if (hasReal) {
    requireLabMachine("a lab of real hosts");
    removed.push(...(await Lab.sweep()));
  }
  for (const each of labsToRemove(name, all, removed)) {
    removed.push(...(await SimulatedLab.sweep(each)));
    if (realLabs().includes(each)) removed.push(...(await Lab.sweep(each)));
  }
  process.stdout.write(removed.length === 0 ? `${sentence(noLabText())}\n` : `Removed ${removed.join(", ")}.\n`);
}

/** Labs whose process has ended are gone by now. */
function labsToRemove(name: string | undefined, all: boolean, removed: readonly string[]): readonly string[] {
  const names = allLabs();
  if (all) return names;
  if (name === undefined) return names.length === 0 ? [] : [theLabToRemove()];
  if (names.includes(name)) return [name];
  if (removed.includes(name)) return [];
  const others = names.length === 0 ? "there is none" : `there are: ${names.join(", ")}`;
  throw new WeftError("lab/no-lab", `there is no lab "${name}"; ${others}`);
}

export async function labExec(name: string | undefined, member: string, command: readonly string[]): Promise<void> {
  const lab = await openLab(name);
  if (isSimulated(lab)) {
    const { exitCode, stdout, stderr } = await lab.exec(member, command);
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    if (exitCode !== 0) throw new SilentFailure(exitCode);
    return;
  }
  const exitCode = await lab.attach(member, command);
  if (exitCode !== 0) throw new SilentFailure(exitCode);
}

export async function labStatus(format: Format): Promise<void> {
  const labs = [];
  for (const name of allLabs()) {
    // Another program may be making it, or have removed it since.
    const lab = await openLab(name, LOOK_TIMEOUT_MS).catch(() => undefined);
    if (lab !== undefined) labs.push(labView(lab));
    else if (SimulatedLab.isHeld(name)) labs.push(silentView(name));
  }
  process.stdout.write(format === "json" ? renderJson(labs) : labText(labs, stdoutStyle()));
}

/** A lab in which a demo or a test is at work is not what somebody means who names none. */
function theLabToRemove(): string {
  const names = allLabs();
  const mine = names.filter((name) => !Lab.isInUse(name) && !SimulatedLab.isInUse(name));
  if (mine.length === 0) {
    throw new WeftError(
      "lab/in-use",
      `a program that runs has made ${names.join(", ")}, and removes it when it ends; weft lab down --name NAME removes it all the same`,
    );
  }
  return theLab(mine);
}

/** Guests need their host's bridge, which a controller makes: without one nothing is begun. */
export async function labUp(hosts: number, options: UpOptions, control: string, script: string): Promise<void> {
  const kind = options.simulated === true ? "simulated" : "real";
  if (hosts > MOST_HOSTS[kind])
    throw new UsageError(`${hosts} hosts: up to ${MOST_HOSTS[kind]} ${kind} hosts fit on a machine`);
  if (kind === "real") requireLabMachine("a lab of real hosts", `weft lab up ${hosts} --simulated`);
  else if (options.tunnel !== undefined)
    throw new UsageError("--tunnel: simulated guests have an MTU that fits every type");
  const named = options.controller;
  if (kind === "simulated") {
    const target = await findSimulatedTarget(named, control);
    await requireFreeName(options.name);
    return simulatedUp(hosts, options, target, script);
  }
  const controller = await findLabController(named, control);
  await requireFreeName(options.name);
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
  if (options.guests > 0) await withHint(lab.name, target, () => lab.populate({ perHost: options.guests }));
  process.stdout.write(labText([labView(lab)], stdoutStyle()));
}

async function simulatedUp(hosts: number, options: UpOptions, target: string, script: string): Promise<void> {
  const lab = await SimulatedLab.create({ name: options.name, hosts, persistent: true, script });
  const many = hosts === 1 ? "1 host" : `${hosts} hosts`;
  process.stdout.write(`${many}, ${SIMULATED}; they speak OVSDB and OpenFlow with the controller over TCP\n`);
  process.stdout.write(`each is told: ovs-vsctl set-manager ${target}\n`);
  await lab.join(target);
  if (options.guests > 0) await withHint(lab.name, target, () => lab.populate(options.guests));
  process.stdout.write(labText([labView(lab)], stdoutStyle()));
}

/** An address of this machine outside of the lab's own subnet is reached by the lab's end of this machine. */
async function routeTo(address: string, lab: Lab): Promise<void> {
  const isOwn = address === lab.controllerIp || lab.hosts.some((host) => host.ip === address);
  if (isOwn) return;
  const route = ["ip", "route", "replace", `${address}/32`, "via", lab.controllerIp];
  await Promise.all(lab.hosts.map((host) => host.exec(route)));
}

async function withHint(name: string, target: string, populate: () => Promise<unknown>): Promise<void> {
  try {
    await populate();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint = `is the controller at ${target}? (weft hosts shows what it sees, weft lab down --name ${name} removes the lab)`;
    throw new WeftError("lab/no-bridge", `the guests could not be added: ${why}\n${hint}`, { cause: error });
  }
}
