import { describe, expect, it } from "vitest";
import { findCulprits } from "../../../src/model/culprits.ts";

const all = Array.from({ length: 500 }, (_, at) => at);

function search(isBad: (kept: ReadonlySet<number>) => boolean): { found: readonly number[] | null; tries: number } {
  let tries = 0;
  const found = findCulprits(all, (kept) => {
    tries += 1;
    return isBad(new Set(kept));
  });
  return { found, tries };
}

describe("culprits", () => {
  it.each([0, 1, 250, 499])("are found among 500 in few tries: %i", (bad) => {
    const { found, tries } = search((kept) => kept.has(bad));
    expect(found).toEqual([bad]);
    expect(tries).toBeLessThan(15);
  });

  it("may be several", () => {
    expect(search((kept) => kept.has(7) || kept.has(300)).found).toEqual([7, 300]);
  });

  it("of one that fails together with any of several others are that one, wherever it stands", () => {
    for (const bad of [3, 250, 499]) {
      const withOthers = (kept: ReadonlySet<number>) => kept.has(bad) && [10, 20, 30].some((other) => kept.has(other));
      expect(search(withOthers).found).toEqual([bad]);
    }
  });

  it("are nobody where it fails anyhow, or because of very many", () => {
    expect(search(() => true).found).toBeNull();
    expect(search((kept) => kept.size > 0).found).toBeNull();
  });
});
