// Weft on real hosts.
import type { Lab } from "../../src/lab/index.ts";
import { macOf } from "../endpoints.ts";
import { WeftProcess } from "../harness/weft-process.ts";
import type { Contender, ContenderKind } from "./contender.ts";

export class WeftOnHosts implements Contender {
  readonly process: WeftProcess;
  readonly #lab: Lab;

  private constructor(lab: Lab, weft: WeftProcess) {
    this.#lab = lab;
    this.process = weft;
  }

  static async start(lab: Lab): Promise<WeftOnHosts> {
    const at = `ptcp:0:${lab.controllerIp}`;
    const config = { listen: { ovsdb: [at], openflow: [at] }, timeouts: { startHoldSec: 0 } };
    return new WeftOnHosts(lab, await WeftProcess.start({ config, profiles: null }));
  }

  get pids(): readonly number[] {
    return [this.process.pid];
  }

  join(): Promise<void> {
    return this.#lab.join({ port: this.process.ovsdbPort });
  }

  async declare(): Promise<void> {
    // What the port's row says is enough.
  }

  columns(number: number): readonly string[] {
    return [`external_ids:attached-mac="${macOf(number)}"`];
  }

  stop(): Promise<void> {
    return this.process.stop();
  }
}

export const weftKind: ContenderKind = { lacks: () => null, start: (lab) => WeftOnHosts.start(lab) };
