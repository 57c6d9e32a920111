// What is kept of one switch, and the facts it stands for.
import type { Whereabouts } from "../discovery/whereabouts.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { HostId, RememberedFact, SwitchFact } from "../model/facts.ts";
import { kept, keptMap } from "../model/kept.ts";
import type { DesiredSwitch } from "../pipeline/desired.ts";
import { sharedMemories } from "../pipeline/memories.ts";
import type { Readback } from "../pipeline/readback.ts";
import type { Incidents } from "../reconcile/incidents.ts";
import type { InstalledSwitch } from "../reconcile/installed.ts";
import type { SwitchReconciler } from "../reconcile/switch-reconciler.ts";
import type { OpenFlowSession } from "../southbound/openflow/index.ts";

/** 16 hexadecimal digits. */
export type Dpid = string;

/** Connections come and go; their switches stay. */
const texts = new Map<bigint, Dpid>();
const MAX_TEXTS = 16_384;

function dpidText(datapathId: bigint): Dpid {
  const known = texts.get(datapathId);
  if (known !== undefined) return known;
  if (texts.size >= MAX_TEXTS) texts.clear();
  const text = datapathId.toString(16).padStart(16, "0");
  texts.set(datapathId, text);
  return text;
}

const ofSessions = new WeakMap<Pick<OpenFlowSession, "datapathId">, Dpid>();

/** The same of a connection: looking up an object is quicker than looking up a large number. */
export function dpidOfSession(session: Pick<OpenFlowSession, "datapathId">): Dpid {
  const known = ofSessions.get(session);
  if (known !== undefined) return known;
  const dpid = dpidText(session.datapathId);
  ofSessions.set(session, dpid);
  return dpid;
}

export interface SwitchEntry {
  readonly dpid: Dpid;
  /** What was heard in the fabric that the switch is part of. */
  whereabouts: Whereabouts;
  /** The connection that is written to; null while there is none. */
  session: OpenFlowSession | null;
  /** Further live connections of the same datapath id: kept, not written to, and used when the first one ends. */
  readonly spares: OpenFlowSession[];
  reconciler: SwitchReconciler | null;
  /** What was last read or confirmed; null before. Stays while the switch is away. */
  installed: InstalledSwitch | null;
  readback: Readback | null;
  /** What it should hold, as last compiled; what is the same in the next is not made again. */
  desired: DesiredSwitch | null;
  /** What its reconciler was woken for; undefined before the first time. */
  wokenFor: DesiredSwitch | null | undefined;
  /** Whether the session in use has been read back. */
  isRead: boolean;
  /** Whether it is the bridge of a host, or one that is served alone: nothing that others say or show counts. */
  believed: boolean;
  /** Whether what was read back of endpoints is in `whereabouts`. */
  loaded: boolean;
  /** Whether it is being handed back: nothing is written to it, by whatever connection. */
  released: boolean;
  /** The host from whose place a connection in use was last seen to come. Stays while the switch is away. */
  provenFor: HostId | null;
  /** Whether the session in use is such a one: wherever the host's database comes from later, it stays at home. */
  isProven: boolean;
  maxMeter: number;
  connectedAtMs: number;
  /** The session that ended last, since when nobody has read the switch; null while one is read. */
  left: Pick<OpenFlowSession, "ports" | "desc"> | null;
  leftAtMs: number;
  /** What others have done to it. */
  readonly incidents: Incidents;
}

/** Does what concerns one switch alone, so that it keeps no other from its own where it throws. */
export type ForEach = (entry: SwitchEntry, work: () => void) => void;

/** What was last told of each switch, and what it was read from. */
const told = new WeakMap<SwitchEntry, { readonly readback: Readback | null; readonly fact: SwitchFact }>();

/** null until the switch was read at least once. The same object, and in it the same parts, where they are as before. */
export function switchFact(entry: SwitchEntry): SwitchFact | null {
  if (entry.installed === null) return null;
  const { dpid, readback, maxMeter } = entry;
  const known = told.get(entry);
  const observed = entry.whereabouts.observedAt(dpid);
  const before = known?.fact;
  if (before !== undefined && known?.readback === readback) {
    if (before.observed === observed && before.maxMeter === maxMeter) return before;
    const fact = { ...before, observed, maxMeter };
    told.set(entry, { readback, fact });
    return fact;
  }
  const fact: SwitchFact = {
    dpid,
    ownIndex: readback?.ownIndex ?? null,
    maxMeter,
    observed,
    receivesOn: kept(before?.receivesOn, readback?.receivesOn ?? new Set()),
    sendsBy: keptMap(before?.sendsBy, readback?.sendsBy ?? new Map()),
    relaysBy: keptMap(before?.relaysBy, readback?.relaysBy ?? new Map()),
    relaysTo: keptMap(before?.relaysTo, readback?.relaysTo ?? new Map()),
  };
  told.set(entry, { readback, fact });
  return fact;
}

/** Lists, some of them the same for all switches that hold the same. */
export function rememberedBy({ installed, readback }: SwitchEntry): readonly (readonly RememberedFact[])[] {
  return [readback?.remembered ?? [], ...(installed === null ? [] : sharedMemories(installed.flows))];
}

export function switchProblems(entry: SwitchEntry): readonly Diagnostic[] {
  return [...(entry.reconciler?.problems ?? []), ...entry.incidents.problems];
}
