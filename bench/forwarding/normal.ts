// The plainest there is, on the same Open vSwitch: NORMAL and tunnels between the hosts, without any controller.
import type { Lab } from "../../src/lab/index.ts";
import { meshByHand } from "../heal/by-hand.ts";
import type { Contender, ContenderKind } from "../real/contender.ts";

class Normal implements Contender {
  readonly pids: readonly number[] = [];
  readonly #lab: Lab;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  join(): Promise<void> {
    return meshByHand(this.#lab, "geneve", "protected");
  }

  async declare(): Promise<void> {
    // It learns.
  }

  columns(): readonly string[] {
    return [];
  }

  async stop(): Promise<void> {
    // Nothing runs.
  }
}

export const normalKind: ContenderKind = { lacks: () => null, start: async (lab) => new Normal(lab) };
