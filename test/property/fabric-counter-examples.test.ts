// Counter-examples that random fabrics have found, shrunk: each was a bug.
import { describe, it } from "vitest";
import { MESH } from "../../src/model/topology.ts";
import {
  type AwayScenario,
  expectForwards,
  expectRestartChangesNothing,
  expectSurvivesAbsence,
  settled,
} from "./fabric-expectations.ts";
import type { FabricSpec, GuestSpec, PortSpec } from "./fabric-spec.ts";

const LOCAL = 0xffff_fffe;

function port(ofport: number, fields: Partial<PortSpec> = {}): PortSpec {
  return { ofport, tag: null, trunks: [], vlanMode: null, networkName: null, guests: [], ...fields };
}

/** A host for each list of ports. */
function fabric(...hosts: readonly (readonly PortSpec[])[]): FabricSpec {
  const flowBased = { mode: "never", above: 200 } as const;
  return { hosts: hosts.map((ports) => ({ ports })), tunnelType: "gre", topology: MESH, flowBased, settings: [] };
}

function guest(fields: Partial<GuestSpec>): GuestSpec {
  return { mac: "02:00:00:00:00:01", way: 0, known: "declared", ips: [], ...fields };
}

describe("a counter-example that was found", () => {
  it("a trunk's tag put its untagged frames into the tag's network", () => {
    const spec = fabric([port(1, { tag: 10, vlanMode: "trunk" })], [port(LOCAL)]);
    expectForwards(spec, settled(spec).world());
  });

  it.each([
    ["a trunk's tag", { tag: 10, trunks: [20], vlanMode: "trunk" }],
    ["the tag of a port with a network of its own", { tag: 20, networkName: "blue" }],
  ])("a VLAN that was named in vain was cut while the host that named it was away: %s", (_what, fields) => {
    const trunk = port(LOCAL, { vlanMode: "trunk" });
    expectRestartChangesNothing(fabric([trunk], [port(2, fields)]), [0], 0);
    expectRestartChangesNothing(fabric([port(2, fields)], [trunk]), [7], 0);
  });

  it("a new switch was given flows for a host that had not been read, and no group for them", () => {
    const blue = { networkName: "blue" };
    const scenario: AwayScenario = {
      before: fabric([port(LOCAL, blue)], [port(LOCAL, { ...blue, guests: [guest({})] })], []),
      edits: [{ kind: "host", host: { ports: [port(LOCAL, { ...blue, vlanMode: "trunk" })] } }],
      away: [1, 2, 3],
      restart: true,
      patience: 0,
      choices: [1],
    };
    expectSurvivesAbsence(scenario);
  });

  it("a fabric with hubs forgot that it was flow-based while only spokes had been read, which name but the hub", () => {
    const topology = { kind: "hubs", hubs: ["host-1"], direct: [] } as const;
    const flowBased = { mode: "auto", above: 3 } as const;
    expectRestartChangesNothing({ ...fabric([], [], [], []), topology, flowBased }, [1], 0);
  });
});
