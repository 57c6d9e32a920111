// Looking anew: what may be passing is told when it stays, and trouble that changes its shape between two looks is not lost.
import { describe, expect, it } from "vitest";
import { makeExamination } from "../../../src/controller/examination.ts";
import type { HostEntry, Hosts } from "../../../src/controller/hosts.ts";
import type { Examined } from "../../../src/doctor/index.ts";
import { mesh } from "../doctor/mesh.ts";

/** @param looks what there is to be seen at each look; the last one stays. */
function examinationOf(looks: readonly Examined[]) {
  let at = 0;
  const now = (): Examined => looks[Math.min(at, looks.length - 1)] ?? mesh(0);
  const entries = (): ReadonlyMap<string, HostEntry> =>
    new Map(now().hosts.map(({ host, rows }) => [host.id, { session: { rows } } as unknown as HostEntry]));
  const hosts = {
    get entries() {
      return entries();
    },
  } as unknown as Hosts;
  const examination = makeExamination({
    hosts,
    timers: {
      now: () => 0,
      setTimer: (_ms, callback) => {
        at += 1;
        setImmediate(callback);
        return { cancel: () => undefined };
      },
    },
    everyHost: () => now().hosts.map(({ fabric, host }) => ({ fabric, host })),
    switchOf: () => null,
    problemsOf: () => [],
    problems: () => [],
    wallClock: () => 0,
    disputedSince: () => null,
    desiredRows: () => null,
    desiredSwitch: () => null,
  });
  const codes = async (only: string | null = null): Promise<readonly string[]> =>
    (await examination.doctor(only)).map(({ code }) => code).filter((code) => code !== "host/no-openflow");
  return { codes, looks: () => at + 1 };
}

const CUT = { "1>2": "down", "2>1": "down" };
const ALONE = { ...CUT, "1>3": "down", "3>1": "down" };

describe("the doctor", () => {
  it("does not tell what was gone at the second look, or came with it and went again", async () => {
    expect(await examinationOf([mesh(3, CUT), mesh(3)]).codes()).toEqual([]);
    expect(await examinationOf([mesh(3, CUT), mesh(3, { "2>3": "down" }), mesh(3)]).codes()).toEqual([]);
  });

  it("tells trouble that has grown into another one between two looks", async () => {
    expect(await examinationOf([mesh(3, CUT), mesh(3, ALONE)]).codes()).toEqual(["host/tunnels-deaf"]);
  });

  it("tells of trouble that never looks the same, after so many looks", async () => {
    const two = mesh(3, CUT);
    const other = mesh(3, { "2>3": "down", "3>2": "down" });
    const { codes, looks } = examinationOf([two, other, two, other, two, other, two]);
    expect(await codes()).toEqual(["tunnel/cut"]);
    expect(looks()).toBe(4);
  });

  it("asked of one host tells of a tunnel that the other end is named for", async () => {
    expect(await examinationOf([mesh(3, CUT)]).codes("h1")).toEqual(["tunnel/cut"]);
    expect(await examinationOf([mesh(3, CUT)]).codes("h2")).toEqual(["tunnel/cut"]);
    expect(await examinationOf([mesh(3, CUT)]).codes("h3")).toEqual([]);
  });
});
