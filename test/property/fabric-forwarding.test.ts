// Who hears whom, on random fabrics: in every state that is reached when switches are updated one at a time, in any order.
import fc from "fast-check";
import { describe, it } from "vitest";
import { areLinked, mayRelay } from "../../src/model/topology.ts";
import {
  chooser,
  expectForwards,
  expectGoesOn,
  expectQuietWhereKnown,
  expectRemoteFlowsAlike,
  expectRestartChangesNothing,
  expectSafeEverywhere,
  expectSurvivesAbsence,
  expectUpdatesSafely,
  order,
  settled,
} from "./fabric-expectations.ts";
import { FabricSimulation } from "./fabric-simulation.ts";
import { edit, fabricSpec, hostId } from "./fabric-spec.ts";
import { cutAmong } from "./failures.ts";
import { runs, TIMEOUT } from "./runs.ts";

describe("a fabric at rest", () => {
  it("carries each frame to the ports that should have it, once, and to no other", TIMEOUT, () => {
    fc.assert(
      fc.property(fabricSpec({ maxHosts: 6 }), (spec) => {
        const simulation = settled(spec);
        const world = simulation.world();
        expectForwards(spec, world);
        expectQuietWhereKnown(spec, world);
        expectRemoteFlowsAlike(simulation);
      }),
      runs(40),
    );
  });
});

describe("a fabric whose liveness reports are wrong", () => {
  it("carries each frame as if they were right: all that is believed dead is tried nevertheless", TIMEOUT, () => {
    const wrong = fc.func(fc.boolean()) as fc.Arbitrary<(host: string, port: number) => boolean>;
    fc.assert(
      fc.property(fabricSpec({ maxHosts: 4 }), wrong, (spec, believed) => {
        expectForwards(spec, settled(spec).world(believed));
      }),
      runs(20),
    );
  });
});

describe("a fabric with a path cut", () => {
  it("carries each frame all the same, once, by switches alone, wherever a third host links the two", TIMEOUT, () => {
    fc.assert(
      fc.property(fabricSpec({ maxHosts: 5 }), fc.nat(4), fc.nat(4), (any, one, other) => {
        // With flow-based tunnels nobody notices.
        const spec = { ...any, flowBased: { mode: "never", above: 200 } } as const;
        const simulation = settled(spec);
        const [a, b] = [hostId(one % spec.hosts.length), hostId(other % spec.hosts.length)];
        const ids = spec.hosts.map((_, index) => hostId(index));
        const named = (id: string) => ({ id, name: id });
        const linked = (x: string, y: string): boolean => areLinked(spec.topology, named(x), named(y));
        // Who goes by a hub that is cut off from them needs another hub; with one relay less the rest must do.
        const relays = ids.filter((id) => id !== a && id !== b && mayRelay(spec.topology, named(id)));
        const heals = a === b || (linked(a, b) && relays.some((id) => linked(id, a) && linked(id, b)));
        fc.pre(heals && (spec.topology.kind === "mesh" || spec.topology.hubs.length === 1));
        simulation.fail(cutAmong([a, b]));
        if (a === b || spec.topology.kind === "mesh") expectForwards(spec, simulation.world());
        else expectSafeEverywhere(spec, simulation.world());
      }),
      runs(40),
    );
  });

  it("never lets a frame circulate or arrive twice, whatever is cut", TIMEOUT, () => {
    fc.assert(
      fc.property(fabricSpec({ maxHosts: 5 }), fc.array(fc.nat(4), { minLength: 2, maxLength: 4 }), (spec, cut) => {
        const simulation = settled(spec);
        simulation.fail(cutAmong(cut.map((index) => hostId(index % spec.hosts.length))));
        expectSafeEverywhere(spec, simulation.world());
      }),
      runs(40),
    );
  });
});

describe("a fabric that is being updated", () => {
  it("is safe in every state on the way, and keeps connected whom the change does not concern", TIMEOUT, () => {
    const edits = fc.array(edit, { minLength: 1, maxLength: 4 });
    fc.assert(fc.property(fabricSpec({ maxHosts: 4 }), edits, order, expectUpdatesSafely), runs(50));
  });

  it("is safe while it is built, hosts in any order", TIMEOUT, () => {
    fc.assert(
      fc.property(fabricSpec({ maxHosts: 5 }), order, (spec, choices) => {
        const simulation = new FabricSimulation();
        simulation.become(spec);
        simulation.settle(chooser(choices), () => expectGoesOn([spec], simulation.world(), []));
        expectForwards(spec, simulation.world());
      }),
      runs(30),
    );
  });
});

describe("a controller that starts with nothing", () => {
  it(
    "changes nothing that is right, whatever the order in which hosts return and however many stay away",
    TIMEOUT,
    () => {
      fc.assert(fc.property(fabricSpec({ maxHosts: 5 }), order, fc.nat(60), expectRestartChangesNothing), runs(50));
    },
  );
});

describe("a fabric of which some hosts are out of the controller's reach", () => {
  const scenario = fc.record({
    before: fabricSpec({ maxHosts: 4 }),
    edits: fc.array(edit, { maxLength: 3 }),
    away: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
    restart: fc.boolean(),
    patience: fc.nat(40),
    choices: order,
  });

  it("keeps them connected as they were while all else changes, and is whole when they are back", TIMEOUT, () => {
    fc.assert(fc.property(scenario, expectSurvivesAbsence), runs(50));
  });
});
