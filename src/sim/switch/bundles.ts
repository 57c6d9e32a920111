// Bundles of one connection (ONF extension 230): kept until they are committed, all or nothing.
import type { OpenFlowMessage } from "../../../proto/openflow13/index.ts";
import { isStateChange, type StateChange } from "./datapath.ts";
import { SwitchRefusal } from "./switch-error.ts";

interface Bundle {
  readonly changes: StateChange[];
  usedMs: number;
}

/** Open vSwitch forgets one that nothing was said of for so long. */
const IDLE_MS = 10_000;

export class Bundles {
  readonly #open = new Map<number, Bundle>();

  /** @throws SwitchRefusal */
  open(bundleId: number, nowMs: number): void {
    if (this.#open.has(bundleId)) throw new SwitchRefusal("OFPBFC_BAD_ID");
    this.#open.set(bundleId, { changes: [], usedMs: nowMs });
  }

  /** @throws SwitchRefusal: the message is left out, and the bundle stays */
  add(bundleId: number, message: OpenFlowMessage, nowMs: number): void {
    const bundle = this.#open.get(bundleId) ?? { changes: [], usedMs: nowMs };
    this.#open.set(bundleId, bundle);
    bundle.usedMs = nowMs;
    if (message.kind === "meter_mod" || !isStateChange(message)) throw new SwitchRefusal("OFPBFC_MSG_UNSUP");
    bundle.changes.push(message);
  }

  /** What it holds; it is closed with that. @throws SwitchRefusal */
  take(bundleId: number): readonly StateChange[] {
    const bundle = this.#open.get(bundleId);
    if (bundle === undefined) throw new SwitchRefusal("OFPBFC_BAD_ID");
    this.#open.delete(bundleId);
    return bundle.changes;
  }

  expire(nowMs: number): void {
    for (const [id, { usedMs }] of this.#open) if (nowMs - usedMs >= IDLE_MS) this.#open.delete(id);
  }
}
