// Who holds a thing that one place alone may hold: moves, duplicates and flapping (RFC 7432, section 15.1). Takes `now`.

export interface MobilityRules {
  /** One that had to give way and speaks again within this time was never away: a duplicate, not a move. */
  readonly duplicateWindowMs: number;
  /** A rival that says nothing for this long is gone. */
  readonly quietMs: number;
  readonly moves: { readonly count: number; readonly windowMs: number };
  /** How long a holder may take to prove that it is there before one that only mentioned the thing has it. */
  readonly proofMs: number;
}

/**
 * - duplicate: both speak.
 * - flapping: it moved too often.
 * - declared: it belongs to the holder by declaration, and others use it.
 */
export type DisputeReason = "duplicate" | "flapping" | "declared";

/** The thing stays with its holder for as long as the others speak. */
export interface Dispute<H> {
  readonly key: string;
  readonly reason: DisputeReason;
  readonly holder: H;
  /** In the order in which they came. */
  readonly rivals: readonly H[];
}

/** What a claim came to. `changed` tells whether anything but a time is different from before. */
export type Verdict<H> =
  | { readonly kind: "same" | "new" | "refused"; readonly changed: boolean }
  /** Its holder has to prove that it is there, or loses it. */
  | { readonly kind: "doubted"; readonly changed: boolean }
  | { readonly kind: "moved"; readonly changed: true; readonly from: H }
  /** To the one that had it first; what came of the move of `undoneSince` is void. */
  | { readonly kind: "restored"; readonly changed: true; readonly from: H; readonly undoneSince: number };

export interface Claim<H> {
  /** Declared to be the holder; no other can be. */
  readonly owner?: H | null;
  /** The holder and this one are two ends of one migration: both may speak, the last one has it. */
  readonly migrating?: boolean;
  /** Says that it has the thing, but not that it has it from now on: the holder is asked first. */
  readonly unannounced?: boolean;
}

interface Left<H> {
  readonly holder: H;
  readonly at: number;
  /** When it had got the thing. */
  readonly since: number;
}

interface Holding<H> {
  holder: H;
  since: number;
  /** Those it has left within the duplicate window, by identity. */
  readonly left: Map<string, Left<H>>;
  /** Moves within the window of `moves`, oldest first. */
  moves: { readonly at: number; readonly from: H }[];
  doubt: { readonly by: H; readonly untilMs: number } | null;
  dispute: {
    reason: DisputeReason;
    readonly since: number;
    readonly rivals: Map<string, { readonly rival: H; at: number }>;
  } | null;
}

interface MoveKind {
  /** It counts among the moves that may be too many. */
  readonly damped: boolean;
  /** The old holder may show that it is still there. */
  readonly contestable: boolean;
}

const SPONTANEOUS: MoveKind = { damped: true, contestable: true };
const MIGRATING: MoveKind = { damped: true, contestable: false };
const DECREED: MoveKind = { damped: false, contestable: true };

/** More rivals than this are counted, but not named. */
const MAX_RIVALS = 8;

/** Invariant: a key has one holder at any time, and while it is disputed no claim of another changes it. */
export class Mobility<H> {
  readonly #rules: MobilityRules;
  readonly #id: (holder: H) => string;
  readonly #holdings = new Map<string, Holding<H>>();
  /** Keys that time alone may change: in doubt, in dispute, or lately moved. */
  readonly #restless = new Set<string>();

  /** @param id tells two holders apart. */
  constructor(rules: MobilityRules, id: (holder: H) => string) {
    this.#rules = rules;
    this.#id = id;
  }

  holder(key: string): H | null {
    return this.#holdings.get(key)?.holder ?? null;
  }

  /** When it got the thing; null where nobody has it. */
  since(key: string): number | null {
    return this.#holdings.get(key)?.since ?? null;
  }

  /** Whether its holder has yet to prove that it is there. */
  isDoubted(key: string): boolean {
    return this.#holdings.get(key)?.doubt != null;
  }

  /** Whether a claim by this very holder would change nothing. */
  isSettledOn(key: string, holder: H): boolean {
    const holding = this.#holdings.get(key);
    return holding !== undefined && holding.holder === holder && holding.doubt === null;
  }

  holders(): Iterable<readonly [string, H]> {
    return [...this.#holdings].map(([key, holding]) => [key, holding.holder] as const);
  }

  /** Somebody uses the thing. */
  claim(key: string, by: H, now: number, { owner = null, migrating, unannounced }: Claim<H> = {}): Verdict<H> {
    const holding = this.#holdings.get(key);
    const id = this.#id(by);
    if (owner !== null && this.#id(owner) !== id) return this.#refuseForOwner(key, owner, by, now);
    if (holding === undefined) {
      this.#holdings.set(key, fresh(by, now));
      return { kind: "new", changed: true };
    }
    if (this.#id(holding.holder) === id) return this.#confirm(key, holding, now);
    const reason = holding.dispute?.reason;
    // Declared to be here, or declared elsewhere until now.
    if (owner !== null || reason === "declared") return this.#move(key, holding, by, now, DECREED);
    if (migrating === true && reason !== "flapping") return this.#move(key, holding, by, now, MIGRATING);
    if (reason !== undefined) return this.#refuse(holding, by, now);
    this.#forgetLeft(holding, now);
    const left = holding.left.get(id);
    if (left !== undefined) return this.#restore(key, holding, left, now);
    if (unannounced === true) {
      const changed = holding.doubt === null;
      if (changed) this.#restless.add(key);
      holding.doubt ??= { by, untilMs: now + this.#rules.proofMs };
      return { kind: "doubted", changed };
    }
    return this.#move(key, holding, by, now, SPONTANEOUS);
  }

  /** The holder speaks: whoever said meanwhile that it has the thing is a duplicate. */
  #confirm(key: string, holding: Holding<H>, now: number): Verdict<H> {
    const { doubt } = holding;
    if (doubt === null) return { kind: "same", changed: false };
    holding.doubt = null;
    this.#dispute(key, holding, "duplicate", [doubt.by], now);
    return { kind: "same", changed: true };
  }

  #refuse(holding: Holding<H>, by: H, now: number): Verdict<H> {
    const rivals = holding.dispute?.rivals;
    const known = rivals?.get(this.#id(by));
    if (known !== undefined) known.at = now;
    else if (rivals !== undefined && rivals.size < MAX_RIVALS) rivals.set(this.#id(by), { rival: by, at: now });
    else return { kind: "refused", changed: false };
    return { kind: "refused", changed: known === undefined };
  }

  #refuseForOwner(key: string, owner: H, by: H, now: number): Verdict<H> {
    let holding = this.#holdings.get(key);
    if (holding === undefined || this.#id(holding.holder) !== this.#id(owner)) {
      holding = fresh(owner, now);
      this.#holdings.set(key, holding);
    }
    if (holding.dispute !== null) {
      const known = holding.dispute.reason === "declared";
      holding.dispute.reason = "declared";
      const { changed } = this.#refuse(holding, by, now);
      return { kind: "refused", changed: changed || !known };
    }
    holding.doubt = null;
    this.#dispute(key, holding, "declared", [by], now);
    return { kind: "refused", changed: true };
  }

  #forgetLeft(holding: Holding<H>, now: number): void {
    for (const [other, left] of holding.left) {
      if (now - left.at >= this.#rules.duplicateWindowMs) holding.left.delete(other);
    }
  }

  #restore(key: string, holding: Holding<H>, left: Left<H>, now: number): Verdict<H> {
    const from = holding.holder;
    holding.holder = left.holder;
    holding.since = left.since;
    holding.doubt = null;
    holding.left.clear();
    this.#dispute(key, holding, "duplicate", [from], now);
    return { kind: "restored", changed: true, from, undoneSince: left.at };
  }

  #move(key: string, holding: Holding<H>, by: H, now: number, { damped, contestable }: MoveKind): Verdict<H> {
    const { count, windowMs } = this.#rules.moves;
    const from = holding.holder;
    holding.doubt = null;
    if (damped) {
      holding.moves = [...holding.moves.filter((move) => now - move.at < windowMs), { at: now, from }];
      const [first] = holding.moves;
      if (holding.moves.length >= count && first !== undefined) return this.#freeze(key, holding, first, by, now);
    }
    if (contestable) holding.left.set(this.#id(from), { holder: from, at: now, since: holding.since });
    holding.left.delete(this.#id(by));
    holding.holder = by;
    holding.since = now;
    holding.dispute = null;
    this.#restless.add(key);
    return { kind: "moved", changed: true, from };
  }

  #freeze(key: string, holding: Holding<H>, first: { readonly from: H; readonly at: number }, by: H, now: number) {
    const from = holding.holder;
    const firstId = this.#id(first.from);
    holding.holder = first.from;
    holding.left.clear();
    const rivals = [by, from].filter((one) => this.#id(one) !== firstId);
    this.#dispute(key, holding, "flapping", rivals, now);
    if (this.#id(from) === firstId) return { kind: "refused", changed: true } as const;
    return { kind: "restored", changed: true, from, undoneSince: first.at } as const;
  }

  #dispute(key: string, holding: Holding<H>, reason: DisputeReason, rivals: readonly H[], now: number): void {
    const named = new Map(rivals.map((rival) => [this.#id(rival), { rival, at: now }]));
    holding.dispute = { reason, since: now, rivals: named };
    this.#restless.add(key);
  }

  /**
   * It was a rival before a restart. @returns whether it is one now: not where nobody holds the thing, or it does itself.
   */
  recall(key: string, rival: H, now: number): boolean {
    const holding = this.#holdings.get(key);
    if (holding === undefined || this.#id(holding.holder) === this.#id(rival)) return false;
    // Nobody has to be told again.
    holding.dispute ??= { reason: "duplicate", since: Number.NEGATIVE_INFINITY, rivals: new Map() };
    holding.dispute.rivals.set(this.#id(rival), { rival, at: now });
    this.#restless.add(key);
    return true;
  }

  /** It is known that it is not there any more. @returns whether anything changed; the next in line has it now. */
  release(key: string, by: H): boolean {
    const holding = this.#holdings.get(key);
    if (holding === undefined) return false;
    const id = this.#id(by);
    if (this.#id(holding.holder) !== id) {
      holding.left.delete(id);
      const doubted = holding.doubt !== null && this.#id(holding.doubt.by) === id;
      if (doubted) holding.doubt = null;
      const gone = holding.dispute?.rivals.delete(id) === true;
      if (holding.dispute?.rivals.size === 0) settle(holding);
      return gone || doubted;
    }
    const [heir] = [...(holding.dispute?.rivals.values() ?? [])].sort((a, b) => b.at - a.at);
    const next = heir?.rival ?? holding.doubt?.by;
    this.#restless.delete(key);
    this.#holdings.delete(key);
    if (next !== undefined && holding.dispute?.reason !== "declared") {
      this.#holdings.set(key, fresh(next, heir?.at ?? holding.since));
    }
    return true;
  }

  /** @returns the keys that time has changed: a holder that gave no proof, a rival that is gone. */
  tick(now: number): readonly string[] {
    const changed: string[] = [];
    for (const key of [...this.#restless].sort()) {
      const holding = this.#holdings.get(key);
      if (holding === undefined) continue;
      if (holding.doubt !== null && holding.doubt.untilMs <= now) {
        this.#move(key, holding, holding.doubt.by, now, SPONTANEOUS);
        changed.push(key);
      }
      const rivals = holding.dispute?.rivals;
      for (const [id, rival] of rivals ?? []) {
        if (now - rival.at < this.#rules.quietMs) continue;
        rivals?.delete(id);
        changed.push(key);
      }
      if (rivals?.size === 0) settle(holding);
      this.#forgetLeft(holding, now);
      const atRest = holding.doubt === null && holding.dispute === null && holding.left.size === 0;
      if (atRest) this.#restless.delete(key);
    }
    return [...new Set(changed)];
  }

  /** Whether `tick` may have something to do some time. */
  get isRestless(): boolean {
    return this.#restless.size > 0;
  }

  /** Those whose rivals hold what they should not, sorted by key. */
  disputes(): readonly Dispute<H>[] {
    return [...this.#restless].sort().flatMap((key): Dispute<H>[] => {
      const holding = this.#holdings.get(key);
      if (holding?.dispute == null) return [];
      const { reason, rivals } = holding.dispute;
      return [{ key, reason, holder: holding.holder, rivals: [...rivals.values()].map((one) => one.rival) }];
    });
  }

  /** Those whose dispute is so young that what the rivals said should be set right. */
  defended(now: number): readonly { readonly key: string; readonly of: H }[] {
    return [...this.#restless].sort().flatMap((key) => {
      const holding = this.#holdings.get(key);
      const since = holding?.dispute?.since;
      if (holding === undefined || since === undefined || now - since >= this.#rules.proofMs) return [];
      return [{ key, of: holding.holder }];
    });
  }

  /** Those that should be asked whether they still have a thing: in doubt, or lately parted from it. */
  asked(now: number): readonly { readonly key: string; readonly of: H }[] {
    const asked: { key: string; of: H }[] = [];
    for (const key of [...this.#restless].sort()) {
      const holding = this.#holdings.get(key);
      if (holding === undefined) continue;
      if (holding.doubt !== null) asked.push({ key, of: holding.holder });
      else if (holding.dispute === null) {
        for (const left of holding.left.values()) {
          if (now - left.at < this.#rules.proofMs) asked.push({ key, of: left.holder });
        }
      }
    }
    return asked;
  }
}

function fresh<H>(holder: H, now: number): Holding<H> {
  return { holder, since: now, left: new Map(), moves: [], doubt: null, dispute: null };
}

/** The rivals are gone: what was counted against the holder is forgotten with them. */
function settle<H>(holding: Holding<H>): void {
  holding.dispute = null;
  holding.moves = [];
  holding.left.clear();
}
