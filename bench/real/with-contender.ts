// A lab with one contender on it, of which nothing is left afterwards.
import { Lab } from "../../src/lab/index.ts";
import type { Contender, ContenderKind } from "./contender.ts";

export async function withContender<T>(
  kind: ContenderKind,
  hosts: number,
  work: (lab: Lab, contender: Contender) => Promise<T>,
): Promise<T> {
  await Lab.sweep();
  const lab = await Lab.create({ hosts, tunnelType: "geneve" });
  try {
    const contender = await kind.start(lab);
    try {
      return await work(lab, contender);
    } finally {
      await contender.stop();
    }
  } finally {
    await lab.destroy();
  }
}
