// Hosts that come, go and come back, and switches that do so alone.
import { type Change, type Draft, draft, type Moment, type Step, step } from "./change.ts";
import type { KnownHost } from "./known.ts";

export function compareHost(one: Step, { settling }: Moment): readonly Change[] {
  const before = one.before as KnownHost | null;
  const after = one.after as KnownHost | null;
  if (after === null) {
    if (before === null || settling) return [];
    const message = `${before.name} is forgotten`;
    return [step(one, draft("host/forgotten", "info", before.id, null, message, { name: before.name }))];
  }
  const { id, name, state } = after;
  const is = (kind: string, severity: Draft["severity"], message: string): readonly Change[] => [
    step(one, draft(kind, severity, id, null, message, { name, state })),
  ];
  const why = after.reason === null ? "" : `: ${after.reason}`;
  if (before === null || before.state !== state) {
    switch (state) {
      case "up":
        if (before === null || before.state === "waiting" || before.state === "refused") {
          return is("host/joined", "info", `${name} has joined`);
        }
        if (before.state === "down") return is("host/back", "info", `${name} is back`);
        return before.openflow ? [step(one)] : is("switch/connected", "info", `${name}: its switch is connected`);
      case "down":
        if (settling) return [];
        if (before?.state === "waiting") return is("host/left", "info", `${name}, which waited, is gone`);
        return is("host/left", "error", `${name} is gone: nothing is heard of it`);
      case "waiting":
        return is("host/waiting", "warning", `${name} waits${why}`);
      case "refused":
        return is("host/refused", "warning", `${name} is refused${why}`);
      case "joining":
        // Of one that is on its way there is nothing to say until it is there; of one whose switch is gone there is.
        if (before?.state !== "up" || after.openflow || settling) return [];
        return is("switch/disconnected", "error", `${name}: its switch is not connected any more`);
    }
  }
  if (before.adoption !== after.adoption) {
    const stage = after.adoption;
    if (stage === null) return [step(one)];
    const message = `${name} is being taken over: ${STAGES.get(stage) ?? stage}`;
    return [step(one, draft("host/adopted", "info", id, null, message, { name, stage }))];
  }
  if (before.openflow !== after.openflow && state !== "down") {
    if (settling && !after.openflow) return [];
    return after.openflow
      ? is("switch/connected", "info", `${name}: its switch is connected`)
      : is("switch/disconnected", "error", `${name}: its switch is not connected any more`);
  }
  return [step(one)];
}

const STAGES: ReadonlyMap<string, string> = new Map([
  ["prepare", "Weft's tunnels stand beside its own"],
  ["take", "Weft forwards, and still hears its old tunnels"],
  ["done", "it is Weft's"],
]);
