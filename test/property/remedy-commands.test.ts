// Names that hosts choose, in commands that somebody is to run: whatever they hold, a shell takes each for one word.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EMPTY_VSWITCH_ROWS } from "../../proto/ovsdb/vswitch-rows.ts";
import { examine } from "../../src/doctor/index.ts";
import { commandIn } from "../../src/doctor/told-problems.ts";
import type { Diagnostic } from "../../src/model/diagnostic.ts";
import type { FabricHost } from "../../src/model/fabric.ts";
import { isOneCommand, shellWord, withoutQuoted } from "../../src/model/shell-word.ts";
import { derive, hostFact, portFact, stored, switchFact, tunnelTo } from "../unit/model/facts-for-tests.ts";
import { runs, TIMEOUT } from "./runs.ts";

/** In every name: where it stands outside of quotes, a shell would see it. */
const CANARY = "zap;";
const MEAN = [
  "'",
  '"',
  "$(zap)",
  "`zap`",
  ";",
  " or ",
  ": ",
  "weft hosts forget h1",
  "\\",
  "|",
  "&",
  ">",
  "*",
  "é",
  "\n",
  "#",
];
const names = fc
  .array(fc.constantFrom(...MEAN, "a", " "), { maxLength: 5 })
  .map((parts) => `a${parts.join("")}${CANARY}`);

/** The words as a POSIX shell reads them. */
function wordsOf(command: string): readonly string[] {
  const text = execFileSync("sh", ["-c", `printf '%s\\0' ${command}`], { encoding: "utf8" });
  return text.split("\0").slice(0, -1);
}

test("A name is one word to a shell, and the same again", TIMEOUT, () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(names, fc.string({ minLength: 1 })), { minLength: 1, maxLength: 20 }), (some) => {
      const plain = some.map((name) => name.replaceAll("\0", ""));
      expect(wordsOf(plain.map(shellWord).join(" "))).toEqual(plain);
    }),
    runs(50),
  );
});

test("No remedy has a name in it that a shell would read as more than a word", TIMEOUT, () => {
  fc.assert(
    fc.property(names, names, names, (id, port, tunnel) => {
      const ports = [
        portFact({ name: `${port}1`, ofport: 1, locked: true }),
        portFact({ name: `${port}2`, ofport: 2, mtu: 9000, up: false }),
        portFact({ name: `${port}3`, ofport: 3, mtu: 9000, type: "internal" }),
      ];
      const problem = (remedy: string): Diagnostic => ({ code: "x/y", message: "", remedy });
      const facts = [
        hostFact({ id, stored: stored(id, 1), tunnelIp: "10.0.0.1", ports }),
        hostFact({ id: `${id}2`, stored: stored(`${id}2`, 2), tunnelIp: "10.0.0.1" }),
        hostFact({
          ...{ id: `${id}3`, stored: stored(`${id}3`, 3), tunnelIp: "10.0.0.3" },
          tunnels: [tunnelTo(id, 1, "10.0.0.9", { name: tunnel })],
        }),
      ];
      const fabric = derive(facts, Object.fromEntries(facts.map((fact) => [fact.id, switchFact({ dpid: fact.id })])));
      const rest = {
        ovsVersion: null,
        foreignFlows: [],
        foreignUntold: 2,
        certificateEndsMs: 1,
        rows: EMPTY_VSWITCH_ROWS,
      };
      const hosts = [...fabric.hosts.values()].map((host: FabricHost) => ({
        ...{ fabric, host, ovsdb: true, openflow: false, ...rest },
        problems: fabric.problems.get(host.id) ?? [],
      }));
      const found = examine({ hosts, problems: [problem("weft flows HOST shows it")], nowMs: 0 });
      const remedies = [
        ...[...fabric.problems.values()].flat(),
        ...[...fabric.hosts.values()].flatMap((host) => host.ports.flatMap((one) => one.problems)),
      ];
      expect(remedies.length).toBeGreaterThan(1);
      for (const { remedy } of remedies) expect(withoutQuoted(remedy)).not.toContain("zap");
      for (const { remedy } of remedies) expect(isOneCommand(commandIn(remedy, id) ?? "")).toBe(true);
      for (const { command } of found) {
        if (command === null) continue;
        expect(withoutQuoted(command)).not.toContain("zap");
        expect(isOneCommand(command)).toBe(true);
      }
    }),
    runs(30),
  );
});
