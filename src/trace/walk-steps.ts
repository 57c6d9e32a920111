// What is to be found among the steps of a hop, however deep in groups and subroutines.
import type { Hop } from "./fabric-trace.ts";
import { describeDrop } from "./render.ts";
import type { PortOutput, Step } from "./steps.ts";

type StepOf<K extends Step["kind"]> = Extract<Step, { readonly kind: K }>;

function* flattened(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step;
    if (step.kind === "group") for (const bucket of step.buckets) yield* flattened(bucket.steps);
    else if (step.kind === "resubmit" || step.kind === "action_set") yield* flattened(step.steps);
  }
}

function ofKind<K extends Step["kind"]>(steps: readonly Step[], kind: K): readonly StepOf<K>[] {
  return [...flattened(steps)].filter((step): step is StepOf<K> => step.kind === kind);
}

export function outputsOf(steps: readonly Step[]): readonly PortOutput[] {
  return ofKind(steps, "output");
}

export function tablesOf(steps: readonly Step[]): readonly StepOf<"table">[] {
  return ofKind(steps, "table");
}

/** The last that happened to a frame of which nothing went on. */
export function droppedOf({ steps, unsupported }: Hop): string {
  if (unsupported !== null) return `not known: ${unsupported}`;
  const last = ofKind(steps, "drop").at(-1);
  return last === undefined ? "nothing sends it anywhere" : describeDrop(last.reason);
}
