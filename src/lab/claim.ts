// Takes a lab's name for one process, after removing what a dead one of the same name has left.
import { LabError } from "./lab-error.ts";
import { isSameProcess } from "./processes.ts";
import { claimDir, type LabState, labDirs, readState } from "./state.ts";
import { sweepLab } from "./sweep.ts";

/** The directory of the lab, taken for it alone. */
export async function claimName(draft: LabState): Promise<string> {
  const { name } = draft;
  for (let attempt = 0; attempt < 3; attempt++) {
    const standing = labDirs().get(name);
    if (standing === undefined) {
      const dir = claimDir(draft);
      if (dir === undefined) continue;
      return dir;
    }
    const owner = readState(standing)?.owner;
    if (owner === undefined || isSameProcess(owner)) break;
    await sweepLab(name);
  }
  throw new LabError("lab/taken", `the lab "${name}" is in use; "weft lab down --name ${name}" removes it`, {
    context: { name },
  });
}
