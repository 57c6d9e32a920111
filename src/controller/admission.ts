// The door: OVSDB connections stand before it until they are admitted. It wires, and holds no rule.
import { LRUCache } from "lru-cache";
import type { Logger } from "pino";
import { WeftError } from "../../proto/bytes/errors.ts";
import { approvalCode, holdsApproval } from "../discovery/approval.ts";
import { hostIdOf } from "../discovery/host-rows.ts";
import {
  type AdmissionRules,
  comesFrom,
  elsewhere,
  isCredible,
  judgeHost,
  judgeSwitch,
  type Means,
  type Outcome,
  type SwitchOwner,
  shown,
  type Verdict,
} from "../model/admission.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { HostId } from "../model/facts.ts";
import type { Identity } from "../model/identity.ts";
import type { OpenFlowSession } from "../southbound/openflow/index.ts";
import type { OvsdbSession } from "../southbound/ovsdb/index.ts";
import type { Counters } from "./counters.ts";

export interface Visitor {
  readonly session: OvsdbSession;
  readonly id: HostId;
  readonly problem: Diagnostic;
}

export interface AdmissionOptions {
  readonly rules: AdmissionRules;
  /** null where nothing is approved. */
  readonly secret: Uint8Array | null;
  readonly log: Logger;
  readonly counters: Counters;
  readonly now: () => number;
  /** Where the host is, or was last. */
  readonly homeOf: (id: HostId) => Pick<SwitchOwner, "home" | "tunnelIp">;
  readonly controllerAddress: string | null;
  /** Whether the connection is in use, and came from where the host was then. */
  readonly isSettled: (session: OpenFlowSession, id: HostId) => boolean;
  readonly admitted: (session: OvsdbSession) => void;
  /** One that was admitted is no more: it has changed its name, or is not named any more. */
  readonly dismissed: (session: OvsdbSession, reason: string) => void;
}

/** Those who wait hold a connection and a copy of their database each. */
const MAX_VISITORS = 256;
const MAX_CERTIFIED = 16_384;
/** How long one that was turned away is told of after it last came. */
const TELL_MS = 60_000;
const MAX_TOLD = 64;

interface Told {
  readonly problem: Diagnostic;
  lastMs: number;
}

export function meansOf(session: {
  readonly certificate?: { readonly names: readonly string[] };
  readonly remoteAddress?: string;
  readonly localAddress?: string;
}): Means {
  if (session.certificate !== undefined) return { kind: "certificate", names: session.certificate.names };
  const { remoteAddress, localAddress } = session;
  if (remoteAddress === undefined) return { kind: "local" };
  return { kind: "address", address: remoteAddress, isOwn: remoteAddress === localAddress };
}

export class Admission {
  readonly #options: AdmissionOptions;
  #rules: AdmissionRules;
  readonly #visitors = new Map<OvsdbSession, Visitor>();
  readonly #admitted = new Map<OvsdbSession, HostId>();
  /** Approved in this run: code -> id. The code is written to the host, and found there by the next run. */
  readonly #approved = new Map<string, HostId>();
  /** Hosts that have shown a certificate. */
  readonly #certified = new LRUCache<HostId, true>({ max: MAX_CERTIFIED });
  readonly #told = new LRUCache<string, Told>({ max: MAX_TOLD });

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#rules = options.rules;
  }

  /** The configuration has changed: who waits may be named in it now, and who was admitted may be no more. */
  reconfigure(known: AdmissionRules["known"]): void {
    this.#rules = { ...this.#rules, known };
    for (const [session, id] of [...this.#admitted]) {
      if (this.#verdictOn(session, id).kind === "admitted") continue;
      this.#admitted.delete(session);
      this.#options.dismissed(session, "the configuration does not name it any more");
      this.#judge(session, id);
    }
    for (const session of [...this.#visitors.keys()]) this.rowsChanged(session);
  }

  /** The session's rows are there, or have changed. */
  rowsChanged(session: OvsdbSession): void {
    const id = hostIdOf(session.rows);
    if (id === null) return;
    const before = this.#admitted.get(session);
    if (before !== id) {
      if (before !== undefined) {
        this.#admitted.delete(session);
        this.#options.dismissed(session, "it changed its system-id");
      }
      if (!this.#judge(session, id)) return;
    }
    this.#options.admitted(session);
  }

  #judge(session: OvsdbSession, id: HostId): boolean {
    const verdict = this.#verdictOn(session, id);
    this.#visitors.delete(session);
    if (verdict.kind === "admitted") {
      this.#admitted.set(session, id);
      if (session.certificate !== undefined) this.#certified.set(id, true);
      return true;
    }
    if (verdict.kind === "refused") this.turnAway(session, id, verdict.problem);
    else if (this.#visitors.size >= MAX_VISITORS) session.close(`${MAX_VISITORS} others wait to be admitted`);
    else {
      this.#visitors.set(session, { session, id, problem: verdict.problem });
      this.#tell(`${id} ${session.remoteAddress}`, verdict.problem, session.label);
    }
    return false;
  }

  #verdictOn(session: OvsdbSession, id: HostId): Verdict {
    const means = meansOf(session);
    const certified = this.#certified.has(id);
    return judgeHost(
      { id, label: session.label, means, approved: this.#isApproved(session, id, means), certified },
      this.#rules,
    );
  }

  #isApproved(session: OvsdbSession, id: HostId, means: Means): boolean {
    const { secret } = this.#options;
    if (secret === null) return false;
    const externalIds = session.rows.openVSwitch?.external_ids ?? new Map();
    return this.#approved.has(approvalCode(secret, id, means)) || holdsApproval(externalIds, secret, id, means);
  }

  turnAway(session: OvsdbSession | OpenFlowSession, who: string, problem: Diagnostic): void {
    this.#options.counters.add("refusedPeers");
    this.#tell(`${who} ${session.remoteAddress}`, problem, session.label);
    session.close(problem.message);
  }

  /** One who comes again and again is logged once in a while. */
  #tell(key: string, problem: Diagnostic, peer: string): void {
    const nowMs = this.#options.now();
    const told = this.#told.get(key);
    const isNew = told === undefined || told.problem.code !== problem.code || nowMs - told.lastMs > TELL_MS;
    this.#told.set(key, { problem, lastMs: nowMs });
    if (isNew) this.#options.log.warn({ peer, code: problem.code, remedy: problem.remedy }, problem.message);
  }

  closed(session: OvsdbSession): void {
    this.#visitors.delete(session);
    this.#admitted.delete(session);
  }

  /** What is written to an admitted host that somebody has approved; null for the others. */
  codeFor(session: OvsdbSession, id: HostId): string | null {
    const { secret } = this.#options;
    if (secret === null || this.#rules.admit !== "approve" || this.#rules.known.has(id)) return null;
    return approvalCode(secret, id, meansOf(session));
  }

  /**
   * Whether the switch may be the host's; null when it may.
   * @param by a connection of the host that is not known to others yet
   */
  judgeSwitch(session: OpenFlowSession, owner: HostId | null, by?: OvsdbSession): Diagnostic | null {
    const { admit } = this.#rules;
    if (owner === null) return null;
    // Asked for each host and each switch: where it makes no difference, where the host is is not looked up.
    const nowhere = { home: null, tunnelIp: null, controllerAddress: null, settled: false };
    const anywhere = { id: owner, certified: this.#certified.has(owner), ...nowhere };
    const host = admit === "all" ? anywhere : this.#ownerOf(session, owner, by);
    return judgeSwitch(session.label, meansOf(session), host, admit);
  }

  #ownerOf(session: OpenFlowSession, id: HostId, by?: OvsdbSession): SwitchOwner {
    const { homeOf, controllerAddress, isSettled } = this.#options;
    const known = { id, certified: this.#certified.has(id), controllerAddress };
    const { home, tunnelIp } = homeOf(id);
    if (by !== undefined) return { ...known, home: meansOf(by), tunnelIp, settled: false };
    return { ...known, home, tunnelIp, settled: isSettled(session, id) };
  }

  /** That a switch comes from another address than its host; null where it does not. */
  elsewhere(session: OpenFlowSession, owner: HostId | null, outcome: Outcome): Diagnostic | null {
    return owner === null ? null : elsewhere(session.label, meansOf(session), this.#ownerOf(session, owner), outcome);
  }

  /** That a switch in use stays at home where its host was, and that is elsewhere now; null where it is not. */
  keptFrom(session: OpenFlowSession, id: HostId): Diagnostic | null {
    const owner = this.#ownerOf(session, id);
    if (!owner.settled) return null;
    return elsewhere(session.label, meansOf(session), { ...owner, settled: false }, "kept");
  }

  /** Whether a switch shows that it is this host's, by its certificate or by where it is. */
  comesFrom(session: OpenFlowSession, id: HostId): boolean {
    return comesFrom(meansOf(session), this.#ownerOf(session, id));
  }

  /** Whether a switch is taken for the host's that its flows name, before that host's rows are known. */
  believes(session: OpenFlowSession, host: Pick<Identity, "id" | "tunnelIp">): boolean {
    return isCredible(meansOf(session), host, this.#rules.admit);
  }

  /** Whether a switch that belongs to no host is served. */
  servesAlone(id: HostId): boolean {
    return this.#rules.admit === "all" || this.#rules.known.has(id);
  }

  get visitors(): readonly Visitor[] {
    return [...this.#visitors.values()];
  }

  get sessions(): readonly OvsdbSession[] {
    return [...this.#visitors.keys(), ...this.#admitted.keys()];
  }

  /** Of those who were turned away not long ago, and of those who wait. */
  get problems(): readonly Diagnostic[] {
    const nowMs = this.#options.now();
    const away = [...this.#told.values()].filter(
      (told) => nowMs - told.lastMs <= TELL_MS && told.problem.code !== "admission/waiting",
    );
    return [...this.#visitors.values(), ...away].map(({ problem }) => problem);
  }

  /** The host is released or forgotten: should it come again, somebody has to approve it again. */
  forget(id: HostId): void {
    for (const [code, other] of this.#approved) if (other === id) this.#approved.delete(code);
  }

  waits(id: HostId): boolean {
    return [...this.#visitors.values()].some((visitor) => visitor.id === id);
  }

  /** @throws WeftError `host/not-waiting`, `host/ambiguous`, `host/not-asked` */
  approve(id: HostId): void {
    const { secret, log } = this.#options;
    const { admit } = this.#rules;
    if (admit !== "approve" || secret === null) {
      const how = admit === "all" ? "every host is admitted" : "hosts are admitted by weft.yaml alone";
      throw new WeftError("host/not-asked", `nothing is to be approved: ${how} (admit: ${admit})`);
    }
    const found = [...this.#visitors.values()].filter((visitor) => visitor.id === id);
    const [visitor] = found;
    if (visitor === undefined) {
      const waiting = [...this.#visitors.values()].map((one) => shown(one.id)).sort();
      const who = waiting.length === 0 ? "none" : waiting.join(", ");
      throw new WeftError("host/not-waiting", `no host "${shown(id)}" waits to be approved; waiting: ${who}`);
    }
    const others = [
      ...found,
      ...[...this.#admitted].filter(([, other]) => other === id).map(([session]) => ({ session })),
    ];
    if (others.length > 1) {
      const where = others.map(({ session }) => session.label).join(" and ");
      throw new WeftError(
        "host/ambiguous",
        `${shown(id)} is connected from ${where}: end those that are not the host, and approve it then`,
      );
    }
    const { session } = visitor;
    this.#approved.set(approvalCode(secret, id, meansOf(session)), id);
    this.#visitors.delete(session);
    log.info({ host: id, peer: session.label }, "host approved");
    this.rowsChanged(session);
  }
}
