// Which controller a lab's hosts are sent to: found before anything is made, and told.
import ipaddr from "ipaddr.js";
import { callControl, type StatusView, WeftError } from "../api/index.ts";
import { UsageError } from "./failure.ts";

interface AddressAndPort {
  readonly address: string;
  readonly port: number;
}

/** As `weft status` tells what is listened to. */
const EVERY_ADDRESS = /^ovsdb ptcp:(\d+)(?::0\.0\.0\.0)?$/;

const PLAIN = /^ovsdb ptcp:(\d+)(?::([0-9.]+))?$/;

export interface LabController {
  /** null: the lab's own address of this machine. */
  readonly address: string | null;
  readonly port: number;
  /** Who it is, for people. */
  readonly told: string;
}

/** @throws WeftError that says what to do where none can be reached by a lab's hosts. */
export async function findLabController(named: AddressAndPort | undefined, control: string): Promise<LabController> {
  if (named !== undefined) return controllerAt(named);
  const { fabric, listeners } = await statusOf(control);
  const which = answersOn(control);
  const port = listeners.map((listener) => EVERY_ADDRESS.exec(listener)?.[1]).find((found) => found !== undefined);
  if (port !== undefined) {
    return { address: null, port: Number(port), told: `${which}${fabric === null ? "" : `, fabric ${fabric}`}` };
  }
  const where = whereOf(listeners);
  throw new WeftError(
    "lab/out-of-reach",
    `${which} takes hosts ${where}, where a new lab's hosts cannot reach it (a demo's controller serves its own hosts only); start one that listens on every address and name its control socket:\n  weft --control /run/weft/lab.sock controller --ovsdb ptcp:16640 --openflow ptcp:16653\n  weft --control /run/weft/lab.sock lab up 3`,
    { context: { control, listeners } },
  );
}

/**
 * The target that simulated hosts are told: they come from this machine itself, and reach whatever listens on it.
 * @throws WeftError that says what to do where the controller takes no hosts by plain TCP.
 */
export async function findSimulatedTarget(named: AddressAndPort | undefined, control: string): Promise<string> {
  if (named !== undefined) return `tcp:${named.address}:${named.port}`;
  const { listeners } = await statusOf(control);
  const found = listeners.map((listener) => PLAIN.exec(listener)).find((method) => method !== null);
  if (found?.[1] !== undefined) {
    const [, port, address = "0.0.0.0"] = found;
    return `tcp:${address === "0.0.0.0" ? "127.0.0.1" : address}:${port}`;
  }
  throw new WeftError(
    "lab/out-of-reach",
    `${answersOn(control)} takes hosts ${whereOf(listeners)}, and simulated hosts speak plain TCP over IPv4; start one beside it and name its control socket:\n  weft --control /tmp/weft-lab.sock controller --ovsdb ptcp:16640:127.0.0.1 --openflow ptcp:16653:127.0.0.1\n  weft --control /tmp/weft-lab.sock lab up 3 --simulated`,
    { context: { control, listeners } },
  );
}

async function statusOf(control: string): Promise<StatusView> {
  return JSON.parse(await callControl(control, "status", ["--json"])) as StatusView;
}

const answersOn = (control: string): string => `the controller that answers on ${control}`;

function whereOf(listeners: readonly string[]): string {
  const places = listeners.filter(isOvsdb).map(withoutKind);
  return places.length === 0 ? "nowhere" : `at ${places.join(", ")} alone`;
}

const isOvsdb = (listener: string): boolean => listener.startsWith("ovsdb ");
const withoutKind = (listener: string): string => listener.slice("ovsdb ".length);

/** The hosts of a lab have IPv4 addresses, and namespaces with loopback addresses of their own. */
function controllerAt({ address, port }: AddressAndPort): LabController {
  const isReachable = ipaddr.IPv4.isValidFourPartDecimal(address) && ipaddr.IPv4.parse(address).range() !== "loopback";
  if (!isReachable) {
    throw new UsageError(
      `--controller ${address}:${port}: a lab's hosts reach IPv4 addresses of this machine, and no loopback address`,
    );
  }
  return { address, port, told: `the controller at ${address}:${port}` };
}
