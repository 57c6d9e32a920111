// Adopting and releasing a host at a person's word: the one transaction, and what has to stand still meanwhile.
import type { Logger } from "pino";
import { WeftError } from "../../proto/bytes/errors.ts";
import { comment } from "../../proto/ovsdb/operations.ts";
import { HOST_SETTINGS } from "../model/external-ids.ts";
import type { HostId } from "../model/facts.ts";
import { type AdoptOptions, planAdopt } from "../reconcile/host-adopt.ts";
import { planRelease } from "../reconcile/host-release.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { OvsdbSession } from "../southbound/ovsdb/index.ts";
import type { HostEntry, Hosts } from "./hosts.ts";
import type { Switches } from "./switches.ts";
import type { Weaver } from "./weaver.ts";

const CATCH_UP_MS = 5000;
const POLL_MS = 5;

export interface HostCommandsOptions {
  readonly hosts: Hosts;
  readonly switches: Switches;
  readonly weaver: Weaver;
  /** The host is no longer Weft's. */
  readonly released: (id: HostId) => void;
  readonly log: Logger;
  readonly timers: Timers;
  /** Whether a Manager with this target is the way by which the session came. */
  readonly leadsHere: (session: OvsdbSession, target: string) => boolean;
}

export class HostCommands {
  readonly #options: HostCommandsOptions;

  constructor(options: HostCommandsOptions) {
    this.#options = options;
  }

  #connected(id: HostId): { readonly entry: HostEntry; readonly session: OvsdbSession } {
    const entry = this.#options.hosts.entries.get(id);
    if (entry === undefined || entry.session === null) {
      const why = id.startsWith("dpid:")
        ? `${id} is a switch without OVSDB, which is never taken over; to part, on it: ovs-vsctl del-controller BRIDGE`
        : `host ${id} is not connected by OVSDB`;
      throw new WeftError("host/not-connected", why, { context: { host: id } });
    }
    return { entry, session: entry.session };
  }

  async adopt(id: HostId, options: AdoptOptions): Promise<string> {
    const { entry, session } = this.#connected(id);
    const operations = planAdopt(session.rows, entry.fact, options);
    await session.transact(operations);
    this.#options.log.info({ host: id, ...options }, "host is adopted");
    const { bridgeName, foreignTunnels = [] } = entry.fact;
    const bridge = options.bridge ?? bridgeName;
    const next =
      foreignTunnels.length === 0
        ? ""
        : "; it forwards as before until all hosts at the ends of its tunnels are adopted (weft hosts tells)";
    return `bridge ${bridge} of host ${id} is being taken over${next}\n`;
  }

  /** Resolves when ovs-vswitchd has done what the database asks of it, or takes too long. */
  async #caughtUp(session: OvsdbSession): Promise<void> {
    const { timers } = this.#options;
    const deadline = timers.now() + CATCH_UP_MS;
    for (;;) {
      const root = session.rows.openVSwitch;
      if (root === null || root.cur_cfg >= root.next_cfg || timers.now() > deadline) return;
      await new Promise<void>((resolve) => timers.setTimer(POLL_MS, resolve));
    }
  }

  /** Resolves when the host is free. */
  async release(id: HostId): Promise<string> {
    const { hosts, switches, weaver, log, leadsHere } = this.#options;
    const { entry, session } = this.#connected(id);
    const options = { leadsHere: (target: string) => leadsHere(session, target) };
    refuse(id, planRelease(session.rows, options));
    const dpid = entry.fact.dpid;
    // Its manager gone, the host may hang up before it answers.
    let answered = true;
    await hosts.pause(entry);
    try {
      // What was under way shows in the rows.
      await session.transact([comment("weft release")]);
      const plan = refuse(id, planRelease(session.rows, options));
      if (plan.flows !== null && dpid !== null) await switches.cleanse(dpid, plan.flows);
      if (plan.clearing.length > 0) {
        await session.transact(plan.clearing);
        await this.#caughtUp(session);
      }
      // Of the rows as they are now: none refers to a tunnel that is gone.
      const { operations } = refuse(id, planRelease(session.rows, options));
      await session.transact(operations).catch((error: unknown) => {
        if (!(error instanceof WeftError) || error.code !== "ovsdb/closed") throw error;
        answered = false;
      });
      log.info({ host: id, bridge: entry.fact.bridgeName }, "host is released");
    } catch (error) {
      hosts.resume(entry);
      if (dpid !== null) switches.resume(dpid);
      throw error;
    }
    if (dpid !== null) switches.forget(dpid);
    this.#options.released(id);
    const stays = session.rows.openVSwitch?.external_ids.has(HOST_SETTINGS.released) === true;
    if (stays) hosts.resume(entry);
    else weaver.forget(id);
    weaver.changed();
    if (!answered)
      return `host ${id} has hung up before it said that it is released; weft hosts shows it if it is not\n`;
    const but = stays ? `, but for external_ids:${HOST_SETTINGS.released}: its manager is not Weft's to take away` : "";
    return `host ${id} is as it was before it joined${but}\n`;
  }
}

function refuse(id: HostId, plan: ReturnType<typeof planRelease>) {
  if (plan.kind === "release") return plan;
  throw plan.kind === "free"
    ? new WeftError("host/not-joined", `nothing on host ${id} is Weft's; on it, to part: ovs-vsctl del-manager`)
    : new WeftError(
        "host/no-record",
        `host ${id} joined before Weft kept a record of what bridge ${plan.bridge} was; docs/joining.md tells how to undo it by hand`,
      );
}
