// What fuzzing has found before stays found: each fixture is given to its parser again.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { WeftError } from "../../../proto/bytes/errors.ts";
import { fromHex } from "../../../proto/bytes/hex.ts";
import { TARGETS } from "../../fuzz/targets.ts";

const directory = resolve(import.meta.dirname, "../../../fixtures/fuzz");

interface Fixture {
  readonly target: string;
  /** What went wrong. */
  readonly found: string;
  readonly hex?: string;
  readonly text?: string;
  /** Text too long to be kept as it is. */
  readonly build?: { readonly prefix: string; readonly open: string; readonly close: string; readonly times: number };
}

function inputOf({ hex, text, build }: Fixture): Uint8Array | string {
  if (hex !== undefined) return fromHex(hex);
  if (build === undefined) return text ?? "";
  return build.prefix + build.open.repeat(build.times) + build.close.repeat(build.times);
}

describe("a find of fuzzing", () => {
  it.each(readdirSync(directory).sort())("%s is refused or taken", (file) => {
    const fixture = JSON.parse(readFileSync(join(directory, file), "utf8")) as Fixture;
    const target = TARGETS.find(({ name }) => name === fixture.target);
    expect(target, fixture.target).toBeDefined();
    try {
      target?.run(inputOf(fixture));
    } catch (error) {
      expect(error).toBeInstanceOf(WeftError);
    }
  });
});
