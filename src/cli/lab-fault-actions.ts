// What the `weft lab` commands that try a fabric do.
import { type Format, renderJson, WeftError } from "../api/index.ts";
import type { PingMatrix } from "../lab/index.ts";
import { type Misbehaviour, misbehaviourText } from "../lab/simulated/index.ts";
import { pingTable } from "./demo/ping-table.ts";
import { SilentFailure, UsageError } from "./failure.ts";
import { type AnyLab, isSimulated, nameOption, openLab, SIMULATED_TIMES } from "./lab-found.ts";
import { nextGuest } from "./lab-next-guest.ts";
import type { GuestWishes } from "./lab-options.ts";
import { stdoutStyle } from "./settings.ts";

export async function labPing(name: string | undefined, guests: readonly string[], format: Format): Promise<void> {
  const lab = await openLab(name);
  const matrix = await pingAll(lab, guests);
  const note = isSimulated(lab) ? SIMULATED_TIMES : "";
  process.stdout.write(format === "json" ? renderJson(matrix) : `${pingTable(matrix, stdoutStyle())}${note}`);
  if (!matrix.ok) throw new SilentFailure();
}

function pingAll(lab: AnyLab, names: readonly string[]): Promise<PingMatrix> {
  if (isSimulated(lab)) return lab.pingMatrix(names.length === 0 ? undefined : names);
  const guests = names.length === 0 ? lab.guests : names.map((one) => lab.guest(one));
  return lab.pingMatrix(guests, { count: 1, timeoutSec: 1 });
}

export async function labCut(name: string | undefined, from: string, to: string, oneWay: boolean): Promise<void> {
  const lab = await openLab(name);
  if (from === to) throw new UsageError(`${from} has no path to itself`);
  if (isSimulated(lab)) await lab.cut(from, to, oneWay);
  else await lab.cut(from, to, { oneWay });
  const what = oneWay ? `what ${from} sends ${to} is lost` : `what ${from} and ${to} send each other is lost`;
  process.stdout.write(`${what}, until: weft lab heal ${from} ${to}${nameOption(lab)}\n`);
}

export async function labHeal(
  name: string | undefined,
  from: string | undefined,
  to: string | undefined,
): Promise<void> {
  const lab = await openLab(name);
  if (from === undefined) {
    const { cuts } = lab;
    await lab.healAll();
    const healed = cuts.map((pair) => pair.join(" - ")).join(", ");
    process.stdout.write(healed === "" ? "No path is cut.\n" : `Healed ${healed}.\n`);
    return;
  }
  if (to === undefined) throw new UsageError(`weft lab heal ${from}: the path to which host? weft lab heal heals all`);
  await lab.heal(from, to);
  process.stdout.write(`Healed ${from} - ${to}.\n`);
}

export async function labAddGuest(
  name: string | undefined,
  host: string,
  guest: string | undefined,
  { tag, network, ip }: GuestWishes,
): Promise<void> {
  const lab = await openLab(name);
  const more = {
    ...(tag === undefined ? {} : { tag }),
    ...(network === undefined ? {} : { network }),
  };
  const made = isSimulated(lab)
    ? await lab.addGuest({
        host,
        ...more,
        ...(guest === undefined ? {} : { name: guest }),
        ...(ip === undefined ? {} : { ip }),
      })
    : await lab.host(host).addGuest({ ...more, ...nextGuest(lab.guests, lab.host(host).index, { name: guest, ip }) });
  process.stdout.write(`${made.name} is on ${made.host}, port ${made.port}: ${made.ip}, ${made.mac}\n`);
}

const WAYS: ReadonlyMap<string, Misbehaviour> = new Map<string, Misbehaviour>([
  ["slow", { kind: "slow" }],
  ["silent", { kind: "silent" }],
  ["lying", { kind: "lying" }],
  ["flapping-connections", { kind: "flapping", what: "connections" }],
  ["flapping-links", { kind: "flapping", what: "links" }],
  ["cut-off-controller", { kind: "cut-off", from: "controller" }],
  ["cut-off-hosts", { kind: "cut-off", from: "hosts" }],
]);

/** @param how null: it does as it should again */
export async function labMisbehave(name: string | undefined, host: string, how: string | null): Promise<void> {
  const lab = await openLab(name);
  if (!isSimulated(lab)) {
    const what = `the hosts of "${lab.name}" are real, and run Open vSwitch as it is`;
    throw new WeftError("lab/real", `${what}; those of a simulated lab misbehave: weft lab up 3 --simulated`);
  }
  if (how === null) {
    await lab.behave(host);
    process.stdout.write(`${host} does as it should.\n`);
    return;
  }
  const what = WAYS.get(how);
  if (what === undefined)
    throw new UsageError(`what shall ${host} do wrong? weft lab misbehave --help lists what there is`);
  await lab.misbehave(host, what);
  process.stdout.write(
    `${host} is ${misbehaviourText(what)}, until: weft lab misbehave ${host} --end${nameOption(lab)}\n`,
  );
}
