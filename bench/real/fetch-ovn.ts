// Fetches OVN for the benchmarks without installing it: no service is started, and nothing outside of .build is changed.
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/lab/command.ts";
import { FETCHED } from "./ovn.ts";

const PACKAGES = ["ovn-common", "ovn-central", "ovn-host"];

mkdirSync(FETCHED, { recursive: true });
await run(["sh", "-c", `cd '${FETCHED}' && apt-get download ${PACKAGES.join(" ")}`], { timeoutSec: 300 });
for (const file of readdirSync(FETCHED).filter((name) => name.endsWith(".deb")))
  await run(["dpkg", "-x", join(FETCHED, file), FETCHED]);
console.log(`OVN is in ${FETCHED}`);
