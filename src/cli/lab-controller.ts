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
  const { fabric, listeners } = JSON.parse(await callControl(control, "status", ["--json"])) as StatusView;
  const which = `the controller that answers on ${control}`;
  const port = listeners.map((listener) => EVERY_ADDRESS.exec(listener)?.[1]).find((found) => found !== undefined);
  if (port !== undefined) {
    return { address: null, port: Number(port), told: `${which}${fabric === null ? "" : `, fabric ${fabric}`}` };
  }
  const places = listeners.filter(isOvsdb).map(withoutKind);
  const where = places.length === 0 ? "nowhere" : `at ${places.join(", ")} alone`;
  throw new WeftError(
    "lab/out-of-reach",
    `${which} takes hosts ${where}, where a new lab's hosts cannot reach it (a demo's controller serves its own hosts only); start one that listens on every address and name its control socket:\n  weft --control /run/weft/lab.sock controller --ovsdb ptcp:16640 --openflow ptcp:16653\n  weft --control /run/weft/lab.sock lab up 3`,
    { context: { control, listeners } },
  );
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
