// What must be so on every host of every scenario: nothing is learned in the switch, and no spanning tree runs.
import { expect } from "vitest";
import type { Host } from "../../src/lab/index.ts";

/** No flow uses NORMAL, FLOOD or learn, none is there that Weft has not made, and STP and RSTP are off. */
export async function expectForwardingOnly(hosts: readonly Host[], bridge = "br-int"): Promise<void> {
  await Promise.all(
    hosts.map(async (host) => {
      const [flows, hidden, groups, row] = await Promise.all([
        host.ofctl("dump-flows", bridge),
        // `bridge/dump-flows` shows hidden flows as well, such as in-band control's.
        host.appctl("bridge/dump-flows", bridge),
        host.ofctl("dump-groups", bridge),
        host.vsctl("--bare", "--columns=stp_enable,rstp_enable", "list", "bridge", bridge),
      ]);
      for (const text of [flows, hidden, groups]) expect(text).not.toMatch(/normal|flood|learn\(|:all\b/i);
      const made = flows.split("\n").filter((line) => line.includes("cookie="));
      expect(made.length).toBeGreaterThan(10);
      for (const line of made) expect(line).toMatch(/cookie=0x5745/);
      expect(row.split("\n")).toEqual(["false", "false"]);
    }),
  );
}
