// The keys that connections are made with now: read again when their files change, or when somebody asks.
import { statSync } from "node:fs";
import type { WeftError } from "../../../proto/bytes/errors.ts";
import type { Clock, Timer } from "./clock.ts";
import { loadTlsMaterial, type TlsFiles, type TlsMaterial } from "./tls-material.ts";

export interface TlsKeysHandlers {
  /** New keys are in force. `trustChanged`: who was let in by the old ones may not be by these. */
  onReloaded(material: TlsMaterial, trustChanged: boolean): void;
  /** The files do not make sense together: the old keys stay in force. */
  onFailed(error: WeftError): void;
}

const LOOK_EVERY_MS = 2_000;

/** What changes when a file does. A file that is away for a moment, or may not be looked at, is a change as well. */
function stampOf(files: TlsFiles): string {
  const stamps = Object.values(files).map((path) => {
    if (path === null) return "";
    const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
    return stat === undefined ? "none" : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
  });
  return stamps.join("; ");
}

function tryStampOf(files: TlsFiles): string {
  try {
    return stampOf(files);
  } catch (error) {
    return String(error);
  }
}

export class TlsKeys {
  readonly files: TlsFiles;
  readonly #clock: Clock;
  readonly #handlers: TlsKeysHandlers;
  readonly #users = new Set<(material: TlsMaterial) => void>();
  #material: TlsMaterial;
  #problem: WeftError | null = null;
  /** Of the files that were last read. */
  #readStamp: string;
  #seenStamp: string;
  #timer: Timer;

  /** @throws WeftError of `loadTlsMaterial` */
  constructor(files: TlsFiles, clock: Clock, handlers: TlsKeysHandlers) {
    this.files = files;
    this.#clock = clock;
    this.#handlers = handlers;
    this.#readStamp = tryStampOf(files);
    this.#seenStamp = this.#readStamp;
    this.#material = loadTlsMaterial(files);
    this.#timer = this.#lookLater();
  }

  get material(): TlsMaterial {
    return this.#material;
  }

  /** Why the files as they are now are not in force; null when they are. */
  get problem(): WeftError | null {
    return this.#problem;
  }

  /** Calls back with new keys whenever there are some. @returns what ends that. */
  use(user: (material: TlsMaterial) => void): () => void {
    this.#users.add(user);
    return () => this.#users.delete(user);
  }

  /** Reads the files now. Returns which of them say something new; what is wrong with them goes to `onFailed`. */
  reload(): readonly (keyof TlsFiles)[] {
    this.#readStamp = tryStampOf(this.files);
    this.#seenStamp = this.#readStamp;
    let next: TlsMaterial;
    try {
      next = loadTlsMaterial(this.files);
    } catch (error) {
      this.#problem = error as WeftError;
      this.#handlers.onFailed(this.#problem);
      return [];
    }
    this.#problem = null;
    const before = this.#material;
    const names = Object.keys(this.files) as (keyof TlsFiles)[];
    const changed = names.filter((name) => next.parts[name] !== before.parts[name]);
    if (next.digest === before.digest) return changed;
    this.#material = next;
    for (const user of this.#users) user(next);
    this.#handlers.onReloaded(next, next.trust !== before.trust);
    return changed;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #lookLater(): Timer {
    return this.#clock.setTimer(LOOK_EVERY_MS, () => {
      this.#look();
      this.#timer = this.#lookLater();
    });
  }

  /** Files that belong together are written one after the other: they are read when they have stood still for one look. */
  #look(): void {
    const stamp = tryStampOf(this.files);
    const stoodStill = stamp === this.#seenStamp;
    this.#seenStamp = stamp;
    if (stoodStill && stamp !== this.#readStamp) this.reload();
  }
}
