// Islands as fabrics: which lone switches are one, by which numbers they go, and what each one's part is.
import type { HostFact, HostId, NetworkSetting, SwitchFact } from "../model/facts.ts";
import type { Identity } from "../model/identity.ts";
import {
  endKey,
  type Island,
  numberSwitches,
  type PlainPart,
  planIslands,
  type TreePart,
} from "../model/plain-links.ts";
import type { LinkFacts } from "./link-facts.ts";
import { loneHostId } from "./lone-switch.ts";

/** A lone switch, there or just gone. */
export interface LoneSwitch {
  readonly dpid: string;
  readonly host: HostFact;
  readonly fact: SwitchFact;
  /** See `listeningPorts`. */
  readonly listening: readonly number[];
  /** The number that its flows hold; null where they hold none. */
  readonly heldNumber: number | null;
}

export interface IslandInput {
  /** Sorted by dpid. */
  readonly switches: readonly LoneSwitch[];
  readonly identities: ReadonlyMap<HostId, Identity>;
  readonly hostFacts: ReadonlyMap<HostId, HostFact>;
  readonly switchFacts: ReadonlyMap<HostId, SwitchFact>;
  readonly plain: ReadonlyMap<HostId, PlainPart>;
}

/** Links in use and switches to islands; kept while neither changes, since paths between all pairs take time. */
export class IslandPlanner {
  #key = "";
  #islands: readonly Island[] = [];

  plan(dpids: readonly string[], { links }: Pick<LinkFacts, "links">): readonly Island[] {
    const up = links.filter((one) => one.state === "up").map((one) => one.link);
    const key = [...dpids, ...up.map((link) => link.ends.map(endKey).join("-"))].join(" ");
    if (key !== this.#key) [this.#key, this.#islands] = [key, planIslands(dpids, up)];
    return this.#islands;
  }
}

/**
 * Numbers stay as switches hold them; those of switches that are away, which others' flows name, go to nobody else. The
 * numbers of the rest that were here before are kept for them while there are others: there are few, and anybody can
 * come once under many names.
 */
export function switchNumbers(
  switches: readonly LoneSwitch[],
  named: Iterable<number>,
  before: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const held = new Map(before);
  for (const { dpid, heldNumber } of switches) if (heldNumber !== null && !held.has(dpid)) held.set(dpid, heldNumber);
  const here = switches.map((one) => one.dpid);
  const away = [...before].filter(([dpid]) => !here.includes(dpid)).map(([, number]) => number);
  const inFlows = [...named];
  const numbers = numberSwitches(here, held, [...inFlows, ...away]);
  return numbers.size === new Set(here).size ? numbers : numberSwitches(here, held, inFlows);
}

/** What is remembered of numbers: one switch for each, the one that has it now before one that is away. */
export function rememberedNumbers(
  before: ReadonlyMap<string, number>,
  now: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const used = new Set(now.values());
  return new Map([...[...before].filter(([dpid, number]) => !used.has(number) && !now.has(dpid)), ...now]);
}

/** The facts of one island, from which its fabric is derived. */
export function islandInput(
  island: Island,
  switches: ReadonlyMap<string, LoneSwitch>,
  numbers: ReadonlyMap<string, number>,
  links: Pick<LinkFacts, "far" | "problems">,
): IslandInput {
  const members = island.members.flatMap((dpid) => switches.get(dpid) ?? []);
  const byNumber = <V>(map: ReadonlyMap<string, V>): ReadonlyMap<number, V> => {
    const entries = [...map].flatMap(([dpid, value]) => {
      const number = numbers.get(dpid);
      return number === undefined ? [] : [[number, value] as const];
    });
    return new Map(entries.sort(([a], [b]) => a - b));
  };
  const identities = new Map<HostId, Identity>();
  const plain = new Map<HostId, PlainPart>();
  for (const { dpid, listening } of members) {
    const id = loneHostId(dpid);
    const number = numbers.get(dpid) ?? null;
    const problems = links.problems.get(dpid) ?? [];
    identities.set(id, { id, name: id, index: number, tunnelIp: null, vouched: true, problems });
    const paths = island.paths.get(dpid);
    const ends = [...links.far].filter(([key]) => key.startsWith(`${dpid}/`));
    plain.set(id, {
      number: number ?? 0,
      links: new Map(ends.map(([key, far]) => [Number(key.slice(key.indexOf("/") + 1)), far] as const)),
      towards: byNumber(paths?.towards ?? new Map<string, number>()),
      trees: byNumber(paths?.trees ?? new Map<string, TreePart>()),
      listening,
    });
  }
  return {
    switches: members,
    identities,
    hostFacts: new Map(members.map((one) => [loneHostId(one.dpid), one.host])),
    switchFacts: new Map(members.map((one) => [loneHostId(one.dpid), one.fact])),
    plain,
  };
}

/** Ports of such switches carry every VLAN alike: none is a network with endpoints of its own, and all keep their tags. */
export function islandNetworks(settings: readonly NetworkSetting[]): readonly NetworkSetting[] {
  return settings.filter(({ tag, name }) => tag === null && !/^vlan\d+$/.test(name));
}
