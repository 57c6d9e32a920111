// What becomes of a profile: the hottest functions, and a picture.
import { describe, expect, it } from "vitest";
import { commandLine } from "../../../bench/harness/command-line.ts";
import { type CpuProfile, callTree, hottest } from "../../../bench/harness/cpu-profile.ts";
import { flameGraph } from "../../../bench/harness/flame-graph.ts";

function node(id: number, functionName: string, url: string, children: readonly number[] = []) {
  return { id, callFrame: { functionName, url, lineNumber: 9 }, children };
}

/** main calls work twice from two lines, which calls encode once; 40 of 100 ms nothing ran. */
const PROFILE: CpuProfile = {
  nodes: [
    node(1, "(root)", "", [2, 3]),
    node(2, "(idle)", ""),
    node(3, "main", "file:///a/main.js", [4, 5]),
    node(4, "work", "file:///a/work.js", [6]),
    node(5, "work", "file:///a/work.js"),
    node(6, "encode<T>", "file:///a/encode.js"),
  ],
  samples: [2, 3, 4, 6, 5, 5],
  // The first tells when the profile began.
  timeDeltas: [7, 40_000, 10_000, 10_000, 25_000, 15_000],
};

describe("a profile", () => {
  it("names the functions with the most time of their own, wherever they were called from", () => {
    expect(hottest(PROFILE, 2)).toEqual([
      { name: "encode<T> encode.js:10", ms: 25, share: 25 / 60 },
      { name: "work work.js:10", ms: 25, share: 25 / 60 },
    ]);
    expect(hottest({ nodes: [] }, 3)).toEqual([]);
  });

  it("is a tree whose boxes hold what they called", () => {
    expect(callTree(PROFILE)).toMatchObject({
      name: "all",
      totalUs: 60_000,
      children: [{ name: "main main.js:10", selfUs: 10_000, totalUs: 60_000 }],
    });
    expect(callTree({ nodes: [] })).toBeUndefined();
  });

  it("becomes one picture that needs nothing else, with calls from one place in one box", () => {
    const svg = flameGraph(PROFILE, "punts & more");
    expect(svg).toContain("punts &amp; more: 60 ms of work");
    expect(svg.match(/<title>work work\.js:10: 50\.0 ms, 83\.3 %; 25\.0 ms its own<\/title>/g)).toHaveLength(1);
    expect(svg).toContain("encode&lt;T&gt;");
    expect(svg).not.toMatch(/href|script|\(idle\)/);
  });
});

describe("the command line of the benchmarks", () => {
  const known = ["heal", "punts"];

  it("takes names and the harness's options in any order, and leaves the rest to the one benchmark", () => {
    expect(commandLine(["--quick", "punts", "--runs", "3", "--profile"], known)).toEqual({
      ...{ kind: "run", names: ["punts"], quick: true, profile: true, runs: 3, args: [] },
    });
    expect(commandLine(["heal", "--hosts", "10", "--quick"], known)).toMatchObject({
      ...{ names: ["heal"], quick: false, args: ["--hosts", "10", "--quick"] },
    });
    expect(commandLine(["heal", "--", "punts"], known)).toMatchObject({ names: ["heal"], args: ["punts"] });
    expect(commandLine([], known)).toMatchObject({ names: [], args: [] });
  });

  it("says what is wrong", () => {
    expect(commandLine(["punt"], known)).toEqual({ kind: "help", problem: "there is no benchmark punt" });
    expect(commandLine(["--runs", "0"], known)).toMatchObject({ problem: "--runs takes a number from 1, not 0" });
    expect(commandLine(["--hosts", "4"], known)).toMatchObject({ problem: "--hosts is for one benchmark: name it" });
    expect(commandLine(["--help"], known)).toEqual({ kind: "help", problem: null });
  });
});
