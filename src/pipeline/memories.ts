// What a switch is known to hold, read as facts: its own part for itself, and what it has in common with others once for all.
import type { RememberedFact } from "../model/facts.ts";
import { SharedMap } from "../model/shared-map.ts";
import type { DesiredFlow } from "./desired.ts";
import { answersBeside, type Exceptions, LayeredFlows, layered, NO_LAYERS } from "./layered-flows.ts";
import { type HeldGroup, type Readback, readBack } from "./readback.ts";

/** What a reading was made of. */
interface ReadFrom {
  readonly own: ReadonlyMap<string, DesiredFlow>;
  readonly exceptions: Exceptions;
  readonly groups: ReadonlyMap<number, HeldGroup>;
}

const readFrom = new WeakMap<Readback, ReadFrom>();

/**
 * The same of what a switch is known to hold, without what it has in common with others: that `sharedMemories` tells.
 * @param before of the same switch; the same object where nothing is different.
 */
export function readBackOwn(
  flows: ReadonlyMap<string, DesiredFlow>,
  groups: ReadonlyMap<number, HeldGroup>,
  before: Readback | null = null,
): Readback {
  const { own, exceptions } = layered(flows);
  const was = before === null ? undefined : readFrom.get(before);
  if (before !== null && was?.own === own && was.exceptions === exceptions && was.groups === groups) return before;
  const readback = readBack(new LayeredFlows(own, NO_LAYERS, exceptions).values(), groups.values());
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
