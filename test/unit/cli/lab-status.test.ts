import { expect, it } from "vitest";
import { labText, silentView } from "../../../src/cli/lab-status.ts";

it("a lab whose process does not answer is shown with what ends it", () => {
  expect(labText([silentView("deaf")], { color: false, width: null })).toMatch(
    /^Lab deaf \(simulated\): its process runs and does not answer.*; weft lab down --name deaf ends it\n$/,
  );
});
