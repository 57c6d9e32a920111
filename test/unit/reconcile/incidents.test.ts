// What a person reads of others' deeds: however many there are, and whatever they name.
import { describe, expect, it } from "vitest";
import type { Drift } from "../../../src/reconcile/drift.ts";
import { Incidents } from "../../../src/reconcile/incidents.ts";

const timers = { now: () => 0, setTimer: () => ({ cancel: () => undefined }) };

describe("an incident", () => {
  it("names some of its deeds and counts the others", () => {
    const incidents = new Incidents({ code: "switch/tampered", timers, timeOfDay: () => "12:00:00" });
    const drifts = Array.from(
      { length: 100_000 },
      (_, at): Drift => ({ what: "group", deed: "added", where: `LOCAL(${at})`, foreign: false }),
    );
    incidents.drifted(drifts);
    incidents.restored();
    const [problem, ...others] = incidents.problems;
    expect(others).toEqual([]);
    expect(problem?.message).toContain("groups LOCAL(0), LOCAL(1), LOCAL(10), LOCAL(11) and 28 more were added");
    expect(problem?.message).toContain("99968 more changes were made by somebody else at 12:00:00; restored");
    expect(problem?.message.length).toBeLessThan(2000);
  });

  it("tells what is put right and what is left apart, and of the former that there is nothing to mend", () => {
    const incidents = new Incidents({ code: "switch/tampered", timers, timeOfDay: () => "12:00:00" });
    incidents.drifted([
      { what: "flow", deed: "deleted", where: "FORWARD", foreign: false },
      { what: "flow", deed: "added", where: "FORWARD", foreign: true },
    ]);
    expect(incidents.problems.map(({ code, isOver }) => [code, isOver])).toEqual([
      ["switch/tampered", undefined],
      ["switch/tampered-left", undefined],
    ]);
    incidents.restored();
    const [mended, left] = incidents.problems;
    expect(mended?.message).toBe("1 flow of table FORWARD was deleted by somebody else at 12:00:00; restored");
    expect(mended).toMatchObject({
      isOver: true,
      remedy: expect.stringContaining("already restored, nothing to mend"),
    });
    expect(left?.message).toBe(
      "1 flow that Weft has not written was added to table FORWARD by somebody else at 12:00:00; left as it is",
    );
  });
});
