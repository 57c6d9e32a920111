// A terminal that is drawn on again and again, without flicker, and is as it was when this ends, however it does.
import type { ReadStream, WriteStream } from "node:tty";

/** xterm's: the other screen, no cursor, lines cut where the screen ends; and back. */
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const LEAVE = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";

export interface LiveScreenOptions {
  readonly input: ReadStream;
  readonly output: WriteStream;
  readonly onKey: (key: string) => void;
  readonly onResize: () => void;
}

export class LiveScreen {
  readonly #options: LiveScreenOptions;
  readonly #restore = (): void => this.close();
  readonly #signal = (signal: NodeJS.Signals): void => {
    this.close();
    process.kill(process.pid, signal);
  };
  readonly #key = (text: string): void => this.#options.onKey(text === CTRL_C || text === CTRL_D ? "q" : text);
  #isOpen = false;

  constructor(options: LiveScreenOptions) {
    this.#options = options;
  }

  get size(): { readonly width: number; readonly height: number } {
    const { columns, rows } = this.#options.output;
    return { width: columns > 0 ? columns : 80, height: rows > 0 ? rows : 24 };
  }

  open(): void {
    const { input, output, onResize } = this.#options;
    this.#isOpen = true;
    process.on("exit", this.#restore);
    for (const signal of SIGNALS) process.once(signal, this.#signal);
    if (input.isTTY) {
      input.setRawMode(true);
      input.setEncoding("utf8");
      input.on("data", this.#key);
    }
    output.on("resize", onResize);
    output.write(ENTER);
  }

  /** As many lines as there is room for, over what was there, in one piece. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    const shown = lines.slice(0, this.size.height);
    this.#options.output.write(`${HOME}${shown.map((line) => line + CLEAR_LINE).join("\r\n")}${CLEAR_BELOW}`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { input, output, onResize } = this.#options;
    process.off("exit", this.#restore);
    for (const signal of SIGNALS) process.off(signal, this.#signal);
    output.off("resize", onResize);
    if (input.isTTY) {
      input.off("data", this.#key);
      input.setRawMode(false);
      input.pause();
    }
    output.write(LEAVE);
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
