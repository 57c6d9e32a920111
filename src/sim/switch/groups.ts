// Groups, and which of their buckets a packet takes (OpenFlow 1.3.5, section 5.6).
import { type Bucket, type GroupDesc, type GroupMod, OFPG, OFPP } from "../../../proto/openflow13/index.ts";
import { SwitchRefusal } from "./switch-error.ts";

export interface GroupEdit {
  readonly groupId: number;
  readonly before: GroupDesc | undefined;
}

const MAX_DEPTH = 128;

export class Groups {
  readonly #groups = new Map<number, GroupDesc>();
  readonly #isPortLive: (port: number) => boolean;

  constructor(isPortLive: (port: number) => boolean) {
    this.#isPortLive = isPortLive;
  }

  has(groupId: number): boolean {
    return this.#groups.has(groupId);
  }

  get(groupId: number): GroupDesc | undefined {
    return this.#groups.get(groupId);
  }

  all(): readonly GroupDesc[] {
    return [...this.#groups.values()];
  }

  /** Flows that use a deleted group go with it: the caller's to remove. @throws SwitchRefusal */
  apply({ command, groupId, type, buckets }: GroupMod): readonly GroupEdit[] {
    if (command === "delete") {
      const gone = groupId === OFPG.ALL ? this.all() : this.all().filter((group) => group.groupId === groupId);
      for (const group of gone) this.#groups.delete(group.groupId);
      return gone.map((before) => ({ groupId: before.groupId, before }));
    }
    if (groupId > OFPG.MAX) throw new SwitchRefusal("OFPGMFC_INVALID_GROUP");
    const before = this.#groups.get(groupId);
    if (command === "add" && before !== undefined) throw new SwitchRefusal("OFPGMFC_GROUP_EXISTS");
    if (command === "modify" && before === undefined) throw new SwitchRefusal("OFPGMFC_UNKNOWN_GROUP");
    this.#groups.set(groupId, { groupId, type, buckets });
    return [{ groupId, before }];
  }

  undo(edits: readonly GroupEdit[]): void {
    for (const { groupId, before } of [...edits].reverse()) {
      if (before === undefined) this.#groups.delete(groupId);
      else this.#groups.set(groupId, before);
    }
  }

  clear(): void {
    this.#groups.clear();
  }

  /** @param hash of the packet, by which a select group chooses */
  taken({ type, buckets }: GroupDesc, hash: number): readonly Bucket[] {
    if (type === "all" || type === "indirect") return buckets;
    const live = buckets.filter((bucket) => this.#isLive(bucket, 0));
    if (type === "ff") return live.slice(0, 1);
    const total = live.reduce((sum, { weight }) => sum + weight, 0);
    let at = total === 0 ? 0 : hash % total;
    for (const bucket of live) {
      if (at < bucket.weight) return [bucket];
      at -= bucket.weight;
    }
    return [];
  }

  /** One that watches nothing is live; of one that watches a port and a group either is enough. */
  #isLive({ watchPort, watchGroup }: Bucket, depth: number): boolean {
    if (depth > MAX_DEPTH) return false;
    if (watchPort === OFPP.ANY && watchGroup === OFPG.ANY) return true;
    if (watchPort !== OFPP.ANY && this.#isPortLive(watchPort)) return true;
    return this.#groups.get(watchGroup)?.buckets.some((bucket) => this.#isLive(bucket, depth + 1)) ?? false;
  }
}
