// Mininet with Weft as its remote controller: every host pings every other in the first round, with no STP anywhere.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FabricUnderTest, PORTS } from "./fabric.ts";
import { describeLab } from "./requires.ts";

const SCRIPT = fileURLToPath(new URL("mininet_pingall.py", import.meta.url));
/** Hosts of each topology. */
const TOPOLOGIES = { single: 4, linear: 4, tree: 9, torus: 9, mesh: 5 } as const;

function hasMininet(): boolean {
  return spawnSync("/usr/bin/python3", ["-c", "import mininet.net"]).status === 0;
}

const MININET = {
  what: "mininet",
  remedy: "install it: scripts/bootstrap.sh --with-tests, or apt-get install mininet",
};

describeLab(
  "Mininet",
  () => {
    let fabric: FabricUnderTest;

    beforeAll(async () => {
      fabric = await FabricUnderTest.create({ hosts: 1, join: false });
    });

    afterAll(async () => {
      await fabric?.destroy();
    });

    test("single, linear, tree, torus and full mesh pass pingall in the first round", async () => {
      const names = Object.keys(TOPOLOGIES);
      const argv = ["/usr/bin/python3", SCRIPT, fabric.lab.controllerIp, String(PORTS.openflow), ...names];
      const file = join(fabric.lab.dir, "mininet.jsonl");
      // Not by a pipe: Mininet's shells would hold it.
      const shell = `${argv.join(" ")} > ${file} 2> ${file}.err < /dev/null || { cat ${file}.err >&2; exit 1; }`;
      await fabric.lab.host(1).exec(["sh", "-c", shell], { timeoutSec: 90 });
      const results = readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(results).toEqual(
        Object.entries(TOPOLOGIES).map(([name, hosts]) =>
          expect.objectContaining({ name, hosts, connected: true, loss: 0 }),
        ),
      );
    });
  },
  hasMininet() ? [] : [MININET],
);
