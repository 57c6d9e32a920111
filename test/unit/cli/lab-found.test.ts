import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type AnyLab, nameOption, noLabText, requireFreeName } from "../../../src/cli/lab-found.ts";
import { Lab } from "../../../src/lab/index.ts";
import { SimulatedLab } from "../../../src/lab/simulated/index.ts";

// Whether or not this machine could hold real hosts.
vi.mock("../../../src/lab/requirements.ts", () => ({ checkRequirements: () => [], requireLab: async () => undefined }));

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

describe("where there are labs of both kinds", () => {
  beforeEach(() => {
    vi.spyOn(Lab, "list").mockReturnValue(["real"]);
    vi.spyOn(SimulatedLab, "list").mockReturnValue(["lab", "unreal"]);
    for (const kind of [Lab, SimulatedLab]) vi.spyOn(kind, "sweep").mockResolvedValue([]);
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("a name that a lab of either kind has is taken", async () => {
    for (const name of ["real", "unreal"])
      await expect(requireFreeName(name)).rejects.toMatchObject({ code: "lab/taken" });
    await expect(requireFreeName("free")).resolves.toBeUndefined();
  });

  it("a hint names the lab, unless it is the one that is meant anyhow", () => {
    const optionOf = (name: string) => nameOption({ name } as AnyLab);
    expect([optionOf("unreal"), optionOf("lab")]).toEqual([" --name unreal", ""]);
    vi.mocked(Lab.list).mockReturnValue([]);
    vi.mocked(SimulatedLab.list).mockReturnValue(["unreal"]);
    expect(optionOf("unreal")).toBe("");
  });
});
