// V8's .cpuprofile: a tree of call sites, and which of them was running at each sample.
import { basename } from "node:path";

export interface CpuProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
  readonly children?: readonly number[];
}

export interface CpuProfile {
  readonly nodes: readonly CpuProfileNode[];
  readonly samples?: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas?: readonly number[];
}

/** What V8 calls the time in which no JavaScript ran. */
const IDLE: ReadonlySet<string> = new Set(["(idle)", "(root)"]);

export interface Frame {
  readonly name: string;
  readonly selfUs: number;
  /** With all that it called. */
  readonly totalUs: number;
  readonly children: readonly Frame[];
}

export interface SelfTime {
  readonly name: string;
  readonly ms: number;
  /** Of all time in which the process did anything. */
  readonly share: number;
}

/** "hear whereabouts.js:219"; V8's own words, such as "(garbage collector)", as they are. */
function nameOf({ callFrame: { functionName, url, lineNumber } }: CpuProfileNode): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  return url === "" ? name : `${name} ${basename(url)}:${lineNumber + 1}`;
}

function selfTimes({ samples = [], timeDeltas = [] }: CpuProfile): ReadonlyMap<number, number> {
  const times = new Map<number, number>();
  samples.forEach((id, at) => {
    // A sample says what ran until the next one.
    times.set(id, (times.get(id) ?? 0) + Math.max(0, timeDeltas[at + 1] ?? 0));
  });
  return times;
}

/** All that was called, from the bottom; without idle time. Undefined for a profile without nodes. */
export function callTree(profile: CpuProfile): Frame | undefined {
  const times = selfTimes(profile);
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const frameOf = (node: CpuProfileNode): Frame => {
    const children = (node.children ?? []).flatMap((id) => {
      const child = byId.get(id);
      return child === undefined || IDLE.has(child.callFrame.functionName) ? [] : [frameOf(child)];
    });
    const isRoot = IDLE.has(node.callFrame.functionName);
    const selfUs = isRoot ? 0 : (times.get(node.id) ?? 0);
    const totalUs = selfUs + children.reduce((sum, child) => sum + child.totalUs, 0);
    return { name: isRoot ? "all" : nameOf(node), selfUs, totalUs, children };
  };
  const [root] = profile.nodes;
  return root === undefined ? undefined : frameOf(root);
}

/** Functions by the time spent in their own code, wherever they were called from. */
export function hottest(profile: CpuProfile, count: number): readonly SelfTime[] {
  const times = selfTimes(profile);
  const byName = new Map<string, number>();
  let total = 0;
  for (const node of profile.nodes) {
    if (IDLE.has(node.callFrame.functionName)) continue;
    const us = times.get(node.id) ?? 0;
    total += us;
    byName.set(nameOf(node), (byName.get(nameOf(node)) ?? 0) + us);
  }
  const ordered = [...byName].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return ordered.slice(0, count).map(([name, us]) => ({ name, ms: us / 1000, share: total === 0 ? 0 : us / total }));
}
