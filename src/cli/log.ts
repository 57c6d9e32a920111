// The controller's log: JSON lines for files, pipes and collectors; for a person at a terminal, text.
import { type DestinationStream, destination, type Logger, pino } from "pino";
import pretty from "pino-pretty";
import type { LogLevel } from "../config/types.ts";
import { UsageError } from "./failure.ts";

/** Characters that wait for a disk that is full: lines beyond are left out. */
const MAX_UNWRITTEN = 1024 * 1024;

export interface Log {
  readonly logger: Logger;
  /** Goes to a terminal. */
  readonly forPeople: boolean;
  /** Everything that was logged is written when it returns. */
  flush(): void;
}

export function openLog(level: LogLevel, file: string | undefined): Log {
  const sink = file === undefined ? standardOutput() : fileSink(file);
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, sink.stream);
  return { logger, forPeople: file === undefined && process.stdout.isTTY === true, flush: sink.flush };
}

interface Sink {
  readonly stream: DestinationStream;
  flush(): void;
}

function standardOutput(): Sink {
  if (process.stdout.isTTY) {
    const colorize = !process.env.NO_COLOR && process.stdout.hasColors();
    const translateTime = "SYS:HH:MM:ss.l";
    return {
      stream: pretty({ colorize, translateTime, singleLine: true, sync: true, destination: 1 }),
      flush: () => undefined,
    };
  }
  return jsonSink(destination({ dest: 1, sync: true, maxLength: MAX_UNWRITTEN }));
}

function fileSink(file: string): Sink {
  try {
    return jsonSink(destination({ dest: file, mkdir: true, append: true, sync: true, maxLength: MAX_UNWRITTEN }));
  } catch (error) {
    throw new UsageError(`cannot write the log file ${file}: ${error instanceof Error ? error.message : error}`);
  }
}

function jsonSink(stream: ReturnType<typeof destination>): Sink {
  // A reader that has gone is no reason for the controller to go.
  stream.on("error", () => undefined);
  // It writes at once: what is left over the disk has refused, and sonic-boom's flushSync would try that for ever.
  return { stream, flush: () => undefined };
}
