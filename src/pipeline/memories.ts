// What a switch is known to hold, read as facts: its own part for itself, and what it has in common with others once for all.
import type { RememberedFact } from "../model/facts.ts";
import { type Difference, differences, SharedMap } from "../model/shared-map.ts";
import type { DesiredFlow } from "./desired.ts";
import { forwardKey } from "./forward.ts";
import {
  answersBeside,
  type Exceptions,
  LayeredFlows,
  layered,
  layerOf,
  NO_LAYERS,
  type SharedLayers,
} from "./layered-flows.ts";
import { knownMacKey } from "./learn.ts";
import { answerOf, type HeldGroup, type Readback, readBack } from "./readback.ts";
import { decodeCookie, type FlowKind, groupRole } from "./registry.ts";

/** What a reading was made of. */
interface ReadFrom {
  readonly own: ReadonlyMap<string, DesiredFlow>;
  readonly exceptions: Exceptions;
  readonly groups: ReadonlyMap<number, HeldGroup>;
  /** null where nothing of it was looked at. */
  readonly shared: SharedLayers | null;
}

const readFrom = new WeakMap<Readback, ReadFrom>();

/** Flows that say who is heard, or nothing that is not said elsewhere: nothing about the fabric. */
const SILENT: ReadonlySet<FlowKind> = new Set<FlowKind>([
  "known-mac",
  "known-address",
  "local-endpoint",
  "deliver-endpoint",
  "own-port",
  "address-news",
  "unknown-mac",
  "egress",
  "probe",
  "speaker",
  "impostor",
  "own-claim",
  "reflection",
  "flood",
  "deliver-flood",
  "withheld",
]);

/** null: it is not there, though others have it. */
type MaybeFlow = DesiredFlow | null | undefined;

/** What is not there says nothing. @param isPlain in an island its local ports are told by their flows */
function isSilent(flow: MaybeFlow, isPlain: boolean): boolean {
  if (flow == null) return true;
  const kind = decodeCookie(flow.cookie)?.kind;
  return kind !== undefined && (SILENT.has(kind) || (kind === "port" && !isPlain));
}

function* changesBetween(
  before: ReadonlyMap<string, DesiredFlow | null>,
  after: ReadonlyMap<string, DesiredFlow | null>,
): Generator<readonly [MaybeFlow, MaybeFlow]> {
  if (before instanceof SharedMap && after instanceof SharedMap) {
    const steps: readonly Difference<DesiredFlow | null>[] = differences(before, after);
    for (const step of steps) yield [step.before, step.after];
    return;
  }
  for (const [key, flow] of after) if (before.get(key) !== flow) yield [before.get(key), flow];
  for (const [key, flow] of before) if (!after.has(key)) yield [flow, undefined];
}

function differInSilenceAlone(
  before: ReadonlyMap<string, DesiredFlow | null>,
  after: ReadonlyMap<string, DesiredFlow | null>,
  isPlain: boolean,
): boolean {
  for (const [was, is] of changesBetween(before, after)) {
    if (!isSilent(was, isPlain) || !isSilent(is, isPlain)) return false;
  }
  return true;
}

/** Groups of local ports tell nothing of the fabric. */
function sayTheSame(before: ReadFrom["groups"], after: ReadFrom["groups"]): boolean {
  if (before === after) return true;
  const isLocal = (id: number): boolean => groupRole(id)?.kind === "local";
  for (const [id, group] of after) if (before.get(id) !== group && !isLocal(id)) return false;
  for (const id of before.keys()) if (!after.has(id) && !isLocal(id)) return false;
  return true;
}

/** The same but for who was heard, which is read where somebody asks. */
function withGuestsOf(
  before: Readback,
  flows: ReadonlyMap<string, DesiredFlow>,
  readObserved: () => Readback["observed"],
): Readback {
  let kept: Readback["observed"] | undefined;
  const { ownIndex, rivals, receivesOn, sendsBy, blocked, relaysBy, relaysTo, remembered, plain } = before;
  return {
    ...{ ownIndex, rivals, receivesOn, sendsBy, blocked, relaysBy, relaysTo, remembered, plain },
    get observed() {
      kept ??= readObserved();
      return kept;
    },
    holds: (one) => flows.has(knownMacKey(one)),
  };
}

const answersIn = new WeakMap<SharedMap<DesiredFlow>, ReadonlyMap<string, readonly DesiredFlow[]>>();

/** By `forwardKey` of the endpoint that they are for. */
function answersByEndpoint(layer: SharedMap<DesiredFlow>): ReadonlyMap<string, readonly DesiredFlow[]> {
  const known = answersIn.get(layer);
  if (known !== undefined) return known;
  const by = new Map<string, DesiredFlow[]>();
  for (const flow of layer.values()) {
    const key = endpointOf(flow);
    if (key === null) continue;
    const list = by.get(key);
    if (list === undefined) by.set(key, [flow]);
    else list.push(flow);
  }
  answersIn.set(layer, by);
  return by;
}

/** The key of the flow to the endpoint that an answer is for. */
function endpointOf(answer: DesiredFlow): string | null {
  const vni = decodeCookie(answer.cookie)?.vni;
  const mac = answerOf(answer)?.mac;
  return vni === undefined || mac === undefined ? null : forwardKey({ vni, mac });
}

/**
 * A switch's own part, and what belongs to it of what it has in common with others: an answer says something of an
 * endpoint only beside the way to it, and either may be in the one part and the other in the other.
 */
function ownPart({ own, exceptions, shared }: LayeredFlows): {
  readonly flows: readonly DesiredFlow[];
  /** Whether it depends on what is shared. */
  readonly isMixed: boolean;
} {
  const flows = [...new LayeredFlows(own, NO_LAYERS, exceptions).values()];
  if (shared.size === 0) return { flows, isMixed: false };
  const beside = new Set<DesiredFlow>();
  let isMixed = false;
  const add = (flow: DesiredFlow | undefined): void => {
    if (flow !== undefined && !own.has(flow.key) && !exceptions.has(flow.key)) beside.add(flow);
  };
  for (const flow of flows) {
    const kind = decodeCookie(flow.cookie)?.kind;
    if (kind === "answer") {
      const key = endpointOf(flow);
      const layer = key === null ? undefined : shared.get(layerOf(key));
      if (key === null || layer === undefined) continue;
      isMixed = true;
      add(layer.get(key));
    } else if (kind === "remote-endpoint") {
      const layer = shared.get(answersBeside(layerOf(flow.key)) ?? "");
      if (layer === undefined) continue;
      isMixed = true;
      for (const answer of answersByEndpoint(layer).get(flow.key) ?? []) add(answer);
    }
  }
  return { flows: [...flows, ...beside], isMixed };
}

/**
 * The same of what a switch is known to hold, without what it has in common with others: that `sharedMemories` tells.
 * @param before of the same switch; the same object where nothing is different, and the same in all that is about the
 * fabric where only flows are others that say nothing of it.
 */
export function readBackOwn(
  flows: ReadonlyMap<string, DesiredFlow>,
  groups: ReadonlyMap<number, HeldGroup>,
  before: Readback | null = null,
): Readback {
  const { own, exceptions, shared } = layered(flows);
  const was = before === null ? undefined : readFrom.get(before);
  const isShared = was?.shared === null || was?.shared === shared;
  const isPlain = before?.plain != null;
  const isSame = isShared && was !== undefined && sayTheSame(was.groups, groups);
  if (before !== null && isSame && was.own === own && was.exceptions === exceptions) return before;
  const part = (): ReturnType<typeof ownPart> => ownPart(layered(flows));
  const read = ({ flows: all } = part()): Readback => readBack(all, groups.values());
  const isQuiet =
    isSame && differInSilenceAlone(was.exceptions, exceptions, isPlain) && differInSilenceAlone(was.own, own, isPlain);
  if (before !== null && isQuiet) {
    const readback = withGuestsOf(before, flows, () => read().observed);
    readFrom.set(readback, { own, exceptions, groups, shared: was.shared });
    return readback;
  }
  const whole = part();
  const readback = read(whole);
  readFrom.set(readback, { own, exceptions, groups, shared: whole.isMixed ? shared : null });
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
