import { describe, expect, it } from "vitest";
import { openToAll } from "../../../src/controller/plain-listeners.ts";
import { type PassiveMethod, parseConnectionMethod } from "../../../src/southbound/connection-method.ts";

const open = (texts: readonly string[], allow: readonly string[] = []): readonly string[] =>
  openToAll(
    texts.map((text) => parseConnectionMethod(text) as PassiveMethod),
    allow,
  ).map((method) => JSON.stringify(method));

describe("a listener on which anybody may join", () => {
  it.each(["ptcp:6640", "ptcp:6640:192.0.2.1", "ptcp:6640:0.0.0.0", "ptcp:6640:[::]"])("is %s", (text) => {
    expect(open([text])).toHaveLength(1);
  });

  it.each(["ptcp:6640:127.0.0.1", "ptcp:6640:[::1]", "pssl:6640", "punix:/run/x.sock"])("is not %s", (text) => {
    expect(open([text])).toEqual([]);
  });

  it("is none where ranges are named", () => {
    expect(open(["ptcp:6640"], ["192.0.2.0/24"])).toEqual([]);
  });
});
