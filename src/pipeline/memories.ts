// What a switch is known to hold, read as facts: its own part for itself, and what it has in common with others once for all.
import type { RememberedFact } from "../model/facts.ts";
import { SharedMap } from "../model/shared-map.ts";
import type { DesiredFlow } from "./desired.ts";
import { answersBeside, type Exceptions, LayeredFlows, layered, NO_LAYERS } from "./layered-flows.ts";
import { type HeldGroup, type Readback, readBack } from "./readback.ts";
import { decodeCookie, type FlowKind } from "./registry.ts";

/** What a reading was made of. */
interface ReadFrom {
  readonly own: ReadonlyMap<string, DesiredFlow>;
  readonly exceptions: Exceptions;
  readonly groups: ReadonlyMap<number, HeldGroup>;
}

const readFrom = new WeakMap<Readback, ReadFrom>();

/** Flows of a switch's own guests: they say who was heard, and nothing else. */
const GUESTS: ReadonlySet<FlowKind> = new Set<FlowKind>([
  "known-mac",
  "known-address",
  "local-endpoint",
  "deliver-endpoint",
  "own-port",
]);

function isGuests(flow: DesiredFlow | undefined): boolean {
  if (flow === undefined) return true;
  const kind = decodeCookie(flow.cookie)?.kind;
  return kind !== undefined && GUESTS.has(kind);
}

function differInGuestsAlone(
  before: ReadonlyMap<string, DesiredFlow>,
  after: ReadonlyMap<string, DesiredFlow>,
): boolean {
  for (const [key, flow] of after) {
    const was = before.get(key);
    if (was !== flow && !(isGuests(was) && isGuests(flow))) return false;
  }
  for (const [key, flow] of before) if (!after.has(key) && !isGuests(flow)) return false;
  return true;
}

/** The same but for who was heard, which is read where somebody asks. */
function withGuestsOf(before: Readback, read: () => Readback): Readback {
  let kept: Readback | undefined;
  const guests = (): Readback => {
    kept ??= read();
    return kept;
  };
  const { ownIndex, rivals, receivesOn, sendsBy, blocked, relaysBy, relaysTo, remembered, plain } = before;
  return {
    ...{ ownIndex, rivals, receivesOn, sendsBy, blocked, relaysBy, relaysTo, remembered, plain },
    get observed() {
      return guests().observed;
    },
    holds: (one) => guests().holds(one),
  };
}

/**
 * The same of what a switch is known to hold, without what it has in common with others: that `sharedMemories` tells.
 * @param before of the same switch; the same object where nothing is different, and the same in all that is about the
 * fabric where only guests' flows are.
 */
export function readBackOwn(
  flows: ReadonlyMap<string, DesiredFlow>,
  groups: ReadonlyMap<number, HeldGroup>,
  before: Readback | null = null,
): Readback {
  const { own, exceptions } = layered(flows);
  const was = before === null ? undefined : readFrom.get(before);
  if (before !== null && was?.own === own && was.exceptions === exceptions && was.groups === groups) return before;
  const read = (): Readback => readBack(new LayeredFlows(own, NO_LAYERS, exceptions).values(), groups.values());
  const isAlike = was?.exceptions === exceptions && was.groups === groups && differInGuestsAlone(was.own, own);
  const readback = before !== null && isAlike ? withGuestsOf(before, read) : read();
  readFrom.set(readback, { own, exceptions, groups });
  return readback;
}

const memories = new WeakMap<SharedMap<DesiredFlow>, WeakMap<object, readonly RememberedFact[]>>();
const NO_ANSWERS = SharedMap.of<DesiredFlow>();

/**
 * What the flows that a switch has in common with others say of hosts: for each network a list, the same for all of them.
 * Those who can't reach a host, and that host itself, are said to remember it too.
 */
export function sharedMemories(flows: ReadonlyMap<string, DesiredFlow>): readonly (readonly RememberedFact[])[] {
  const { shared } = layered(flows);
  return [...shared].flatMap(([name, forward]) => {
    const answers = shared.get(answersBeside(name) ?? "") ?? NO_ANSWERS;
    if (answersBeside(name) === null) return [];
    const kept = memories.get(forward)?.get(answers);
    if (kept !== undefined) return [kept];
    const { remembered } = readBack([...forward.values(), ...answers.values()], []);
    const by = memories.get(forward) ?? new WeakMap<object, readonly RememberedFact[]>();
    memories.set(forward, by.set(answers, remembered));
    return [remembered];
  });
}
