// The benchmark's hold on its load generator.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Done, Order, Results } from "./generator.ts";

const PROGRAM = join(import.meta.dirname, "generator.js");

export class Generator {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (done: Done) => void>();
  #asked = 0;

  constructor() {
    this.#child = fork(PROGRAM, [], { execArgv: ["--max-old-space-size=6144"], serialization: "advanced" });
    this.#child.on("message", (message) => {
      const done = message as Done;
      this.#waiting.get(done.id)?.(done);
      this.#waiting.delete(done.id);
    });
    this.#child.on("exit", (code) => {
      for (const [id, settle] of this.#waiting) settle({ id, ok: false, error: `the generator has ended (${code})` });
      this.#waiting.clear();
    });
  }

  async ask<K extends Order["kind"]>(order: Extract<Order, { readonly kind: K }>): Promise<Results[K]> {
    this.#asked += 1;
    const id = this.#asked;
    const done = await new Promise<Done>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, order }, (error) => {
        if (error !== null) resolve({ id, ok: false, error: error.message });
      });
    });
    if (!done.ok) throw new Error(`the load generator: ${done.error}`);
    return done.result as Results[K];
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    if (this.#child.connected) this.#child.disconnect();
    else this.#child.kill("SIGKILL");
    await exit;
  }
}
