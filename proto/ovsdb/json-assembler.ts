// Builds one large JSON value from fragments of its text, each parsed as soon as it is there, so that none takes long.
import type { Json } from "./json-text.ts";

type OpenObject = Record<string, Json>;
type Container = Json[] | OpenObject;

/**
 * Stands in for the members that earlier fragments held. A lone surrogate cannot come from UTF-8, and its escape is
 * refused, so no peer can send this key.
 */
const STAND_IN = "\ud800";

/** For JSON.parse, which takes the escape: a text with the character itself has two bytes for each of its characters. */
export function escapedStandIns(prefix: string): string {
  return prefix.replaceAll(STAND_IN, "\\ud800");
}

const OPENING_BRACE = 0x7b;

/** Where a fragment ends: at a comma, inside of these containers. */
export interface FragmentEnd {
  /** The opening brackets of the containers that are open, outermost first. */
  readonly open: readonly number[];
  /** The fewest containers that were open at any time since the fragment's beginning. */
  readonly lowest: number;
  /** The key under which the container at this level stands, when it stands in an object and this fragment opened it. */
  keyOf(level: number): string;
}

function assign(object: OpenObject, key: string, value: Json): void {
  // Assigning to `__proto__` would change the object instead of giving it a member.
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Appends all members of a part but the stand-in. */
function append(container: Container, part: Container): void {
  if (Array.isArray(container) && Array.isArray(part)) {
    for (let index = 1; index < part.length; index++) container.push(part[index] as Json);
    return;
  }
  const source = part as OpenObject;
  // Faster than Object.assign where there are very many keys.
  for (const key of Object.keys(source)) {
    if (key !== STAND_IN) assign(container as OpenObject, key, source[key] as Json);
  }
}

function child(container: Container, key: string, index: number): Container {
  return (Array.isArray(container) ? container.at(index) : container[key]) as Container;
}

export class JsonAssembler {
  /** The containers that are open, outermost first. */
  #spine: Container[] = [];

  /** What must stand before the next fragment to make it a text by itself; empty for the first. */
  prefix(): string {
    return this.#spine
      .map((container, level) => {
        const opening = Array.isArray(container) ? "[" : `{"${STAND_IN}":`;
        return level === this.#spine.length - 1 ? `${opening}0,` : opening;
      })
      .join("");
  }

  /** What must stand behind a fragment that ends inside of these containers. */
  suffix(open: readonly number[]): string {
    return open
      .map((bracket) => (bracket === OPENING_BRACE ? "}" : "]"))
      .reverse()
      .join("");
  }

  /** Takes the parsed text of a fragment with its prefix and suffix. Gives the whole value, as far as it is there. */
  add(parsed: Json, end: FragmentEnd): Json {
    const root = this.#spine[0] ?? (parsed as Container);
    let part = parsed as Container;
    for (const [level, container] of this.#spine.entries()) {
      if (level > 0) part = child(part, STAND_IN, 0);
      append(container, part);
    }
    this.#spine.length = Math.min(this.#spine.length, end.lowest);
    for (let level = this.#spine.length; level < end.open.length; level++) {
      const parent = this.#spine[level - 1];
      this.#spine.push(parent === undefined ? root : child(parent, Array.isArray(parent) ? "" : end.keyOf(level), -1));
    }
    return root as Json;
  }
}
