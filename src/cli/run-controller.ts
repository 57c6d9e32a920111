// Runs the controller until it is told to stop.
import { checkListenMethod, type Queries, startControlSocket, WeftError } from "../api/index.ts";
import { loadConfig, type WeftConfig } from "../config/index.ts";
import type { ControllerOptions } from "./controller-options.ts";
import { EXIT, UsageError } from "./failure.ts";
import { type Log, openLog } from "./log.ts";
import { packageVersion } from "./package-version.ts";
import { defaultControlPath } from "./settings.ts";

/** Longer than this a stop does not take: the hosts keep what they have in any case. */
const STOP_TIMEOUT_MS = 10_000;

export async function runController(options: ControllerOptions, control: string | undefined): Promise<void> {
  for (const text of options.ovsdb ?? []) checkOption("ovsdb", text);
  for (const text of options.openflow ?? []) checkOption("openflow", text);
  const config = withOptions(loadConfig(options.config), options, control);
  for (const text of config.listen.ovsdb) checkListenMethod("ovsdb", text);
  for (const text of config.listen.openflow) checkListenMethod("openflow", text);
  const log = openLog(config.log.level, options.logFile);
  process.on("uncaughtException", (error) => {
    log.logger.fatal({ err: error }, "this should not have happened; the hosts keep what they have");
    log.flush();
    process.exit(EXIT.failed);
  });
  const stopped = stopRequest(options.untilStdinEnds === true);
  try {
    await serve(config, log, stopped);
  } catch (error) {
    logFatal(log, error);
    throw error;
  } finally {
    log.flush();
  }
}

/** What a person reads on standard error is not told to the same person again; only a fault of ours has a stack. */
function logFatal(log: Log, error: unknown): void {
  if (log.forPeople) return;
  if (error instanceof WeftError) log.logger.fatal({ code: error.code, context: error.context }, error.message);
  else log.logger.fatal({ err: error }, "the controller could not run");
}

function checkOption(protocol: "ovsdb" | "openflow", text: string): void {
  try {
    checkListenMethod(protocol, text);
  } catch (error) {
    throw new UsageError(`--${protocol}: ${error instanceof Error ? error.message : error}`);
  }
}

function withOptions(config: WeftConfig, options: ControllerOptions, control: string | undefined): WeftConfig {
  return {
    ...config,
    listen: {
      ovsdb: options.ovsdb ?? config.listen.ovsdb,
      openflow: options.openflow ?? config.listen.openflow,
      control: control ?? config.listen.control ?? defaultControlPath(),
    },
    log: { level: options.logLevel ?? config.log.level },
  };
}

/** The control socket is taken first: of two controllers with one socket, the second must not touch a host. */
async function serve(config: WeftConfig, log: Log, stopped: Promise<string>): Promise<void> {
  const { logger } = log;
  const version = packageVersion();
  const ready = deferred<Queries>();
  const control = await startControlSocket(config.listen.control ?? defaultControlPath(), ready.promise, {
    version,
    onInternalError: (error, method) => logger.error({ err: error, method }, "a question could not be answered"),
  });
  try {
    const { startController } = await import("../controller/start.ts");
    const controller = await startController({ config, logger, version });
    ready.resolve(controller.queries);
    logger.info({ version, listeners: controller.listeners, control: control.path }, "ready");
    onHangup(() => controller.reload());
    const reason = await stopped;
    logger.info({ reason }, "stopping");
    await within(STOP_TIMEOUT_MS, controller.stop());
  } catch (error) {
    ready.reject(error);
    throw error;
  } finally {
    await control.close();
  }
  logger.info("stopped");
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

function deferred<T>(): Deferred<T> {
  let resolve: Deferred<T>["resolve"] = () => undefined;
  let reject: Deferred<T>["reject"] = () => undefined;
  const promise = new Promise<T>((whenKept, whenBroken) => {
    resolve = whenKept;
    reject = whenBroken;
  });
  // A rejection that nobody waits for is no failure of its own.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

/** SIGHUP is for a service; where somebody has a terminal open it says, as it does to any program, that this was closed. */
function onHangup(reload: () => void): void {
  if (!process.stdin.isTTY) process.on("SIGHUP", reload);
}

/** Resolves with what asked for it. A second signal ends the process at once. */
function stopRequest(untilStdinEnds: boolean): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        if (asked) process.exit(EXIT.failed);
        asked = true;
        resolve(signal);
      });
    }
    if (!untilStdinEnds) return;
    process.stdin.on("end", () => resolve("standard input ended")).on("error", () => resolve("standard input failed"));
    process.stdin.resume();
  });
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new WeftError("controller/slow-stop", `the controller did not stop within ${ms / 1000} s`);
    timer = setTimeout(() => reject(error), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
