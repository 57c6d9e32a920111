// os-ken's parser as a third oracle: the same types, xids and fields where it reads a message, the same bytes where it writes it.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { toHex } from "../../../proto/bytes/hex.ts";
import { encode, type OpenFlowMessage } from "../../../proto/openflow13/index.ts";
import { messageToJson } from "../../../src/inspect/openflow/message-to-json.ts";
import { VECTORS } from "../proto/openflow13/vectors.ts";
import { osKenMissing, PYTHON } from "./os-ken-leaves.ts";

interface Answer {
  readonly error?: string;
  readonly xid?: number;
  readonly name?: string;
  readonly bytes?: string;
  readonly fields?: Record<string, Record<string, unknown>>;
}

function ask(messages: readonly OpenFlowMessage[]): Answer[] {
  const input = messages.map((message) => `${toHex(encode(message))}\n`).join("");
  const done = spawnSync(PYTHON, [join(import.meta.dirname, "os_ken_oracle.py")], { input, encoding: "utf8" });
  return done.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer);
}

const MORE: readonly OpenFlowMessage[] = [
  { kind: "get_config_reply", xid: 21, flags: 1, missSendLen: 128 },
  { kind: "get_async_reply", xid: 22, packetIn: [7, 1], portStatus: [6, 2], flowRemoved: [15, 3] },
  { kind: "role_reply", xid: 23, role: "slave", generationId: 0x1234567890abcdefn },
  { kind: "barrier_reply", xid: 24 },
  { kind: "echo_request", xid: 25, data: Uint8Array.of(1, 2, 3) },
  { kind: "experimenter_error", xid: 26, expType: 5, experimenter: 0x4f4e4600, data: Uint8Array.of(9) },
];
/** Messages that only a switch is sent: os-ken writes them and cannot read them. */
const TO_SWITCH: ReadonlySet<string> = new Set([
  "group_mod",
  "meter_mod",
  "packet_out",
  "role_request",
  "multipart_request",
]);
/** Those it writes out in full again; of others it only writes the header. */
const WRITTEN: ReadonlySet<string> = new Set([
  "flow_mod",
  "error",
  "barrier_reply",
  "echo_request",
  "experimenter_error",
]);

describe.skipIf(osKenMissing())("os-ken", () => {
  const messages = [...VECTORS.map(({ message }) => message), ...MORE].filter(({ kind }) => !TO_SWITCH.has(kind));
  const answers = osKenMissing() ? [] : ask(messages);

  it.each(messages.map((message, i) => [message.kind, message, answers[i] as Answer] as const))(
    "reads %s, with the same values in all members that both name",
    (_, message, answer) => {
      expect(answer.error).toBeUndefined();
      expect(answer.xid).toBe(message.xid);
      if (WRITTEN.has(message.kind)) expect(answer.bytes).toBe(toHex(encode(message)));
      // It reads this one's cookie out of the padding before it: see docs/wire-oracles.md.
      if (message.kind === "nx_packet_in2") return;
      const ours = messageToJson(message) as Record<string, unknown>;
      for (const [name, theirs] of Object.entries(answer.fields?.[answer.name ?? ""] ?? {})) {
        const own = ours[name];
        const comparable = typeof theirs === "number" && (typeof own === "number" || /^0x/.test(String(own)));
        // JSON from Python has integers of any size; those a double cannot hold are left out.
        if (comparable && Number.isSafeInteger(theirs)) expect(Number(own), name).toBe(theirs);
      }
    },
  );

  it("reads a packet-in's match as it was written", () => {
    const at = messages.findIndex(({ kind }) => kind === "packet_in");
    const match = answers[at]?.fields?.OFPPacketIn?.match as { OFPMatch: { oxm_fields: unknown } } | undefined;
    expect(match?.OFPMatch.oxm_fields).toEqual([{ OXMTlv: { field: "in_port", mask: null, value: 3 } }]);
  });
});
