// Whether this machine can hold a lab, asked before anything is begun.
import { WeftError } from "../api/index.ts";
import { checkRequirements } from "../lab/index.ts";

/** @throws WeftError `lab/requirements` that lists all that is missing, with the remedies. */
export function requireLabMachine(what: string, instead = "weft lab up 3 --simulated"): void {
  const missing = checkRequirements();
  if (missing.length === 0) return;
  const list = missing.map(({ what: thing, remedy }) => `  ${thing}: ${remedy}`).join("\n");
  const hint = `simulated hosts need none of it: ${instead}`;
  throw new WeftError("lab/requirements", `${what} needs what is not here:\n${list}\n${hint}`, {
    context: { missing },
  });
}
