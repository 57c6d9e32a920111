import { describe, expect, it } from "vitest";
import { noLabText } from "../../../src/cli/lab-found.ts";

describe("that there is no lab", () => {
  it("is said with how to make one", () => {
    expect(noLabText([])).toMatch(/^there is no lab; make one with: weft lab up 3/);
  });

  it("names the labs of real hosts that this user can't use", () => {
    expect(noLabText(["lab"])).toMatch(
      /^there is no lab of this user's; a lab of real hosts is here, but needs root: lab; make one with: /,
    );
    expect(noLabText(["a", "b"])).toContain("labs of real hosts are here, but need root: a, b;");
  });
});
