// What rows say of peers is read once for all hosts, and kept no longer than it is short.
import { describe, expect, it } from "vitest";
import { namedPeers, peerEntry } from "../../../src/model/external-ids.ts";

describe("a peer that rows name", () => {
  const named = (...entries: readonly (readonly [string, string])[]) => namedPeers(new Map(entries));

  it("is one object for all rows that name it so", () => {
    const peer = { index: 3, remoteIp: "192.0.2.3", id: "host-c" };
    const [first] = named(peerEntry(peer));
    expect(first).toEqual(peer);
    expect(named(peerEntry({ ...peer }))[0]).toBe(first);
  });

  it("is read and not kept where its name is longer than any should be, and nobody where there is none", () => {
    const peer = { index: 3, remoteIp: "192.0.2.3", id: "c".repeat(10_000) };
    const [first, second] = [named(peerEntry(peer))[0], named(peerEntry(peer))[0]];
    expect(first).toEqual(peer);
    expect(second).not.toBe(first);
    expect(named(["weft-peer-3", "192.0.2.3"], ["weft-peer-0", "192.0.2.3 host-c"])).toEqual([]);
  });
});
