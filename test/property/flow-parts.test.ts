// Flows joined of parts, version after version, are what the parts of each version come to by themselves.
import fc from "fast-check";
import { expect, it } from "vitest";
import { differences } from "../../src/model/shared-map.ts";
import { type DesiredFlow, desiredFlow } from "../../src/pipeline/desired.ts";
import { type FlowPart, type FlowParts, joinParts } from "../../src/pipeline/flow-parts.ts";
import { runs, TIMEOUT } from "./runs.ts";

function flow(ofport: number, vni: number): DesiredFlow {
  return desiredFlow({
    table: "learn",
    priority: 100,
    match: [{ field: "in_port", value: ofport }],
    cookie: { kind: "port", place: ofport, vni },
    instructions: [],
  });
}

/** Few ports, so that two parts often speak of one flow, and at times in two forms. */
const parts = fc.array(
  fc.array(
    fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 2 })).map(([port, vni]) => flow(port, vni)),
    { maxLength: 3 },
  ),
  { minLength: 1, maxLength: 6 },
);

/** Which of the parts are there, in their order. */
const versions = fc.array(fc.subarray([0, 1, 2, 3, 4, 5]), { maxLength: 8 });

function formsOf(all: readonly FlowPart[]): ReadonlyMap<string, string> {
  return new Map(all.flatMap((part) => part.map(({ key, form }) => [key, form] as const)));
}

it("come to the same whatever was joined before, and are the same map where nothing is different", TIMEOUT, () => {
  fc.assert(
    fc.property(parts, versions, (all, chosen) => {
      let joined: FlowParts | undefined;
      for (const places of chosen) {
        const present = places.flatMap((place) => (all[place] === undefined ? [] : [all[place]]));
        const before = joined;
        joined = joinParts(present, before);
        expect(new Map([...joined.flows].map(([key, { form }]) => [key, form]))).toEqual(formsOf(present));
        if (before === undefined) continue;
        const isOther = differences(before.flows, joined.flows).length > 0;
        expect(joined.flows === before.flows).toBe(!isOther);
        for (const step of differences(before.flows, joined.flows))
          expect(step.before?.form).not.toBe(step.after?.form);
      }
    }),
    runs(300),
  );
});
