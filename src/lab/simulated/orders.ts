// What a simulated lab's process is asked on its socket: one JSON value in, one out.
import { z } from "zod";
import { LIES } from "../../sim/manners.ts";
import { LabError } from "../lab-error.ts";
import { runOn } from "./commands.ts";
import type { FleetLab } from "./fleet-lab.ts";

const names = z.array(z.string()).optional();
const span = z.number().positive().max(3_600_000).exactOptional();

const guest = z.object({
  host: z.string(),
  name: z.string().exactOptional(),
  ip: z.string().exactOptional(),
  mac: z.string().exactOptional(),
  port: z.string().exactOptional(),
  tag: z.number().int().min(0).max(4095).exactOptional(),
  network: z.string().exactOptional(),
  attachedMac: z.boolean().exactOptional(),
});

const misbehaviour = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("slow"), delayMs: span, bytesPerSec: span }),
  z.object({ kind: z.literal("silent") }),
  z.object({ kind: z.literal("lying"), about: z.array(z.enum(LIES)).exactOptional() }),
  z.object({ kind: z.literal("flapping"), what: z.enum(["connections", "links"]), everyMs: span }),
  z.object({ kind: z.literal("cut-off"), from: z.enum(["controller", "hosts"]) }),
]);

interface Order<Asked> {
  readonly asked: z.ZodType<Asked>;
  readonly act: (lab: FleetLab, asked: Asked) => unknown;
}

const order = <Asked>(asked: z.ZodType<Asked>, act: Order<Asked>["act"]): Order<never> =>
  ({ asked, act }) as unknown as Order<never>;

/** By their names; what each is asked and what it answers is told by `SimulatedLab`, which asks. */
const ORDERS: ReadonlyMap<string, Order<never>> = new Map([
  ["view", order(z.object({}), (lab) => lab.view)],
  ["join", order(z.object({ target: z.string(), hosts: names }), (lab, { target, hosts }) => lab.join(target, hosts))],
  [
    "populate",
    order(z.object({ perHost: z.number().int().min(0).max(26), hosts: names }), (lab, { perHost, hosts }) =>
      lab.populate(perHost, hosts),
    ),
  ],
  ["add-guest", order(guest, (lab, spec) => lab.addGuest(spec))],
  ["remove-guest", order(z.object({ name: z.string() }), (lab, { name }) => lab.removeGuest(name))],
  ["ping", order(z.object({ guests: names }), (lab, { guests }) => lab.pingMatrix(guests))],
  [
    "cut",
    order(z.object({ from: z.string(), to: z.string(), oneWay: z.boolean() }), (lab, { from, to, oneWay }) =>
      lab.cut(from, to, oneWay),
    ),
  ],
  ["heal", order(z.object({ from: z.string(), to: z.string() }), (lab, { from, to }) => lab.heal(from, to))],
  ["heal-all", order(z.object({}), (lab) => lab.healAll())],
  [
    "misbehave",
    order(z.object({ host: z.string(), what: misbehaviour }), (lab, { host, what }) => lab.misbehave(host, what)),
  ],
  ["behave", order(z.object({ host: z.string() }), (lab, { host }) => lab.behave(host))],
  [
    "exec",
    order(z.object({ member: z.string(), argv: z.array(z.string()) }), (lab, { member, argv }) =>
      runOn(lab, member, argv),
    ),
  ],
]);

/** @throws WeftError that says why not */
export async function obey(lab: FleetLab, method: string, params: readonly string[]): Promise<string> {
  const found = ORDERS.get(method);
  if (found === undefined)
    throw new LabError("lab/order", `a simulated lab knows no "${method}"`, { context: { method } });
  let asked: never;
  try {
    asked = found.asked.parse(JSON.parse(params[0] ?? "{}"));
  } catch (cause) {
    throw new LabError("lab/order", `"${method}" was asked in a way that is not understood: ${cause}`, { cause });
  }
  return JSON.stringify((await found.act(lab, asked)) ?? null);
}
