// Damages JSON without breaking its syntax: parts replaced by others, members doubled, renamed and left out.
import type { Json } from "../../proto/ovsdb/index.ts";
import { mutateText } from "./mutate-text.ts";
import type { Random } from "./random.ts";

const VALUES: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  "",
  "x",
  "__proto__",
  "0x1f",
  "0xffffffffffffffffff",
  "a".repeat(300),
  [],
  {},
  ["set", []],
  ["map", []],
  [
    "map",
    [
      ["a", "b"],
      ["a", "c"],
    ],
  ],
  ["set", ["a", "a"]],
  ["uuid", "11111111-2222-4333-8444-555555555555"],
  ["named-uuid", "x"],
  { kind: "output" },
  { hex: "00" },
  { text: "x" },
];
const KEYS = [
  "__proto__",
  "constructor",
  "kind",
  "id",
  "error",
  "result",
  "insert",
  "delete",
  "modify",
  "initial",
  "new",
  "x",
];

type Tree = null | boolean | number | string | Tree[] | { [key: string]: Tree };

function everyPart(
  root: Tree,
  into: { holder: Tree[] | { [key: string]: Tree }; key: string | number }[],
): typeof into {
  if (typeof root !== "object" || root === null) return into;
  for (const key of Object.keys(root)) {
    into.push({ holder: root, key: Array.isArray(root) ? Number(key) : key });
    everyPart((root as { [key: string]: Tree })[key] as Tree, into);
  }
  return into;
}

function define(object: { [key: string]: Tree }, key: string, value: Tree): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** As text: now and then with its syntax broken as well. */
export function mutateJson(random: Random, corpus: readonly string[]): string {
  if (random.oneIn(4)) return mutateText(random, corpus);
  const root = [JSON.parse(random.pick(corpus)) as Tree];
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const { holder, key } = random.pick(everyPart(root, []));
    const place = holder as { [key: string | number]: Tree };
    const other = random.oneIn(2)
      ? (random.pick(VALUES) as Tree)
      : (() => {
          const parts = everyPart([JSON.parse(random.pick(corpus)) as Tree], []);
          const part = random.pick(parts);
          return (part.holder as { [key: string | number]: Tree })[part.key] as Tree;
        })();
    switch (random.below(5)) {
      case 0:
        if (holder === root) break;
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete place[key];
        break;
      case 1:
        if (Array.isArray(holder) && holder !== root) holder.splice(Number(key), 0, structuredClone(other));
        else if (!Array.isArray(holder)) define(holder, random.pick(KEYS), structuredClone(other));
        break;
      case 2:
        if (Array.isArray(holder) && holder !== root) holder.push(structuredClone(place[key] as Tree));
        else if (!Array.isArray(holder)) define(holder, random.pick(KEYS), place[key] as Tree);
        break;
      default:
        if (typeof place[key] === "number" && random.oneIn(2))
          place[key] = random.pick([0, 1, 255, 65_536, 2 ** 32, -1]);
        else place[key] = structuredClone(other);
    }
  }
  return JSON.stringify(root[0]);
}
