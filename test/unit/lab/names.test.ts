// The lab's names: short enough for links, and recognised again only if they are the lab's.
import { describe, expect, test } from "vitest";
import {
  checkLabName,
  checkLinkName,
  checkMemberName,
  controlAliasOf,
  controlLinkOf,
  defaultPortOf,
  labOfControlLink,
  labOfNamespace,
  maxLinkName,
  namespaceOf,
} from "../../../src/lab/names.ts";

describe("a lab's name", () => {
  test("of the longest kind still makes a link name that Linux takes", () => {
    expect(controlLinkOf(checkLabName("abcdefghij")).length).toBeLessThanOrEqual(maxLinkName);
  });

  test.each(["", "a-b", "A", "1a", "abcdefghijk", "a/b", "..", "a b"])("is refused when it is %j", (name) => {
    expect(() => checkLabName(name)).toThrow(expect.objectContaining({ code: "lab/name" }));
  });

  test("is found again in the names of its namespaces and its link", () => {
    expect(labOfNamespace(namespaceOf("t1", "h1"))).toBe("t1");
    expect(labOfNamespace(namespaceOf("t1", "web-server"))).toBe("t1");
    expect(labOfControlLink(controlLinkOf("t1"), controlAliasOf("t1"))).toBe("t1");
  });

  test.each(["weft-", "weft-t1", "weft--h1", "weftish-t1-h1", "other", "weft-TOOLONGNAME-h1"])(
    "is not seen in a foreign namespace such as %s",
    (namespace) => {
      expect(labOfNamespace(namespace)).toBeUndefined();
    },
  );

  test("is not seen in a link that lacks the lab's alias", () => {
    expect(labOfControlLink("wl-t1", undefined)).toBeUndefined();
    expect(labOfControlLink("wl-t1", controlAliasOf("t2"))).toBeUndefined();
    expect(labOfControlLink("eth0", controlAliasOf("t1"))).toBeUndefined();
  });
});

describe("a guest's name", () => {
  test.each(["h1", "h42", "net", "", "Web", "-a", "a_b", "a/b"])("is refused when it is %j", (name) => {
    expect(() => checkMemberName(name)).toThrow(expect.objectContaining({ code: "lab/name" }));
  });

  test.each(["a", "g1a", "web-server", "hub", "h1x"])("may be %s", (name) => {
    expect(checkMemberName(name)).toBe(name);
  });

  test("makes a port name that fits, without a hyphen at its end", () => {
    expect(defaultPortOf("g1a")).toBe("tap-g1a");
    expect(defaultPortOf("a-very-long-guest-name")).toBe("tap-a-very-long");
    expect(defaultPortOf("abcdefghij-klm")).toBe("tap-abcdefghij");
  });
});

test.each(["", ".", "..", "a/b", "a b", "sixteencharacter"])("a link cannot be named %j", (name) => {
  expect(() => checkLinkName(name)).toThrow(expect.objectContaining({ code: "lab/name" }));
});
