// A simulated lab as a process of its own: the fleet, and the socket on which it is asked.
import { answerAt } from "../../api/index.ts";
import { readSimulated, removeSimulated, socketOf } from "./directory.ts";
import { FleetLab } from "./fleet-lab.ts";
import { obey } from "./orders.ts";

export interface FleetProcessOptions {
  readonly directory: string;
  /** It ends with whoever started it. */
  readonly untilStdinEnds: boolean;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Resolves when the lab is to end, and everything of it is gone. */
export async function runFleetProcess({ directory, untilStdinEnds }: FleetProcessOptions): Promise<void> {
  const { name, hosts, systemIds } = readSimulated(directory);
  const lab = new FleetLab({ name, systemIds });
  lab.addHosts(hosts);
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const socket = await answerAt(
    socketOf(directory),
    async (method, params) => {
      if (method !== "stop") return obey(lab, method, params);
      // Once the answer is out.
      setImmediate(end);
      return "null";
    },
    { onInternalError: (error, method) => process.stderr.write(`${method}: ${reason(error)}\n`) },
  );
  for (const signal of SIGNALS) process.once(signal, end);
  if (untilStdinEnds) process.stdin.on("end", end).on("error", end).resume();
  await ended;
  lab.stop();
  await socket.close();
  removeSimulated(directory);
}

function reason(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
