// What the machine must have before real Open vSwitch hosts can be built on it, with the remedy for what is missing.
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { searchPath } from "./command.ts";
import { LabError } from "./lab-error.ts";

export interface Missing {
  readonly what: string;
  readonly remedy: string;
}

/** Each program the lab starts, and the Debian package it comes in. */
const programs: Readonly<Record<string, string>> = Object.freeze({
  ip: "iproute2",
  "ovs-vswitchd": "openvswitch-switch",
  "ovsdb-server": "openvswitch-switch",
  "ovsdb-tool": "openvswitch-switch",
  "ovs-vsctl": "openvswitch-switch",
  "ovs-ofctl": "openvswitch-switch",
  "ovs-appctl": "openvswitch-switch",
  ethtool: "ethtool",
  tcpdump: "tcpdump",
  ping: "iputils-ping",
});

export interface Machine {
  readonly uid: number;
  readonly platform: string;
  readonly hasProgram: (name: string) => boolean;
}

export const thisMachine = (): Machine => ({
  uid: process.getuid?.() ?? -1,
  platform: process.platform,
  hasProgram: (name) =>
    searchPath()
      .split(":")
      .some((dir) => isExecutable(join(dir, name))),
});

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Everything that is missing, in a fixed order; empty when the lab can be built. */
export function checkRequirements(machine: Machine = thisMachine()): Missing[] {
  if (machine.platform !== "linux")
    return [{ what: "Linux", remedy: "the lab needs network namespaces: run it on a Linux machine" }];
  const missing: Missing[] = [];
  if (machine.uid !== 0)
    missing.push({
      what: "root",
      remedy: "run as root: network namespaces and Open vSwitch need it (for example with sudo)",
    });
  for (const [program, debianPackage] of Object.entries(programs))
    if (!machine.hasProgram(program))
      missing.push({ what: program, remedy: `install it: scripts/bootstrap.sh, or apt-get install ${debianPackage}` });
  return missing;
}

/** Rejects with `lab/requirements`, naming everything that is missing at once. */
export async function requireLab(): Promise<void> {
  const missing = checkRequirements();
  if (missing.length === 0) return;
  const list = missing.map(({ what, remedy }) => `${what} (${remedy})`).join("; ");
  throw new LabError("lab/requirements", `the lab cannot be built here: missing ${list}`, { context: { missing } });
}
