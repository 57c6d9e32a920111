// Tells systemd how the controller is (sd_notify(3)), where systemd has started it and wants to know.
import { execFile } from "node:child_process";

export interface ServiceManager {
  /** Hosts are served. From here on a watchdog, where one was asked for, hears that the event loop turns. */
  ready(status: string): void;
  /** The configuration is being read again; `ready` ends it. */
  reloading(): void;
  /** @returns when it has been told */
  stopping(): Promise<void>;
}

interface Reporting {
  /** Called at most once: what is wrong with the telling. */
  readonly onFailed: (error: Error) => void;
}

const UNWATCHED: ServiceManager = Object.freeze({
  ready: () => undefined,
  reloading: () => undefined,
  stopping: () => Promise.resolve(),
});

const WATCHDOG = "WATCHDOG=1";

/** Longer than this nothing is waited for: a socket that nobody reads must not keep the controller. */
const TELL_TIMEOUT_MS = 5_000;

/**
 * The socket that systemd names takes datagrams, which Node.js cannot send to a Unix socket: systemd-notify does it. Where there
 * is none (podman names a socket to containers too) the controller runs all the same.
 */
export function serviceManager(env: NodeJS.ProcessEnv, { onFailed }: Reporting): ServiceManager {
  const { NOTIFY_SOCKET: socket } = env;
  if (socket === undefined || socket === "") return UNWATCHED;
  let hasFailed = false;
  let isMissing = false;
  let watchdog: NodeJS.Timeout | undefined;
  /** What could not be told, to go with the watchdog's next news. */
  let owed: readonly string[] = [];
  let last: Promise<void> = Promise.resolve();
  const attempt = async (news: readonly string[]): Promise<void> => {
    if (isMissing) return;
    try {
      await notify(env, news);
      owed = [];
    } catch (error) {
      // A process that could not be made now can be made later; a watchdog that hears no more would end the controller.
      isMissing = isAbsence(error);
      if (isMissing) clearInterval(watchdog);
      owed = news.filter((one) => one !== WATCHDOG);
      if (!hasFailed) onFailed(error instanceof Error ? error : new Error(String(error)));
      hasFailed = true;
    }
  };
  const tell = (...news: readonly string[]): Promise<void> => {
    // One after the other: what is told last must be what holds.
    last = last.then(() => attempt(news));
    return last;
  };
  const content = (): void => {
    last = last.then(() => attempt([...owed, WATCHDOG]));
  };
  const every = watchdogMs(env);
  return Object.freeze({
    ready: (status: string) => {
      void tell("READY=1", `STATUS=${oneLine(status)}`);
      if (every === undefined || watchdog !== undefined) return;
      watchdog = setInterval(content, every);
      watchdog.unref();
    },
    reloading: () => void tell("RELOADING=1"),
    stopping: () => {
      clearInterval(watchdog);
      return tell("STOPPING=1");
    },
  });
}

/** There is no systemd-notify, and will be none. */
function isAbsence(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function notify(env: NodeJS.ProcessEnv, news: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile("systemd-notify", [...news], { env, timeout: TELL_TIMEOUT_MS }, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

/** Half of the time after which systemd gives this process up (sd_watchdog_enabled(3)). */
function watchdogMs({ WATCHDOG_USEC: usec, WATCHDOG_PID: pid }: NodeJS.ProcessEnv): number | undefined {
  const ms = Number(usec) / 2_000;
  if (!(ms >= 1) || ms > 0x7fffffff) return undefined;
  return pid === undefined || pid === String(process.pid) ? ms : undefined;
}

/** A status is one line; a line break would begin another message. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").slice(0, 500);
}
