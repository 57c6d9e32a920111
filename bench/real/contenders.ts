// All that are measured on the same real hosts, in the order in which they are.
import type { ContenderKind } from "./contender.ts";
import { ovnKind } from "./ovn.ts";
import { standInKind } from "./stand-in.ts";
import { weftKind } from "./weft.ts";

export type ContenderName = "weft" | "stand-in" | "ovn";

export const CONTENDERS: Readonly<Record<ContenderName, ContenderKind>> = {
  weft: weftKind,
  "stand-in": standInKind,
  ovn: ovnKind,
};

/** Those that can run here; the others are told of, loudly. */
export function present(names: readonly ContenderName[], tell: (note: string) => void): readonly ContenderName[] {
  return names.filter((name) => {
    const lacks = CONTENDERS[name].lacks();
    if (lacks !== null) tell(`${name} IS LEFT OUT: ${lacks}`);
    return lacks === null;
  });
}
