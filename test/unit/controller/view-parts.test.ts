// Problems as `weft hosts` and `weft status` show them.
import { describe, expect, it } from "vitest";
import { namedProblems } from "../../../src/controller/view-parts.ts";

const problem = (message: string) => ({ code: "x/y", message, remedy: "mend it" });

describe("the problems of all hosts", () => {
  it("each name their host, and hosts that share one are named together", () => {
    const shown = namedProblems([
      { name: "h1", problems: [problem("port tap0 is odd"), problem("only here")] },
      { name: "h2", problems: [problem("port tap0 is odd")] },
    ]);
    expect(shown).toEqual([problem("h1, h2: port tap0 is odd"), problem("h1: only here")]);
  });

  it("are not put together where the remedies differ", () => {
    const here = { ...problem("a path is down"), remedy: "look at 192.0.2.1" };
    const there = { ...problem("a path is down"), remedy: "look at 192.0.2.2" };
    const shown = namedProblems([
      { name: "h1", problems: [here] },
      { name: "h2", problems: [there] },
    ]);
    expect(shown.map(({ message, remedy }) => [message, remedy])).toEqual([
      ["h1: a path is down", "look at 192.0.2.1"],
      ["h2: a path is down", "look at 192.0.2.2"],
    ]);
  });
});
