// The journal's two files: what is written goes behind what is there; a full one takes the place of the older one.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { Timers } from "../reconcile/timers.ts";

export interface JournalFileOptions {
  readonly path: string;
  /** Of both files together. */
  readonly maxBytes: number;
  readonly timers: Timers;
  /** What a new file begins with. */
  readonly header: () => string;
  /** It can't be written, or can again. */
  readonly problemChanged: (problem: Diagnostic | null) => void;
}

const RETRY_MS = 30_000;
/** No link is followed, and no pipe waited for. */
const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREAT } = constants;

export class JournalFile {
  readonly #options: JournalFileOptions;
  #handle: FileHandle | null = null;
  #bytes = 0;
  /** Whether the file may end in half a line. */
  #isRagged = false;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | null = null;
  #retry: { cancel(): void } | null = null;
  #problem: Diagnostic | null = null;

  constructor(options: JournalFileOptions) {
    this.#options = options;
  }

  get problem(): Diagnostic | null {
    return this.#problem;
  }

  get #older(): string {
    return `${this.#options.path}.1`;
  }

  /** Lines as they were left, the oldest first; of a file that is larger than it should be, its end. */
  read(): readonly string[] {
    return [this.#older, this.#options.path].flatMap((path) => this.#readOne(path));
  }

  #readOne(path: string): readonly string[] {
    let fd: number;
    try {
      fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") this.#fail(error);
      return [];
    }
    try {
      const { size } = mustBeFile(fstatSync(fd));
      const start = Math.max(0, size - this.#options.maxBytes);
      const buffer = Buffer.alloc(size - start);
      let read = 0;
      while (read < buffer.length) {
        const count = readSync(fd, buffer, read, buffer.length - read, start + read);
        if (count === 0) break;
        read += count;
      }
      const lines = buffer.toString("utf8", 0, read).split("\n");
      if (start > 0) lines.shift();
      return lines.filter((line) => line !== "");
    } catch (error) {
      this.#fail(error);
      return [];
    } finally {
      closeSync(fd);
    }
  }

  /** @param line ends with a newline */
  append(line: string): void {
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    // While nothing can be written, as much is kept as the files would hold.
    while (this.#waitingBytes > this.#options.maxBytes) this.#waitingBytes -= this.#waiting.shift()?.length ?? 0;
    if (this.#retry === null) this.#write();
  }

  /** Resolves when all that can be written is. */
  async close(): Promise<void> {
    this.#stopRetrying();
    this.#write();
    await this.#writing;
    this.#stopRetrying();
    await this.#handle?.close().catch(() => undefined);
    this.#handle = null;
  }

  #stopRetrying(): void {
    this.#retry?.cancel();
    this.#retry = null;
  }

  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.splice(0, this.#countThatFit());
      this.#waitingBytes -= lengthOf(lines);
      try {
        await this.#writeLines(lines.join(""));
        this.#isRagged = false;
        this.#settle(null);
      } catch (error) {
        // What of it did arrive is written twice, and read once.
        this.#isRagged = true;
        this.#waiting = [...lines, ...this.#waiting];
        this.#waitingBytes += lengthOf(lines);
        await this.#handle?.close().catch(() => undefined);
        this.#handle = null;
        this.#fail(error);
        this.#retry = this.#options.timers.setTimer(RETRY_MS, () => {
          this.#retry = null;
          this.#write();
        });
        return;
      }
    }
  }

  /** A file is only as large as it may be where what is written at once is little of it. */
  #countThatFit(): number {
    let room = this.#options.maxBytes / 16;
    const count = this.#waiting.findIndex((line) => {
      room -= line.length;
      return room < 0;
    });
    return count < 0 ? this.#waiting.length : Math.max(1, count);
  }

  async #writeLines(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    let handle = await this.#opened();
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#options.maxBytes / 2) {
      await handle.close();
      this.#handle = null;
      await rename(this.#options.path, this.#older);
      handle = await this.#opened();
    }
    const before = this.#bytes === 0 ? this.#options.header() : this.#isRagged ? "\n" : "";
    const all = Buffer.concat([Buffer.from(before), bytes]);
    let written = 0;
    while (written < all.length) {
      const { bytesWritten } = await handle.write(all, written);
      written += bytesWritten;
      this.#bytes += bytesWritten;
    }
  }

  /** The file by its name: somebody may have moved it away. */
  async #opened(): Promise<FileHandle> {
    const { path } = this.#options;
    if (this.#handle !== null) {
      const [own, there] = await Promise.all([this.#handle.stat(), stat(path).catch(() => null)]);
      if (there !== null && own.ino === there.ino && own.dev === there.dev) return this.#handle;
      await this.#handle.close();
      this.#handle = null;
    }
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const flags = O_NOFOLLOW | O_NONBLOCK | O_APPEND | O_CREAT;
    // Reading is for its last byte alone: who may not read may still write.
    const handle = await open(path, flags | O_RDWR, 0o600).catch((error: unknown) => {
      if (codeOf(error) !== "EACCES") throw error;
      return open(path, flags | O_WRONLY, 0o600);
    });
    try {
      const { size, mode } = mustBeFile(await handle.stat());
      if ((mode & 0o077) !== 0) await handle.chmod(0o600);
      this.#bytes = size;
      this.#isRagged ||= size > 0 && !(await endsInNewline(handle, size));
    } catch (error) {
      await handle.close();
      throw error;
    }
    this.#handle = handle;
    return handle;
  }

  #fail(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    const { path } = this.#options;
    this.#settle(
      diagnostic(
        "controller/journal",
        `the journal ${path} can't be written: ${why}; what happens is kept in memory alone`,
        `give ${path} room, or let the user that the controller runs as write it, or name another in weft.yaml (journal.file); it is tried again by itself`,
      ),
    );
  }

  /** Told once, not at each try. */
  #settle(problem: Diagnostic | null): void {
    const isNews = (problem === null) !== (this.#problem === null);
    this.#problem = problem;
    if (isNews) this.#options.problemChanged(problem);
  }
}

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length, 0);
}

function mustBeFile<Stats extends { isFile(): boolean }>(stats: Stats): Stats {
  if (!stats.isFile()) throw new Error("it is not a file");
  return stats;
}

async function endsInNewline(handle: FileHandle, size: number): Promise<boolean> {
  const last = Buffer.alloc(1);
  const read = await handle.read(last, 0, 1, size - 1).catch(() => null);
  return read?.bytesRead === 1 && last[0] === 0x0a;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
