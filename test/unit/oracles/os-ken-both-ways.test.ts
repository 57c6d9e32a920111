// os-ken's OpenFlow 1.3 parser as an independent oracle, in both directions; docs/wire-oracles.md tells of disagreements.
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../proto/bytes/hex.ts";
import { decode, encode } from "../../../proto/openflow13/index.ts";
import { FROM_SWITCH } from "../proto/openflow13/from-switch.ts";
import { askOsKen, differences, osKenMissing, theirLeaves } from "./os-ken-leaves.ts";

/** Differences that are known, each with its row in docs/wire-oracles.md; all others are failures. */
const KNOWN: ReadonlySet<string> = new Set(["hello", "flow monitor", "match pbb_uca", "match _dp_hash"]);

/** With nothing but a header. */
const EMPTY = /^(features|get_config|barrier|get_async)_(request|reply)$/;

describe.skipIf(osKenMissing())("messages that os-ken makes", () => {
  const { built } = osKenMissing() ? { built: [] } : askOsKen([]);

  it("are all made, of every kind that a controller sends", () => {
    expect(built.filter((message) => message.error !== undefined)).toEqual([]);
    const kinds = new Set(built.map((message) => decode(fromHex(message.hex ?? "")).kind));
    expect([...kinds].sort()).toEqual(
      [
        ...["barrier_reply", "barrier_request", "bundle_add", "bundle_control", "echo_reply", "echo_request", "error"],
        ...["experimenter", "experimenter_error", "features_request", "flow_mod", "get_async_request"],
        ...["get_config_request", "group_mod", "hello", "meter_mod", "multipart_request", "nx_set_packet_in_format"],
        ...[
          "packet_out",
          "port_mod",
          "queue_get_config_request",
          "role_request",
          "set_async",
          "set_config",
          "table_mod",
        ],
      ].sort(),
    );
  });

  it.each(built.map((message) => [message.name ?? "", message] as const))(
    "decode and encode back: %s",
    (name, made) => {
      const bytes = fromHex(made.hex ?? "");
      const message = decode(bytes);
      expect(message.xid).toBe(0x11);
      expect(toHex(encode(message))).toBe(made.hex);
      const json = made.json ?? null;
      if (!EMPTY.test(name)) expect(theirLeaves(json).size).toBeGreaterThan(0);
      if (KNOWN.has(name)) expect(differences(name, message, json)).not.toEqual([]);
      else expect(differences(name, message, json)).toEqual([]);
    },
  );
});

describe.skipIf(osKenMissing())("messages that a switch sends, as we encode them", () => {
  const { parsed } = osKenMissing() ? { parsed: [] } : askOsKen(FROM_SWITCH.map(([, message]) => encode(message)));

  it.each(FROM_SWITCH.map(([name, message], i) => [name, message, parsed[i]] as const))(
    "are read alike: %s",
    (name, message, theirs) => {
      expect(theirs?.error).toBeUndefined();
      const json = theirs?.json ?? null;
      if (message.kind !== "barrier_reply") expect(theirLeaves(json).size).toBeGreaterThan(0);
      expect(differences(name, message, json)).toEqual([]);
    },
  );
});
