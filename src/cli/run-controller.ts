// Runs the controller until it is told to stop.
import { httpAccess, parseHttpListen } from "../api/http/access.ts";
import type { HttpServer } from "../api/http/index.ts";
import {
  type ConfigurationOrders,
  checkListenMethod,
  type Queries,
  type ReloadView,
  startControlSocket,
  WeftError,
} from "../api/index.ts";
import {
  checkFinished,
  configFrom,
  installConfig,
  loadConfig,
  rereadConfig,
  type WeftConfig,
} from "../config/index.ts";
import type { RunningController } from "../controller/start.ts";
import type { ControllerOptions } from "./controller-options.ts";
import { EXIT, UsageError } from "./failure.ts";
import { onHangup } from "./hangup.ts";
import { type Log, openLog } from "./log.ts";
import { packageVersion } from "./package-version.ts";
import { serveHttp } from "./serve-http.ts";
import { serviceManager } from "./service-manager.ts";
import { defaultControlPath, journalPath } from "./settings.ts";

/** Longer than this a stop does not take: the hosts keep what they have in any case. */
const STOP_TIMEOUT_MS = 10_000;

export async function runController(options: ControllerOptions, control: string | undefined): Promise<void> {
  for (const text of options.ovsdb ?? []) checkOption("ovsdb", text);
  for (const text of options.openflow ?? []) checkOption("openflow", text);
  if (typeof options.http === "string") checkHttpOption(options.http);
  const { config: file } = options;
  const config = checked(withOptions(loadConfig(file), options, control));
  const reread = async (): Promise<WeftConfig> => {
    if (file !== undefined) return checked(withOptions(await rereadConfig(file), options, control));
    return noConfig();
  };
  const log = openLog(config.log.level, options.logFile);
  const serving = lastResort(log);
  const stopped = stopRequest(options.untilStdinEnds === true);
  try {
    const read = (name: string, text: string): WeftConfig => {
      checkFinished(text, name);
      return checked(withOptions(configFrom(text, name), options, control));
    };
    await serve({ config, file, reread, read, hangups: file !== undefined, serving }, log, stopped);
  } catch (error) {
    logFatal(log, error);
    throw error;
  } finally {
    log.flush();
  }
}

/**
 * For what nobody caught: nothing in the code lets it come to this. Once hosts are served it is logged, and they are
 * served on: one of them may be what brought it about, and a controller that ends for a peer ends again with the next try.
 * @returns to be called when hosts are served; before that, whoever starts the controller should know that it can't run.
 */
function lastResort(log: Log): () => void {
  let isServing = false;
  const caught = (what: string) => (error: unknown) => {
    const text = "this should not have happened; the hosts keep what they have";
    if (isServing) {
      log.logger.error({ err: error, what }, `${text}, and the controller goes on`);
      return;
    }
    log.logger.fatal({ err: error, what }, text);
    log.flush();
    process.exit(EXIT.failed);
  };
  process.on("uncaughtException", caught("an exception"));
  process.on("unhandledRejection", caught("a rejected promise"));
  return () => {
    isServing = true;
  };
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

function checkHttpOption(text: string): void {
  try {
    parseHttpListen(text);
  } catch (error) {
    throw new UsageError(`--http: ${error instanceof Error ? error.message : error}`);
  }
}

function checked(config: WeftConfig): WeftConfig {
  for (const text of config.listen.ovsdb) checkListenMethod("ovsdb", text);
  for (const text of config.listen.openflow) checkListenMethod("openflow", text);
  if (config.http.enabled) httpAccess(config.http);
  return config;
}

function withOptions(config: WeftConfig, options: ControllerOptions, control: string | undefined): WeftConfig {
  return {
    ...config,
    listen: {
      ovsdb: options.ovsdb ?? config.listen.ovsdb,
      openflow: options.openflow ?? config.listen.openflow,
      control: control ?? config.listen.control ?? defaultControlPath(),
    },
    http: {
      ...config.http,
      enabled: options.http === undefined || options.http === true ? config.http.enabled : options.http !== false,
      listen: typeof options.http === "string" ? options.http : config.http.listen,
    },
    log: { level: options.logLevel ?? config.log.level },
    journal: { ...config.journal, file: config.journal.file ?? journalPath(control ?? config.listen.control) },
  };
}

function noConfig(): never {
  const message = "the controller was started without a configuration file: start it with --config FILE to have one";
  throw new WeftError("controller/no-config", message);
}

function needsRestart(keys: readonly string[]): WeftError {
  const message = `nothing is written: ${keys.join(", ")} would be in force only after a restart of the controller; with --restart the file is written all the same, and what can be is in force at once`;
  return new WeftError("config/needs-restart", message);
}

interface Service {
  readonly config: WeftConfig;
  /** The configuration as it should be now. @throws WeftError that says what is wrong with it */
  readonly reread: () => Promise<WeftConfig>;
  /** Its file, where it has one. */
  readonly file: string | undefined;
  /** What the text of another file says. @throws WeftError that says what is wrong with it */
  readonly read: (name: string, text: string) => WeftConfig;
  /** Whether SIGHUP asks for a reload. */
  readonly hangups: boolean;
  /** Told once hosts are served. */
  readonly serving: () => void;
}

/** The control socket is taken first: of two controllers with one socket, the second must not touch a host. */
async function serve(
  { config, file, reread, read, hangups, serving }: Service,
  log: Log,
  stopped: Promise<string>,
): Promise<void> {
  const { logger } = log;
  const version = packageVersion();
  const manager = serviceManager(process.env, {
    onFailed: ({ message }) => logger.warn({ error: message }, "systemd is not told how the controller is"),
  });
  const ready = deferred<Queries>();
  const started = deferred<RunningController>();
  const reload = async (): Promise<ReloadView> => {
    const controller = await started.promise;
    manager.reloading();
    controller.reloadKeys();
    try {
      const wanted = await reread();
      const { applied, needsRestart } = controller.reconfigure(wanted);
      logger.level = wanted.log.level;
      logger.info({ applied, needsRestart }, "configuration read again");
      manager.ready(serviceStatus(controller));
      return { applied, needsRestart };
    } catch (error) {
      const code = error instanceof WeftError ? error.code : undefined;
      const message = error instanceof Error ? error.message : String(error);
      logger.error({ code, error: message }, "the configuration is not taken: the old one runs on");
      manager.ready(`The configuration is not taken, the old one runs on: ${message}`);
      throw error;
    }
  };
  const apply: ConfigurationOrders["apply"] = async (name, text, restart) => {
    const wanted = read(name, text);
    const target = file ?? noConfig();
    const plan = await (await started.promise).plan(wanted);
    if (plan.needsRestart.length > 0 && !restart) throw needsRestart(plan.needsRestart);
    const backup = installConfig(target, text);
    logger.info({ file: target, backup }, "the configuration file is replaced");
    await reload();
    return { plan, file: target, backup };
  };
  let applied: Promise<unknown> = Promise.resolve();
  const configuration: ConfigurationOrders = {
    plan: async (name, text) => (await started.promise).plan(read(name, text)),
    // One after the other: each is planned against what is in force, and none finds another's file half installed.
    apply: (...given) => {
      const run = applied.then(() => apply(...given));
      applied = run.catch(() => undefined);
      return run;
    },
  };
  const control = await startControlSocket(config.listen.control ?? defaultControlPath(), ready.promise, {
    version,
    reload,
    configuration,
    onInternalError: (error, method) => logger.error({ err: error, method }, "a question could not be answered"),
  });
  let served: RunningController | null = null;
  let http: HttpServer | null = null;
  try {
    if (config.http.enabled)
      http = await serveHttp({ settings: config.http, version, served: () => served, reload }, logger);
    const hungUp = new Promise<string>((resolve) => {
      if (hangups) onHangup({ reload: () => void reload().catch(() => undefined), stop: () => resolve("SIGHUP") });
    });
    const { startController } = await import("../controller/start.ts");
    const controller = await startController({ config, logger, version });
    served = controller;
    ready.resolve(controller.queries);
    started.resolve(controller);
    serving();
    logger.info({ version, listeners: controller.listeners, control: control.path, http: http?.url }, "ready");
    manager.ready(serviceStatus(controller));
    const reason = await Promise.race([stopped, hungUp]);
    logger.info({ reason }, "stopping");
    await within(STOP_TIMEOUT_MS, Promise.all([manager.stopping(), controller.stop()]));
  } catch (error) {
    ready.reject(error);
    started.reject(error);
    throw error;
  } finally {
    await http?.close();
    await control.close();
  }
  logger.info("stopped");
}

function serviceStatus({ listeners }: RunningController): string {
  return `Serves hosts: ${listeners.join(", ")}`;
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

async function within(ms: number, work: Promise<unknown>): Promise<void> {
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
