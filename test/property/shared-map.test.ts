// A map whose versions share what is the same in them behaves as a map that is copied, and tells what differs between any two.
import fc from "fast-check";
import { expect, it } from "vitest";
import { differences, SharedMap } from "../../src/model/shared-map.ts";
import { runs, TIMEOUT } from "./runs.ts";

const change = fc.tuple(
  fc.integer({ min: 0, max: 300 }).map((number) => `key ${number}`),
  fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
);

it("is what a copied map is, version by version, and tells how any one differs from any other", TIMEOUT, () => {
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 120 }), { maxLength: 8 }), (steps) => {
      const versions: { readonly plain: Map<string, number>; readonly map: SharedMap<number> }[] = [
        { plain: new Map(), map: SharedMap.of() },
      ];
      for (const changes of steps) {
        const { plain: before, map } = versions.at(-1) ?? { plain: new Map<string, number>(), map: SharedMap.of() };
        const plain = new Map(before);
        for (const [key, value] of changes) {
          if (value === undefined) plain.delete(key);
          else plain.set(key, value);
        }
        versions.push({ plain, map: map.with(changes) });
      }
      for (const { plain, map } of versions) {
        expect(new Map(map)).toEqual(plain);
        expect(map.size).toBe(plain.size);
        // Its keys alone decide the order, not what was there before.
        expect([...map.keys()]).toEqual([...SharedMap.of([...plain].reverse()).keys()]);
        for (const [key] of steps.flat()) expect(map.get(key)).toBe(plain.get(key));
        for (const other of versions) {
          const told = new Map(plain);
          for (const { key, before, after } of differences(map, other.map)) {
            expect(told.get(key)).toBe(before);
            expect(before).not.toBe(after);
            if (after === undefined) told.delete(key);
            else told.set(key, after);
          }
          expect(told).toEqual(other.plain);
        }
      }
    }),
    runs(100),
  );
});

it("is the same object where nothing is changed, and looks at little of what is large to find what is", () => {
  const large = SharedMap.of(Array.from({ length: 50_000 }, (_, at) => [`key ${at}`, at] as const));
  expect(large.with([["key 7", 7]])).toBe(large);
  expect(large.with([["none", undefined]])).toBe(large);
  const next = large.with([["key 7", 8]]);
  expect(differences(large, next)).toEqual([{ key: "key 7", before: 7, after: 8 }]);
  const [roots, others] = [large.root, next.root].map((root) => (root?.kind === "branch" ? root.children : []));
  expect(roots?.filter((child, at) => child !== others?.[at])).toHaveLength(1);
});
