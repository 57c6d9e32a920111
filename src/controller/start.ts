// The composition root's entry: starts a controller and hands out what the command line needs of it.
import type { Logger } from "pino";
import { WeftError } from "../../proto/bytes/errors.ts";
import type { Queries } from "../api/views.ts";
import type { WeftConfig } from "../config/index.ts";

export interface RunningController {
  /** What is listened on, ports that the kernel chose included. */
  readonly listeners: readonly string[];
  readonly queries: Queries;
  stop(): Promise<void>;
}

export function startController(_options: {
  config: WeftConfig;
  logger: Logger;
  version: string;
}): Promise<RunningController> {
  return Promise.reject(new WeftError("controller/absent", "the controller is not built yet"));
}
