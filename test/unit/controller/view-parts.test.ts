// Problems as `weft hosts` and `weft status` show them.
import { describe, expect, it } from "vitest";
import { namedProblems, silenceProblem } from "../../../src/controller/view-parts.ts";

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

describe("tunnels that BFD calls down", () => {
  const tunnel = (at: number) => ({
    ...{ name: `vxlan${at}`, peer: `h${at}`, type: "vxlan" },
    ...{ remoteIp: `192.0.2.${at}`, why: "Control Detection Time Expired" },
  });

  it("are a problem of their host, with both ends' addresses", () => {
    const told = silenceProblem("192.0.2.1", [tunnel(2), tunnel(3)]);
    expect(told?.code).toBe("host/tunnels-down");
    expect(told?.message).toBe(
      "nothing comes through from h2, h3: vxlan2, vxlan3 down, BFD: Control Detection Time Expired",
    );
    expect(told?.remedy).toContain("between 192.0.2.1 and 192.0.2.2, 192.0.2.3: see that firewalls pass vxlan,");
  });

  it("are counted where they are many, and nothing is told where there is none", () => {
    const told = silenceProblem(
      "192.0.2.1",
      Array.from({ length: 20 }, (_, at) => tunnel(at + 2)),
    );
    expect(told?.message).toContain("h9 and 12 more: ");
    expect(silenceProblem("192.0.2.1", [])).toBeNull();
  });
});
